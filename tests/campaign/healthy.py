"""A record by hand of a node's loss that a healthy store rides out; tests change one thing in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import count

from readiness.evidence.scenario import Captured, Event, ScenarioRecord
from readiness.history import Op, Outcome, Verb
from readiness.topology import FaultKind

ENDS = ("a", "b", "service")
BEGUN, INJECTING, FIRED, HEALING, HEALED, WHOLE, ENDED = 0.0, 3.0, 3.1, 8.5, 8.6, 9.5, 13.0
RTO = dict.fromkeys(FaultKind, 4.0)
LOST = "b"


class Book:
    """Makes operations of one history."""

    def __init__(self) -> None:
        self.ops: list[Op] = []
        self._numbers = count()

    def add(self, workload: str, verb: Verb, endpoint: str, at: float, **more: object) -> None:
        fields: dict[str, object] = {
            "index": next(self._numbers),
            "workload": workload,
            "process": f"{workload}-1",
            "endpoint": endpoint,
            "verb": verb,
            "bucket": "plain",
            "key": "canon/0",
            "invoked": at,
            "completed": at + 0.01,
            "outcome": Outcome.OK,
            "status": 200,
        }
        self.ops.append(Op(**(fields | more)))  # type: ignore[arg-type]


def away(endpoint: str, at: float, kind: FaultKind | None) -> bool:
    """Whether the lost node's endpoint is out of service then."""
    back = 5.0 if kind is FaultKind.RESTART else WHOLE
    return kind is not None and endpoint == LOST and INJECTING <= at < back


def history(name: str, kind: FaultKind | None) -> list[Op]:
    book = Book()
    book.add("canon", Verb.WRITE, "a", 0.01, value="v0", process="canon")
    _probes(book, kind)
    _snapshots(book, name, kind)
    for number in range(18):
        _race(book, number, 0.5 + number * 0.7, kind)
    for turn in range(6):
        at = 0.6 + turn * 2
        book.add("lock", Verb.CREATE, "a", at, key=f"lock/{turn}", value=f"holder-{turn}")
        book.add(
            "lock",
            Verb.CREATE,
            "service",
            at + 0.05,
            key=f"lock/{turn}",
            value=f"late-{turn}",
            status=412,
            process="lock-2",
        )
        book.add("lock", Verb.READ, "a", at + 0.1, key=f"lock/{turn}", value=f"holder-{turn}")
        book.add("lock", Verb.DELETE, "a", at + 0.2, key=f"lock/{turn}", status=204)
    for number, size in enumerate(("large", "huge") * 5):
        at = 0.7 + number * 1.2
        book.add("large", Verb.WRITE, "a", at, key=f"{size}/{number}", value=f"{size}-{number}")
    _older(book, kind)
    written = {op.key: op for op in book.ops if op.acknowledged and op.workload != "older"}
    for key, last in written.items():
        gone = last.verb is Verb.DELETE
        for endpoint in ENDS:
            book.add(
                "final",
                Verb.READ,
                endpoint,
                13.2,
                key=key,
                status=404 if gone else 200,
                value=None if gone else last.value,
            )
    return book.ops


def _older(book: Book, kind: FaultKind | None) -> None:
    """Two versions and a delete marker, read while the fault holds and at the end, and one restored every 1.2 s."""
    for number in range(2):
        book.add(
            "older",
            Verb.WRITE,
            "a",
            0.1 + number / 10,
            key="older/0",
            value=f"o{number}",
            version=f"v{number}",
        )
    book.add("older", Verb.DELETE, "a", 0.4, key="older/0", status=204, version="v2")
    for turn in range(36):
        at, endpoint = 0.7 + turn * 0.3, ENDS[turn % len(ENDS)]
        if not away(endpoint, at, kind):
            book.add(
                "older", Verb.READ_VERSION, endpoint, at,
                key="older/0", value=f"o{turn % 2}", version=f"v{turn % 2}",
            )  # fmt: skip
        if turn % 4 == 0:
            book.add("older", Verb.WRITE, "a", at, key=f"restored/{turn}", value="o0", version=f"r{turn}")
    for endpoint in ENDS:
        for number in range(2):
            book.add(
                "older", Verb.READ_VERSION, endpoint, 13.4,
                key="older/0", value=f"o{number}", version=f"v{number}",
            )  # fmt: skip
        for turn in range(0, 36, 4):
            book.add("final", Verb.READ, endpoint, 13.2, key=f"restored/{turn}", value="o0")
        book.add("final", Verb.READ, endpoint, 13.2, key="older/0", status=404)


