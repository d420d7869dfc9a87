"""One change each to a healthy record: defects of a store, and silences of a harness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from readiness.evidence.scenario import Captured, ScenarioRecord
from readiness.history import Op, Outcome, Verb
from tests.campaign.healthy import FIRED, HEALING, LOST, WHOLE, changed, plus, without

Change = Callable[[ScenarioRecord], ScenarioRecord]


def during(op: Op) -> bool:
    return FIRED <= op.invoked < HEALING


def snapshot(label: str, verb: Verb, endpoint: str = "a") -> Callable[[Op], bool]:
    return lambda op: op.process.startswith(label) and op.verb is verb and op.endpoint == endpoint


def failing(made: ScenarioRecord, begin: float, end: float, *verbs: Verb) -> ScenarioRecord:
    """The probes through `a` get no answer in that time."""
    return changed(
        made,
        lambda op: (
            op.workload == "probe"
            and op.endpoint == "a"
            and begin <= op.invoked < end
            and op.verb in (verbs or Verb)
        ),
        outcome=Outcome.UNKNOWN,
        status=None,
        value=None,
    )


def lost(made: ScenarioRecord) -> ScenarioRecord:
    return changed(made, lambda op: op.workload == "final" and op.key == "canon/0", status=404, value=None)


def stale(made: ScenarioRecord) -> ScenarioRecord:
    old = next(op for op in made.history if op.workload == "canon")
    newer = replace(old, index=9001, value="v1", invoked=12.9, completed=12.95)
    return plus(made, [newer])


def two_winners(made: ScenarioRecord) -> ScenarioRecord:
    return changed(made, lambda op: op.process == "racer-5-2", status=200)


def two_holders(made: ScenarioRecord) -> ScenarioRecord:
    return changed(made, lambda op: op.process == "lock-2" and op.key == "lock/3", status=200)


def captured(**fields: object) -> Change:
    def change(made: ScenarioRecord) -> ScenarioRecord:
        made.captured = replace(made.captured or Captured((), 0, 0, (), ()), **fields)  # type: ignore[arg-type]
        return made

    return change


def fields(**changes: object) -> Change:
    def change(made: ScenarioRecord) -> ScenarioRecord:
        for name, value in changes.items():
            setattr(made, name, value)
        return made

    return change


DENIED = {"status": 404, "value": None, "outcome": Outcome.OK}
DEFECTS: list[tuple[str, str, Change]] = [
    ("heads", "HEAD denied in a snapshot", lambda r: changed(r, snapshot("during", Verb.HEAD), **DENIED)),
    (
        "heads",
        "bucket denied after",
        lambda r: changed(r, snapshot("after", Verb.HEAD_BUCKET, LOST), status=404),
    ),
    (
        "heads",
        "endpoint out of service during",
        lambda r: without(r, lambda op: op.process.startswith("during") and op.endpoint == "a"),
    ),
    (
        "heads",
        "endpoint not back",
        lambda r: without(r, lambda op: op.process.startswith("after") and op.endpoint == LOST),
    ),
    ("heads", "HEAD gone too long", lambda r: failing(r, 3.1, 8.2, Verb.HEAD)),
    (
        "heads",
        "one HEAD 404 under load",
        lambda r: changed(
            r,
            lambda op: (
                op.verb is Verb.HEAD
                and op.endpoint == "a"
                and op.workload == "probe"
                and 5 < op.invoked < 5.2
            ),
            **DENIED,
        ),
    ),
    ("heads", "never whole", fields(whole=False)),
    ("heads", "no endpoint left", fields(endpoints_through=())),
    ("outage", "beyond the RTO", lambda r: failing(r, 3.1, 8.2)),
    ("outage", "no endpoint left", fields(endpoints_through=())),
    ("safety", "acknowledged write lost", lost),
    ("safety", "stale everywhere", stale),
    (
        "safety",
        "deleted object returns",
        lambda r: changed(
            r, lambda op: op.workload == "final" and op.key == "lock/2", status=200, value="holder-2"
        ),
    ),
    ("safety", "two holders of a lock", two_holders),
    (
        "safety",
        "corrupt body",
        lambda r: changed(r, lambda op: op.workload == "final" and op.key == "race/3", value="?17:abc"),
    ),
    ("agreement", "LIST omits a key", lambda r: changed(r, snapshot("during", Verb.LIST), keys=())),
    (
        "agreement",
        "versions differ",
        lambda r: changed(r, snapshot("after", Verb.VERSIONS, LOST), keys=("canon/0@v1", "canon/0@v0")),
    ),
    (
        "agreement",
        "HEAD 404 where GET is 200",
        lambda r: changed(r, snapshot("after", Verb.HEAD, "service"), **DENIED),
    ),
    ("winners", "two winners", two_winners),
    ("winners", "loser told 404", lambda r: changed(r, lambda op: op.process == "racer-5-2", status=404)),
    ("winners", "no endpoint left", fields(endpoints_through=())),
    (
        "denials",
        "404 on the way up",
        lambda r: changed(
            r,
            lambda op: op.workload == "probe" and op.endpoint == LOST and WHOLE < op.invoked < WHOLE + 0.2,
            **DENIED,
        ),
    ),
    ("denials", "stale", stale),
    ("made_whole", "never whole", fields(whole=False)),
    ("capture", "a write", captured(calls=("8.1 read status b-0", "8.2 write restart read-0"))),
    ("capture", "objects changed", captured(after=("canon/0@v2",))),
    ("capture", "a secret", captured(secrets_found=1)),
]


def hides(change: Change, endpoint: str) -> Change:
    """The change, and the endpoint calls itself not ready while the fault holds."""

    def change_and_hide(made: ScenarioRecord) -> ScenarioRecord:
        return changed(change(made), lambda op: during(op) and op.endpoint == endpoint, in_service=False)

    return change_and_hide


def denied(endpoint: str) -> Change:
    """While the fault holds, that endpoint answers 404 twice for an object that is there."""

    def change(made: ScenarioRecord) -> ScenarioRecord:
        lies = [
            Op(
                9100 + number, "probe", "probe-1", endpoint, verb, "plain", "canon/0", 5.05, 5.06, Outcome.OK, 404,
                in_service=False, connection="other",
            )
            for number, verb in enumerate((Verb.HEAD, Verb.READ))
        ]  # fmt: skip
        return plus(made, lies)

    return change


def second_winner(endpoint: str) -> Change:
    """While the fault holds, a race has a second winner, through that endpoint."""
    return lambda made: changed(
        made, lambda op: op.process == "racer-8-2", status=200, endpoint=endpoint, in_service=False
    )


HIDDEN: list[tuple[str, str, Change]] = [
    ("heads", "HEAD denied under load", hides(denied("a"), "a")),
    (
        "heads",
        "HEAD denied in a snapshot",
        hides(lambda r: changed(r, snapshot("during", Verb.HEAD), **DENIED), "a"),
    ),
    ("safety", "an object denied", hides(denied("a"), "a")),
    ("denials", "an object denied", hides(denied("a"), "a")),
    ("denials", "an object denied by the service", hides(denied("service"), "service")),
    (
        "agreement",
        "LIST omits a key",
        hides(lambda r: changed(r, snapshot("during", Verb.LIST), keys=()), "a"),
    ),
    ("agreement", "HEAD denied", hides(lambda r: changed(r, snapshot("during", Verb.HEAD), **DENIED), "a")),
    ("winners", "two winners", second_winner("a")),
    ("outage", "beyond the RTO", hides(lambda r: failing(r, 3.1, 8.2), "a")),
]
"""Defects of an endpoint that had to serve, which it shows only while it calls itself not ready."""

EXCUSED: list[tuple[str, str, Change]] = [
    ("safety", "an object denied", denied(LOST)),
    ("denials", "an object denied", denied(LOST)),
    ("winners", "two winners", second_winner(LOST)),
]
"""The same answers of the instance that the fault was done to."""


def probeless(made: ScenarioRecord) -> ScenarioRecord:
    return without(made, lambda op: op.workload == "probe")


def probes_stop(made: ScenarioRecord) -> ScenarioRecord:
    return without(made, lambda op: op.workload == "probe" and op.invoked > FIRED + 1)


SILENT: list[tuple[str, str, Change]] = [
    ("capture", "no picture after it", captured(after=())),
    ("capture", "no picture at all", captured(before=(), after=())),
    ("heads", "probes stop", probes_stop),
    ("heads", "no probes", probeless),
    ("heads", "no snapshot", lambda r: without(r, lambda op: op.process.startswith("during"))),
    ("outage", "probes stop", probes_stop),
    ("outage", "no probes", probeless),
    ("safety", "empty history", fields(history=[])),
    ("safety", "nothing read back", lambda r: without(r, lambda op: op.workload == "final")),
    (
        "safety",
        "nothing acknowledged",
        lambda r: changed(r, lambda op: op.acknowledged, outcome=Outcome.UNKNOWN, status=None),
    ),
    (
        "safety",
        "nothing answered while the node was away",
        lambda r: changed(r, during, outcome=Outcome.UNKNOWN, status=None),
    ),
    (
        "safety",
        "one endpoint not asked while the node was away",
        lambda r: without(r, lambda op: during(op) and op.endpoint == "service"),
    ),
    (
        "safety",
        "no large body while the node was away",
        lambda r: without(r, lambda op: "large/" in op.key),
    ),
    (
        "safety",
        "no body of 5 MiB while it was away",
        lambda r: without(r, lambda op: "huge/" in op.key),
    ),
    ("safety", "nobody contended", lambda r: without(r, lambda op: op.process == "lock-2")),
    ("agreement", "no snapshot", lambda r: without(r, lambda op: op.workload in ("matrix", "bucket"))),
    (
        "agreement",
        "one view",
        lambda r: without(
            r, lambda op: op.workload in ("matrix", "bucket") and (op.endpoint, op.library) != ("a", "boto3")
        ),
    ),
    (
        "winners",
        "no race while the node was away",
        lambda r: without(r, lambda op: op.workload == "race" and during(op)),
    ),
    ("winners", "no race", lambda r: without(r, lambda op: op.workload == "race")),
    ("denials", "empty history", fields(history=[])),
    ("capture", "nothing captured", fields(captured=None)),
    ("capture", "no text", captured(texts=0)),
]
