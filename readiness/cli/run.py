"""judge a candidate: all phases, or those that -m and -k select."""

from __future__ import annotations

import argparse
import time
from typing import Generic, TypeVar

import pytest

from readiness import paths
from readiness.cli.options import add_options
from readiness.command_line import Parser
from readiness.errors import EXIT_USAGE
from readiness.report import junit

_EPILOG = """
Every other option goes to pytest: -m phase0 selects a phase, -k an expression, -x stops at the first red criterion,
--junitxml=FILE says where the report goes (default: reports/junit.xml). A criterion is selected by the path of its
test, for example suites/test_phase1_scratch_s3.py::test_list_buckets.
"""


# Other plugins of the operator's environment (one that shuffles tests, for example) have no part in a verdict.
_PLUGINS = ("--disable-plugin-autoload", "-p", "pytest_order.plugin", "-p", "no:cacheprovider")
OWN = ("-c", str(paths.CONFIGURATION), "--rootdir", str(paths.ROOT), *_PLUGINS)
"""What pytest is always given."""
QUIET = ("-qq", "--no-header", "--tb=no", "-rN")
"""With these pytest says nothing of its own."""
T = TypeVar("T")


class Given(Generic[T]):
    """Stores under a key, before the plugin reads its options, what this run is."""

    def __init__(self, key: pytest.StashKey[T], value: T) -> None:
        self._key, self._value = key, value

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[self._key] = self._value


def main(arguments: list[str]) -> int:
    """Runs pytest over the suites, or over those tests of theirs that are named; the exit code is the verdict's."""
    if {"-h", "--help"} & set(arguments):
        _parser().print_help()
        return 0
    arguments = [_in_suites(argument) for argument in joined(arguments)]
    if not any(argument.startswith(("--junitxml", "--junit-xml")) for argument in arguments):
        arguments = [f"--junitxml={paths.junit()}", *arguments]
    if not any(argument.startswith(str(paths.SUITES)) for argument in arguments):
        arguments = [str(paths.SUITES), *arguments]
    begun = time.time()
    code = int(pytest.main([*OWN, "-q", "--no-header", "--tb=short", "-rN", *arguments]))
    report = paths.junit()
    if code == EXIT_USAGE and report.exists() and report.stat().st_mtime < begun:
        junit.invalidate(
            report, "the command line was not understood", {}
        )  # it ended before our plugin began
    return code


_PATHS = (
    *(
        "--stacks",
        "--plans",
        "--evidence",
        "--runs",
        "--candidate",
        "--tofu",
        "--sign",
        "--require-signature",
    ),
)


def joined(arguments: list[str]) -> list[str]:
    """Our options with a path, as one word. pytest reads the words of a command line before it knows our options: a
    folder that stands alone counts as a place of tests, and a `conftest.py` in it, of someone's checkout, would be run.
    """
    joined: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        value = next(rest, None) if argument in _PATHS else None
        joined.append(argument if value is None else f"{argument}={value}")
    return joined


def _in_suites(argument: str) -> str:
    """A test named as in a checkout, `suites/FILE::TEST`, is that of these suites from whatever folder."""
    return str(paths.ROOT / argument) if argument.startswith("suites/") else argument


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="tofu-state-ha-readiness run",
        description="Judges a candidate.",
        epilog=_EPILOG,
        allow_abbrev=False,
    )
    add_options(parser.add_argument)
    return parser
