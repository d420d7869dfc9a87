"""What a witness is found to show: the kind of each violation, at the edges of its rules."""

from __future__ import annotations

import pytest

from readiness.checkers.explain import explain
from readiness.checkers.register import acts_of
from readiness.grounds import Violation
from readiness.grounds import ViolationKind as Kind
from readiness.history import Op, Outcome

from .build import cas, create, delete, failed, op, read, write


def shown(witness: list[Op], *others: Op) -> Violation:
    """By this witness, where the object saw `others`, too."""
    everything = [*witness, *others]
    acts = acts_of(everything)
    return explain([each for each in acts if each.op in witness], everything, acts)


def lost(body: str, call: float) -> Op:
    return write(body, call, call + 1, status=None)


READ = read("a", 6, 7)
NEVER = [write("a", 2, 3), read(None, 4, 5)]
CREATED, SWAPPED = create("a", 4, 5), cas("x", "a", 4, 5)


@pytest.mark.parametrize(
    ("witness", "others", "kind", "known"),
    [
        ([READ], [], Kind.NEVER_WRITTEN, None),
        ([READ], [op("write", (1, 2), None, value="a", outcome=Outcome.FAIL)], Kind.REFUSED_WRITE_FOUND, 1),
        ([READ], [failed(write("a", 1, 2))], Kind.REFUSED_WRITE_FOUND, 1),
        ([READ, lost("a", 8)], [], Kind.FOUND_BEFORE_WRITTEN, 1),
        ([write("b", 1, 2), READ, lost("a", 7)], [], Kind.OLDER, 0),
        ([lost("a", 0), lost("b", 0), read("b", 3, 4, endpoint="honey"), READ], [], Kind.OLDER, 2),
        (
            [lost("a", 0), delete(0, 1, status=None), read("a", 1, 2), read(None, 3, 4), READ],
            [],
            Kind.OLDER,
            3,
        ),
        ([lost("a", 0), delete(3, 4), READ], [], Kind.CAME_BACK, 1),
        (NEVER, [], Kind.ABSENT, 0),
        (NEVER, [delete(1, 2.5)], Kind.ABSENT_DESPITE_DELETES, 0),
        (NEVER, [delete(1, 2)], Kind.ABSENT_DESPITE_DELETES, 0),
        (NEVER, [delete(5, 6)], Kind.ABSENT, 0),
        (NEVER, [read("a", 3.2, 3.5)], Kind.ABSENT, 0),
        (NEVER[1:], [write("a", 2, 3)], Kind.ABSENT, 1),
        (NEVER[1:], [lost("a", 0), read("a", 1, 2)], Kind.ABSENT, 2),
        ([read("a", 1, 2), NEVER[1]], [lost("a", 0), read("a", 2.5, 2.8, endpoint="honey")], Kind.ABSENT, 0),
        ([cas("x", "a", 4, 5, status=412)], [], Kind.REFUSED_THOUGH_ABSENT, None),
        ([CREATED], [write("b", 1, 2)], Kind.CREATED_THOUGH_THERE, 1),
        ([write("b", 0, 1), lost("c", 0), read(None, 1.5, 1.8), CREATED], [], Kind.CREATED_THOUGH_THERE, 0),
        ([SWAPPED], [], Kind.ACCEPTED_THOUGH_UNMET, None),
        ([write("b", 0, 1), SWAPPED], [], Kind.ACCEPTED_THOUGH_UNMET, 0),
    ],
)
def test_what_is_shown(witness: list[Op], others: list[Op], kind: Kind, known: int | None) -> None:
    """`known` is the place of the operation that the last answer contradicts, among the witness and the others."""
    last = max((each for each in witness if each.ok), key=lambda each: each.completed)
    contrary = None if known is None else [*witness, *others][known]
    assert shown(witness, *others) == Violation(kind, last, contrary)


def test_where_nothing_simpler_is_shown() -> None:
    """A write that ends as the read begins has replaced nothing for certain; nor does an earlier sight of the same."""
    honey = read("b", 3, 6, endpoint="honey")
    for witness in (
        [lost("a", 0), honey, write("b", 2, 6), READ],
        [lost("a", 0), lost("b", 0), read("a", 1, 2), honey, read("a", 5, 7)],
    ):
        found = shown(witness)
        assert (found.kind, found.answer, found.known) == (Kind.NO_ORDER, witness[-1], None)
        assert set(found.operations) == set(witness)
