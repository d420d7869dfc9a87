"""What the direct checks count and find, and where their rules begin and end."""

from __future__ import annotations

from typing import Any

import pytest

from readiness.checkers import check_false_absent, check_nothing_lost, check_stale
from readiness.checkers.timeline import timelines
from readiness.finding import State
from readiness.grounds import Doubt, DoubtKind, Summary, SummaryKind, Violation
from readiness.grounds import ViolationKind as Kind
from readiness.history import Op

from .build import cas, create, delete, failed, head, listing, op, read, violations, write


def zeros(*kinds: str) -> dict[str, Any]:
    return {kind + outside: 0 for kind in kinds for outside in ("", "_outside_service")}


LOST = zeros("lost_writes", "returned_from_the_dead", "corrupt_bodies", "refused_writes_found")


def test_what_was_read_back_is_counted() -> None:
    history = [
        write("a", 0, 1),
        write("b", 2, 3),
        delete(0, 1, key="gone"),
        write("u", 0, 1, key="unsure", status=None),
        failed(write("f", 0, 1, key="refused")),
        read("a", 1.5, 1.8),
    ]
    final = [
        read("b", 10, 11),
        head(None, 10, 11, key="gone"),
        read("b", 10, 11, endpoint="sting"),
        read(None, 10, 11, key="gone", endpoint="sting"),
        read(None, 10, 11, key="never", endpoint="sting"),
        failed(read("b", 12, 13)),
        op("read", (12, 13)),
        read("b", 12, 13, endpoint="late", in_service=False),
        listing([], 12, 13, endpoint="index"),
        read("b", 10, 11, status=503),
    ]
    finding = check_nothing_lost(history, final)
    assert (finding.state, finding.observations, finding.witness) == (State.PROVED, 5, ())
    assert finding.grounds == (Summary(SummaryKind.READ_BACK, (2, 2)),)
    assert finding.measured == LOST | {
        "acknowledged_writes": 3,
        "objects": 2,
        "objects_lost": 0,
        "endpoints_read": 2,
        "final_reads": 5,
    }


def unread(endpoint: str, *keys: str) -> Doubt:
    return Doubt(DoubtKind.NOT_READ_BACK, endpoint=endpoint, names=keys)


def test_objects_that_were_not_read_back_are_named() -> None:
    history = [write("a", 0, 1, key=key) for key in "abcde"]
    final = [
        *(read("a", 10, 11, key=key) for key in "abcd"),
        read("a", 10, 11, key="e", endpoint="honey"),
        failed(read("a", 10, 11, key="a", endpoint="sting")),
    ]
    finding = check_nothing_lost(history, final)
    assert finding.grounds == (
        unread("bumble", "scratch/e"),
        unread("honey", "scratch/a", "scratch/b", "scratch/c", "scratch/d"),
        unread("sting", "scratch/a", "scratch/b", "scratch/c", "scratch/d", "scratch/e"),
    )
    assert (finding.observations, finding.measured["endpoints_read"]) == (5, 3)


@pytest.mark.parametrize(
    ("history", "final"),
    [
        ([], [read(None, 10, 11)]),
        ([write("a", 0, 1)], []),
        ([write("a", 0, 1, status=None)], [read("a", 10, 11)]),
        ([write("a", 0, 1)], [read("a", 10, 11, in_service=False)]),
        ([write("a", 0, 1)], [listing(["k"], 10, 11)]),
        ([failed(write("a", 0, 1))], [read(None, 10, 11)]),
    ],
)
def test_nothing_owed_or_nothing_read_proves_nothing(history: list[Op], final: list[Op]) -> None:
    finding = check_nothing_lost(history, final)
    assert (finding.state, finding.grounds) == (State.UNKNOWN, (Doubt(DoubtKind.NOTHING_READ_BACK),))


A, B, GONE = write("a", 0, 1), write("b", 2, 3, endpoint="honey"), delete(2, 3)
REFUSED, FAILED, LATE = create("b", 2, 3, status=412), failed(write("b", 2, 3)), write("b", 12, 13)
CUT = failed(write("b", 2, 3, error="reset"))


