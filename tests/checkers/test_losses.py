"""Lost writes, false absences and stale reads."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readiness.checkers import check_false_absent, check_linearizable, check_nothing_lost, check_stale
from readiness.checkers.simulate import Shape, register, spoilt
from readiness.finding import State
from readiness.history import Op

from .build import FIXED, cas, create, delete, failed, head, listing, read, write


def lost(history: list[Op], *final: Op) -> tuple[State, str]:
    finding = check_nothing_lost(history, final)
    return finding.state, finding.reason


def test_everything_there_is_proved_with_its_count() -> None:
    history = [write("a", 0, 1), write("b", 2, 3), delete(0, 1, key="gone"), create("c", 0, 1, key="new")]
    final = [
        read(value, 10, 11, key=key, endpoint=endpoint)
        for key, value in (("k", "b"), ("gone", None), ("new", "c"))
        for endpoint in ("bumble", "sting")
    ]
    finding = check_nothing_lost(history, final)
    assert finding.state is State.PROVED
    assert finding.observations == 6
    assert finding.measured["acknowledged_writes"] == 4


def test_lost_write() -> None:
    state, reason = lost([write("a", 0, 1, endpoint="honey")], read(None, 10, 11))
    assert state is State.REFUTED
    assert (
        "lost acknowledged write: endpoint bumble answered 404 for scratch/k at 11.00 s at the end, although write a"
        in reason
    )


def test_lost_update_leaves_an_older_body() -> None:
    state, reason = lost([write("a", 0, 1), cas("a", "b", 2, 3)], read("a", 10, 11))
    assert state is State.REFUTED
    assert "an older body, although compare-and-set b was acknowledged" in reason


def test_returned_from_the_dead() -> None:
    state, reason = lost([write("a", 0, 1), delete(2, 3)], read("a", 10, 11))
    assert state is State.REFUTED
    assert reason.startswith("return of a deleted object")


@pytest.mark.parametrize("value", ["?sha", "never", "c"])
def test_corrupt_body(value: str) -> None:
    state, reason = lost(
        [write("a", 0, 1), write("c", 0, 1, key="other")], read(value, 10, 11), read("c", 9, 10, key="other")
    )
    assert state is State.REFUTED
    assert "corrupt body" in reason


def test_corrupt_body_during_the_run() -> None:
    history = [write("a", 0, 1), read("?sha", 2, 3)]
    assert lost(history, read("a", 10, 11))[0] is State.REFUTED


@pytest.mark.parametrize("refused", [create("b", 2, 3, status=412), failed(write("b", 2, 3))])
def test_refused_write_found(refused: Op) -> None:
    state, reason = lost([write("a", 0, 1), refused], read("b", 10, 11))
    assert state is State.REFUTED
    assert reason.startswith("refused write found")


def test_body_found_before_its_write() -> None:
    state, reason = lost([write("a", 0, 1), read("b", 2, 3), write("b", 4, 5)], read("b", 10, 11))
    assert state is State.REFUTED
    assert "before anyone wrote it" in reason


@pytest.mark.parametrize("value", ["a", "b", None])
def test_unknown_writes_may_or_may_not_be_there(value: str | None) -> None:
    history = [write("a", 0, 1), write("b", 2, 3, status=None), delete(2, 3, status=None)]
    assert lost(history, read(value, 10, 11))[0] is State.PROVED


@pytest.mark.parametrize("value", ["a", "b"])
def test_concurrent_writes_in_either_order(value: str) -> None:
    assert lost([write("a", 0, 5), write("b", 1, 4)], read(value, 10, 11))[0] is State.PROVED


def test_object_not_read_through_every_endpoint_is_unknown() -> None:
    history = [write("a", 0, 1), write("b", 0, 1, key="other")]
    state, reason = lost(
        history, read("a", 10, 11), read("b", 10, 11, key="other"), read("a", 10, 11, endpoint="sting")
    )
    assert state is State.UNKNOWN
    assert reason == "no final answer through sting for 1 object with acknowledged writes: scratch/other"


def test_final_read_without_an_answer_is_unknown() -> None:
    assert lost([write("a", 0, 1)], failed(read("a", 10, 11)))[0] is State.UNKNOWN
    assert lost([write("a", 0, 1)])[0] is State.UNKNOWN
    assert lost([], read(None, 10, 11))[0] is State.UNKNOWN


def test_instance_not_in_service_is_counted_and_refutes_nothing() -> None:
    finding = check_nothing_lost(
        [write("a", 0, 1)], [read("a", 10, 11), read(None, 10, 11, in_service=False)]
    )
    assert finding.state is State.PROVED
    assert finding.measured["lost_writes_outside_service"] == 1


def test_write_through_an_instance_not_in_service_is_not_owed() -> None:
    history = [write("a", 0, 1), write("b", 2, 3, in_service=False)]
    assert lost(history, read("a", 10, 11))[0] is State.PROVED


def test_false_404_through_each_verb() -> None:
    for denial in (
        read(None, 2, 3, endpoint="sting"),
        head(None, 2, 3, endpoint="sting"),
        cas("a", "b", 2, 3, status=404, endpoint="sting"),
    ):
        finding = check_false_absent([write("a", 0, 1), denial])
        assert finding.state is State.REFUTED
        assert "404 for scratch/k at 3.00 s although write a was acknowledged" in finding.reason
        assert finding.measured["false_404_through_sting"] == 1
        assert len(finding.witness) == 2


def test_false_404s_are_counted_with_first_and_last_time() -> None:
    history = [
        write("a", 0, 1),
        *(read(None, 2 + n, 2.5 + n, endpoint=("sting", "honey")[n % 2]) for n in range(5)),
    ]
    finding = check_false_absent(history)
    assert finding.reason.startswith(
        "false 404, 5 times (2.50 s to 6.50 s; 3 through sting, 2 through honey); first: endpoint sting"
    )
    assert (finding.measured["false_404_first_s"], finding.measured["false_404_last_s"]) == (2.5, 6.5)


@pytest.mark.parametrize(
    "between",
    [
        [delete(2, 3)],
        [delete(2, 3, status=None)],
        [delete(0.5, 9)],
        [write("b", 2, 9), delete(2, 9)],
        [delete(4.5, 9)],
    ],
)
def test_404_that_a_delete_may_explain(between: list[Op]) -> None:
    history = [write("a", 0, 1), *between, read(None, 4, 5)]
    assert check_false_absent(history).state is State.UNKNOWN  # nothing judged
    assert check_linearizable(history).state is State.PROVED


def test_404_before_the_write_was_acknowledged() -> None:
    assert check_false_absent([write("a", 0, 3), read(None, 2, 4)]).state is State.UNKNOWN
    assert check_false_absent([write("a", 0, 3, status=None), read(None, 5, 6)]).state is State.UNKNOWN


def test_list_omission() -> None:
    history = [write("a", 0, 1), listing([], 2, 3, endpoint="sting")]
    finding = check_false_absent(history)
    assert finding.state is State.REFUTED
    assert (
        "endpoint sting left scratch/k out of a listing at 3.00 s although write a was acknowledged"
        in finding.reason
    )
    assert check_false_absent([write("a", 0, 1), listing(["k"], 2, 3)]).state is State.PROVED


def test_false_404_outside_service_is_counted_apart() -> None:
    finding = check_false_absent([write("a", 0, 1), read("a", 2, 3), read(None, 2, 3, in_service=False)])
    assert finding.state is State.PROVED
    assert (finding.measured["false_404"], finding.measured["false_404_outside_service"]) == (0, 1)


def test_stale_read() -> None:
    finding = check_stale([write("a", 0, 1), write("b", 2, 3, endpoint="honey"), read("a", 4, 5)])
    assert finding.state is State.REFUTED
    assert "stale read: endpoint bumble answered a" in finding.reason
    assert "write b was acknowledged through honey at 3.00 s" in finding.reason


def test_deleted_object_found_again() -> None:
    finding = check_stale([write("a", 0, 1), delete(2, 3), head("a", 4, 5)])
    assert finding.state is State.REFUTED
    assert "return of a deleted object" in finding.reason


def test_late_unknown_write_is_not_stale_until_it_was_seen_and_replaced() -> None:
    late = [write("a", 0, 3, status=None), write("b", 4, 5), read("b", 6, 7), read("a", 8, 9)]
    assert check_stale(late).state is State.PROVED
    again = [*late, write("c", 10, 11), read("a", 12, 13)]
    assert check_stale(again).state is State.REFUTED
    assert check_linearizable(late).state is State.PROVED
    assert check_linearizable(again).state is State.REFUTED


def test_concurrent_read_is_not_stale() -> None:
    assert check_stale([write("a", 0, 1), write("b", 2, 5), read("a", 4, 6)]).state is State.PROVED


@pytest.mark.parametrize("check", [check_false_absent, check_stale])
def test_nothing_to_judge_is_unknown(check: object) -> None:
    assert callable(check)
    assert check([]).state is State.UNKNOWN
    assert check([write("a", 0, 1)]).state is State.UNKNOWN


SEEDS = st.integers(0, 2**32)


@settings(max_examples=settings().max_examples // 2)
@given(SEEDS, st.sampled_from([0.0, 0.2]), st.integers(1, 40))
def test_a_right_register_is_never_refuted(seed: int, unknown: float, operations: int) -> None:
    history = register(random.Random(seed), Shape(operations=operations, lost=unknown))
    end = max(op.completed for op in history)
    late = register_end(history, end)
    for finding in (check_false_absent(history), check_stale(history), check_nothing_lost(history, late)):
        assert finding.state is not State.REFUTED, finding.reason


def register_end(history: list[Op], end: float) -> list[Op]:
    """A final read that fits the history, if one does: found by trying each body."""
    for value in [None, *(op.value for op in history if op.value is not None)]:
        final = read(value, end + 1, end + 2)
        if check_linearizable([*history, final]).state is State.PROVED:
            return [final]
    raise AssertionError("no final read fits")


@FIXED
@given(SEEDS, st.sampled_from([0.0, 0.2]), st.integers(2, 40))
def test_what_a_direct_check_refutes_has_no_order(seed: int, unknown: float, operations: int) -> None:
    rng = random.Random(seed)
    history = spoilt(rng, spoilt(rng, register(rng, Shape(operations=operations, lost=unknown))))
    for finding in (check_false_absent(history), check_stale(history)):
        if finding.state is State.REFUTED:
            assert check_linearizable(history).state is State.REFUTED, finding.reason


@FIXED
@given(SEEDS, st.integers(1, 40), st.sampled_from(["stale", "lost", "dead", "corrupt"]))
def test_each_seeded_defect_is_found(seed: int, operations: int, defect: str) -> None:
    """After any history without unknowns, the defect appended is refuted by its direct check and has no order."""
    history = register(random.Random(seed), Shape(operations=operations, lost=0))
    end = max(op.completed for op in history)
    history += [write("x", end + 1, end + 2), write("y", end + 3, end + 4)]
    last = {"stale": "x", "lost": None, "dead": "y", "corrupt": "?"}[defect]
    if defect == "dead":
        history.append(delete(end + 5, end + 6))
    wrong = read(last, end + 7, end + 8)
    check = {"stale": check_stale, "lost": check_false_absent, "dead": check_stale}.get(defect)
    if check is not None:
        assert check([*history, wrong]).state is State.REFUTED
    assert check_nothing_lost(history, [wrong]).state is State.REFUTED
    assert check_linearizable([*history, wrong]).state is State.REFUTED


def test_a_final_read_without_an_answer_hides_no_loss() -> None:
    history = [write("a", 1, 2)]
    finals = [read("a", 8, 9, status=None), read(None, 8, 9), read("a", 8, 9, endpoint="honey")]
    assert check_nothing_lost(history, finals).state is State.REFUTED


def test_a_delete_after_a_listing_excuses_no_omission() -> None:
    history = [write("a", 1, 2), listing([], 3, 4), delete(5, 6)]
    assert check_false_absent(history).measured["list_omissions"] == 1
    assert check_false_absent([*history[:2], delete(4, 6)]).measured["list_omissions"] == 0
