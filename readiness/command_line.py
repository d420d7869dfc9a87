"""How every command line is read: those of the commands, and of modules that are run with `python -m`."""

from __future__ import annotations

import argparse
from typing import NoReturn

from readiness.errors import EXIT_USAGE


class Parser(argparse.ArgumentParser):
    """A command line that is not understood ends with one message and exit code 4, as any bad input does."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"ERROR: {message}\n")
