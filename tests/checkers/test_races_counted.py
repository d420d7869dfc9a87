"""What the race and lock checkers count and find, and where their rules begin and end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readiness.checkers import check_mutual_exclusion, check_one_winner
from readiness.finding import State
from readiness.grounds import Doubt, DoubtKind, Summary, SummaryKind, Violation
from readiness.grounds import ViolationKind as Kind
from readiness.history import Op, Outcome

from .build import delete, failed, read
from .test_races import found, free, racer, take


def of(key: str, *ops: Op) -> list[Op]:
    """One round of its own."""
    return [replace(each, key=key) for each in ops]


WON = [racer("a", 0, 1), racer("b", 0.5, 1.5, status=412), found("a", 2, 3)]
APART = [racer("a", 0, 1), racer("b", 2, 3, status=412), found("a", 4, 5)]
TOUCHING = [racer("a", 0, 1), racer("b", 1, 2, status=412), racer("c", 0, 0, status=412), found("a", 3, 4)]
DISTURBED = [racer("a", 0, 1), racer("b", 0, 1, status=412), delete(1, 2, workload="race"), found("a", 3, 4)]
UNSURE = [racer("a", 0, 1, status=None), racer("b", 0, 1, status=412), found("a", 2, 3)]


def test_rounds_are_counted_by_kind() -> None:
    rounds = [WON, WON, APART, TOUCHING, DISTURBED, DISTURBED, UNSURE, UNSURE, [found(None, 0, 1)]]
    finding = check_one_winner(
        [each for n, ops in enumerate(rounds) for each in of(f"k{n}", *ops)], minimum=4
    )
    assert (finding.state, finding.observations) == (State.PROVED, 4)
    assert finding.grounds == (Summary(SummaryKind.ONE_WINNER, (4, 4)),)
    wrong = ("rounds_with_two_winners", "rounds_without_a_winner", "wrong_refusals", "wrong_bodies")
    assert finding.measured == {
        "rounds": 8,
        "rounds_decided": 4,
        "rounds_overlapping": 3,
        "rounds_with_unknown": 2,
        "rounds_read_back": 4,
        "rounds_disturbed": 2,
        "rounds_undecided": 2,
    } | {kind + outside: 0 for kind in wrong for outside in ("", "_outside_service")}


@pytest.mark.parametrize(
    ("span", "overlapping"), [((6, 7), 0), ((5, 7), 1), ((4.5, 7), 1), ((0, 4), 1), ((0, 3), 0)]
)
def test_a_race_of_two_that_overlap_or_not(span: tuple[float, float], overlapping: int) -> None:
    finding = check_one_winner([racer("a", 4, 5), racer("b", *span, status=412), found("a", 8, 9)])
    assert finding.state is State.PROVED
    assert finding.measured["rounds_overlapping"] == overlapping


def test_just_two_winners() -> None:
    first, second = racer("a", 0, 1), racer("b", 0, 2, endpoint="sting")
    finding = check_one_winner([first, second, found("b", 3, 4)])
    assert finding.state is State.REFUTED
    assert finding.grounds == (
        Violation(Kind.TWO_WINNERS, second, first, (first, second), measure="rounds_with_two_winners"),
    )
    assert finding.witness == (first, second)


def test_nobody_wins() -> None:
    losers = [racer(each, 0, 1 + n, status=412, endpoint=each) for n, each in enumerate("abc")]
    finding = check_one_winner(losers)
    assert finding.grounds == (
        Violation(Kind.NO_WINNER, losers[2], others=tuple(losers), measure="rounds_without_a_winner"),
    )
    assert finding.witness == tuple(losers)
    assert finding.measured["rounds_without_a_winner_through_c"] == 1
    assert check_one_winner(losers[:1]).state is State.REFUTED


@pytest.mark.parametrize("status", [300, 302, 304, 399, 404])
def test_a_failure_that_says_something_else_than_412_is_wrong(status: int) -> None:
    winner, second = racer("a", 0, 1), racer("c", 0, 1, status=412)
    wrong = replace(failed(racer("b", 0, 1)), status=status)
    finding = check_one_winner([winner, wrong, second, found("a", 2, 3)])
    assert finding.state is State.REFUTED
    assert finding.grounds == (
        Violation(Kind.WRONG_REFUSAL, wrong, others=(winner,), measure="wrong_refusals"),
    )
    assert finding.witness == (winner, wrong)


@pytest.mark.parametrize("status", [None, 299, 400, 401, 403, 405, 500, 503])
def test_any_other_failure_says_nothing(status: int | None) -> None:
    finding = check_one_winner([*WON, replace(failed(racer("c", 0, 1)), status=status)])
    assert finding.state is State.PROVED


def test_the_witness_of_a_wrong_refusal_is_one_winner() -> None:
    winners, odd = [racer("a", 0, 1), racer("b", 0, 1)], racer("c", 0, 0.5, status=304)
    finding = check_one_winner([*winners, odd])
    assert finding.state is State.REFUTED
    alone = check_one_winner([racer("a", 0, 1, in_service=False), odd])
    assert alone.witness == (odd,)


@pytest.mark.parametrize(
    "reads", [[found("a", 0.5, 0.8)], [found("a", 1, 2)], [failed(found("a", 2, 3))], []]
)
def test_a_body_is_read_back_only_after_the_race(reads: list[Op]) -> None:
    finding = check_one_winner([racer("a", 0, 1), racer("b", 0, 1, status=412), *reads])
    assert finding.state is State.UNKNOWN
    assert finding.grounds == (Doubt(DoubtKind.NO_WINNER_READ_BACK),)


def test_a_delete_that_touches_the_race_disturbs_it() -> None:
    finding = check_one_winner([*WON, delete(1.5, 2, workload="race")])
    assert (finding.state, finding.measured["rounds_disturbed"]) == (State.UNKNOWN, 1)
    later = delete(5, 6, workload="race")
    assert check_one_winner([*WON, later]).state is State.PROVED


def test_wrong_bodies_are_found_with_their_witness() -> None:
    winner, loser = racer("a", 0, 1), racer("b", 0, 1, status=412)
    absent, other = found(None, 2, 3), found("b", 2, 3)
    finding = check_one_winner([winner, loser, absent])
    assert finding.grounds == (Violation(Kind.WINNER_ABSENT, absent, winner, measure="wrong_bodies"),)
    assert finding.witness == (winner, absent)
    finding = check_one_winner([winner, loser, other])
    assert finding.grounds == (
        Violation(Kind.WINNER_REPLACED, other, winner, (winner,), measure="wrong_bodies"),
    )
    assert finding.witness == (winner, other)
    unsure = racer("a", 0, 1, status=None)
    strange = found("x", 2, 3)
    finding = check_one_winner([unsure, loser, strange])
    assert finding.grounds == (
        Violation(Kind.WINNER_REPLACED, strange, None, (unsure,), measure="wrong_bodies"),
    )
    assert finding.witness == (unsure, strange)


def test_an_absence_that_touches_the_find_proves_nothing() -> None:
    history = [racer("a", 0, 1, status=None), found("a", 2, 3), found(None, 3, 4)]
    assert check_one_winner(history).state is State.UNKNOWN


def lock(*ops: Op, **more: int) -> dict[str, object]:
    return dict(check_mutual_exclusion(ops, **more).measured)


def test_locks_are_counted_by_kind() -> None:
    held = [take("p", 0, 1), take("q", 1.5, 2, status=412), free("p", 3, 4), take("q", 5, 6), free("q", 7, 8)]
    broken = [
        take("p", 0, 1),
        take("q", 1.5, 2, status=412),
        free("x", 3, 4),
        take("q", 5, 6),
        free("x", 7, 8),
    ]
    maybe = [take("p", 0, 1), free("x", 2, 3, status=None), take("q", 4, 5), take("r", 6, 7, status=None)]
    own = [
        take("p", 0, 1, status=None),
        take("p", 2, 3, status=412),
        read(f"p@{0}", 4, 5, workload="lock"),
    ]
    kinds = [held, broken, maybe, own]
    history = [each for n, ops in enumerate([*kinds, *kinds]) for each in of(f"k{n}", *ops)]
    finding = check_mutual_exclusion(history, minimum=12)
    assert (finding.state, finding.observations) == (State.PROVED, 12)
    assert finding.grounds == (Summary(SummaryKind.ONE_HOLDER, (12, 8)),)
    assert finding.measured == {
        "locks": 8,
        "holds": 12,
        "refused": 6,
        "maybe_holds": 4,
        "maybe_overlaps": 2,
        "broken_by_others": 4,
        "own_lock_412": 2,
        "double_holds": 0,
        "double_holds_outside_service": 0,
    }


def test_too_little_to_judge_is_counted() -> None:
    one = [take("p", 0, 1), free("p", 2, 3)]
    few = Doubt(DoubtKind.FEW_HOLDS, counted=1, needed=2)
    assert check_mutual_exclusion(one, minimum=2).grounds == (few,)
    assert check_mutual_exclusion(one).grounds == (Doubt(DoubtKind.NO_CONTENTION),)
    assert check_mutual_exclusion([]).grounds == (Doubt(DoubtKind.FEW_HOLDS, counted=0, needed=1),)


def test_a_double_hold_is_found_whole() -> None:
    first, second = take("p", 0, 1), take("q", 2, 3, endpoint="sting")
    finding = check_mutual_exclusion([first, second])
    assert finding.grounds == (Violation(Kind.TWO_HOLDERS, second, first, measure="double_holds"),)
    assert (second.process, first.process) == ("q", "p")
    assert finding.witness == (first, second)


def test_a_maybe_does_not_hide_a_certain_overlap() -> None:
    """Holds of p (perhaps freed by x), then q and r: q and r certainly overlap."""
    history = [take("p", 0, 1), free("x", 2, 3, status=None), take("q", 4, 5), take("r", 6, 7)]
    assert check_mutual_exclusion(history).state is State.REFUTED


def test_every_maybe_is_counted() -> None:
    perhaps = [free("x", 2, 3, status=None), free("x", 6, 7, status=None)]
    history = [take("p", 0, 1), take("s", 0, 1, status=412), take("q", 4, 5), take("r", 8, 9), *perhaps]
    finding = check_mutual_exclusion(history)
    assert (finding.state, finding.measured["maybe_overlaps"]) == (State.PROVED, 3)


def test_a_hold_that_ends_as_the_next_begins_does_not_overlap() -> None:
    refused = take("s", 0.5, 0.8, status=412)
    assert lock(take("p", 0, 1), refused, free("p", 3, 4), take("q", 2, 3))["maybe_overlaps"] == 0


@pytest.mark.parametrize(
    "release",
    [
        pytest.param(free("x", 5, 6, status=None), id="invoked as the second is answered"),
        pytest.param(free("x", 0, 1, status=None), id="unanswered long before, it may come late"),
        pytest.param(free("x", 0, 2), id="answered as the first is invoked"),
        pytest.param(free("x", 2.5, 4, status=None), id="unanswered, by another"),
    ],
)
def test_a_release_that_may_have_come_between(release: Op) -> None:
    history = [take("p", 2, 3), take("s", 2, 3, status=412), release, take("q", 4.5, 5)]
    finding = check_mutual_exclusion(history)
    assert finding.state is State.PROVED
    assert finding.measured["maybe_overlaps"] == 1
    assert finding.measured["broken_by_others"] == 0


def test_a_release_that_cannot_have_come_between() -> None:
    for release in (free("x", 0, 1), free("x", 5.5, 6), failed(free("x", 3.5, 4))):
        assert check_mutual_exclusion([take("p", 2, 3), release, take("q", 4, 5)]).state is State.REFUTED


def test_a_break_that_touches_the_create_is_not_certain() -> None:
    """It may have come before the lock was taken: the hold goes on, the overlap is a maybe."""
    history = [take("p", 0, 2), take("s", 0, 1, status=412), free("x", 2, 3), take("q", 4, 5)]
    finding = check_mutual_exclusion(history)
    assert (finding.measured["broken_by_others"], finding.measured["maybe_overlaps"]) == (0, 1)


MINE = take("p", 0, 1, status=None)
SEEN = read(MINE.value, 1.5, 2, workload="lock")


@pytest.mark.parametrize(
    ("between", "counted"),
    [
        pytest.param([], 1, id="refused by the lock that its lost create made"),
        pytest.param([free("q", 3, 4)], 0, id="freed in between"),
        pytest.param([free("q", 3, 4, status=None)], 1, id="perhaps freed"),
        pytest.param([free("q", 3, 5.5)], 1, id="freed while it was refused"),
        pytest.param([free("q", 3, 5)], 1, id="freed as it asked"),
        pytest.param([free("q", 0.5, 4)], 1, id="freed while it was made"),
        pytest.param([free("q", 1, 4)], 1, id="freed as it was made"),
    ],
)
def test_own_lock(between: list[Op], counted: int) -> None:
    assert lock(MINE, SEEN, *between, take("p", 5, 6, status=412))["own_lock_412"] == counted


def test_what_is_not_ones_own_lock() -> None:
    refused = take("p", 5, 6, status=412)
    assert lock(MINE, SEEN, take("q", 5, 6, status=412))["own_lock_412"] == 0, "another's"
    assert lock(MINE, refused)["own_lock_412"] == 0, "not found"
    mine = take("p", 0, 1)
    assert lock(mine, SEEN, refused)["own_lock_412"] == 0, "it knew"
    assert lock(mine, replace(SEEN, outcome=Outcome.FAIL), refused)["own_lock_412"] == 0
