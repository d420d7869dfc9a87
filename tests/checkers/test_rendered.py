"""How each kind of violation, doubt and summary reads, in one file: tests/checkers/rendered.txt.

After a change of wording, `python -m tests.checkers.test_rendered` writes the file again; read what changed.
"""

from __future__ import annotations

import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

from readiness.checkers import (
    check_agreement,
    check_enough,
    check_false_absent,
    check_linearizable,
    check_listing,
    check_mutual_exclusion,
    check_nothing_lost,
    check_one_winner,
    check_stale,
    guarded,
)
from readiness.checkers.render import NOUNS, joined, render
from readiness.finding import Finding
from readiness.grounds import DoubtKind, SummaryKind, Violation, ViolationKind
from readiness.history import Op, Outcome

from .build import cas, create, delete, failed, listing, read, write
from .test_index import matrix, view
from .test_outage import judge, stream
from .test_races import found, free, racer, take

RENDERED = Path(__file__).with_name("rendered.txt")
A, B, GONE = write("a", 0, 1), write("b", 2, 3, endpoint="honey"), delete(2, 3)
DENIED = read(None, 4, 5, endpoint="sting")
LOST = write("a", 0, 1, status=None)


def _thrown(_history: list[Op]) -> Finding:
    raise ZeroDivisionError("division by zero")


def _losses() -> list[Finding]:
    at_end = read("a", 10, 11)
    finals = [[A, read(None, 10, 11)], [A, B, at_end], [A, GONE, at_end], [A, read("?", 10, 11)]]
    finals += [[A, create("b", 2, 3, status=412), read("b", 10, 11)], [A, failed(B), read("b", 10, 11)]]
    cut = write("b", 2, 3, status=None, outcome=Outcome.FAIL)
    finals += [[A, cut, read("b", 10, 11)], [A, write("b", 12, 13), read("b", 10, 11)], [A, at_end], [A]]
    finals += [[*(write("a", 0, 1, key=key) for key in "abcde"), read("a", 10, 11, key="e")]]
    return [check_nothing_lost(history[:-1], history[-1:]) for history in finals]


def _answers() -> list[Finding]:
    twice = [A, DENIED, read(None, 6, 7), read(None, 8, 9)]
    return [
        check_false_absent([A, DENIED]),
        check_false_absent(twice),
        check_false_absent([LOST, read("a", 2, 3), DENIED]),
        check_false_absent([A, listing([], 2, 3, endpoint="sting")]),
        check_false_absent([A, read("a", 2, 3)]),
        check_false_absent([]),
        check_stale([A, B, read("a", 4, 5)]),
        check_stale([A, GONE, read("a", 4, 5)]),
        check_stale([A, B, read("b", 4, 5)]),
    ]


def _orders() -> list[Finding]:
    histories = [
        [A, DENIED],
        [A, delete(0, 1.5), read("a", 1.8, 2), DENIED],
        [A, B, read("a", 4, 5)],
        [A, GONE, read("a", 4, 5)],
        [create("a", 0, 1, status=412)],
        [A, GONE, create("b", 4, 5, status=412)],
        [A, cas("a", "b", 2, 3, status=412)],
        [A, create("b", 4, 5)],
        [A, cas("x", "b", 4, 5)],
        [cas("x", "b", 4, 5)],
        [LOST, read("b", 3, 6, endpoint="honey"), write("b", 2, 6), read("a", 1, 2), read("a", 6, 7), DENIED],
        [each for key in "kl" for each in (write("a", 0, 1, key=key), read(None, 2, 3, key=key))],
        [A, read("a", 2, 3)],
        [A, create("b", 2, 3, status=304)],
        [LOST],
    ]
    crowd = [write(f"v{n}", n / 100, 100, process=f"p{n}") for n in range(14)]
    crowd += [read(f"v{n}", 10 + n, 10.5 + n) for n in range(14)]
    found = [check_linearizable(history) for history in histories]
    return [*found, check_linearizable([*crowd, read("v0", 50, 51)], budget_states=5)]


def _orders_less_plain() -> list[Finding]:
    unsure = delete(2, 3, status=None)
    histories = [
        [A, unsure, read(None, 4, 5), write("b", 6, 7), read(None, 8, 9)],
        [LOST, create("z", 2, 3, status=412, endpoint="sting"), create("a", 4, 5)],
    ]
    return [check_linearizable(history) for history in histories]


