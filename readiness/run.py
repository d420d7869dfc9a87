"""`python -m readiness.run [OPTIONS]`: all phases against one candidate, with the JUnit report where CI looks
for it.
"""

from __future__ import annotations

import sys
import time

import pytest

from readiness.paths import CONFIGURATION, ROOT, SUITES
from readiness.plugin.run import default_junit
from readiness.report import junit
from readiness.verdict import EXIT_USAGE


def main(arguments: list[str]) -> int:
    """Runs pytest over `suites/`; the exit code is the verdict's."""
    if not any(argument.startswith(("--junitxml", "--junit-xml")) for argument in arguments):
        arguments = [f"--junitxml={default_junit()}", *arguments]
    begun = time.time()
    own = ["-c", str(CONFIGURATION), "--rootdir", str(ROOT), "-p", "no:cacheprovider"]
    code = int(pytest.main([*own, "-q", "--no-header", "--tb=short", "-rN", str(SUITES), *arguments]))
    report = default_junit()
    if code == EXIT_USAGE and report.exists() and report.stat().st_mtime < begun:
        junit.invalidate(
            report, "the command line was not understood", {}
        )  # pytest ended before our plugin began
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
