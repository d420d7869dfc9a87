"""`python -m readiness.run [OPTIONS]`: all phases against one candidate, with the JUnit report where CI looks
for it.
"""

from __future__ import annotations

import os
import sys

import pytest

from readiness.harness.options import ROOT
from readiness.harness.run import default_junit


def main(arguments: list[str]) -> int:
    """Runs pytest over `suites/`; the exit code is the verdict's."""
    if not any(argument.startswith(("--junitxml", "--junit-xml")) for argument in arguments):
        arguments = [f"--junitxml={default_junit()}", *arguments]
    os.chdir(ROOT)
    return int(
        pytest.main(
            ["-q", "--no-header", "--tb=short", "-p", "no:cacheprovider", str(ROOT / "suites"), *arguments]
        )
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
