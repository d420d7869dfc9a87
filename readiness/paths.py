"""Where things lie: in a checkout, and in an installed package.

A wheel holds the checkout's data below `readiness/data`, laid out as in the checkout, so that both have one root.
Results never go into an installed package: they go to the current folder.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_DATA = _PACKAGE / "data"

CHECKOUT = not _DATA.is_dir()
"""Whether this is a checkout of the repository; otherwise it is an installed package."""
IMPORTS = _PACKAGE.parent
"""The folder from which `import readiness` works: PYTHONPATH of the processes that a run starts."""
ROOT = IMPORTS if CHECKOUT else _DATA
"""The folder that holds suites/, fixtures/, candidates/, stacks/, control/, tools/ and the pytest configuration."""

SUITES = ROOT / "suites"
CANDIDATES = ROOT / "candidates"
STACKS = ROOT / "stacks"
CONTROL = ROOT / "control"
TOOLS = ROOT / "tools"
CONFIGURATION = ROOT / "pyproject.toml"
"""The pytest configuration of the suites."""


def reports() -> Path:
    """Where results are left: reports/ of the checkout, or of the current folder if the package is installed."""
    return (ROOT if CHECKOUT else Path.cwd()) / "reports"


def junit() -> Path:
    """Where the JUnit report is left, unless the command line names another file."""
    return reports() / "junit.xml"


def runs() -> Path:
    """Where evidence folders are made, unless the command line names another folder."""
    return reports() / "runs"
