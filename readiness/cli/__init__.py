"""The commands of `tofu-state-ha-readiness`, one module each.

A command is a module of this package named as it is typed (`dry_run` is typed `dry-run`; `main` and `options` are not
commands). The first line of its docstring is its line in the list of commands, and its `main(arguments)` returns the
exit code.
"""
