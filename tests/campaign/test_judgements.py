"""Every judgement of a scenario: a healthy record is PROVED, one defect REFUTED, a silent harness UNKNOWN."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from types import SimpleNamespace

import pytest

from readiness.campaign.stage import Stage, read_everything
from readiness.criteria import BY_ID
from readiness.evidence.scenario import ScenarioRecord
from readiness.evidence.seen import Group, Promises, Seen
from readiness.finding import Finding, State, proved
from readiness.history import Op, Outcome, Verb
from readiness.judges.agreement import agreement, winners
from readiness.judges.capture import capture
from readiness.judges.heads import heads as heads_within
from readiness.judges.levels import beyond_opentofu
from readiness.judges.outage import outage as outage_within
from readiness.judges.records import each as each_record
from readiness.judges.records import needs
from readiness.judges.recovery import made_whole
from readiness.judges.safety import denials, mixed_writes, safety
from readiness.topology import FaultKind
from tests.campaign.defects import DEFECTS, EXCUSED, HIDDEN, SILENT, Change, denied, failing, snapshot
from tests.campaign.healthy import ENDS, INJECTING, LOST, RTO, Book, changed, history, plus, record, without

PROVED, REFUTED, UNKNOWN, NOT_RUN = State.PROVED, State.REFUTED, State.UNKNOWN, State.NOT_RUN
Judgement = Callable[[ScenarioRecord], Finding]


def heads(made: ScenarioRecord) -> Finding:
    return heads_within(made, Promises(RTO))


def outage(made: ScenarioRecord) -> Finding:
    return outage_within(made, Promises(RTO))


FAULTS = [(FaultKind.CRASH, "crash:b"), (FaultKind.SILENCE, "silence:b"), (FaultKind.RESTART, "restart:b-0")]
JUDGEMENTS: dict[str, Judgement] = {
    "heads": heads, "outage": outage, "safety": safety, "agreement": agreement, "winners": winners,
    "capture": capture, "denials": denials, "made_whole": made_whole,
}  # fmt: skip


@pytest.mark.parametrize("name", JUDGEMENTS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_healthy_record_is_proved(name: str, fault: tuple[FaultKind, str]) -> None:
    found = each_record([record(*fault)], JUDGEMENTS[name])
    assert found.state is PROVED, found.reason
    assert found.observations > 0


@pytest.mark.parametrize("name", ["safety", "agreement", "winners", "denials"])
def test_a_steady_record_is_proved(name: str) -> None:
    assert each_record([record(None, "steady")], JUDGEMENTS[name]).state is PROVED


@pytest.mark.parametrize(
    ("name", "change"), [pytest.param(n, c, id=f"{n}: {what}") for n, what, c in DEFECTS]
)
def test_a_defect_is_refuted(name: str, change: Change) -> None:
    found = each_record([record(), change(record())], JUDGEMENTS[name])
    assert found.state is REFUTED, found.reason
    assert "crash:b: " in found.reason


@pytest.mark.parametrize(("name", "change"), [pytest.param(n, c, id=f"{n}: {what}") for n, what, c in HIDDEN])
def test_who_had_to_serve_may_not_lie_while_it_calls_itself_not_ready(name: str, change: Change) -> None:
    found = each_record([change(record())], JUDGEMENTS[name])
    assert found.state is REFUTED, found.reason


@pytest.mark.parametrize(
    ("name", "change"), [pytest.param(n, c, id=f"{n}: {what}") for n, what, c in EXCUSED]
)
def test_the_faulted_instance_is_excused_while_it_is_not_ready(name: str, change: Change) -> None:
    found = each_record([change(record())], JUDGEMENTS[name])
    assert found.state is PROVED, found.reason


@pytest.mark.parametrize("endpoint", ["a", LOST])
def test_without_a_fault_on_a_node_nobody_is_excused(endpoint: str) -> None:
    for made in (record(None, "steady"), replace(record(None, "network:slow"), endpoints_through=())):
        assert each_record([denied(endpoint)(made)], denials).state is REFUTED


def test_a_rolling_restart_excuses_the_nodes_that_it_drains() -> None:
    rolling = replace(record(FaultKind.DRAIN, "rolling-restart"), nodes=(), endpoints_through=("service",))
    assert each_record([denied(LOST)(rolling)], denials).state is PROVED
    assert each_record([denied("service")(rolling)], denials).state is REFUTED


@pytest.mark.parametrize(("name", "change"), [pytest.param(n, c, id=f"{n}: {what}") for n, what, c in SILENT])
def test_a_silent_harness_proves_nothing(name: str, change: Change) -> None:
    found = each_record([record(), change(record())], JUDGEMENTS[name])
    assert found.state is UNKNOWN, f"{found.state}: {found.reason}"


@pytest.mark.parametrize("name", [n for n in JUDGEMENTS if n != "made_whole"])
def test_an_empty_history_is_never_proved(name: str) -> None:
    found = each_record([replace(record(), history=[], captured=None)], JUDGEMENTS[name])
    assert found.state is not PROVED


def slow() -> None:
    raise TimeoutError("the load was not done within 120 s")


def test_a_store_too_slow_to_be_read_back_proves_nothing_and_is_refuted_by_what_was_seen() -> None:
    whole, slow_one, slow_and_away = record(), record(), failing(record(), 3.1, 30.0)
    read_everything(whole, "at the end", lambda: None)
    for each in (slow_one, slow_and_away):
        read_everything(each, "at the end", slow)
        each.doubt("it answered while away")
    assert each_record([whole], safety).state is PROVED
    found = each_record([slow_one], safety)
    assert found.state is UNKNOWN
    message = "not everything could be read back at the end: the load was not done within 120 s; it answered while away"
    assert message in found.reason
    assert each_record([slow_one], outage).state is UNKNOWN
    assert each_record([slow_and_away], outage).state is REFUTED


def test_a_read_under_load_that_takes_too_long_does_not_take_what_was_seen_with_it() -> None:
    """As of a store on a busy machine that denied something before."""

    def call(reads: Coroutine[None, None, None]) -> None:
        reads.close()
        slow()

    loop = SimpleNamespace(call=call)
    denied = changed(record(), snapshot("after", Verb.READ), status=404, value=None)
    stages = [
        SimpleNamespace(record=each, context=None, rig=SimpleNamespace(loop=loop))
        for each in (record(), denied)
    ]
    for stage in stages:
        Stage.read_back(stage)  # type: ignore[arg-type]
    right, wrong = (each_record([stage.record], safety) for stage in stages)
    assert right.state is UNKNOWN
    assert "not everything could be read back under load: the load was not done within 120 s" in right.reason
    assert wrong.state is REFUTED


def test_a_restarted_endpoint_must_be_back_in_time() -> None:
    late = record(FaultKind.RESTART, "restart:b-0")
    assert outage(late).measured["back_b"] == pytest.approx(2.01, abs=0.2)
    assert outage_within(late, Promises(RTO | {FaultKind.RESTART: 1.5})).state is REFUTED
    never = changed(
        record(FaultKind.RESTART, "restart:b-0"),
        lambda op: op.endpoint == LOST and op.in_service and op.invoked > INJECTING,
        in_service=False,
        outcome=Outcome.FAIL,
        status=None,
    )
    assert outage(never).state is REFUTED
    assert "b was never back" in outage(never).reason
    not_asked = without(never, lambda op: op.endpoint == LOST and op.invoked > INJECTING + 3.5)
    assert outage(not_asked).state is UNKNOWN
    assert "b was not asked for the whole 4 s promised" in outage(not_asked).reason
    unseen = without(record(FaultKind.RESTART, "restart:b-0"), lambda op: not op.in_service)
    assert outage(unseen).state is UNKNOWN


def test_the_endpoint_beside_an_instance_that_answers_no_client_must_serve_while_that_is_restarted() -> None:
    """As beside a monitor of Ceph or a member of etcd: no endpoint is seen to go away."""
    name = "restart:mon-b"
    serving = replace(record(FaultKind.RESTART, name), history=history(name, None))
    found = outage(serving)
    assert found.state is PROVED, found.reason
    assert "outage_b_head_new_at_least_s" in found.measured
    silent = changed(
        serving,
        lambda op: op.endpoint == LOST and op.workload == "probe" and op.invoked > INJECTING + 0.5,
        outcome=Outcome.UNKNOWN,
        status=None,
    )
    assert outage(silent).state is REFUTED
    assert "b" in outage(silent).reason
    unasked = without(serving, lambda op: op.endpoint == LOST and op.workload == "probe" and op.invoked > 3)
    assert outage(unasked).state is UNKNOWN


def test_an_outage_within_the_rto_is_measured_and_proved() -> None:
    found = outage(failing(record(), 3.1, 5.0))
    assert found.state is PROVED, found.reason
    assert any(isinstance(value, float) and 1.5 < value < 2.6 for value in found.measured.values()), (
        found.measured
    )


@pytest.mark.parametrize(("promised", "state"), [(3.0, REFUTED), (6.0, PROVED)])
def test_an_answer_is_late_by_the_time_that_the_contract_promises(promised: float, state: State) -> None:
    slow = record()
    slow.history = [
        replace(op, completed=op.invoked + 5.0) if op.workload == "probe" and 3.0 <= op.invoked < 9.0 else op
        for op in slow.history
    ]
    assert outage_within(slow, Promises(RTO, response_seconds=promised)).state is state


def test_spoilt_unsupported_and_missing_records() -> None:
    spoiled = replace(record(), spoiled="the fault crash:b did not fire: b-0 still runs")
    assert each_record([record(), spoiled], safety).state is UNKNOWN
    assert "did not fire" in each_record([spoiled], safety).reason
    unsupported = replace(record(), unsupported="no cable here")
    assert each_record([record(), unsupported], safety).state is NOT_RUN
    assert each_record([], safety).state is UNKNOWN


def test_an_optional_fault_that_cannot_be_done_is_left_out() -> None:
    criterion = BY_ID["P1.13"]
    impossible = replace(record(FaultKind.SILENCE, "unplug:b"), unsupported="no cable here")

    def judged(**scenarios: list[ScenarioRecord]) -> State:
        groups = {Group[name]: records for name, records in scenarios.items()}
        seen = Seen(Promises(RTO), groups).without_impossible(criterion.optional)
        assert criterion.judge is not None
        return criterion.judge(seen).state

    assert judged(CRASHES=[record()], UNPLUGGED=[impossible]) is PROVED
    assert judged(CRASHES=[impossible], UNPLUGGED=[record()]) is NOT_RUN
    assert judged(UNPLUGGED=[impossible]) is NOT_RUN
    assert judged(UNPLUGGED=[impossible, record()]) is NOT_RUN


def test_a_judgement_that_throws_is_unknown() -> None:
    def broken(_record: ScenarioRecord) -> Finding:
        raise ZeroDivisionError("ops")

    found = each_record([record()], broken)
    assert (found.state, "broken could not judge: ZeroDivisionError: ops" in found.reason) == (UNKNOWN, True)
    assert each_record([record()], lambda _r: proved("nothing", 0)).state is UNKNOWN


def test_a_candidate_too_small_for_a_scenario_is_refuted() -> None:
    assert needs([], "two nodes", safety).state is REFUTED
    assert needs([record()], "two nodes", made_whole).state is PROVED


def test_measured_values_name_their_scenario() -> None:
    found = each_record([record(), record(FaultKind.SILENCE, "silence:b")], outage)
    assert {name.split(": ")[0] for name in found.measured} == {"crash:b", "silence:b"}


def test_what_is_lost_of_one_group_of_keys_is_not_hidden_by_another() -> None:
    def alone(op: Op) -> bool:
        return op.workload == "final" and op.key == "canon/0" and op.endpoint != "a"

    whole = each_record([record()], safety).measured
    groups = without(
        record(), alone
    )  # now its key is read back through one endpoint, the others through three
    lost = changed(groups, lambda op: op.workload == "final" and op.key == "canon/0", status=404, value=None)
    found = each_record([lost], safety)
    assert found.state is REFUTED
    assert found.measured["crash:b: objects_lost"] == 1
    assert found.measured["crash:b: lost_writes"] == 1
    for name in ("acknowledged_writes", "objects"):
        assert found.measured[f"crash:b: {name}"] == whole[f"crash:b: {name}"]
    assert found.measured["crash:b: endpoints_read"] == 3


def mixed(made: ScenarioRecord, **last: object) -> ScenarioRecord:
    """The record with a key that was created, overwritten without a condition, and compared and set; `last` are
    fields of its final reads.
    """
    book = Book()
    at = {"bucket": "plain", "key": "reg/mixed", "process": "reg-1"}
    book.add("register", Verb.CREATE, "a", 1.0, value="m1", **at)
    book.add("register", Verb.WRITE, "b", 1.2, value="m2", **at)
    book.add("register", Verb.CAS, "a", 1.4, value="m3", expected="m2", **at)
    for endpoint in ENDS:
        book.add("final", Verb.READ, endpoint, 13.3, **{**at, "value": "m3", **last})
    return plus(made, [replace(op, index=op.index + 20_000) for op in book.ops])


def test_a_key_that_opentofu_never_writes_so_is_of_level_s3() -> None:
    assert each_record([mixed(record())], safety).state is PROVED
    assert each_record([mixed(record())], mixed_writes).state is PROVED
    lost_overwrite = mixed(record(), value="m2")
    assert each_record([lost_overwrite], safety).state is PROVED
    assert each_record([lost_overwrite], denials).state is PROVED
    found = each_record([lost_overwrite], mixed_writes)
    assert found.state is REFUTED
    assert "reg/mixed" in found.reason
    assert each_record([record()], mixed_writes).state is UNKNOWN, "no such key: nothing was seen"


def test_a_denial_and_a_foreign_body_are_never_of_level_s3() -> None:
    absent = mixed(record(), value=None, status=404)
    assert each_record([absent], safety).state is REFUTED
    assert each_record([absent], denials).state is REFUTED
    assert each_record([mixed(record(), value="?17:abc")], safety).state is REFUTED


@pytest.mark.parametrize(
    ("verbs", "beyond"),
    [
        ((Verb.WRITE, Verb.READ, Verb.DELETE, Verb.WRITE), False),
        ((Verb.CREATE, Verb.DELETE, Verb.CREATE), False),
        ((Verb.CREATE, Verb.WRITE), True),
        ((Verb.WRITE, Verb.CAS), True),
        ((Verb.CAS,), True),
        ((Verb.READ, Verb.HEAD), False),
    ],
)
def test_what_opentofu_writes(verbs: tuple[Verb, ...], beyond: bool) -> None:
    book = Book()
    for number, verb in enumerate(verbs):
        book.add("register", verb, "a", float(number), key="k", value=f"v{number}")
    assert beyond_opentofu(book.ops) == ({("plain", "k")} if beyond else frozenset())