@pytest.mark.parametrize(
    ("history", "final", "kind", "measure", "known", "others"),
    [
        ([A], read(None, 10, 11), Kind.LOST_AT_THE_END, "lost_writes", A, [A]),
        ([A, B], read("a", 10, 11), Kind.OLDER_AT_THE_END, "lost_writes", B, [A, B]),
        ([A, GONE], read("a", 10, 11), Kind.DELETED_AT_THE_END, "returned_from_the_dead", GONE, [A, GONE]),
        ([A, REFUSED], read("b", 10, 11), Kind.REFUSED_WRITE_FOUND, "refused_writes_found", REFUSED, []),
        ([A, FAILED], read("b", 10, 11), Kind.REFUSED_WRITE_FOUND, "refused_writes_found", FAILED, []),
        ([A], read("?", 10, 11), Kind.NEVER_WRITTEN, "corrupt_bodies", None, []),
        (
            [A, LATE, write("b", 14, 15)],
            read("b", 10, 11),
            Kind.FOUND_BEFORE_WRITTEN,
            "corrupt_bodies",
            LATE,
            [],
        ),
    ],
)
def test_each_loss_is_found_with_its_witness(
    history: list[Op], final: Op, kind: Kind, measure: str, known: Op | None, others: list[Op]
) -> None:
    finding = check_nothing_lost(history, [final])
    assert finding.state is State.REFUTED
    assert finding.grounds == (Violation(kind, final, known, tuple(others), measure=measure),)
    shown = {final, *others} | ({known} if known else set())
    assert finding.witness == tuple(sorted(shown, key=lambda each: each.invoked))


def test_a_write_that_failed_without_a_status_is_told_so() -> None:
    cut = write("b", 2, 3, status=None, outcome=FAILED.outcome)
    (found,) = violations(check_nothing_lost([A, cut], [read("b", 10, 11)]))
    assert (found.kind, found.known) == (Kind.REFUSED_WRITE_FOUND, cut)


def test_an_object_that_several_endpoints_miss_is_lost_once() -> None:
    history = [A, write("o", 0, 1, key="older"), write("n", 2, 3, key="older"), write("a", 0, 1, key="there")]
    final = [
        read(None, 10, 11),
        read(None, 10, 11, endpoint="sting"),
        read("o", 10, 11, key="older"),
        read("a", 10, 11, key="there"),
        read(None, 10, 11, key="there", endpoint="late", in_service=False),
    ]
    measured = check_nothing_lost(history, final).measured
    assert (measured["objects_lost"], measured["lost_writes"], measured["objects"]) == (2, 3, 3)


def test_what_came_back_is_not_a_lost_object() -> None:
    assert check_nothing_lost([A, GONE], [read("a", 10, 11)]).measured["objects_lost"] == 0


def test_a_body_of_an_object_that_nobody_wrote_is_corrupt() -> None:
    finding = check_nothing_lost([A, read("a", 2, 3, key="other")], [read("a", 10, 11)])
    (found,) = violations(finding)
    assert (found.kind, found.object, found.endpoints) == (
        Kind.NEVER_WRITTEN,
        ("scratch", "other"),
        ("bumble",),
    )


def test_a_refused_body_that_was_written_too_is_right() -> None:
    assert check_nothing_lost([A, REFUSED, B], [read("b", 10, 11)]).state is State.PROVED


def test_a_body_may_be_found_while_it_is_written() -> None:
    for invoked in (3, 3.1):
        history = [A, read("b", 2, 3), write("b", invoked, 5)]
        finding = check_nothing_lost(history, [read("b", 10, 11)])
        assert finding.state is (State.PROVED if invoked <= 3 else State.REFUTED)


def test_a_wrong_body_is_counted_once_though_it_is_read_at_the_end_too() -> None:
    odd = read("?", 10, 11)
    assert check_nothing_lost([A, odd], [odd]).measured["corrupt_bodies"] == 1


