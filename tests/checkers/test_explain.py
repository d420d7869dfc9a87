"""What is said of a witness: the sentence for each kind of violation, at the edges of its rules."""

from __future__ import annotations

import pytest

from readiness.checkers.explain import explain
from readiness.checkers.register import acts_of
from readiness.history import Op, Outcome

from .build import cas, create, delete, failed, op, read, write


def told(witness: list[Op], *others: Op) -> str:
    """Of this witness, where the object saw `others`, too."""
    everything = [*witness, *others]
    acts = acts_of(everything)
    return explain([each for each in acts if each.op in witness], everything, acts)


def lost(body: str, call: float) -> Op:
    return write(body, call, call + 1, status=None)


READ = "endpoint bumble answered a for scratch/k at 7.00 s"
ABSENT = "endpoint bumble answered 404 for scratch/k at 5.00 s although"
WROTE = "write a was acknowledged through bumble at 3.00 s"
SWAP = "compare-and-set a of scratch/k at 5.00 s"
UNMET = "on the condition that it held x, which it did not"
CREATED = "endpoint bumble accepted create a of scratch/k at 5.00 s although it was there already:"
NEVER = [write("a", 2, 3), read(None, 4, 5)]


@pytest.mark.parametrize(
    ("witness", "others", "sentence"),
    [
        ([read("a", 6, 7)], [], f"{READ}: a body that the suite never wrote to it"),
        (
            [read("a", 6, 7)],
            [op("write", (1, 2), None, value="a", outcome=Outcome.FAIL)],
            f"{READ}, although write a failed",
        ),
        ([read("a", 6, 7)], [failed(write("a", 1, 2))], f"{READ}, although write a was refused (503)"),
        ([read("a", 6, 7), lost("a", 8)], [], f"{READ}, before anyone wrote it (first at 8.00 s)"),
        (
            [write("b", 1, 2), read("a", 6, 7), lost("a", 7)],
            [],
            f"{READ}, an older body, although write b was acknowledged through bumble at 2.00 s",
        ),
        (
            [lost("a", 0), lost("b", 0), read("b", 3, 4, endpoint="honey"), read("a", 6, 7)],
            [],
            f"{READ}, an older body, although b was found through honey at 4.00 s",
        ),
        (
            [lost("a", 0), delete(0, 1, status=None), read("a", 1, 2), read(None, 3, 4), read("a", 6, 7)],
            [],
            f"{READ}, an older body, although endpoint bumble answered 404 for scratch/k at 4.00 s",
        ),
        (NEVER, [], f"{ABSENT} {WROTE} and nothing deleted it"),
        (NEVER, [delete(1, 2.5)], f"{ABSENT} {WROTE} and no delete explains it"),
        (NEVER, [delete(1, 2)], f"{ABSENT} {WROTE} and no delete explains it"),
        (NEVER, [delete(5, 6)], f"{ABSENT} {WROTE} and nothing deleted it"),
        (NEVER, [read("a", 3.2, 3.5)], f"{ABSENT} {WROTE} and nothing deleted it"),
        (NEVER[1:], [write("a", 2, 3)], f"{ABSENT} {WROTE} and nothing deleted it"),
        (
            NEVER[1:],
            [lost("a", 0), read("a", 1, 2)],
            f"{ABSENT} a was found through bumble at 2.00 s and nothing deleted it",
        ),
        (
            [read("a", 1, 2), NEVER[1]],
            [lost("a", 0), read("a", 2.5, 2.8, endpoint="honey")],
            f"{ABSENT} a was found through bumble at 2.00 s and nothing deleted it",
        ),
        (
            [cas("x", "a", 4, 5, status=412)],
            [],
            f"endpoint bumble refused {SWAP} (412) although it was absent: nobody had written it",
        ),
        (
            [create("a", 4, 5)],
            [write("b", 1, 2)],
            f"{CREATED} write b was acknowledged through bumble at 2.00 s and no delete explains it",
        ),
        (
            [write("b", 0, 1), lost("c", 0), read(None, 1.5, 1.8), create("a", 4, 5)],
            [],
            f"{CREATED} write b was acknowledged through bumble at 1.00 s and no delete explains it",
        ),
        (
            [cas("x", "a", 4, 5)],
            [],
            f"endpoint bumble accepted {SWAP} {UNMET}: nothing shows that it ever held that",
        ),
        (
            [write("b", 0, 1), cas("x", "a", 4, 5)],
            [],
            f"endpoint bumble accepted {SWAP} {UNMET}: write b was acknowledged through bumble at 1.00 s",
        ),
    ],
)
def test_what_is_said(witness: list[Op], others: list[Op], sentence: str) -> None:
    assert told(witness, *others) == sentence


NO_ORDER = (
    "no order explains these {} operations on scratch/k through bumble, honey between 0.00 s and 7.00 s"
)


def test_where_no_simpler_sentence_fits() -> None:
    """A write that ends as the read begins has replaced nothing for certain; nor does an earlier sight of the same."""
    honey = read("b", 3, 6, endpoint="honey")
    assert told([lost("a", 0), honey, write("b", 2, 6), read("a", 6, 7)]) == NO_ORDER.format(4)
    seen = [lost("a", 0), lost("b", 0), read("a", 1, 2), honey, read("a", 5, 7)]
    assert told(seen) == NO_ORDER.format(5)
