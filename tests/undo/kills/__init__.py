"""Kills at random moments of faults, and what `undo` and `clean` make of them: `python -m tests.undo.kills --help`."""
