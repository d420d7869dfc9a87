"""The checker against the plainest checker, and against histories that are right by construction."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from readiness.checkers import check_linearizable
from readiness.checkers.register import acts_of
from readiness.checkers.simulate import Shape, register, spoilt
from readiness.checkers.wgl import search
from readiness.finding import State
from readiness.history import Op, Outcome, Verb

from .brute import has_order
from .build import FIXED, op

SEEDS = st.integers(0, 2**32)
SHAPES = st.builds(
    Shape,
    operations=st.integers(1, 120),
    clients=st.integers(1, 8),
    lost=st.sampled_from([0.0, 0.1, 0.3]),
    bodies=st.sampled_from([0, 0, 3]),
)
BODIES = st.sampled_from(["a", "b"])
TINY = st.lists(
    st.tuples(
        st.sampled_from(
            [
                (Verb.READ, 200),
                (Verb.READ, 404),
                (Verb.WRITE, 200),
                (Verb.WRITE, None),
                (Verb.CREATE, 200),
                (Verb.CREATE, 412),
                (Verb.CREATE, None),
                (Verb.CAS, 200),
                (Verb.CAS, 412),
                (Verb.CAS, 404),
                (Verb.CAS, None),
                (Verb.DELETE, 204),
                (Verb.DELETE, None),
            ]
        ),
        BODIES,
        BODIES,
        st.integers(0, 8),
        st.integers(0, 4),
    ),
    min_size=1,
    max_size=6,
)


def tiny(rows: list[tuple[tuple[Verb, int | None], str, str, int, int]]) -> list[Op]:
    """Any six operations at all, most of them nonsense."""
    ops = []
    for (verb, status), value, expected, start, length in rows:
        bodied = (verb is not Verb.DELETE and status != 404) or verb is Verb.CAS
        ops.append(
            op(
                verb,
                (start, start + length),
                status,
                value=value if bodied else None,
                expected=expected if verb is Verb.CAS else None,
            )
        )
    return sorted(ops, key=lambda each: (each.invoked, each.index))


@FIXED
@given(SEEDS, SHAPES)
def test_what_a_right_register_said_is_proved(seed: int, shape: Shape) -> None:
    history = register(random.Random(seed), shape)
    finding = check_linearizable(history)
    definite = any(each.outcome is Outcome.OK for each in history)
    assert finding.state is (State.PROVED if definite else State.UNKNOWN), finding.reason


@FIXED
@given(TINY)
def test_agrees_with_brute_force_on_anything(
    rows: list[tuple[tuple[Verb, int | None], str, str, int, int]],
) -> None:
    history = tiny(rows)
    for initial in (None, "a"):
        assert search(acts_of(history), initial).ordered is has_order(history, initial)


@FIXED
@given(SEEDS, st.integers(2, 6), st.integers(1, 4), st.sampled_from([0.0, 0.3]), st.integers(1, 3))
def test_agrees_with_brute_force_on_spoilt_histories(
    seed: int, operations: int, clients: int, lost: float, times: int
) -> None:
    rng = random.Random(seed)
    history = register(rng, Shape(operations=operations, clients=clients, lost=lost))
    for _ in range(times):
        history = spoilt(rng, history)
    right = has_order(history)
    finding = check_linearizable(history)
    if not right:
        assert finding.state is State.REFUTED
        assert not has_order(finding.witness), "the witness shows it by itself"
        assert set(finding.witness) <= set(history)
    else:
        assert finding.state is not State.REFUTED, finding.reason


@FIXED
@given(SEEDS, SHAPES)
def test_every_witness_is_refuted_alone(seed: int, shape: Shape) -> None:
    rng = random.Random(seed)
    history = spoilt(rng, spoilt(rng, register(rng, shape)))
    finding = check_linearizable(history)
    if finding.state is State.REFUTED:
        assert check_linearizable(finding.witness).state is State.REFUTED
        assert finding.reason


@FIXED
@given(SEEDS, st.integers(4, 40), st.sampled_from([0.0, 0.2]))
def test_leaving_out_answers_never_makes_a_right_history_wrong(
    seed: int, operations: int, lost: float
) -> None:
    rng = random.Random(seed)
    history = register(rng, Shape(operations=operations, lost=lost))
    reads = [each for each in history if each.verb in (Verb.READ, Verb.HEAD)]
    gone = set(rng.sample(reads, k=len(reads) // 2))
    assert check_linearizable([each for each in history if each not in gone]).state is not State.REFUTED
