"""The parts of the cross-check and the benchmark that need no Go."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence

import pytest

from readiness.checkers import benchmark, check_linearizable, peer
from readiness.checkers.crosscheck import histories
from readiness.checkers.peer import Compared, Judged, as_row, ours
from readiness.checkers.register import acts_of
from readiness.checkers.simulate import Shape, register
from readiness.finding import State

from .build import create, delete, failed, read, write


def test_same_seed_same_histories() -> None:
    first, again = dict(histories(3, 30)), dict(histories(3, 30))
    assert first == again
    assert first != dict(histories(4, 30))
    assert {ours(history) for history in first.values()} == {"ok", "illegal"}


def test_row_keeps_order_and_concurrency() -> None:
    acts = acts_of([write("a", 0, 2), read("a", 2, 3), delete(4, 5, status=None)])
    first, second, lost = json.loads(as_row("x", acts))["operations"]
    assert first["call"] < second["call"] < first["return"] < second["return"] < lost["call"]
    assert lost["status"] == 0


def test_two_winners_after_any_history() -> None:
    for seed in range(20):
        history = register(random.Random(seed), Shape(lost=0))
        end = max(op.completed for op in history)
        race = [delete(end + 1, end + 2), create("x", end + 3, end + 5), create("y", end + 4, end + 6)]
        assert check_linearizable([*history, *race[:-1]]).state is State.PROVED
        finding = check_linearizable([*history, *race])
        assert finding.state is State.REFUTED
        assert "although it was there already: create x was acknowledged" in finding.reason


def test_benchmark_prints_speeds(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark.main(["--operations", "2000"]) == 0
    assert capsys.readouterr().out.count("PROVED") >= 4


def test_both_are_compared_on_the_same_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Porcupine's place is taken by one that knows no violation."""

    def blind(rows: Sequence[str], _go: str) -> Judged:
        return Judged({json.loads(row)["name"]: "ok" for row in rows}, 0.004)

    monkeypatch.setattr(peer, "theirs", blind)
    right = [write("a", 0, 1), read("a", 2, 3), failed(write("b", 2, 3))]
    wrong = [write("a", 0, 1), read(None, 2, 3)]
    both = peer.compared([right, wrong], "go")
    assert (both.operations, both.objects, both.unjudged, both.differ) == (4, 2, 0, 1)
    assert both.theirs == 0.004
    assert both.ours > 0


def test_ratio_is_our_speed_as_a_share_of_theirs() -> None:
    assert Compared(operations=100, objects=1, ours=0.2, theirs=0.1).ratio == 0.5
