"""P1.24 and P1.26: a node that is cut off from its peers, or slow, and still answers its clients."""

from __future__ import annotations

import pytest

from readiness.criteria import BY_ID
from readiness.evidence.scenario import ScenarioRecord
from readiness.evidence.seen import Group, Promises, Seen
from readiness.finding import Finding, State
from readiness.history import Op, Outcome, Verb
from readiness.judges.agreement import agreement
from readiness.judges.safety import safety
from readiness.topology import FaultKind
from tests.campaign.defects import Change, denied, failing, fields, two_holders
from tests.campaign.healthy import ENDS, FIRED, LOST, RTO, plus, record, without

PROVED, REFUTED, UNKNOWN, NOT_RUN = State.PROVED, State.REFUTED, State.UNKNOWN, State.NOT_RUN
CRITERIA = {"P1.24": (Group.SPLITS, "split:b"), "P1.26": (Group.LIMPS, "limp:b")}
NUMBERS = iter(range(20_000, 90_000))


def at_the_node(verb: Verb, at: float, **more: object) -> Op:
    """One request to the node that is half there, which does not call itself ready."""
    given: dict[str, object] = {
        "index": next(NUMBERS), "workload": "register", "process": f"reg-b-{verb}", "endpoint": LOST, "verb": verb,
        "bucket": "plain", "key": "canon/0", "invoked": at, "completed": at + 0.01, "outcome": Outcome.UNKNOWN,
        "status": None, "in_service": False,
    }  # fmt: skip
    return Op(**(given | more))  # type: ignore[arg-type]


def half_there(criterion: str) -> ScenarioRecord:
    """A healthy store: the node answered nothing, however often it was asked."""
    made = record(FaultKind.SILENCE, CRITERIA[criterion][1])
    made.events[0].instances = ()
    return plus(made, [at_the_node(Verb.READ, FIRED + 0.1 + number * 0.1) for number in range(40)])


def judged(criterion: str, *records: ScenarioRecord) -> Finding:
    row, group = BY_ID[criterion], CRITERIA[criterion][0]
    assert row.scenarios == (group,)
    return row.judged(Seen(Promises(RTO), {group: records}))


def acknowledged(kept: bool) -> Change:
    """A write that the node acknowledges while it is half there; `kept`: it is found at the end."""

    def change(made: ScenarioRecord) -> ScenarioRecord:
        own: dict[str, object] = {"key": "reg/9", "value": "new", "outcome": Outcome.OK}
        written = at_the_node(Verb.WRITE, 5.0, status=200, **own)
        found = {"status": 200} if kept else {"status": 404, "value": None}
        again = [
            at_the_node(Verb.READ, 13.2, **(own | found), endpoint=end, workload="final", in_service=True)
            for end in ENDS
        ]
        return plus(made, [written, *again])

    return change


def answered(value: str) -> Change:
    """The node gives that body, after a newer one was acknowledged through another."""

    def change(made: ScenarioRecord) -> ScenarioRecord:
        at = {"key": "reg/8", "outcome": Outcome.OK, "status": 200}
        old, new = (
            at_the_node(Verb.WRITE, when, **at, value=body, endpoint="a", in_service=True)
            for when, body in ((2.0, "old"), (4.0, "new"))
        )
        read = at_the_node(Verb.READ, 5.0, **at, value=value)
        final = [
            at_the_node(Verb.READ, 13.2, **at, value="new", endpoint=end, workload="final", in_service=True)
            for end in ENDS
        ]
        return plus(made, [old, new, read, *final])

    return change


@pytest.mark.parametrize("criterion", CRITERIA)
def test_no_two_figures_have_one_name(criterion: str) -> None:
    made = half_there(criterion)
    name = CRITERIA[criterion][1]
    found = judged(criterion, made).measured
    assert found[f"{name}: objects"] == safety(made).measured["objects"], "with acknowledged writes"
    assert found[f"{name}: objects_compared"] == agreement(made).measured["objects_compared"]
    assert not [each for each in found if each.removeprefix(f"{name}: ").startswith("2: ")]


WRONG: dict[str, Change] = {
    "what exists is denied": denied(LOST),
    "an old body": answered("old"),
    "acknowledged and lost": acknowledged(kept=False),
    "two holders": two_holders,
    "the others are silent": lambda made: failing(made, 3.1, 8.2),
    "not whole again": fields(whole=False),
}
RIGHT: dict[str, Change] = {
    "no answer": lambda made: made,
    "the newest body": answered("new"),
    "acknowledged and kept": acknowledged(kept=True),
}


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG.keys())
def test_what_a_node_does_wrong_while_it_is_half_there_refutes(criterion: str, change: Change) -> None:
    found = judged(criterion, half_there(criterion), change(half_there(criterion)))
    assert found.state is REFUTED, found.reason


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("change", RIGHT.values(), ids=RIGHT.keys())
def test_a_node_that_is_silent_or_right_is_proved(criterion: str, change: Change) -> None:
    found = judged(criterion, change(half_there(criterion)))
    assert found.state is PROVED, found.reason
    assert any(name.endswith("asked_of_it") and value for name, value in found.measured.items())


def not_asked(made: ScenarioRecord) -> ScenarioRecord:
    return without(made, lambda op: op.endpoint == LOST and op.workload == "register")


SILENT: dict[str, tuple[Change, State]] = {
    "the node was hardly asked": (not_asked, UNKNOWN),
    "spoiled": (fields(spoiled="the fault did not fire"), UNKNOWN),
    "the provider cannot": (fields(unsupported="no networks of their own"), NOT_RUN),
    "nothing": (fields(history=[]), UNKNOWN),
}


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize(("change", "state"), SILENT.values(), ids=SILENT.keys())
def test_what_was_not_seen_proves_nothing(criterion: str, change: Change, state: State) -> None:
    assert judged(criterion, half_there(criterion), change(half_there(criterion))).state is state


def test_a_candidate_of_one_node_cannot_survive_a_split() -> None:
    assert judged("P1.24").state is REFUTED
    assert judged("P1.26").state is UNKNOWN


@pytest.mark.parametrize("criterion", ["P1.13", "P1.14", "P1.28"])
def test_where_these_faults_cannot_be_done_the_other_criteria_do_not_need_them(criterion: str) -> None:
    assert not {Group.SPLITS, Group.LIMPS} & set(BY_ID[criterion].scenarios)
