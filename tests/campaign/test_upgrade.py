"""P1.27: a rolling upgrade, judged from records made by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from readiness.criteria import BY_ID, not_promised
from readiness.evidence.scenario import RunningVersions, ScenarioRecord
from readiness.evidence.seen import Group, Promises, Seen
from readiness.evidence.stored import as_row, from_row
from readiness.finding import Finding, State
from readiness.history import READS, Op, Outcome, Verb
from readiness.topology import Versions
from tests.campaign.defects import fields
from tests.campaign.healthy import RTO, changed, without
from tests.campaign.rolled import ENDED, VERSIONS, begins, both_ran, record, running

PROVED, REFUTED, UNKNOWN, NOT_RUN = State.PROVED, State.REFUTED, State.UNKNOWN, State.NOT_RUN
DECLARED = {"upgrade": {"from": VERSIONS.first, "to": VERSIONS.second, "program": None}}
Change = Callable[[ScenarioRecord], ScenarioRecord]
DENIED = {"status": 404, "value": None}


def judged(*records: ScenarioRecord, declared: dict[str, object] | None = None) -> Finding:
    given = DECLARED if declared is None else declared
    return BY_ID["P1.27"].judged(Seen(Promises(RTO), {Group.UPGRADES: records}, declared=given))


def unanswered(endpoint: str, begin: float, end: float) -> Change:
    return lambda made: changed(
        made,
        lambda op: op.workload == "probe" and op.endpoint == endpoint and begin <= op.invoked < end,
        outcome=Outcome.UNKNOWN,
        status=None,
        value=None,
    )


def denied(op: Op) -> bool:
    """The node with the second version denies what those with the first one took."""
    return both_ran(op) and op.endpoint == "a" and op.verb is Verb.READ and op.key.startswith("probe/")


def seen(at: int, look: RunningVersions | None) -> Change:
    """Another look in the place of that one, or none."""

    def change(made: ScenarioRecord) -> ScenarioRecord:
        made.versions = [*made.versions[:at], *([look] if look else []), *made.versions[at:][1:]]
        return made

    return change


def looks(*found: RunningVersions) -> Change:
    return fields(versions=list(found))


def test_a_store_that_rides_it_out_is_proved_and_says_how_long_both_versions_ran() -> None:
    found = judged(record())
    assert found.state is PROVED, found.reason
    assert found.measured["rolling-upgrade: both_ran_s"] == pytest.approx(4 * 4.5)
    assert found.measured[f"rolling-upgrade: read_of_the_other_by_{VERSIONS.second}"]


def test_an_outage_between_two_moves_is_not_hidden_by_a_later_time_without_one() -> None:
    made = unanswered("a", begins(1) + 1.5, begins(1) + 2.1)(record())
    whole, found = judged(record()).measured, judged(made).measured

    def of(measured: Mapping[str, object], end: str) -> list[float]:
        named = [
            v for n, v in measured.items() if n.startswith("rolling-upgrade: outage_a_") and n.endswith(end)
        ]
        return [v for v in named if isinstance(v, int | float)]

    assert max(of(whole, "_at_most_s")) < 0.3 < max(of(found, "_at_least_s"))
    assert found["rolling-upgrade: probes"] == whole["rolling-upgrade: probes"]
    asked = [op for op in made.of("probe") if op.endpoint != "service"]
    assert len(asked) * 0.5 < float(str(found["rolling-upgrade: probes"])), "of all times together"
    assert not [name for name in found if ": 2: " in name]


def test_reading_everything_back_at_the_end_may_take_a_while() -> None:
    made = record()
    late = [
        replace(op, invoked=op.invoked + 9, completed=op.completed + 9) for op in made.history if ends(op)
    ]
    made.history = [*(op for op in made.history if not ends(op)), *late]
    made.ended += 10
    found = judged(made)
    assert found.state is PROVED, found.reason


def ends(op: Op) -> bool:
    """Whether it is of the reads at the end, once the load has ended."""
    return op.invoked >= ENDED


WRONG: dict[str, Change] = {
    "the other version's objects are denied": lambda made: changed(made, denied, **DENIED),
    "acknowledged and lost": lambda made: changed(
        made, lambda op: op.workload == "final" and op.key == "probe/a/60", **DENIED
    ),
    "the first version stops while the second runs": unanswered("c", begins(0) + 1, begins(2)),
    "the second version does not serve until all have it": unanswered("a", begins(0) + 1, begins(2) + 1),
    "the service endpoint stops": unanswered("service", begins(1), begins(1) + 4.6),
    "not whole again": fields(whole=False),
    "versions disagree": lambda made: changed(
        made,
        lambda op: op.verb is Verb.LIST and op.endpoint == "a" and both_ran(op),
        keys=(),
    ),
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG.keys())
def test_what_a_store_does_wrong_while_two_versions_run_refutes(change: Change) -> None:
    found = judged(change(record()))
    assert found.state is REFUTED, found.reason


NOT_SHOWN: dict[str, tuple[Change, str]] = {
    "no version was seen": (looks(), "which versions ran"),
    "nothing was ever upgraded": (
        looks(*(running(at, 0) for at in (2.5, 9.0, 20.0, 30.0))),
        "a, b, c were not seen to run",
    ),
    "all nodes at once": (
        looks(running(2.5, 0), running(9.0, 3), running(20.0, 3), running(30.0, 0)),
        "were not seen to run",
    ),
    "one node was left out": (
        lambda made: looks(
            *(replace(look, nodes={**look.nodes, "c": running(0, 0).nodes["c"]}) for look in made.versions)
        )(made),
        "c was not seen to run",
    ),
    "the first version did not run before": (seen(0, running(2.5, 0, b="0.9")), "before the upgrade b ran"),
    "one was not taken back": (seen(12, running(30.0, 6, b="1.0.1")), "after the upgrade b ran"),
    "a version that names neither": (seen(12, running(30.0, 6, b="")), "after the upgrade b ran"),
    "changed between two looks": (
        lambda made: looks(made.versions[0], *made.versions[1::2], made.versions[-1])(made),
        "were not seen to run",
    ),
    "no writes through the second version": (
        lambda made: changed(
            made, lambda op: op.verb is Verb.WRITE and op.endpoint == "a" and both_ran(op), in_service=False
        ),
        "writes through a",
    ),
    "no reads through the first version": (
        lambda made: changed(
            made, lambda op: op.verb in READS and op.endpoint == "b" and both_ran(op), in_service=False
        ),
        "0 reads",
    ),
    "neither version was asked for what the other took": (
        lambda made: without(
            made, lambda op: op.workload == "probe" and op.verb is Verb.READ and op.key.startswith("probe/")
        ),
        "that the other version had taken",
    ),
    "spoiled": (fields(spoiled="the fault did not fire"), "did not fire"),
    "nothing": (fields(history=[]), ""),
}


@pytest.mark.parametrize(("change", "says"), NOT_SHOWN.values(), ids=NOT_SHOWN.keys())
def test_what_was_not_seen_proves_nothing(change: Change, says: str) -> None:
    found = judged(change(record()))
    assert found.state is UNKNOWN, found.reason
    assert says in found.reason


def test_a_provider_that_cannot_do_it_leaves_it_not_run() -> None:
    found = judged(fields(unsupported="no other version can be started")(record()))
    assert (found.state, found.impossible) == (NOT_RUN, True)


def test_a_candidate_of_one_node_cannot_be_upgraded_while_it_serves() -> None:
    assert judged().state is REFUTED


def test_only_a_candidate_that_names_two_versions_promises_it() -> None:
    assert not_promised(DECLARED) == {}
    for declared in ({}, {"upgrade": None}):
        assert list(not_promised(declared)) == ["P1.27"]
    assert judged(record(), declared={"upgrade": None}).state is UNKNOWN


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("ha-control 1.0.1", "1.0.1"),
        ("store v1.0.0 linux/amd64", "1.0.0"),
        ("registry.example/store:1.0.1@sha256:ab", "1.0.1"),
        ("(1.0.0)", "1.0.0"),
        ("1.0.10", None),
        ("1.0.1.2", None),
        ("11.0.1", None),
        ("1.0.1-rc.1", None),
        ("1.0.1+build", None),
        ("1.0.0 to 1.0.1", None),
        ("", None),
    ],
)
def test_a_version_is_named_as_a_whole_word(text: str, named: str | None) -> None:
    assert VERSIONS.named_in(text) == named


def test_a_version_that_begins_another_is_told_apart() -> None:
    both = Versions("1.0", "1.0.1")
    assert (both.named_in("store 1.0"), both.named_in("store 1.0.1"), both.named_in("1.0.")) == (
        "1.0",
        "1.0.1",
        "1.0",
    )


def test_what_was_seen_to_run_is_kept_and_judged_again(tmp_path: Path) -> None:
    made = record()
    kept = from_row(json.loads(json.dumps(as_row(made, None))), tmp_path)
    assert kept.versions == made.versions
    assert judged(replace(kept, history=made.history)).state is PROVED
    older = as_row(made, None)
    del older["versions"]
    assert from_row(older, tmp_path).versions == []
