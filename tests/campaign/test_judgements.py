"""Every judgement of a scenario both ways: a healthy record is PROVED, one defect in it is REFUTED, a silent harness is UNKNOWN."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from readiness.campaign import judgements as of
from readiness.campaign.record import Captured, Record
from readiness.candidate.model import FaultKind
from readiness.finding import Finding, State, proved
from readiness.history import Op, Outcome, Verb
from tests.campaign.healthy import FIRED, HEALING, INJECTING, LOST, RTO, WHOLE, changed, plus, record, without

PROVED, REFUTED, UNKNOWN, NOT_RUN = State.PROVED, State.REFUTED, State.UNKNOWN, State.NOT_RUN
Judgement = Callable[[Record], Finding]
Change = Callable[[Record], Record]


def heads(made: Record) -> Finding:
    return of.heads(made, RTO)


def outage(made: Record) -> Finding:
    return of.outage(made, RTO)


JUDGEMENTS: dict[str, Judgement] = {
    "heads": heads, "outage": outage, "safety": of.safety, "agreement": of.agreement, "winners": of.winners,
    "capture": of.capture, "denials": of.denials, "made_whole": of.made_whole,
}  # fmt: skip


@pytest.mark.parametrize("name", JUDGEMENTS)
@pytest.mark.parametrize(
    "fault",
    [(FaultKind.CRASH, "crash:b"), (FaultKind.SILENCE, "silence:b"), (FaultKind.RESTART, "restart:b-0")],
)
def test_a_healthy_record_is_proved(name: str, fault: tuple[FaultKind, str]) -> None:
    found = of.each([record(*fault)], JUDGEMENTS[name])
    assert found.state is PROVED, found.reason
    assert found.observations > 0


@pytest.mark.parametrize("name", ["safety", "agreement", "winners", "denials"])
def test_a_steady_record_is_proved(name: str) -> None:
    assert of.each([record(None, "steady")], JUDGEMENTS[name]).state is PROVED


def during(op: Op) -> bool:
    return FIRED <= op.invoked < HEALING


def snapshot(label: str, verb: Verb, endpoint: str = "a") -> Callable[[Op], bool]:
    return lambda op: op.process.startswith(label) and op.verb is verb and op.endpoint == endpoint


def failing(made: Record, begin: float, end: float, *verbs: Verb) -> Record:
    """The probes through `a` get no answer in that time."""
    return changed(
        made, lambda op: op.workload == "probe" and op.endpoint == "a" and begin <= op.invoked < end and op.verb in (verbs or Verb),
        outcome=Outcome.UNKNOWN, status=None, value=None,
    )  # fmt: skip


def lost(made: Record) -> Record:
    return changed(made, lambda op: op.workload == "final" and op.key == "canon/0", status=404, value=None)


def stale(made: Record) -> Record:
    old = next(op for op in made.history if op.workload == "canon")
    newer = replace(old, index=9001, value="v1", invoked=12.9, completed=12.95)
    return plus(made, [newer])


def two_winners(made: Record) -> Record:
    return changed(made, lambda op: op.process == "racer-5-2", status=200)


def two_holders(made: Record) -> Record:
    return changed(made, lambda op: op.process == "lock-2" and op.key == "lock/3", status=200)


def captured(**fields: object) -> Change:
    def change(made: Record) -> Record:
        made.captured = replace(made.captured or Captured((), 0, 0, (), ()), **fields)  # type: ignore[arg-type]
        return made

    return change


def fields(**changes: object) -> Change:
    def change(made: Record) -> Record:
        for name, value in changes.items():
            setattr(made, name, value)
        return made

    return change


DENIED = {"status": 404, "value": None, "outcome": Outcome.OK}
DEFECTS: list[tuple[str, str, Change]] = [
    ("heads", "HEAD denied in a snapshot", lambda r: changed(r, snapshot("during", Verb.HEAD), **DENIED)),
    ("heads", "bucket denied after", lambda r: changed(r, snapshot("after", Verb.HEAD_BUCKET, LOST), status=404)),
    ("heads", "endpoint out of service during", lambda r: without(r, lambda op: op.process.startswith("during") and op.endpoint == "a")),
    ("heads", "endpoint not back", lambda r: without(r, lambda op: op.process.startswith("after") and op.endpoint == LOST)),
    ("heads", "HEAD gone too long", lambda r: failing(r, 3.1, 8.2, Verb.HEAD)),
    ("heads", "one HEAD 404 under load", lambda r: changed(r, lambda op: op.verb is Verb.HEAD and op.endpoint == "a" and op.workload == "probe" and 5 < op.invoked < 5.2, **DENIED)),
    ("heads", "never whole", fields(whole=False)),
    ("heads", "no endpoint left", fields(endpoints_through=())),
    ("outage", "beyond the RTO", lambda r: failing(r, 3.1, 8.2)),
    ("outage", "no endpoint left", fields(endpoints_through=())),
    ("safety", "acknowledged write lost", lost),
    ("safety", "stale everywhere", stale),
    ("safety", "deleted object returns", lambda r: changed(r, lambda op: op.workload == "final" and op.key == "lock/2", status=200, value="holder-2")),
    ("safety", "two holders of a lock", two_holders),
    ("safety", "corrupt body", lambda r: changed(r, lambda op: op.workload == "final" and op.key == "race/3", value="?17:abc")),
    ("agreement", "LIST omits a key", lambda r: changed(r, snapshot("during", Verb.LIST), keys=())),
    ("agreement", "versions differ", lambda r: changed(r, snapshot("after", Verb.VERSIONS, LOST), keys=("canon/0@v1", "canon/0@v0"))),
    ("agreement", "HEAD 404 where GET is 200", lambda r: changed(r, snapshot("after", Verb.HEAD, "service"), **DENIED)),
    ("winners", "two winners", two_winners),
    ("winners", "loser told 404", lambda r: changed(r, lambda op: op.process == "racer-5-2", status=404)),
    ("winners", "no endpoint left", fields(endpoints_through=())),
    ("denials", "404 on the way up", lambda r: changed(r, lambda op: op.workload == "probe" and op.endpoint == LOST and WHOLE < op.invoked < WHOLE + 0.2, **DENIED)),
    ("denials", "stale", stale),
    ("made_whole", "never whole", fields(whole=False)),
    ("capture", "a write", captured(calls=("8.1 read status b-0", "8.2 write restart read-0"))),
    ("capture", "objects changed", captured(after=("canon/0@v2",))),
    ("capture", "a secret", captured(secrets_found=1)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "change"), [pytest.param(n, c, id=f"{n}: {what}") for n, what, c in DEFECTS]
)
def test_a_defect_is_refuted(name: str, change: Change) -> None:
    found = of.each([record(), change(record())], JUDGEMENTS[name])
    assert found.state is REFUTED, found.reason
    assert "crash:b: " in found.reason


def probeless(made: Record) -> Record:
    return without(made, lambda op: op.workload == "probe")


def probes_stop(made: Record) -> Record:
    return without(made, lambda op: op.workload == "probe" and op.invoked > FIRED + 1)


SILENT: list[tuple[str, str, Change]] = [
    ("heads", "probes stop", probes_stop),
    ("heads", "no probes", probeless),
    ("outage", "probes stop", probes_stop),
    ("outage", "no probes", probeless),
    ("safety", "empty history", fields(history=[])),
    ("safety", "nothing read back", lambda r: without(r, lambda op: op.workload == "final")),
    ("safety", "nothing acknowledged", lambda r: changed(r, lambda op: op.acknowledged, outcome=Outcome.UNKNOWN, status=None)),
    ("safety", "nothing asked while the node was away", lambda r: changed(r, during, in_service=False)),
    ("safety", "one endpoint not asked while the node was away", lambda r: without(r, lambda op: during(op) and op.endpoint == "service")),
    ("safety", "nobody contended", lambda r: without(r, lambda op: op.process == "lock-2")),
    ("agreement", "no snapshot", lambda r: without(r, lambda op: op.workload in ("matrix", "bucket"))),
    ("agreement", "one view", lambda r: without(r, lambda op: op.workload in ("matrix", "bucket") and (op.endpoint, op.library) != ("a", "boto3"))),
    ("winners", "no race while the node was away", lambda r: without(r, lambda op: op.workload == "race" and during(op))),
    ("winners", "no race", lambda r: without(r, lambda op: op.workload == "race")),
    ("denials", "empty history", fields(history=[])),
    ("capture", "nothing captured", fields(captured=None)),
    ("capture", "no text", captured(texts=0)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change"), [pytest.param(n, c, id=f"{n}: {what}") for n, what, c in SILENT])
def test_a_silent_harness_proves_nothing(name: str, change: Change) -> None:
    found = of.each([record(), change(record())], JUDGEMENTS[name])
    assert found.state is UNKNOWN, f"{found.state}: {found.reason}"


@pytest.mark.parametrize("name", [n for n in JUDGEMENTS if n != "made_whole"])
def test_an_empty_history_is_never_proved(name: str) -> None:
    found = of.each([replace(record(), history=[], captured=None)], JUDGEMENTS[name])
    assert found.state is not PROVED


def test_a_restarted_endpoint_must_be_back_in_time() -> None:
    late = record(FaultKind.RESTART, "restart:b-0")
    assert outage(late).measured["back_b"] == pytest.approx(2.01, abs=0.2)
    assert of.outage(late, RTO | {FaultKind.RESTART: 1.5}).state is REFUTED
    never = without(
        record(FaultKind.RESTART, "restart:b-0"),
        lambda op: op.endpoint == LOST and op.in_service and op.invoked > INJECTING,
    )
    assert "b was back never" in outage(never).reason
    unseen = without(record(FaultKind.RESTART, "restart:b-0"), lambda op: not op.in_service)
    assert outage(unseen).state is UNKNOWN


def test_an_outage_within_the_rto_is_measured_and_proved() -> None:
    found = outage(failing(record(), 3.1, 5.0))
    assert found.state is PROVED, found.reason
    assert any(isinstance(value, float) and 1.5 < value < 2.6 for value in found.measured.values()), (
        found.measured
    )


def test_spoilt_unsupported_and_missing_records() -> None:
    spoiled = replace(record(), spoiled="the fault crash:b did not fire: b-0 still runs")
    assert of.each([record(), spoiled], of.safety).state is UNKNOWN
    assert "did not fire" in of.each([spoiled], of.safety).reason
    unsupported = replace(record(), unsupported="no cable here")
    assert of.each([record(), unsupported], of.safety).state is NOT_RUN
    optional = replace(record(FaultKind.SILENCE, "unplug:b"), unsupported="no cable here")
    assert of.each([record(), optional], of.safety).state is PROVED
    assert of.each([optional], of.safety).state is NOT_RUN
    assert of.each([], of.safety).state is UNKNOWN
    assert not of.possible([optional])
    assert of.possible([optional, record()])


def test_a_judgement_that_throws_is_unknown() -> None:
    def broken(_record: Record) -> Finding:
        raise ZeroDivisionError("ops")

    found = of.each([record()], broken)
    assert (found.state, "broken could not judge: ZeroDivisionError: ops" in found.reason) == (UNKNOWN, True)
    assert of.each([record()], lambda _r: proved("nothing", 0)).state is UNKNOWN


def test_a_candidate_too_small_for_a_scenario_is_refuted() -> None:
    assert of.needs([], "two nodes", of.safety).state is REFUTED
    assert of.needs([record()], "two nodes", of.made_whole).state is PROVED


def test_measured_values_name_their_scenario() -> None:
    found = of.each([record(), record(FaultKind.SILENCE, "silence:b")], outage)
    assert {name.split(": ")[0] for name in found.measured} == {"crash:b", "silence:b"}
