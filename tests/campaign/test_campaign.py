"""What becomes of scenarios that cannot be played, or that break: nothing is proved by them, and nothing hidden."""

import contextlib
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from readiness.campaign import campaign as playing
from readiness.campaign import scenarios
from readiness.campaign.campaign import Campaign
from readiness.campaign.proving import proved
from readiness.campaign.settings import Settings
from readiness.campaign.stage import Stage
from readiness.criteria import BY_ID
from readiness.errors import Unjudged
from readiness.evidence.folder import Evidence
from readiness.evidence.scenario import NOT_WHOLE, ScenarioRecord
from readiness.evidence.seen import Group, Promises
from readiness.evidence.stored import stored_records
from readiness.finding import Finding, State
from readiness.judges.records import each as each_record
from readiness.judges.recovery import made_whole
from readiness.judges.safety import safety
from readiness.load.rig import Rig
from readiness.not_undone import NotUndone
from readiness.redact import Redactor
from readiness.subject import Subject
from readiness.topology import Proof
from tests.campaign.defects import DEFECTS
from tests.campaign.healthy import RTO, record
from tests.campaign.test_away import TOPOLOGY

SETTINGS = Settings(whole_within=90.0, patience=5.0)
LOST = next(change for name, _, change in DEFECTS if name == "safety")


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    return Evidence(tmp_path / "run", Redactor(set()))


@pytest.fixture
def campaign(evidence: Evidence) -> Campaign:
    subject = SimpleNamespace(
        topology=TOPOLOGY,
        provider=SimpleNamespace(name="bare", capture=dict),
        evidence=evidence,
        promises=Promises(RTO),
        declared={},
        announce=lambda _line: None,
        not_undone=NotUndone(print),
    )
    return Campaign(cast("Subject", subject), cast("Rig", SimpleNamespace(watch=None)), SETTINGS)


def judged(campaign: Campaign, criterion: str) -> Finding:
    return proved(BY_ID[criterion], campaign.subject, lambda: campaign)


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
        found = judged(campaign, criterion)
        assert found.state is State.UNKNOWN
        assert "not played: the candidate has not been whole" in found.reason
    assert waits[0] == SETTINGS.whole_within
    assert set(waits[1:]) == {SETTINGS.patience}
    assert len(waits) == len(campaign.played())


def test_after_an_undo_that_failed_nothing_more_is_played_and_the_reason_is_the_suites(
    campaign: Campaign, waits: list[float]
) -> None:
    campaign.subject.not_undone.failed("crash:bumble", OSError("start ended with 1"))
    for criterion in ("P1.4", "P1.9", "P1.13", "P1.19"):
        found = judged(campaign, criterion)
        assert found.state is State.UNKNOWN
        assert "it could not undo crash:bumble: OSError: start ended with 1" in found.reason
    assert not waits, "and nothing is waited for"


@pytest.mark.parametrize("wanted", ["split:b", "limp:b"])
def test_one_selected_fault_is_tried_although_those_before_it_are_not_selected(
    campaign: Campaign, waits: list[float], wanted: str
) -> None:
    selected = Campaign(campaign.subject, campaign.rig, Settings(only=frozenset({wanted})))
    selected.play((Group.SPLITS, Group.LIMPS))
    assert len(waits) == 1


@pytest.mark.parametrize(
    ("group", "criterion", "lacks"),
    [
        (Group.POWER_CUTS, "P1.22", "cut a node's power"),
        (Group.POWER_CUT_OF_ONE, "P1.23", "cut a node's power"),
        (Group.SPLITS, "P1.24", "cut a node off from its peers alone"),
        (Group.FULL_DISKS, "P1.25", "fill a node's disk"),
        (Group.LIMPS, "P1.26", "make a node limp"),
    ],
)
def test_a_scenario_whose_fault_the_provider_cannot_do_begins_no_load(
    campaign: Campaign,
    evidence: Evidence,
    monkeypatch: pytest.MonkeyPatch,
    group: Group,
    criterion: str,
    lacks: str,
) -> None:
    begun: list[object] = []
    monkeypatch.setattr(playing, "wait_whole", lambda *_: True)
    monkeypatch.setattr(playing, "Stage", lambda *given, **_: begun.append(given))
    (played,) = campaign.play([group])[group]
    assert played.unsupported == f"the provider bare cannot {lacks}"
    assert not begun
    (kept,) = stored_records(evidence.folder)
    assert (kept.unsupported, kept.events, list(kept.history)) == (played.unsupported, [], [])
    found = judged(campaign, criterion)
    assert (found.state, found.impossible) == (State.NOT_RUN, True)


def test_what_was_seen_before_counts_though_the_rest_cannot_be_played(
    campaign: Campaign, waits: list[float]
) -> None:
    lost = LOST(record())
    campaign._records[lost.name] = lost
    found = judged(campaign, "P1.13")
    assert found.state is State.REFUTED
    assert waits


@pytest.mark.parametrize(
    "error", [Unjudged("no object could be written"), KeyError("x"), ValueError("the scope is taken")]
)
def test_a_broken_network_that_breaks_the_harness_is_unknown(
    error: Exception, campaign: Campaign, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise error

    monkeypatch.setattr(playing, "wait_whole", lambda *_: True)
    monkeypatch.setattr(playing, "broken_network", breaks)
    played = campaign.play([Group.NETWORKS])[Group.NETWORKS]
    assert each_record(played, safety).state is State.UNKNOWN
    assert [kept.spoiled for kept in stored_records(evidence.folder)] == [each.spoiled for each in played]
    assert campaign.play([Group.NETWORKS])[Group.NETWORKS] == played


def test_a_candidate_has_the_time_that_its_contract_promises(campaign: Campaign, waits: list[float]) -> None:
    promised = Campaign(campaign.subject, campaign.rig, Settings(patience=5.0))
    promised.play([Group.CRASHES])
    assert waits[0] == campaign.subject.promises.recovery_seconds
    assert set(waits[1:]) == {5.0}


def test_the_next_fault_does_not_wait_again_for_one_that_had_its_time(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    def whole(_provider: object, _watch: object, seconds: float) -> bool:
        waited.append(seconds)
        return True

    def never_whole(made: ScenarioRecord) -> None:
        made.whole = False

    monkeypatch.setattr(playing, "wait_whole", whole)
    campaign._once(ScenarioRecord("crash:a", None), never_whole)
    campaign._once(ScenarioRecord("crash:b", None), lambda _made: None)
    campaign._once(ScenarioRecord("crash:c", None), lambda _made: None)
    assert waited == [SETTINGS.whole_within, SETTINGS.patience, SETTINGS.whole_within]


def test_an_emptied_node_has_the_contracts_time_to_be_made_whole() -> None:
    waited: list[dict[str, float]] = []
    made = ScenarioRecord("repair:b", None)

    def recover(**given: float) -> None:
        waited.append(given)
        made.whole = False
        made.notes[NOT_WHOLE] = "not whole again within 77 s"

    repair = SimpleNamespace(kind="itself", budget_seconds=77.0)
    provider = SimpleNamespace(wipe=lambda _node: Proof(fired=True, observed="emptied"))
    stage = SimpleNamespace(
        subject=SimpleNamespace(provider=provider, contract=SimpleNamespace(repair=repair)),
        record=made,
        fault=lambda _fault: contextlib.nullcontext(),
        recover=recover,
        now=lambda: 0.0,
    )
    scenarios.repair(TOPOLOGY, "b", "a").play(cast("Stage", stage), {})
    assert [given["budget"] for given in waited] == [77.0]
    assert made_whole(made).reason == "not whole again within 77 s"