def _races() -> list[Finding]:
    won, refused = racer("a", 0, 1), racer("b", 0, 1, status=412)
    unsure = racer("a", 0, 1, status=None)
    races = [
        [won, racer("b", 0, 2, endpoint="sting"), found("b", 3, 4)],
        [refused, racer("c", 0, 1, status=412)],
        [won, racer("b", 0, 1, status=304), found("a", 2, 3)],
        [won, refused, found(None, 2, 3)],
        [won, refused, found("b", 2, 3)],
        [unsure, refused, found(None, 2, 3)],
        [unsure, refused, found("x", 2, 3)],
        [unsure, found("a", 2, 3), found(None, 4, 5)],
        [won, refused, found("a", 2, 3)],
        [won, refused],
        [],
    ]
    locks = [
        [take("p", 0, 1), take("q", 2, 3, endpoint="sting")],
        [take("p", 0, 1), take("q", 1, 2, status=412), free("p", 3, 4)],
        [take("p", 0, 1)],
        [],
    ]
    return [*map(check_one_winner, races), *map(check_mutual_exclusion, locks)]


def _listings() -> list[Finding]:
    histories = [
        [A, listing([], 2, 3)],
        [A, GONE, listing(["k"], 4, 5)],
        [A, listing(["k", "x"], 2, 3)],
        [A, listing(["k", "k", "k"], 2, 3)],
        [A, write("p", 0, 1, key="p/a"), listing(["p/a", "k"], 2, 3, key="p/")],
        [A, listing(["k"], 2, 3)],
        [listing([], 2, 3)],
    ]
    return [check_listing(history) for history in histories]


def _changed(number: int, **fields: Any) -> list[Op]:
    ops = matrix()
    ops[number] = replace(ops[number], **fields)
    return ops


def _views() -> list[Finding]:
    histories = [
        _changed(12, status=404, value=None),
        [*view("honey", "boto3"), *view("bumble", "boto3", value=None)],
        _changed(14, keys=()),
        _changed(13, value="old"),
        _changed(15, keys=()),
        _changed(15, keys=("k@2",)),
        matrix(),
        [failed(each) if each is matrix()[1] else each for each in _changed(1, outcome=Outcome.FAIL)],
        view("honey", "boto3"),
        [each for each in matrix() if each.keys is not None and not each.keys],
        [replace(each, keys=()) for each in matrix() if each.verb == "list"],
    ]
    return [check_agreement(history) for history in histories]


def _outages() -> list[Finding]:
    dead = stream([(2, 4)])
    return [
        judge(dead, 1.5),
        judge(dead, 2.0),
        judge(dead, 2.5),
        judge(stream([(0, 1)]), 5.0),
        judge(stream([(9, 20)]), 5.0),
        judge(stream([(1, 2), (3, 4), (5, 6), (7, 8)]), 1.0),
        judge(stream([]), 1.0),
        judge(stream([]), 1.0, minimum_probes=200),
        judge([each for each in stream([]) if not 3 <= each.invoked < 4], 5.0),
        judge([], 1.0),
        check_enough([A, B], {"before": (0.0, 4.0)}, 1),
        check_enough([A, B], {"before": (0.0, 4.0), "after": (5.0, 6.0)}, 5),
        check_enough([], {}, 1),
        guarded(_thrown, []),
    ]


def findings() -> list[Finding]:
    """Of the real checkers, on small histories: at least one with each kind of ground."""
    parts = (_losses, _answers, _orders, _orders_less_plain, _races, _listings, _views, _outages)
    return [finding for part in parts for finding in part()]


def rendered() -> str:
    """The kinds of each finding, and what it says."""
    paragraphs = []
    for finding in findings():
        kinds = ", ".join(dict.fromkeys(ground.kind for ground in finding.grounds))
        message = textwrap.fill(
            finding.reason, 116, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
        )
        paragraphs.append(f"{finding.state} {kinds}\n{message}\n")
    return "\n".join(dict.fromkeys(paragraphs))


def test_every_kind_reads_as_the_file_shows() -> None:
    assert rendered() == RENDERED.read_text("utf-8")


def test_the_file_shows_every_kind() -> None:
    shown = {ground.kind for finding in findings() for ground in finding.grounds}
    assert shown == {*ViolationKind, *DoubtKind, *SummaryKind}
    measures = {g.measure for f in findings() for g in f.grounds if isinstance(g, Violation) and g.measure}
    assert measures == set(NOUNS)


def test_doubts_are_joined_and_those_left_out_are_counted() -> None:
    doubts = [ground for ground in findings()[-1].grounds if not isinstance(ground, Violation)] * 4
    assert joined(doubts, most=3) == "; ".join(render(each) for each in doubts[:3]) + " (and 1 more)"  # type: ignore[arg-type]


if __name__ == "__main__":
    RENDERED.write_text(rendered(), "utf-8")
