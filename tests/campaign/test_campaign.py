"""What becomes of scenarios that cannot be played, or that break: nothing is proved by them, and nothing hidden."""

import contextlib
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from readiness.campaign import campaign as playing
from readiness.campaign import judgements as of
from readiness.campaign import scenarios
from readiness.campaign.campaign import SHORT_PATIENCE, Campaign
from readiness.campaign.criteria import from_records
from readiness.campaign.record import NOT_WHOLE, Record
from readiness.campaign.stage import WHOLE_BUDGET, Stage
from readiness.campaign.stored import stored_records
from readiness.errors import Unjudged
from readiness.evidence import Evidence
from readiness.finding import State
from readiness.plugin.live import Live
from readiness.redact import Redactor
from readiness.topology import Proof
from tests.campaign.defects import DEFECTS
from tests.campaign.healthy import RTO, record
from tests.campaign.test_away import TOPOLOGY

LOST = next(change for name, _, change in DEFECTS if name == "safety")


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    return Evidence(tmp_path / "run", Redactor(set()))


@pytest.fixture
def campaign(evidence: Evidence) -> Campaign:
    live = SimpleNamespace(
        topology=TOPOLOGY,
        provider=SimpleNamespace(capture=dict),
        watch=None,
        run=SimpleNamespace(evidence=evidence),
        say=lambda _line: None,
    )
    return Campaign(cast("Live", live))


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each time was waited for a candidate that never becomes whole."""
    waited: list[float] = []

    def never(_provider: object, _watch: object, seconds: float) -> bool:
        waited.append(seconds)
        return False

    monkeypatch.setattr(playing, "wait_whole", never)
    return waited


def test_without_a_whole_candidate_no_fault_is_done_and_nothing_is_proved(
    campaign: Campaign, waits: list[float]
) -> None:
    for criterion in ("P1.4", "P1.5", "P1.6", "P1.13", "P1.14", "P1.21"):
        found = from_records(campaign, criterion, RTO)
        assert found.honest().state is State.UNKNOWN
        assert "not played: the candidate is not whole" in found.reason
    assert waits[0] == WHOLE_BUDGET
    assert set(waits[1:]) == {SHORT_PATIENCE}
    assert len(waits) == len(campaign.played())


def test_what_was_seen_before_counts_though_the_rest_cannot_be_played(
    campaign: Campaign, waits: list[float]
) -> None:
    lost = LOST(record())
    campaign._records[lost.name] = lost
    found = from_records(campaign, "P1.13", RTO)
    assert found.state is State.REFUTED
    assert waits


@pytest.mark.parametrize(
    "error", [Unjudged("no object could be written"), KeyError("x"), ValueError("the scope is taken")]
)
def test_a_broken_network_that_breaks_the_harness_is_unknown(
    error: Exception, campaign: Campaign, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_live: Live, _how: str, _record: Record) -> None:
        raise error

    monkeypatch.setattr(playing, "wait_whole", lambda *_: True)
    monkeypatch.setattr(playing, "broken_network", breaks)
    played = campaign.networks()
    assert of.each(played, of.safety).state is State.UNKNOWN
    assert [kept.spoiled for kept in stored_records(evidence.folder)] == [each.spoiled for each in played]
    assert campaign.networks() == played


def test_an_emptied_node_has_the_contracts_time_to_be_made_whole() -> None:
    waited: list[dict[str, float]] = []
    made = Record("repair:b", None)

    def recover(**given: float) -> None:
        waited.append(given)
        made.whole = False
        made.notes[NOT_WHOLE] = "not whole again within 77 s"

    repair = SimpleNamespace(kind="itself", budget_seconds=77.0)
    run = SimpleNamespace(
        loaded=SimpleNamespace(candidate=SimpleNamespace(contract=SimpleNamespace(repair=repair)))
    )
    provider = SimpleNamespace(wipe=lambda _node: Proof(fired=True, observed="emptied"))
    stage = SimpleNamespace(
        live=SimpleNamespace(provider=provider, run=run),
        record=made,
        fault=lambda _fault: contextlib.nullcontext(),
        recover=recover,
        now=lambda: 0.0,
    )
    scenarios.repair(TOPOLOGY, "b", "a").play(cast("Stage", stage), {})
    assert [given["budget"] for given in waited] == [77.0]
    assert of.made_whole(made).reason == "not whole again within 77 s"
