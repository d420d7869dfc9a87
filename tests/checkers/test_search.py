"""The parts of the search for an order: what it is worth, what it costs, and how its witness is made short."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence

import pytest

from readiness.checkers import check_linearizable, linearizability
from readiness.checkers.register import Act, Kind, NoMeaning, act_of, acts_of
from readiness.checkers.shrink import prefix, removable, shrink
from readiness.checkers.simulate import Shape, register, spoilt
from readiness.checkers.wgl import SearchResult, search
from readiness.finding import State
from readiness.grounds import Doubt, DoubtKind, Summary, SummaryKind, Violation, ViolationKind
from readiness.history import Op, Outcome

from .build import cas, create, delete, failed, head, listing, op, read, write


def act(made: Op) -> Act:
    (only,) = acts_of([made])
    return only


@pytest.mark.parametrize(
    ("made", "kind", "ret"),
    [
        (write("a", 1, 2), Kind.SET, 2),
        (create("a", 1, 2), Kind.CREATE, 2),
        (create("a", 1, 2, status=412), Kind.PRESENT, 2),
        (cas("x", "a", 1, 2), Kind.CAS, 2),
        (cas("x", "a", 1, 2, status=412), Kind.DIFFERS, 2),
        (cas("x", "a", 1, 2, status=404), Kind.ABSENT, 2),
        (delete(1, 2), Kind.DELETE, 2),
        (delete(1, 2, status=200), Kind.DELETE, 2),
        (read("a", 1, 2), Kind.SEES, 2),
        (head("a", 1, 2), Kind.SEES, 2),
        (read(None, 1, 2), Kind.ABSENT, 2),
        (head(None, 1, 2), Kind.ABSENT, 2),
        (write("a", 1, 2, status=None), Kind.SET, math.inf),
        (create("a", 1, 2, status=None), Kind.CREATE, math.inf),
        (cas("x", "a", 1, 2, status=None), Kind.CAS, math.inf),
        (delete(1, 2, status=None), Kind.DELETE, math.inf),
    ],
)
def test_what_an_operation_means(made: Op, kind: Kind, ret: float) -> None:
    assert act_of(made) == Act(made, kind, made.value, made.expected, 1, ret)
    assert act(made).definite is (ret == 2)
    assert act(made).effect is (kind in (Kind.SET, Kind.CREATE, Kind.CAS, Kind.DELETE))
    assert act(made).relaxed() == Act(made, kind, made.value, made.expected, 1, math.inf)


@pytest.mark.parametrize(
    "silent",
    [
        failed(write("a", 1, 2)),
        failed(read("a", 1, 2)),
        read("a", 1, 2, status=None),
        listing([], 1, 2),
    ],
)
def test_what_says_nothing_is_no_act(silent: Op) -> None:
    assert act_of(silent) is None


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (create("a", 1, 2, status=304), "create answered 304"),
        (read("a", 1, 2, status=None, outcome=Outcome.OK), "read answered None"),
        (op("read", (1, 2)), "read without the id of its body"),
        (op("write", (1, 2)), "write without the id of its body"),
        (op("create", (1, 2), None), "create without the id of its body"),
        (op("cas", (1, 2), expected="a"), "cas without the id of its body"),
        (op("cas", (1, 2), value="a"), "cas that names no expected body"),
        (op("cas", (1, 2), 412, value="a"), "cas that names no expected body"),
    ],
)
def test_what_has_no_meaning_is_named(made: Op, message: str) -> None:
    with pytest.raises(NoMeaning, match=f"^{message}$"):
        act_of(made)


def test_acts_are_in_the_order_of_their_calls() -> None:
    second, first, twin = write("a", 2, 3), write("b", 1, 9), write("c", 1, 2)
    assert [each.op for each in acts_of([second, twin, failed(second), first])] == [first, twin, second]


def test_a_prefix_keeps_what_the_failed_return_needs() -> None:
    before, touching, after = write("a", 0, 5), write("b", 5, 9), write("c", 5.1, 6)
    seen, later, unsure = read("a", 1, 5), read("a", 1, 5.1), delete(4, 4.5, status=None)
    acts = acts_of([before, touching, after, seen, later, unsure])
    kept = prefix(acts, 5)
    assert kept == [act(before), act(seen), act(unsure), act(touching).relaxed()]


EFFECT = write("a", 10, 20)


@pytest.mark.parametrize(
    ("effect", "other", "needs"),
    [
        (EFFECT, read("a", 15, 16), True),
        (EFFECT, read("b", 15, 16), False),
        (EFFECT, cas("a", "x", 15, 16), True),
        (EFFECT, cas("b", "a", 15, 16), False),
        (EFFECT, cas("a", "x", 15, 16, status=412), False),
        (EFFECT, cas("b", "x", 15, 16, status=412), True),
        (EFFECT, create("x", 15, 16, status=412), True),
        (EFFECT, create("x", 15, 16), False),
        (EFFECT, read(None, 15, 16), False),
        (EFFECT, write("a", 15, 16), False),
        (EFFECT, delete(15, 16), False),
        (create("a", 10, 20), read("a", 15, 16), True),
        (cas("x", "a", 10, 20), read("a", 15, 16), True),
        (delete(10, 20), read(None, 15, 16), True),
        (delete(10, 20), create("x", 15, 16), True),
        (delete(10, 20), cas("b", "x", 15, 16, status=412), True),
        (delete(10, 20), cas("b", "x", 15, 16, status=404), True),
        (delete(10, 20), create("x", 15, 16, status=412), False),
        (delete(10, 20), read("a", 15, 16), False),
        (delete(10, 20), cas("a", "x", 15, 16), False),
    ],
)
def test_an_effect_that_another_act_needs_may_not_go(effect: Op, other: Op, *, needs: bool) -> None:
    assert removable(act(effect), [act(other)]) is not needs
    assert removable(act(effect), [act(write("z", 15, 16)), act(other)]) is not needs


@pytest.mark.parametrize(
    ("rest", "free"),
    [
        ([read("a", 5, 9)], True),
        ([read("a", 5, 10)], False),
        ([read("a", 30, 31)], False),
        ([write("b", 21, 22), read("a", 30, 31)], True),
        ([write("b", 21, 30), read("a", 30, 31)], False),
        ([write("b", 20, 22), read("a", 30, 31)], False),
        ([write("b", 21, 22, status=None), read("a", 30, 31)], False),
        ([read("b", 21, 22), read("a", 30, 31)], False),
        ([write("b", 21, 40), write("c", 22, 23), read("a", 30, 31)], True),
        ([read("x", 12, 13), read("a", 12, 13)], False),
    ],
)
def test_an_effect_may_go_once_it_was_certainly_replaced(rest: list[Op], *, free: bool) -> None:
    assert removable(act(EFFECT), [act(each) for each in rest]) is free


def test_a_witness_keeps_what_it_needs_and_no_more() -> None:
    acts = acts_of(
        [write(str(n), n, n + 0.5) for n in range(40)] + [read("0", 50 + n, 50.5 + n) for n in range(40)]
    )
    needed = {acts[7], acts[41], acts[60]}
    tried: list[int] = []

    def refuted(trial: list[Act]) -> bool:
        tried.append(len(trial))
        return needed <= set(trial)

    assert shrink(acts, refuted) == [each for each in acts if each in needed]
    assert len(tried) < 80


def test_shrinking_ends_after_so_many_tries() -> None:
    acts = acts_of([write("a", 0, 1)] + [read("a", 2 + n, 2.5 + n) for n in range(30)])
    tried: list[Sequence[Act]] = []

    def refuted(trial: list[Act]) -> bool:
        tried.append(trial)
        return False

    assert shrink(acts, refuted, tries=5) == acts
    assert len(tried) == 6, "the plainest, and five more"
    assert len(tried[0]) == 2, "the write and the last answer"
    assert shrink(acts, lambda trial: len(trial) >= 2, tries=0) == [acts[0], acts[-1]]


@pytest.mark.parametrize("depth", [3, 4])
def test_what_may_go_only_after_another_goes_in_the_end(depth: int) -> None:
    """Each odd answer may go once the next odd one is gone; the even ones are needed."""
    acts = acts_of([read(str(n), 2 + n, 2.5 + n) for n in range(8)])
    odd = acts[1 : 2 * depth : 2]
    needed = [each for each in acts if each not in odd]

    def refuted(trial: list[Act]) -> bool:
        in_order = all(a in trial or b not in trial for a, b in itertools.pairwise(odd))
        return in_order and set(needed) <= set(trial)

    assert shrink(acts, refuted) == needed


HARD = [
    (Shape(operations=120, clients=8, lost=0.3), 1015, 3012),
    (Shape(operations=120, clients=8, lost=0.2, bodies=3), 1142, 2333),
    (Shape(operations=60, clients=5, lost=0.1), 416, 404),
    (Shape(operations=200, clients=4, lost=0.0), 1175, 1816),
]


@pytest.mark.parametrize(("shape", "right", "wrong"), HARD)
def test_what_the_search_costs(shape: Shape, right: int, wrong: int) -> None:
    """Nodes, on known histories: what keeps the search small does so."""
    costs = [0, 0]
    for seed in range(12):
        rng = random.Random(seed)
        history = register(rng, shape)
        result = search(acts_of(history))
        assert result.ordered is True
        costs[0] += result.states
        costs[1] += search(acts_of(spoilt(rng, history)), states=3000).states
    assert costs[0] <= right
    assert costs[1] <= wrong


def crowd(number: int) -> list[Op]:
    """Writes all at once, seen one after the other, and the first again: none of their orders allows it."""
    writes = [write(f"v{n}", n / 100, 100, process=f"p{n}") for n in range(number)]
    return [*writes, *(read(f"v{n}", 10 + n, 10.5 + n) for n in range(number)), read("v0", 50, 51)]


def test_the_caps_of_the_search() -> None:
    acts = acts_of(crowd(8))
    whole = search(acts)
    assert (whole.ordered, whole.until, whole.capped) == (False, 51, "")
    assert search(acts, states=whole.states) == whole
    assert search(acts, states=whole.states - 1) == SearchResult(None, whole.states, capped="memory")
    assert search([]) == SearchResult(True, 0)


def test_the_time_is_looked_at_now_and_then() -> None:
    looks: list[float] = []

    def clock() -> float:
        looks.append(0.0)
        return 7.0

    acts = acts_of(crowd(14))
    assert search(acts, deadline=7.0, states=600, clock=clock).capped == "memory"
    assert 1 <= len(looks) <= 10
    late = search(acts, deadline=6.9, states=600, clock=clock)
    assert (late.capped, late.ordered) == ("time", None)
    assert late.states <= 256


ZERO = {"keys_refuted": 0, "keys_beyond_budget": 0}


def test_a_proof_is_counted() -> None:
    times = iter([10.0, 12.34567])
    history = [
        write("a", 0, 1),
        read("a", 2, 3),
        write("b", 2, 3, status=None),
        failed(write("c", 2, 3)),
        read(None, 0, 1, key="other"),
        write("x", 0, 1, key="third", status=None),
    ]
    finding = check_linearizable(history, clock=lambda: next(times))
    states = finding.measured["states"]
    assert (finding.state, finding.observations, finding.witness) == (State.PROVED, 3, ())
    assert finding.grounds == (Summary(SummaryKind.ORDERED, (3, 3)),)
    assert (
        finding.measured
        == {
            "operations": 5,
            "keys": 3,
            "unknown_operations": 2,
            "states": states,
            "seconds": 2.346,
        }
        | ZERO
    )
    assert states == 1


def test_nothing_to_check() -> None:
    finding = check_linearizable([write("a", 0, 1, status=None)], clock=lambda: 0.0)
    assert finding.grounds == (Doubt(DoubtKind.NO_ANSWER),)
    assert (finding.observations, finding.measured["operations"]) == (0, 1)


def test_answers_without_a_meaning_are_named() -> None:
    history = [create("b", 2, 3, status=304, key=key) for key in "abcd"]
    finding = check_linearizable([*history, write("a", 0, 1)], clock=lambda: 0.0)
    assert (finding.state, finding.observations) == (State.UNKNOWN, 1)
    answers = tuple(f"scratch/{key}: create answered 304" for key in "abcd")
    assert finding.grounds == (Doubt(DoubtKind.WITHOUT_MEANING, names=answers),)
    assert finding.measured["keys"] == 5


def test_objects_beyond_the_budget_are_named() -> None:
    finding = check_linearizable(crowd(8), budget_states=5, budget_seconds=2.5, clock=lambda: 0.0)
    assert (finding.state, finding.observations) == (State.UNKNOWN, 17)
    assert finding.grounds == (
        Doubt(
            DoubtKind.BEYOND_BUDGET,
            "scratch/k",
            counted=17,
            needed=5,
            names=("memory",),
            seconds=(2.5,),
        ),
    )
    assert finding.measured["keys_beyond_budget"] == 1
    assert finding.measured["states"] == 12, "twice one more than the cap"


def test_a_hard_object_is_looked_at_again_with_the_whole_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linearizability, "QUICK_STATES", 5)
    finding = check_linearizable(crowd(6), budget_states=100_000)
    assert finding.state is State.REFUTED
    assert finding.measured["keys_beyond_budget"] == 0
    right = crowd(6)[:-1]
    assert check_linearizable(right, budget_states=100_000).state is State.PROVED
    assert check_linearizable(right, budget_states=2).state is State.UNKNOWN


def test_a_refutation_is_counted() -> None:
    wrong = [each for key in ("k", "l") for each in (write("a", 0, 1, key=key), read(None, 2, 3, key=key))]
    finding = check_linearizable([*wrong, write("a", 0, 1, key="m")], clock=lambda: 0.0)
    assert (finding.state, finding.observations) == (State.REFUTED, 5)
    assert finding.grounds == (Violation(ViolationKind.ABSENT, wrong[1], wrong[0]),)
    assert finding.reason.endswith(" (and 1 more object not linearizable)")
    assert finding.witness == tuple(wrong[:2])
    assert finding.measured["keys_refuted"] == 2
    alone = check_linearizable(wrong[:2], clock=lambda: 0.0)
    assert alone.grounds == finding.grounds
    assert "more" not in alone.reason


def test_the_contents_at_first_are_known_to_the_witness_too() -> None:
    first = {("scratch", "k"): "a"}
    history = [write("b", 0, 1), read("a", 2, 3), *(read("b", 4 + n, 4.5 + n) for n in range(5))]
    finding = check_linearizable(history, initial=first)
    assert finding.state is State.REFUTED
    assert finding.witness == tuple(history[:2])


def test_a_witness_is_made_no_shorter_when_time_is_up() -> None:
    """The violation is told nevertheless."""
    ticks = iter(range(0, 10**6, 11))
    history = [
        write("a", 0, 1),
        *(read("a", 2 + n, 2.5 + n) for n in range(9)),
        read(None, 20, 21),
        read("a", 30, 31),
    ]
    finding = check_linearizable(history, clock=lambda: float(next(ticks)))
    assert finding.state is State.REFUTED
    assert finding.witness == tuple(history[:-1])
