"""The history: every operation the suite did against the candidate, ordered, with what it said and when.

Conventions (Jepsen's, Herlihy and Wing's): an operation has an invocation and a completion; a write whose
answer never came *may have happened at any later time*; a read whose answer never came says nothing.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from pathlib import Path
from sys import intern


class Outcome(StrEnum):
    """ok: answered, `status` says what; fail: certainly had no effect; unknown: may have happened, then or
    later.
    """

    OK = "ok"
    FAIL = "fail"
    UNKNOWN = "unknown"


class Verb(StrEnum):
    """What an operation does to one key. READ is a GET, HEAD a HEAD: both tell the value (object metadata
    `v`). READ_VERSION is a GET of one version of the key, which nothing but its removal changes.
    """

    READ = "read"
    HEAD = "head"
    READ_VERSION = "read-version"
    WRITE = "write"
    CREATE = "create"
    CAS = "cas"
    DELETE = "delete"
    LIST = "list"
    VERSIONS = "versions"
    HEAD_BUCKET = "head-bucket"
    LIST_BUCKETS = "list-buckets"


READS = frozenset({Verb.READ, Verb.HEAD})
WRITES = frozenset({Verb.WRITE, Verb.CREATE, Verb.CAS, Verb.DELETE})
_ON_ONE_KEY = READS | WRITES


@dataclass(frozen=True, slots=True)
class Op:
    """One operation.

    `value` is the unique id of the body: of what was written (WRITE, CREATE, CAS), or of what was found
    (READ, HEAD, READ_VERSION with status 200; None with 404; `"?..."` for a body that the suite never wrote).
    `expected` is the value id whose ETag a CAS named. Results by `status`: READ/HEAD 200 found, 404 absent; CREATE 200
    applied, 412 exists; CAS 200 applied, 412 another value, 404 absent; DELETE 204/200 applied; WRITE 200
    applied. `invoked` and `completed` are seconds since the run began (monotonic clock); `completed` of an
    unknown write is when the client gave up. `in_service` is what the contract's readiness rule said of the
    endpoint's instance at invocation. `version` is the version id that a write came back with, or that a READ_VERSION
    asked for. `keys` is what a LIST returned (for VERSIONS: `key@version`), under the prefix `key`.
    """

    index: int
    workload: str
    process: str
    endpoint: str
    verb: Verb
    bucket: str
    key: str
    invoked: float
    completed: float
    outcome: Outcome
    status: int | None = None
    value: str | None = None
    expected: str | None = None
    error: str | None = None
    in_service: bool = True
    connection: str = ""
    library: str = "wire"
    keys: tuple[str, ...] | None = None
    version: str | None = None

    @property
    def ok(self) -> bool:
        """Answered by the store with a definite result."""
        return self.outcome is Outcome.OK

    @property
    def answered(self) -> bool:
        """Answered by the store with a definite result and an HTTP status."""
        return self.ok and self.status is not None

    @property
    def acknowledged(self) -> bool:
        """A write that the store said it did."""
        return self.ok and self.verb in WRITES and self.status in (200, 204)

    def as_json(self) -> str:
        """One JSON line, without fields that hold their default."""
        row = {}
        for name, default in _FIELDS:
            got = getattr(self, name)
            if got != default:
                row[name] = got
        return json.dumps(row, separators=(",", ":"), ensure_ascii=False)


_FIELDS = [(f.name, f.default) for f in dataclasses.fields(Op)]
_REPEATED = ("workload", "process", "endpoint", "bucket", "key", "value", "expected", "connection", "library")
"""Words that many operations of a history have in common: each is kept once, however many there are."""


def from_json(line: str) -> Op:
    """The operation of one JSON line. Raises ValueError or TypeError for a line that is not one."""
    row = json.loads(line)
    if not isinstance(row, dict):
        raise TypeError("not an operation")
    row["verb"] = Verb(row["verb"])
    row["outcome"] = Outcome(row["outcome"])
    if row.get("keys") is not None:
        row["keys"] = tuple(map(intern, row["keys"]))
    for name in _REPEATED:
        word = row.get(name)
        if word is not None:
            row[name] = intern(word)
    return Op(**row)


def load(path: Path) -> list[Op]:
    """The history of one JSONL file, in invocation order."""
    with path.open(encoding="utf-8") as lines:
        return sorted(
            (from_json(line) for line in lines if line.strip()), key=lambda op: (op.invoked, op.index)
        )


def by_key(history: Iterable[Op]) -> dict[tuple[str, str], list[Op]]:
    """Operations on single objects, grouped by (bucket, key), in invocation order."""
    groups: dict[tuple[str, str], list[Op]] = {}
    for op in sorted(history, key=attrgetter("invoked", "index")):
        if op.verb in _ON_ONE_KEY:
            groups.setdefault((op.bucket, op.key), []).append(op)
    return groups


def binding(history: Iterable[Op]) -> Iterator[Op]:
    """The history as the contract binds the store (docs/linearizability.md, "What it assumes").

    Answers of an instance that was not in service bind it to nothing: its reads are left out, its writes
    become *unknown* (they may have happened). Everything else is unchanged.
    """
    for op in history:
        if op.in_service or op.outcome is Outcome.UNKNOWN:
            yield op
        elif op.verb in WRITES and op.outcome is Outcome.OK:
            yield dataclasses.replace(op, outcome=Outcome.UNKNOWN, status=None)
