"""The pytest plugin as an installed package registers it: silent unless the readiness suites are what is run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
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


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: Sequence[str]) -> None:
    """Registers the plugin, with its options, before the options are read."""
    here = early_config.invocation_params.dir
    if not any(_names_suites(here, argument) for argument in args):
        return
    if str(paths.ROOT) not in sys.path:  # fixtures/ lies there
        sys.path.insert(0, str(paths.ROOT))
    for name in PLUGINS:
        early_config.pluginmanager.import_plugin(name)


def _names_suites(here: Path, argument: str) -> bool:
    return (here / argument.split("::", 1)[0]).resolve().is_relative_to(paths.SUITES)
