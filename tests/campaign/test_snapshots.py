"""The snapshot of a scenario: a call that is not answered is repeated, and a silence that lasts is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from readiness.campaign.matrix import REPEATS, Snapshots
from readiness.checkers.agreement import check_agreement
from readiness.evidence.folder import Evidence
from readiness.evidence.seen import Promises
from readiness.finding import State
from readiness.history import Op, Outcome, Verb
from readiness.judges.heads import heads
from readiness.load.bodies import body_of
from readiness.load.context import KnownObject
from readiness.redact import Redactor
from readiness.s3.library import Head, Unanswered, Version
from readiness.topology import Endpoint
from tests.campaign.healthy import RTO, plus, record

END = Endpoint("one", "http://127.0.0.1:9", "node", "node-0")
KNOWN = [KnownObject("plain", f"canon/{number}", f"v{number}") for number in range(3)]


class Store:
    """A store with the objects of `KNOWN` that gives no answer to the calls whose numbers are `silent`."""

    name = "boto3"

    def __init__(self, silent: Callable[[int], bool]) -> None:
        self._silent, self.calls = silent, 0

    def _ask(self) -> None:
        self.calls += 1
        if self._silent(self.calls):
            raise Unanswered("no answer")

    def list_buckets(self) -> list[str]:
        self._ask()
        return ["plain"]

    def head_bucket(self, _bucket: str) -> None:
        self._ask()

    def list_keys(self, _bucket: str, _prefix: str) -> list[str]:
        self._ask()
        return [known.key for known in KNOWN]

    def versions(self, _bucket: str, _prefix: str) -> list[Version]:
        self._ask()
        return [Version(known.key, "1", True, False) for known in KNOWN]

    def head(self, _bucket: str, key: str) -> Head:
        self._ask()
        return Head(0, "etag", key.replace("canon/", "v"), None)

    def get(self, _bucket: str, key: str) -> bytes:
        self._ask()
        return body_of(key.replace("canon/", "v"))


CALLS = 3 + 2 * len(KNOWN) + 1


def taken(tmp_path: Path, silent: Callable[[int], bool]) -> list[Op]:
    """The history of one snapshot through two endpoints, the first of which always answers."""
    evidence = Evidence(tmp_path / "run", Redactor())
    recorder = evidence.recorder("crash:b")
    stores = {"zero": Store(lambda _call: False), "one": Store(silent)}
    shots = Snapshots(recorder, lambda endpoint: [stores[endpoint.name]])  # type: ignore[list-item]
    shots.take("after:crash:b", [replace(END, name="zero"), END], KNOWN)
    evidence.close()
    return list(recorder.history)


def judged(history: list[Op]) -> State:
    return check_agreement(history).state


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("readiness.campaign.matrix.PAUSE", 0.0)


@pytest.mark.parametrize("call", [1, 5, CALLS])
def test_a_call_that_is_not_answered_once_is_repeated_and_both_are_recorded(
    tmp_path: Path, call: int
) -> None:
    history = taken(tmp_path, lambda at: at == call)
    silent = [op for op in history if op.outcome is Outcome.UNKNOWN]
    assert len(silent) == 1
    assert len(history) == 2 * CALLS + 1
    assert judged(history) is State.PROVED


def test_a_store_that_answers_no_more_is_seen_and_not_asked_for_long(tmp_path: Path) -> None:
    history = taken(tmp_path, lambda at: at >= 5)
    assert [op.outcome for op in history][-1 - REPEATS :] == [Outcome.UNKNOWN] * (REPEATS + 1)
    assert len(history) == CALLS + 4 + 1 + REPEATS
    assert judged(history) is State.UNKNOWN


def test_a_store_that_answers_only_now_and_then_is_seen(tmp_path: Path) -> None:
    assert judged(taken(tmp_path, lambda at: at % 3 == 0)) is State.UNKNOWN


def head(number: int, **fields: object) -> Op:
    given = {"index": 9000 + number, "invoked": 8.3 + number, "completed": 8.4 + number, **fields}
    first = next(op for op in record().history if op.process == "during:crash:b" and op.verb is Verb.HEAD)
    return replace(first, **given)  # type: ignore[arg-type]


SILENT = {"outcome": Outcome.UNKNOWN, "status": None, "value": None}


def test_a_head_that_is_answered_when_it_is_repeated_is_no_denial() -> None:
    assert heads(plus(record(), [head(0, **SILENT), head(1)]), Promises(RTO)).state is State.PROVED


def test_a_head_that_stays_without_an_answer_is_refuted() -> None:
    found = heads(plus(record(), [head(0, **SILENT), head(1, **SILENT)]), Promises(RTO))
    assert found.state is State.REFUTED
    assert "during the fault" in found.reason


def test_a_head_that_is_denied_is_refuted_whatever_it_is_when_repeated() -> None:
    denied = head(0, status=404, value=None)
    assert heads(plus(record(), [denied, head(1)]), Promises(RTO)).state is State.REFUTED
