"""Power cuts and full disks: what judges make of their records, and what a scenario does where they are impossible."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from readiness import faults
from readiness.criteria import BY_ID
from readiness.evidence.scenario import NOT_SELECTED, ScenarioRecord
from readiness.evidence.seen import Group, Promises, Seen
from readiness.finding import Finding, State
from readiness.history import Op, Outcome, Verb
from readiness.judges.recovery import serves_again
from readiness.providers.base import Provider
from readiness.topology import FaultKind, Unsupported
from tests.campaign.healthy import ENDS, HEALED, INJECTING, RTO, WHOLE, record
from tests.plugin.fake import Fake

PROVED, REFUTED, UNKNOWN, NOT_RUN = State.PROVED, State.REFUTED, State.UNKNOWN, State.NOT_RUN


def judged(id_: str, group: Group, *records: ScenarioRecord) -> Finding:
    return BY_ID[id_].judged(Seen(Promises(RTO), {group: records}))


def written(at: float, *, acknowledged: bool) -> list[Op]:
    """A probe's write through every endpoint then."""
    outcome = Outcome.OK if acknowledged else Outcome.FAIL
    status = 200 if acknowledged else 507
    return [
        Op(
            index=10_000 + int(at * 100) + number, workload="probe", process=f"probe:{end}", endpoint=end,
            verb=Verb.WRITE, bucket="plain", key=f"probe/{end}/{at}", invoked=at, completed=at + 0.01,
            outcome=outcome, status=status, value=f"probe/{end}/{at}",
        )
        for number, end in enumerate(ENDS)
    ]  # fmt: skip


def full(*, later: bool, kind: FaultKind | None = FaultKind.FULL_DISK) -> ScenarioRecord:
    made = record(kind, "full-disk:b")
    writes = written(INJECTING - 1, acknowledged=True) + written(WHOLE + 1, acknowledged=later)
    return replace(made, history=[*made.history, *writes])


def test_a_store_that_serves_again_does_and_one_that_refuses_every_write_does_not() -> None:
    assert serves_again(full(later=True)).state is PROVED
    found = serves_again(full(later=False))
    assert found.state is REFUTED
    assert "takes no writes though the fault is over: 1 were answered HTTP 507" in found.reason


def test_what_was_not_tried_after_the_fault_is_unknown() -> None:
    made = full(later=True)
    silent = replace(
        made, history=[op for op in made.history if op.verb is not Verb.WRITE or op.invoked < HEALED]
    )
    assert serves_again(silent).state is UNKNOWN
    assert serves_again(replace(made, events=[])).state is UNKNOWN


@pytest.mark.parametrize(
    ("id_", "group"),
    [
        ("P1.22", Group.POWER_CUTS),
        ("P1.23", Group.POWER_CUT_OF_ONE),
        ("P1.25", Group.FULL_DISKS),
    ],
)
def test_a_power_or_a_disk_that_cannot_be_reached_is_not_run(id_: str, group: Group) -> None:
    impossible = replace(record(FaultKind.POWER_CUT), unsupported="bumble has no disk of its own: no root")
    found = judged(id_, group, impossible)
    assert (found.state, found.impossible) == (NOT_RUN, True)
    assert "no disk of its own" in found.reason
    not_selected = judged(id_, group, replace(impossible, unsupported=NOT_SELECTED))
    assert (not_selected.state, not_selected.impossible) == (NOT_RUN, False)
    both = judged(id_, group, impossible, replace(impossible, unsupported=NOT_SELECTED))
    assert (both.state, both.impossible) == (NOT_RUN, False)


@pytest.mark.parametrize(("id_", "group"), [("P1.22", Group.POWER_CUTS), ("P1.23", Group.POWER_CUT_OF_ONE)])
def test_what_was_acknowledged_before_a_power_cut_and_is_gone_refutes(id_: str, group: Group) -> None:
    made = record(FaultKind.POWER_CUT, "power-cut:b")
    lost = [
        replace(op, status=404, value=None) if op.workload == "final" and op.verb is Verb.READ else op
        for op in made.history
    ]
    found = judged(id_, group, replace(made, history=lost))
    assert found.state is REFUTED
    assert "although" in found.reason


def test_one_node_alone_cannot_lose_another() -> None:
    assert judged("P1.23", Group.POWER_CUT_OF_ONE).state is REFUTED


def test_a_candidate_that_is_not_whole_after_a_power_cut_is_refuted() -> None:
    found = judged("P1.22", Group.POWER_CUTS, replace(record(FaultKind.POWER_CUT), whole=False))
    assert found.state is REFUTED


def test_the_promise_for_silence_holds_for_faults_that_have_none_of_their_own() -> None:
    rto_seconds = {"restart": 1, "drain": 2, "crash": 3, "silence": 4}
    failure = {"rto_seconds": rto_seconds, "response_seconds": 3, "recovery_seconds": 90}
    contract = {
        "failure": failure,
        "durability": {"versioning": True, "backup_command": None},
        "credentials": {},
    }
    rto = Promises.of({"contract": contract}).rto
    assert rto[FaultKind.POWER_CUT] == rto[FaultKind.FULL_DISK] == rto[FaultKind.SILENCE] == 4


def test_a_provider_without_the_ability_is_unsupported_and_heals() -> None:
    provider = cast("Provider", Fake(None))
    for fault in (faults.power_cut(provider.topology, "bumble"), faults.full_disk("bumble")):
        with pytest.raises(Unsupported, match="cannot"):
            fault.inject(provider)
        fault.heal(provider)
