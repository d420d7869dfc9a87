"""The battery's pytest plugin (`-p tests.battery.plugin`): the ordinary suites, against a store with one defect.

`--defect NAME` puts the lying provider around the real one (`none`: a proxy without a defect); `--scenarios A,B` plays
only those scenarios of the campaigns, so that a defect is seen in seconds. Nothing of the suites is changed.
"""

from __future__ import annotations

from typing import Any, cast

import pytest

from readiness import providers
from readiness.campaign.settings import Settings
from readiness.plugin.session import CREATE, SETTINGS, CreateProvider
from readiness.providers.base import Provider
from tests.battery.catalogue import named
from tests.battery.defect import Defect
from tests.battery.lying import Lying

NONE = Defect("none", "", "nothing: the proxy is transparent", (), "")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("battery", "Battery of lying stores")
    group.addoption(
        "--defect", metavar="NAME", help="put this defect in front of the candidate (none: only the proxy)"
    )
    group.addoption("--scenarios", metavar="A,B", help="play only these scenarios of the campaigns")
    group.addoption(
        "--whole-seconds", type=float, metavar="S", help="how long the candidate may take to be whole again"
    )


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    name, seed = config.getoption("--defect"), config.getoption("--seed", default=None)
    if name:
        config.stash[CREATE] = _lying(named(name) or NONE, seed or 1)
    only, seconds = config.getoption("--scenarios"), config.getoption("--whole-seconds")
    config.stash[SETTINGS] = Settings(
        whole_within=seconds or Settings.whole_within,
        only=None if only is None else frozenset(filter(None, only.split(","))),
    )


def _lying(defect: Defect, seed: int) -> CreateProvider:
    def create(*args: Any, **kwargs: Any) -> Provider:
        return cast("Provider", Lying(providers.create(*args, **kwargs), defect, seed))

    return create
