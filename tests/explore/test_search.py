"""When a search ends, and what it says of itself: never that anything is proved."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from readiness.evidence.exploration import Exploration, Judged, Result
from readiness.evidence.folder import Evidence
from readiness.evidence.seen import Promises
from readiness.explore.play import CannotDo
from readiness.explore.schedule import Kind, Segment
from readiness.explore.search import Log, Search
from readiness.load.rig import Rig
from readiness.not_undone import NotUndone
from readiness.redact import Redactor
from readiness.subject import Subject
from tests.explore.given import RTO, TOPOLOGY, segment, step

CRASH = segment(step(Kind.CRASH, "a"))


class Whole:
    """A provider and a watch of a candidate that is whole."""

    def whole(self) -> bool:
        return True

    def all_in_service(self) -> bool:
        return True


class Judging(Search):
    """Says of each segment what it was given to say, or raises it."""

    def __init__(self, *answers: Result | Exception, not_undone: NotUndone | None = None) -> None:
        subject = SimpleNamespace(
            provider=Whole(),
            topology=TOPOLOGY,
            promises=Promises(RTO),
            seed=1,
            announce=lambda line: None,
            not_undone=not_undone or NotUndone(lambda line: None),
        )
        super().__init__(cast(Subject, subject), cast(Rig, SimpleNamespace(watch=Whole())))
        self.answers = list(answers)

    def judged(self, segment: Segment) -> Judged:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return judged(answer)


def judged(result: Result, faults: int = 1) -> Judged:
    return Judged(
        number=1,
        steps=str(CRASH),
        result=result,
        reason="",
        faults={"crash": faults} if faults else {},
        operations=100,
        seconds=1.0,
    )


def _ended(search: Search, segments: Iterable[Segment], seconds: float = 60.0) -> tuple[str, Log]:
    log = Log()
    return search.run(segments, seconds, log), log


def test_a_violation_ends_the_search() -> None:
    search = Judging(Result.CLEAN, Result.DOUBTFUL, Result.VIOLATION, Result.CLEAN)
    why, log = _ended(search, [CRASH] * 4)
    assert why == "a violation was found"
    assert (log.judged, log.operations, dict(log.faults)) == (3, 300, {"crash": 3})
    assert (len(log.doubtful), len(log.segments)) == (1, 3)


def test_the_end_of_its_time_ends_the_search() -> None:
    why, log = _ended(Judging(), [CRASH], seconds=0.0)
    assert (why, log.judged) == ("its time was over", 0)


def test_a_fault_that_was_not_undone_ends_the_search() -> None:
    broken = NotUndone(lambda line: None)
    broken.failed("crash:a", RuntimeError("it does not start"))
    why, log = _ended(Judging(not_undone=broken), [CRASH])
    assert "could not undo crash:a" in why
    assert log.judged == 0


def test_what_the_provider_cannot_do_is_left_out_from_then_on() -> None:
    search = Judging(*[CannotDo(kind, f"no {kind}") for kind in Kind])
    log = Log()
    assert search.run(search.random(log), 60.0, log) == "no fault can be done"
    assert log.left_out == {kind: f"no {kind}" for kind in Kind}


def _exploration(**more: Any) -> Exploration:
    fields: dict[str, Any] = {
        "run": "r",
        "candidate": "x",
        "fingerprint": "f",
        "seed": 1,
        "minutes": 30.0,
        "segments": 4,
        "doubtful": [],
        "operations": 1_200_000,
        "faults": {"crash": 100, "split": 43},
        "left_out": {},
        "violation": None,
        "shrunk_to": None,
        "ended_because": "its time was over",
    }
    return Exploration(**fields | more)


def test_a_search_without_a_finding_says_what_it_did_and_never_that_it_proves() -> None:
    sentence = _exploration().sentence()
    assert sentence == "nothing found in 30.0 min: 143 faults of 2 kinds, 1,200,000 operations"
    doubtful = _exploration(doubtful=[judged(Result.DOUBTFUL)]).sentence()
    assert doubtful.endswith("; 1 of 4 segments could not be judged")


def test_a_search_without_a_fault_tried_nothing() -> None:
    sentence = _exploration(faults={}, operations=0, ended_because="no fault can be done").sentence()
    assert sentence == "NOTHING WAS TRIED: no fault can be done"


def test_a_violation_is_named_with_its_segment() -> None:
    sentence = _exploration(violation=judged(Result.VIOLATION)).sentence()
    assert sentence.startswith("VIOLATION FOUND in segment 1 after 30.0 min: 143 faults")


def test_the_history_of_a_clean_segment_is_dropped(tmp_path: Path) -> None:
    evidence = Evidence(tmp_path / "run", Redactor())
    path = evidence.recorder("explore-1").path
    evidence.drop("explore-1")
    assert not path.exists()
    assert list(evidence.recorders()) == []
    with pytest.raises(KeyError):
        evidence.drop("explore-1")
    evidence.recorder("explore-1").close()  # the name is free again
