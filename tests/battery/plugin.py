"""The battery's pytest plugin (`-p tests.battery.plugin`): the ordinary suites, against a store with one defect.

`--defect NAME` puts the lying provider around the real one (`none`: a proxy without a defect); `--scenarios A,B` plays
only those scenarios of the campaigns, so that a defect is seen in seconds. Nothing of the suites is changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from readiness import providers
from readiness.campaign.campaign import Campaign
from readiness.campaign.opentofu import TofuCampaign
from readiness.campaign.record import Record
from readiness.faults import Fault
from readiness.finding import Finding, State
from readiness.providers.base import Provider
from readiness.tofu.concurrent import concurrent_applies
from tests.battery.catalogue import named
from tests.battery.defect import Defect
from tests.battery.lying import Lying

NOT_ASKED = "the battery did not ask for it"
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


def pytest_configure(config: pytest.Config) -> None:
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    name, seed = config.getoption("--defect"), config.getoption("--seed", default=None)
    if name:
        _lie(patch, named(name) or NONE, seed or 1)
    if config.getoption("--scenarios") is not None:
        _play_only(patch, frozenset(filter(None, config.getoption("--scenarios").split(","))))
    if seconds := config.getoption("--whole-seconds"):
        for module in ("stage", "campaign", "opentofu"):
            patch.setattr(f"readiness.campaign.{module}.WHOLE_BUDGET", seconds)


def _lie(patch: pytest.MonkeyPatch, defect: Defect, seed: int) -> None:
    real = providers.create

    def create(*args: Any, **kwargs: Any) -> Provider:
        return cast("Provider", Lying(real(*args, **kwargs), defect, seed))

    patch.setattr(providers, "create", create)


def _play_only(patch: pytest.MonkeyPatch, names: frozenset[str]) -> None:
    once, one, applies = Campaign._once, TofuCampaign._one, concurrent_applies

    def only_once(self: Campaign, record: Record, play: Callable[[Record], None]) -> Record:
        if record.name in names:
            return once(self, record, play)
        return Record(record.name, None, unsupported=NOT_ASKED)

    def only_one(self: TofuCampaign, fault: Fault) -> Finding:
        return one(self, fault) if fault.name in names else Finding(State.NOT_RUN, NOT_ASKED)

    def only_applies(env: Any, name: str, **kwargs: Any) -> Finding:
        wanted = name == "contention" or name.replace("-", ":") in names
        return applies(env, name, **kwargs) if wanted else Finding(State.NOT_RUN, NOT_ASKED)

    patch.setattr(Campaign, "_once", only_once)
    patch.setattr(TofuCampaign, "_one", only_one)
    patch.setattr("readiness.campaign.opentofu.concurrent_applies", only_applies)
