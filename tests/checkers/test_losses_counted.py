"""What the direct checks count and say, and where their rules begin and end."""

from __future__ import annotations

from typing import Any

import pytest

from readiness.checkers import check_false_absent, check_nothing_lost, check_stale
from readiness.checkers.timeline import timelines
from readiness.finding import Finding, State
from readiness.history import Op

from .build import cas, create, delete, failed, head, listing, op, read, write


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
    assert check_nothing_lost(history, final) == Finding(
        State.PROVED,
        "2 objects read back through 2 endpoints: nothing acknowledged is lost",
        LOST | {"acknowledged_writes": 3, "objects": 2, "endpoints_read": 2, "final_reads": 5},
        5,
    )


def test_objects_that_were_not_read_back_are_told() -> None:
    history = [write("a", 0, 1, key=key) for key in "abcde"]
    final = [
        *(read("a", 10, 11, key=key) for key in "abcd"),
        read("a", 10, 11, key="e", endpoint="honey"),
        failed(read("a", 10, 11, key="a", endpoint="sting")),
    ]
    finding = check_nothing_lost(history, final)
    assert finding.reason == (
        "no final answer through bumble for 1 object with acknowledged writes: scratch/e; "
        "no final answer through honey for 4 objects with acknowledged writes: scratch/a, scratch/b, scratch/c "
        "and 1 more; no final answer through sting for 5 objects with acknowledged writes: scratch/a, scratch/b, "
        "scratch/c and 2 more"
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
    assert (finding.state, finding.reason) == (
        State.UNKNOWN,
        "no acknowledged write was read again at the end",
    )


A, B, GONE = write("a", 0, 1), write("b", 2, 3, endpoint="honey"), delete(2, 3)
REFUSED, FAILED, LATE = create("b", 2, 3, status=412), failed(write("b", 2, 3)), write("b", 12, 13)
CUT = failed(write("b", 2, 3, error="reset"))


@pytest.mark.parametrize(
    ("history", "final", "told", "others"),
    [
        (
            [A],
            read(None, 10, 11),
            (
                "lost acknowledged write: endpoint bumble answered 404 for scratch/k at 11.00 s at the end, although "
                "write a was acknowledged through bumble at 1.00 s and no delete explains it"
            ),
            [A],
        ),
        (
            [A, B],
            read("a", 10, 11),
            (
                "lost acknowledged write: endpoint bumble answered a for scratch/k at 11.00 s at the end, an older "
                "body, although write b was acknowledged through honey at 3.00 s"
            ),
            [A, B],
        ),
        (
            [A, GONE],
            read("a", 10, 11),
            (
                "return of a deleted object: endpoint bumble answered a for scratch/k at 11.00 s at the end, although "
                "delete was acknowledged through bumble at 3.00 s and nobody wrote a again"
            ),
            [A, GONE],
        ),
        (
            [A, REFUSED],
            read("b", 10, 11),
            (
                "refused write found: endpoint bumble answered b for scratch/k at 11.00 s, although create b was "
                "refused (412)"
            ),
            [REFUSED],
        ),
        (
            [A, FAILED],
            read("b", 10, 11),
            (
                "refused write found: endpoint bumble answered b for scratch/k at 11.00 s, although write b was "
                "refused (503)"
            ),
            [FAILED],
        ),
        (
            [A],
            read("?", 10, 11),
            (
                "corrupt body: endpoint bumble answered ? for scratch/k at 11.00 s: a body that the suite never "
                "wrote to it"
            ),
            [],
        ),
        (
            [A, LATE, write("b", 14, 15)],
            read("b", 10, 11),
            (
                "corrupt body: endpoint bumble answered b for scratch/k at 11.00 s, before anyone wrote it (first at "
                "12.00 s)"
            ),
            [LATE],
        ),
    ],
)
def test_each_loss_is_told_with_its_witness(
    history: list[Op], final: Op, told: str, others: list[Op]
) -> None:
    finding = check_nothing_lost(history, [final])
    assert finding.state is State.REFUTED
    assert finding.reason == told
    assert finding.witness == tuple(sorted([*others, final], key=lambda each: each.invoked))


def test_a_write_that_failed_without_a_status_is_told_so() -> None:
    cut = write("b", 2, 3, status=None, outcome=FAILED.outcome)
    assert check_nothing_lost([A, cut], [read("b", 10, 11)]).reason.endswith("although write b failed")


def test_a_body_of_an_object_that_nobody_wrote_is_corrupt() -> None:
    finding = check_nothing_lost([A, read("a", 2, 3, key="other")], [read("a", 10, 11)])
    assert finding.reason.startswith("corrupt body: endpoint bumble answered a for scratch/other")


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
    assert finding.reason.endswith("for 1 object with acknowledged writes: second/k")


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
    assert check_false_absent(history) == Finding(
        State.PROVED,
        "5 answers about existing objects: none denied one",
        ABSENT | {"answers_judged": 5},
        5,
    )


def test_denials_are_told_with_their_witness() -> None:
    seen = read("u", 2, 3)
    unsure, denied = write("u", 0, 1, status=None), read(None, 4, 5, endpoint="sting")
    finding = check_false_absent([unsure, seen, denied])
    assert finding.reason == (
        "false 404: endpoint sting answered 404 for scratch/k at 5.00 s although u was found through bumble at "
        "3.00 s and nothing deleted it"
    )
    assert finding.witness == (unsure, seen, denied)
    short = listing([], 2, 3, endpoint="sting")
    finding = check_false_absent([A, short])
    assert finding.reason == (
        "listing without an existing object: endpoint sting left scratch/k out of a listing at 3.00 s although "
        "write a was acknowledged through bumble at 1.00 s and nothing deleted it"
    )
    assert (finding.witness, finding.measured["answers_judged"]) == ((A, short), 1)


def test_a_listing_that_leaves_out_several_is_one_wrong_answer() -> None:
    wrote = [
        write("x", 0, 1, key=key, status=status) for key, status in (("u", None), ("a", 200), ("b", 200))
    ]
    outside = write("o", 0, 1, key="x/o")
    elsewhere = write("e", 0, 1, bucket="second", key="a")
    for shown, first in (([], "scratch/a"), (["a"], "scratch/b")):
        finding = check_false_absent([outside, elsewhere, *wrote, listing([*shown, "x/o"], 2, 3)])
        assert finding.measured["list_omissions"] == 1
        assert f"left {first} out" in finding.reason
    prefixed = check_false_absent([outside, *wrote, listing([], 2, 3, key="x/")])
    assert "left scratch/x/o out" in prefixed.reason


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
    assert check_stale(history) == Finding(
        State.PROVED,
        "3 answers with a body: none was stale",
        zeros("stale_reads", "returned_from_the_dead") | {"answers_judged": 3},
        3,
    )


def test_stale_reads_are_told_with_their_witness() -> None:
    stale = read("a", 4, 5)
    finding = check_stale([A, B, stale])
    assert finding.reason == (
        "stale read: endpoint bumble answered a for scratch/k at 5.00 s, an older body, although write b was "
        "acknowledged through honey at 3.00 s"
    )
    assert finding.witness == (A, B, stale)
    assert finding.measured["answers_judged"] == 1
    finding = check_stale([A, GONE, stale])
    assert finding.reason == (
        "return of a deleted object: endpoint bumble answered a for scratch/k at 5.00 s although delete was "
        "acknowledged through bumble at 3.00 s and nobody wrote a again"
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
