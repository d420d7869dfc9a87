"""Where a repository says how its stacks are initialised: Justfile, Makefile, Taskfile, shell scripts, CI files,
Terragrunt. Everything is read and nothing is executed."""
