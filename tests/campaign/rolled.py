"""A record by hand of a rolling upgrade that a healthy store rides out; tests change one thing in it."""

from __future__ import annotations

from readiness.evidence.scenario import Event, RunningVersions, ScenarioRecord
from readiness.history import Op, Outcome, Verb
from readiness.topology import FaultKind, Versions
from tests.campaign.healthy import Book

NODES = ("a", "b", "c")
ENDS = (*NODES, "service")
VERSIONS = Versions("1.0.0", "1.0.1")
FIRST_MOVE, STEP, AWAY = 3.0, 5.0, 1.0
MOVES = (*NODES, *NODES)
ENDED = FIRST_MOVE + STEP * len(MOVES) + 2.0


def begins(move: int) -> float:
    return FIRST_MOVE + STEP * move


def away(endpoint: str, at: float) -> bool:
    return any(node == endpoint and 0 <= at - begins(move) < AWAY for move, node in enumerate(MOVES))


def running(at: float, moved: int, **other: str) -> RunningVersions:
    """What runs once so many moves are done; `other`: what some nodes run instead."""
    second = {node for move, node in enumerate(MOVES[:moved]) if move < 3}
    second -= {node for move, node in enumerate(MOVES[:moved]) if move >= 3}
    says = {node: VERSIONS.second if node in second else VERSIONS.first for node in NODES} | other
    nodes = {node: {f"store-{node}": f"store v{says[node]} linux"} for node in NODES}
    return RunningVersions(at, nodes, {node: (node,) for node in NODES})


def looks() -> list[RunningVersions]:
    found = [running(2.5, 0)]
    for move in range(len(MOVES)):
        found += [running(begins(move) + at, move + 1) for at in (0.3, 4.8)]
    return found


def record() -> ScenarioRecord:
    book = Book()
    book.add("canon", Verb.WRITE, "a", 0.01, value="v0", process="canon")
    book.add("older", Verb.WRITE, "a", 0.1, key="older/0", value="o0", version="v0")
    _lock(book)
    written = _probes(book)
    for label, at in (("before", 2.0), ("after", 4.5), ("after", 24.5)):
        _snapshot(book, label, at)
    for endpoint in ENDS:
        book.add("final", Verb.READ, endpoint, ENDED, key="canon/0", value="v0")
        book.add("final", Verb.READ, endpoint, ENDED, key="older/0", value="o0")
        book.add("older", Verb.READ_VERSION, endpoint, ENDED + 0.1, key="older/0", value="o0", version="v0")
    for key, value in written:
        book.add("final", Verb.READ, "b", ENDED, key=key, value=value)
    made = ScenarioRecord("rolling-upgrade", FaultKind.DRAIN, (), ("service",))
    made.history, made.versions = book.ops, looks()
    made.events = [_event(move, node) for move, node in enumerate(MOVES)]
    made.ended = ENDED
    return made


def _event(move: int, node: str) -> Event:
    at, word = begins(move), "upgrade" if move < 3 else "take-back"
    return Event(
        f"{word}:{node}", "restart", (node,), (f"store-{node}",), at, at + 0.2, ["seen"], at + 0.21, at + 0.21,
        at + AWAY,
    )  # fmt: skip


def _probes(book: Book) -> list[tuple[str, str]]:
    """Each endpoint is written to, and read: the canon, and what was written last, wherever that was."""
    written: list[tuple[str, str]] = []
    for tick in range(int((ENDED - 0.6) * 5)):
        for number, endpoint in enumerate(ENDS):
            at = 0.5 + tick * 0.2 + number * 0.02
            how = {"connection": "new" if tick % 2 else "reused"}
            if away(endpoint, at):
                book.add(
                    "probe", Verb.HEAD, endpoint, at, outcome=Outcome.FAIL, status=None, in_service=False,
                    connection="new",
                )  # fmt: skip
                continue
            key, value = ("canon/0", "v0") if tick % 4 < 2 or not written else written[-1]
            book.add("probe", Verb.READ, endpoint, at, key=key, value=value, **how)
            book.add("probe", Verb.HEAD, endpoint, at, value="v0", **how)
            key = f"probe/{endpoint}/{tick}"
            book.add("probe", Verb.WRITE, endpoint, at + 0.005, key=key, value=key, **how)
            written.append((key, key))
    return written


def _lock(book: Book) -> None:
    """One holder, and one client that is refused."""
    book.add("lock", Verb.CREATE, "service", 1.0, key="lock/0", value="one")
    book.add("lock", Verb.CREATE, "b", 1.1, key="lock/0", value="two", status=412, process="lock-2")
    book.add("lock", Verb.READ, "service", 1.2, key="lock/0", value="one")
    book.add("lock", Verb.DELETE, "service", 1.3, key="lock/0", status=204)
    for endpoint in ENDS:
        book.add("final", Verb.READ, endpoint, ENDED, key="lock/0", status=404)


def _snapshot(book: Book, label: str, at: float) -> None:
    for endpoint in ENDS:
        for library in ("boto3", "minio"):
            same = {"process": f"{label}:rolling-upgrade:{at}", "library": library}
            book.add("bucket", Verb.HEAD_BUCKET, endpoint, at, key="", **same)
            book.add("matrix", Verb.LIST, endpoint, at + 0.02, key="canon/", keys=("canon/0",), **same)
            book.add("matrix", Verb.VERSIONS, endpoint, at + 0.04, key="canon/", keys=("canon/0@v1",), **same)
            book.add("matrix", Verb.HEAD, endpoint, at + 0.06, value="v0", **same)
            book.add("matrix", Verb.READ, endpoint, at + 0.08, value="v0", **same)


def both_ran(op: Op) -> bool:
    """Within the first time in which both versions ran: node a ran the second one, b and c the first."""
    return begins(0) + 0.3 <= op.invoked and op.completed <= begins(0) + 4.8
