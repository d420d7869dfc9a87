"""The pytest plugin as an installed package registers it: silent unless the readiness suites are what is run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from readiness import paths

PLUGINS = (
    "readiness.plugin.hooks",
    "fixtures.judge",
    "fixtures.candidate",
    "fixtures.tofu",
    "fixtures.stacks",
)
"""What the suites need; the checkout's conftest.py registers the same."""
PACKAGE = "readiness.data.suites"
"""The suites as an argument of `pytest --pyargs`."""


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: Sequence[str]) -> None:
    """Registers the plugin, with its options, before the options are read."""
    here = early_config.invocation_params.dir
    if not any(_names_suites(here, argument) for argument in args):
        return
    if find_spec("fixtures.judge") is None:
        sys.path.insert(0, str(paths.ROOT))
    for name in PLUGINS:
        early_config.pluginmanager.import_plugin(name)


def _names_suites(here: Path, argument: str) -> bool:
    named = argument.split("::", 1)[0]
    return named.startswith(PACKAGE) or (here / named).resolve().is_relative_to(paths.SUITES)