def test_final_reads_of_one_object_do_not_stand_for_another_bucket() -> None:
    history = [A, write("a", 0, 1, bucket="second")]
    finding = check_nothing_lost(history, [read("a", 10, 11)])
    assert finding.grounds == (unread("bumble", "second/k"),)


ABSENT = zeros("false_404", "list_omissions")


def test_answers_about_existing_objects_are_counted() -> None:
    history = [
        A,
        read("a", 2, 3),
        head("a", 2, 3),
        cas("x", "y", 2, 3, status=412),
        listing(["k"], 2, 3),
        listing(["k"], 2, 3, key="k"),
        read("a", 2, 3, in_service=False),
        listing(["k"], 2, 3, in_service=False),
        read("a", 0.5, 3),
        read(None, 2, 3, key="other"),
        read("a", 2, 3, status=503),
        failed(read("a", 2, 3)),
        listing([], 2, 3, bucket="second"),
        listing([], 2, 3, key="p/"),
        listing([], 2, 3, status=503),
        op("list", (2, 3), key=""),
        failed(listing([], 2, 3)),
        create("z", 2, 3, status=412),
        op("versions", (2, 3), key="", keys=()),
    ]
    finding = check_false_absent(history)
    assert (finding.state, finding.observations, finding.witness) == (State.PROVED, 5, ())
    assert finding.grounds == (Summary(SummaryKind.NOT_DENIED, (5,)),)
    assert finding.measured == ABSENT | {"answers_judged": 5}


def test_denials_are_found_with_their_witness() -> None:
    seen = read("u", 2, 3)
    unsure, denied = write("u", 0, 1, status=None), read(None, 4, 5, endpoint="sting")
    finding = check_false_absent([unsure, seen, denied])
    assert finding.grounds == (Violation(Kind.ABSENT, denied, seen, (unsure, seen), measure="false_404"),)
    (violation,) = violations(finding)
    assert (violation.endpoints, violation.seconds) == (("sting", "bumble"), (5, 3))
    assert finding.witness == (unsure, seen, denied)
    short = listing([], 2, 3, endpoint="sting")
    finding = check_false_absent([A, short])
    assert finding.grounds == (Violation(Kind.OMITTED, short, A, (A,), listed="k", measure="list_omissions"),)
    assert (finding.witness, finding.measured["answers_judged"]) == ((A, short), 1)


def test_a_listing_that_leaves_out_several_is_one_wrong_answer() -> None:
    wrote = [
        write("x", 0, 1, key=key, status=status) for key, status in (("u", None), ("a", 200), ("b", 200))
    ]
    outside = write("o", 0, 1, key="x/o")
    elsewhere = write("e", 0, 1, bucket="second", key="a")
    for shown, first in (([], "a"), (["a"], "b")):
        finding = check_false_absent([outside, elsewhere, *wrote, listing([*shown, "x/o"], 2, 3)])
        assert finding.measured["list_omissions"] == 1
        assert [each.object for each in violations(finding)] == [("scratch", first)]
    prefixed = check_false_absent([outside, *wrote, listing([], 2, 3, key="x/")])
    assert [each.object for each in violations(prefixed)] == [("scratch", "x/o")]


def test_a_denial_of_an_instance_not_in_service_is_counted_apart() -> None:
    finding = check_false_absent([A, read("a", 2, 3), listing([], 2, 3, in_service=False)])
    assert (finding.state, finding.measured["list_omissions_outside_service"]) == (State.PROVED, 1)
    assert finding.measured["answers_judged"] == 1


def test_bodies_found_are_counted() -> None:
    history = [
        A,
        B,
        read("a", 0.5, 1.5),
        read("a", 1.5, 2.5),
        read("b", 4, 5),
        head("b", 4, 5),
        read("b", 4, 5, in_service=False),
        read("?", 4, 5),
        read("b", 4, 5, key="other"),
        read(None, 4, 5),
        read("a", 4, 5, status=404),
        op("read", (4, 5)),
        failed(read("b", 4, 5)),
    ]
    finding = check_stale(history)
    assert (finding.state, finding.observations, finding.witness) == (State.PROVED, 3, ())
    assert finding.grounds == (Summary(SummaryKind.NOT_STALE, (3,)),)
    assert finding.measured == zeros("stale_reads", "returned_from_the_dead") | {"bodies_judged": 3}


