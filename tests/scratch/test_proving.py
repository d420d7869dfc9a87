"""From an execution to a finding: what had to succeed refutes, and where faults are not allowed what was refuted
without one stays refuted.
"""

from __future__ import annotations

import contextlib
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from readiness.campaign.proving import proved
from readiness.criteria import BY_ID
from readiness.errors import NotRun
from readiness.evidence.folder import Evidence
from readiness.evidence.seen import Promises
from readiness.evidence.stored import JUDGED, rows
from readiness.finding import State
from readiness.judges.listings import Step
from readiness.recording import Recording
from readiness.redact import Redactor
from readiness.s3.library import Answered
from tests.static.test_static import live
from tests.support.observations import DECLARED


@pytest.fixture
def subject(tmp_path: Path) -> Any:
    evidence = Evidence(tmp_path / "run", Redactor(["hidden-secret"]))

    return live(evidence=evidence, now=evidence.now, declared=DECLARED, promises=Promises.of(DECLARED))


def lists(subject: Any, see: Recording, answer: list[str] | Answered) -> None:
    def call() -> list[str]:
        if isinstance(answer, Answered):
            raise answer
        return answer

    see.must(Step.FULL, subject.front, "boto3", call, kept=list)
    see.ask(Step.SMALL, subject.front, "boto3", call, kept=list)


def not_allowed() -> Any:
    raise NotRun("faults need --allow-faults")


def test_what_must_succeed_ends_the_execution_and_refutes(subject: Any) -> None:
    execution = partial(lists, answer=Answered(503, "SlowDown", "hidden-secret"))
    found = proved(BY_ID["P1.1"], subject, not_allowed, execution)
    assert found.state is State.REFUTED
    assert "LIST in full pages through a with boto3: HTTP 503 SlowDown: [secret]" in found.reason
    (row,) = rows(subject.evidence.folder, JUDGED)
    assert (row["observations"], row["state"]) == (1, "REFUTED")


def test_what_is_refuted_without_a_fault_is_refuted_where_none_is_allowed(subject: Any) -> None:
    found = proved(BY_ID["P1.9"], subject, not_allowed, partial(lists, answer=["another key"]))
    assert found.state is State.REFUTED
    assert "a page is wrong" in found.reason


def test_nothing_is_proved_where_no_fault_is_allowed(subject: Any) -> None:
    with pytest.raises(NotRun, match="--allow-faults"):
        proved(BY_ID["P1.9"], subject, not_allowed, lambda *_: None)
    assert rows(subject.evidence.folder, JUDGED) == []


def test_an_execution_that_breaks_leaves_nothing_to_be_judged_again(subject: Any) -> None:
    def breaks(_subject: object, see: Recording) -> None:
        see.fact("first", "a", lambda: 1)
        raise ZeroDivisionError

    with contextlib.suppress(ZeroDivisionError):
        proved(BY_ID["P1.1"], subject, not_allowed, breaks)
    assert rows(subject.evidence.folder, JUDGED) == []
