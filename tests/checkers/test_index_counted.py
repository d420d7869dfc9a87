"""What the checkers of listings and views count and find, and where their rules begin and end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from readiness.checkers import check_agreement, check_listing
from readiness.finding import Finding, State
from readiness.grounds import Doubt, DoubtKind, Summary, SummaryKind, Violation
from readiness.grounds import ViolationKind as Kind
from readiness.history import Op, Verb

from .build import delete, failed, head, listing, op, read, violations, write
from .test_index import matrix, view

KINDS = ("omitted", "resurrected", "invented", "repeated", "outside_prefix")
NONE_WRONG = {kind + outside: 0 for kind in KINDS for outside in ("", "_outside_service")}


def test_listings_are_counted() -> None:
    history = [
        write("z", 0, 1, key="a"),
        write("a", 0, 1, key="p/a"),
        write("b", 0, 9, key="p/b"),
        write("c", 0, 1, key="p/c"),
        write("d", 0, 1, key="p/d", bucket="second"),
        listing(["p/a", "p/c"], 2, 3, key="p/"),
        listing(["a", "p/a", "p/c"], 2, 3),
        listing(["p/d"], 2, 3, bucket="second"),
        listing([], 2, 3, in_service=False),
        listing([], 2, 3, status=503),
        failed(listing([], 2, 3)),
        op("versions", (2, 3), key="", keys=("p/a@1", "p/a@2")),
        op("list", (2, 3), key=""),
    ]
    finding = check_listing(history)
    assert (finding.state, finding.observations, finding.witness) == (State.PROVED, 3, ())
    assert finding.grounds == (Summary(SummaryKind.LISTED, (3, 6)),)
    assert finding.measured == NONE_WRONG | {"listings": 3, "entries_due": 6, "omitted_outside_service": 3}


def test_a_listing_that_had_nothing_to_show_proves_nothing() -> None:
    finding = check_listing([listing([], 2, 3), write("a", 4, 5), listing(["k"], 6, 7, in_service=False)])
    assert (finding.state, finding.grounds) == (State.UNKNOWN, (Doubt(DoubtKind.NOTHING_LISTED),))
    assert finding.measured["entries_due"] == 0


WROTE, GONE = write("a", 0, 1), delete(2, 3)


@pytest.mark.parametrize(
    ("history", "wrong", "shown"),
    [
        (
            [WROTE, listing([], 2, 3)],
            {"kind": Kind.OMITTED, "known": WROTE, "others": (WROTE,), "listed": "k", "measure": "omitted"},
            (0, 1),
        ),
        (
            [WROTE, GONE, listing(["k"], 4, 5)],
            {
                "kind": Kind.LISTED_AFTER_DELETE,
                "known": GONE,
                "others": (GONE,),
                "listed": "k",
                "measure": "resurrected",
            },
            (1, 2),
        ),
        (
            [WROTE, listing(["k", "x"], 2, 3)],
            {"kind": Kind.LISTED_NEVER_WRITTEN, "listed": "x", "measure": "invented"},
            (1,),
        ),
        (
            [WROTE, listing(["k", "k", "k"], 2, 3)],
            {"kind": Kind.LISTED_REPEATEDLY, "listed": "k", "times": 3, "measure": "repeated"},
            (1,),
        ),
        (
            [WROTE, write("p", 0, 1, key="p/a"), listing(["p/a", "k"], 2, 3, key="p/")],
            {"kind": Kind.LISTED_OUTSIDE_PREFIX, "listed": "k", "measure": "outside_prefix"},
            (2,),
        ),
    ],
)
def test_each_wrong_listing_is_found_with_its_witness(
    history: list[Op], wrong: dict[str, Any], shown: tuple[int, ...]
) -> None:
    finding = check_listing(history)
    assert finding.state is State.REFUTED
    assert finding.grounds == (Violation(answer=history[-1], **wrong),)
    assert finding.witness == tuple(history[index] for index in shown)


def test_one_missing_object_among_others_is_found() -> None:
    others = [write("o", 0, 1, key="other"), write("u", 0, 1, key="p/u", status=None)]
    history = [*others, write("a", 0, 1, key="p/a"), write("b", 0, 1, key="p/b")]
    finding = check_listing([*history, listing(["p/a"], 2, 3, key="p/")])
    (violation,) = violations(finding)
    assert (violation.kind, violation.object) == (Kind.OMITTED, ("scratch", "p/b"))
    finding = check_listing([*history, listing([], 2, 3, key="p/")])
    assert finding.measured["omitted"] == 2


def test_an_object_whose_write_begins_as_the_listing_ends_may_be_shown() -> None:
    assert check_listing([WROTE, write("z", 3, 4, key="z"), listing(["k", "z"], 2, 3)]).state is State.PROVED
    assert (
        check_listing([WROTE, write("z", 3.1, 4, key="z"), listing(["k", "z"], 2, 3)]).state is State.REFUTED
    )


COUNTS = (
    "snapshots",
    "views",
    "views_lost",
    "objects_compared",
    "objects_disturbed",
    "cells",
    "outside_service",
)


def counted(finding: Finding) -> tuple[Any, ...]:
    return tuple(finding.measured[each] for each in COUNTS)


def test_views_are_counted() -> None:
    history = [*matrix(), *matrix("after"), write("z", 0, 1), read("z", 10, 11)]
    finding = check_agreement(history)
    assert (finding.state, finding.observations, finding.witness) == (State.PROVED, 32, ())
    assert finding.grounds == (Summary(SummaryKind.AGREED, (8, 2, 32)),)
    assert finding.measured == dict(zip(COUNTS, (2, 8, 0, 2, 0, 32, 0), strict=True)) | {
        "disagreements": 0,
        "disagreements_outside_service": 0,
    }


def test_views_that_were_lost_or_not_in_service_are_counted() -> None:
    dead = [failed(each) for each in view("sting", "boto3")]
    more_dead = [failed(each) for each in view("sting", "minio")]
    away = [replace(each, in_service=False) for each in view("late", "boto3", value=None)]
    finding = check_agreement([*dead, *matrix(), *more_dead, *away, *away[:1]])
    assert finding.state is State.PROVED
    assert counted(finding) == (1, 4, 2, 1, 0, 16, 5)


def test_views_of_no_object_prove_nothing() -> None:
    empty = [each for name in ("honey", "bumble") for each in view(name, "boto3", value=None)]
    finding = check_agreement(empty)
    assert finding.state is State.PROVED, "both say that k is not there"
    only_lists = [each for each in empty if each.verb is Verb.LIST]
    assert check_agreement(only_lists).grounds == (Doubt(DoubtKind.NO_OBJECT, "before"),)
    alone = check_agreement(view("honey", "boto3"))
    assert alone.grounds == (Doubt(DoubtKind.FEW_VIEWS, "before", counted=1),)
    dead = [failed(each) for each in view("honey", "boto3")]
    assert check_agreement(dead).grounds == (Doubt(DoubtKind.FEW_VIEWS, "before", counted=0),)


def hole(endpoint: str, library: str, *cells: str) -> Doubt:
    return Doubt(DoubtKind.VIEW_INCOMPLETE, "before", endpoint, library, names=cells)


@pytest.mark.parametrize(
    "change",
    [
        {"status": 503, "value": None},
        {"status": 304, "value": None},
        {"outcome": "fail"},
    ],
)
@pytest.mark.parametrize("number", [0, 1])
def test_a_read_that_says_nothing_is_a_hole(number: int, change: dict[str, Any]) -> None:
    history = matrix()
    history[number] = replace(history[number], **change)
    finding = check_agreement(history)
    verb = ("head", "read")[number]
    assert finding.grounds == (hole("honey", "boto3", f"{verb} scratch/k"),)


@pytest.mark.parametrize("change", [{"status": 503}, {"keys": None}, {"outcome": "fail"}])
@pytest.mark.parametrize(("number", "verb"), [(2, "list"), (3, "versions")])
def test_a_listing_that_says_nothing_is_a_hole(number: int, verb: str, change: dict[str, Any]) -> None:
    history = matrix()
    history[number] = replace(history[number], **change)
    assert check_agreement(history).grounds == (hole("honey", "boto3", f"{verb} scratch/"),)


def test_every_hole_is_found() -> None:
    history = matrix()
    holes = [failed(each) for each in (*history[1:3], *history[7:8])]
    finding = check_agreement([*history[:1], *history[3:7], *history[8:], *holes])
    assert finding.grounds == (
        hole("honey", "boto3", "list scratch/", "read scratch/k"),
        hole("honey", "minio", "versions scratch/"),
    )


def test_an_answer_before_a_failed_one_leaves_a_hole() -> None:
    history = matrix()
    assert check_agreement([*history, failed(history[1])]).state is State.UNKNOWN


def test_one_kind_of_answer_makes_a_view() -> None:
    """Each says enough alone to be compared; two agree."""
    for number in range(4):
        history = [matrix()[number], *matrix()[4:8]]
        assert check_agreement(history).measured["views"] == 2


@pytest.mark.parametrize(
    ("write_", "disturbed"),
    [
        (write("b", 9, 10), 1),
        (write("b", 8, 9.9), 0),
        (write("b", 11, 12), 1),
        (write("b", 11.1, 12), 0),
        (write("b", 5, 6, status=None), 1),
        (write("b", 12, 13, status=None), 0),
        (write("b", 5, 6, in_service=False), 1),
        (failed(write("b", 10, 11)), 0),
        (delete(10, 11), 1),
        (head("b", 10, 11), 0),
    ],
)
def test_which_writes_disturb(write_: Op, disturbed: int) -> None:
    measured = check_agreement([*matrix(), write_]).measured
    assert (measured["objects_disturbed"], measured["objects_compared"]) == (disturbed, 1 - disturbed)


def test_a_snapshot_lasts_from_its_first_call_to_its_last_answer() -> None:
    early, late = replace(matrix()[0], invoked=5.0), replace(matrix()[0], completed=20.0)
    for extra, write_ in ((early, write("b", 4, 6)), (late, write("b", 19, 21))):
        assert check_agreement([*matrix(), extra, write_]).measured["objects_disturbed"] == 1


def changed(number: int, **fields: Any) -> list[Op]:
    ops = matrix()
    ops[number] = replace(ops[number], **fields)
    return ops


def differs(kind: Kind, answer: Op, known: Op | None, *names: str) -> Violation:
    return Violation(kind, answer, known, listed="k", names=names, measure="disagreements")


def test_differences_are_found_whole_with_their_witness() -> None:
    history = changed(12, status=404, value=None, endpoint="bumble", library="minio")
    finding = check_agreement(history)
    assert finding.grounds == (differs(Kind.EXISTENCE_DIFFERS, history[12], history[13]),)
    assert finding.witness == tuple(sorted((history[12], history[13]), key=lambda each: each.index))
    history = changed(13, value="old")
    finding = check_agreement(history)
    assert finding.grounds == (differs(Kind.BODY_DIFFERS, history[13], history[0]),)
    assert finding.witness == (history[0], history[13])
    history = changed(15, keys=())
    finding = check_agreement(history)
    assert finding.grounds == (differs(Kind.VERSIONS_MISSING, history[15], None),)
    assert finding.witness == (history[15],)
    history = changed(15, keys=("k@2",))
    finding = check_agreement(history)
    assert finding.grounds == (differs(Kind.VERSIONS_DIFFER, history[15], history[3], "k@1", "k@2"),)
    assert finding.witness == (history[3], history[15])


def test_each_difference_is_counted_once() -> None:
    history = matrix()
    for number in (9, 13):
        history[number] = replace(history[number], value="old")
    assert check_agreement(history).measured["disagreements"] == 1
    history = matrix()
    for number in (7, 11, 15):
        history[number] = replace(history[number], keys=("k@2",))
    assert check_agreement(history).measured["disagreements"] == 1


def test_the_plainest_contrast_is_across_views_if_none_is_within_one() -> None:
    history = [*view("honey", "boto3"), *view("bumble", "boto3", value=None)]
    finding = check_agreement(history)
    assert finding.grounds == (differs(Kind.EXISTENCE_DIFFERS, history[4], history[0]),)
    assert finding.witness == (history[0], history[4])


def test_only_answers_that_cover_the_object_are_asked() -> None:
    """Listings of another bucket or prefix say nothing of it; of versions, only its own count."""
    more = [
        made
        for each in matrix()
        if each.verb in (Verb.LIST, Verb.VERSIONS)
        for made in (replace(each, bucket="second", keys=()), replace(each, key="other/", keys=()))
    ]
    assert check_agreement([*matrix(), *more]).state is State.PROVED
    longer = [
        replace(each, keys=("k@1", "kk@7"))
        if each.verb is Verb.VERSIONS and each.endpoint == "honey"
        else each
        for each in matrix()
    ]
    assert check_agreement(longer).state is State.PROVED


def test_a_listing_alone_brings_its_objects_up() -> None:
    ghost = changed(14, keys=("k", "ghost"))
    finding = check_agreement(ghost)
    assert finding.measured["objects_compared"] == 2
    assert finding.witness == tuple(sorted((ghost[2], ghost[14]), key=lambda each: each.index))