def test_stale_reads_are_found_with_their_witness() -> None:
    stale = read("a", 4, 5)
    finding = check_stale([A, B, stale])
    assert finding.grounds == (Violation(Kind.OLDER, stale, B, (A, B), measure="stale_reads"),)
    assert finding.witness == (A, B, stale)
    assert finding.measured["bodies_judged"] == 1
    finding = check_stale([A, GONE, stale])
    assert finding.grounds == (
        Violation(Kind.DELETED, stale, GONE, (A, GONE), measure="returned_from_the_dead"),
    )
    assert finding.witness == (A, GONE, stale)


def test_one_stale_read_among_right_ones_is_found() -> None:
    history = [A, read("?", 1.5, 1.8), read("a", 1.5, 1.8), B, read("a", 4, 5), read("b", 6, 7)]
    assert check_stale(history).measured["stale_reads"] == 1


@pytest.mark.parametrize(
    ("put", "removed", "there", "absent"),
    [
        ((0, 2), (3, 4), False, True),
        ((0, 5), (3, 4), False, False),
        ((0, 2), (2, 4), False, False),
        ((0, 2), (7, 8), True, False),
        ((0, 2), (6, 8), False, False),
        ((3, 4), (0, 2), True, False),
        ((3, 4), (0, 3), False, False),
        ((6, 7), (0, 4), False, False),
        ((6.1, 7), (0, 4), False, True),
        ((0, 2), (3, 5), False, False),
    ],
)
def test_what_is_certain_from_5_to_6(
    put: tuple[float, float], removed: tuple[float, float], *, there: bool, absent: bool
) -> None:
    line = timelines([write("a", *put), delete(*removed)])["scratch", "k"]
    assert (line.certainly_there(5, 6) is not None) is there
    assert (line.certainly_absent(5, 6) is not None) is absent


def test_the_last_write_is_the_one_that_was_invoked_last() -> None:
    history = [write("a", 2, 3), write("b", 0, 4), write("c", 0, 1)]
    line = timelines(history)["scratch", "k"]
    known = [line.puts.last(time) for time in (1, 1.1, 3.1, 4.1, 99)]
    assert [event and event.op.value for event in known] == [None, "c", "a", "a", "a"]
    twins = timelines([write("a", 0, 1), write("b", 0, 2)])["scratch", "k"]
    later = twins.puts.last(3)
    assert later is not None
    assert later.op.value == "b"


def test_an_unknown_write_is_settled_by_the_first_that_found_it() -> None:
    unsure, first, second = write("a", 0, 1, status=None), read("a", 2, 3), head("a", 4, 5)
    for history in ([unsure, first, second], [unsure, second, first]):
        event = timelines(history)["scratch", "k"].puts.last(9)
        assert event is not None
        assert (event.sight, event.settled) == (first, 3)
        assert event.ops == (unsure, first)
    for blind in (failed(first), read("a", 2, 3, key="other"), read("a", 2, 3, in_service=False)):
        assert timelines([unsure, blind])["scratch", "k"].puts.last(9) is None
    assert timelines([unsure, write("a", 0, 1, status=None), first])["scratch", "k"].puts.last(9) is None


def test_what_may_explain_a_body_is_kept() -> None:
    twice = [write("a", 0, 1), write("a", 2, 3)]
    line = timelines([*twice, GONE, REFUSED])["scratch", "k"]
    assert [event.op for event in line.written["a"]] == twice
    assert list(line.written) == ["a"]
    assert line.refused == {"b": REFUSED}
    assert [event.op for event in line.deletes.events] == [GONE]
    assert len(line.all.events) == 3
    assert line.replaced(read("a", 4, 5)) is None, "written again while it was deleted"
    assert line.replaced(read("b", 4, 5)) == line.all.last(4)
    assert line.replaced(read("b", 1, 5)) is None