def _probes(book: Book, kind: FaultKind | None) -> None:
    for endpoint in ENDS:
        for tick in range(120):
            at = 0.5 + tick * 0.1
            if away(endpoint, at, kind):
                if tick % 4 == 0:
                    book.add(
                        "probe",
                        Verb.HEAD,
                        endpoint,
                        at,
                        outcome=Outcome.FAIL,
                        status=None,
                        in_service=False,
                        connection="new",
                    )
                continue
            for verb in (Verb.HEAD, Verb.READ):
                book.add("probe", verb, endpoint, at, value="v0", connection="new" if tick % 2 else "reused")


def _snapshots(book: Book, name: str, kind: FaultKind | None) -> None:
    for label, at in (("before", 2.0), ("during", 8.0), ("after", 12.0)):
        for endpoint in ENDS:
            if away(endpoint, at, kind):
                continue
            for library in ("boto3", "minio"):
                same = {"process": f"{label}:{name}", "library": library}
                book.add("bucket", Verb.HEAD_BUCKET, endpoint, at, key="", **same)
                book.add("matrix", Verb.LIST, endpoint, at + 0.02, key="canon/", keys=("canon/0",), **same)
                book.add(
                    "matrix", Verb.VERSIONS, endpoint, at + 0.04, key="canon/", keys=("canon/0@v1",), **same
                )
                listed = ("older/0@v0", "older/0@v1", "older/0@v2")
                book.add("matrix", Verb.VERSIONS, endpoint, at + 0.05, key="older/", keys=listed, **same)
                book.add("matrix", Verb.HEAD, endpoint, at + 0.06, value="v0", **same)
                book.add("matrix", Verb.READ, endpoint, at + 0.08, value="v0", **same)


def _race(book: Book, number: int, at: float, kind: FaultKind | None) -> None:
    key = f"race/{number}"
    for racer in range(4):
        won = {"value": f"{key}/{racer}"} if racer == 0 else {"value": f"{key}/{racer}", "status": 412}
        book.add(
            "race", Verb.CREATE, "a", at + racer / 1000, key=key, process=f"racer-{number}-{racer}", **won
        )
    for endpoint in ENDS:
        if not away(endpoint, at + 0.1, kind):
            book.add("race", Verb.READ, endpoint, at + 0.1, key=key, value=f"{key}/0", process="race-reader")


def record(kind: FaultKind | None = FaultKind.CRASH, name: str = "crash:b") -> ScenarioRecord:
    """The whole record. A restart has no endpoint that must serve through it but those of other nodes."""
    event = Event(name, str(kind), ("b",), ("b-0",), INJECTING, FIRED, ["seen"], HEALING, HEALED, WHOLE)
    made = ScenarioRecord(name, kind, ("b",) if kind else (), ("a", "service") if kind else ENDS)
    made.history = history(name, kind)
    made.events = [event] if kind else []
    made.begun, made.ended = BEGUN, ENDED
    made.captured = Captured(
        ("8.100 read status b-0", "8.200 read log b-0"), 5, 0, ("canon/0@v1",), ("canon/0@v1",)
    )
    return made


def changed(made: ScenarioRecord, wanted: Callable[[Op], bool], **fields: object) -> ScenarioRecord:
    """The same record with these fields in every operation that is wanted; there must be one."""
    hit = [op for op in made.history if wanted(op)]
    assert hit, "nothing to change"
    made.history = [replace(op, **fields) if wanted(op) else op for op in made.history]  # type: ignore[arg-type]
    return made


def without(made: ScenarioRecord, unwanted: Callable[[Op], bool]) -> ScenarioRecord:
    """The same record without these operations."""
    kept = [op for op in made.history if not unwanted(op)]
    assert len(kept) < len(made.history), "nothing to leave out"
    made.history = kept
    return made


def plus(made: ScenarioRecord, ops: Iterable[Op]) -> ScenarioRecord:
    """The same record with more operations."""
    made.history = [*made.history, *ops]
    return made
