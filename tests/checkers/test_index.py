"""Listings, and the agreement of all views."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from readiness.checkers import check_agreement, check_listing
from readiness.finding import State
from readiness.history import Op, Verb

from .build import delete, failed, head, listing, op, read, write

BASE = [
    write("a", 0, 1, key="p/a"),
    write("b", 0, 1, key="p/b"),
    delete(2, 3, key="p/b"),
    write("c", 0, 9, key="p/c"),
]


@pytest.mark.parametrize("keys", [["p/a"], ["p/a", "p/c"]])
def test_right_listing(keys: list[str]) -> None:
    finding = check_listing([*BASE, listing(keys, 4, 5, key="p/")])
    assert finding.state is State.PROVED
    assert finding.measured["entries_due"] == 1


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ([], "left scratch/p/a out of a listing at 5.00 s although write a was acknowledged"),
        (["p/a", "p/b"], "listed scratch/p/b at 5.00 s although delete was acknowledged"),
        (["p/a", "p/x"], "listed scratch/p/x at 5.00 s, which nobody had written"),
        (["p/a", "p/a"], "listed scratch/p/a at 5.00 s 2 times in one listing"),
        (["p/a", "q"], "under the prefix p/"),
    ],
)
def test_wrong_listing(keys: list[str], message: str) -> None:
    finding = check_listing([*BASE, listing(keys, 4, 5, key="p/")])
    assert finding.state is State.REFUTED
    assert message in finding.reason


@pytest.mark.parametrize("keys", [[], ["k"]])
def test_listing_during_a_change_may_show_either(keys: list[str]) -> None:
    known = [write("z", 0, 1, key="z")]
    for change in (
        [write("a", 0, 3)],
        [write("a", 0, 1), delete(2, 6)],
        [write("a", 0, 1), delete(2, 3, status=None)],
        [write("a", 0, 1, status=None)],
        [write("a", 0, 1), delete(1.5, 1.8), write("b", 1.9, 6)],
    ):
        assert check_listing([*known, *change, listing([*keys, "z"], 2, 4)]).state is State.PROVED


def test_listing_out_of_service_or_with_nothing_to_show() -> None:
    finding = check_listing([write("a", 0, 1), listing(["k"], 2, 3), listing([], 2, 3, in_service=False)])
    assert finding.state is State.PROVED
    assert finding.measured["omitted_outside_service"] == 1
    assert check_listing([]).state is State.UNKNOWN
    assert check_listing([listing([], 0, 1)]).state is State.UNKNOWN
    assert check_listing([listing([], 0, 1, status=503)]).state is State.UNKNOWN


def view(endpoint: str, library: str, snapshot: str = "before", value: str | None = "a") -> list[Op]:
    """All that one view says of scratch/k."""
    same: dict[str, Any] = {
        "endpoint": endpoint,
        "library": library,
        "process": snapshot,
        "workload": "matrix",
    }
    keys = [] if value is None else ["k"]
    return [
        head(value, 10, 11, **same),
        read(value, 10, 11, **same),
        listing(keys, 10, 11, **same),
        op("versions", (10, 11), key="", keys=tuple(f"{key}@1" for key in keys), **same),
    ]


def matrix(snapshot: str = "before") -> list[Op]:
    return [
        answer
        for endpoint in ("honey", "bumble")
        for library in ("boto3", "minio")
        for answer in view(endpoint, library, snapshot)
    ]


def test_views_agree() -> None:
    finding = check_agreement(
        [*matrix(), *matrix("during:silence:sting"), *view("honey", "boto3", "after")[:0]]
    )
    assert finding.state is State.PROVED
    assert finding.measured["views"] == 8
    assert finding.measured["snapshots"] == 2


def changed(number: int, **fields: Any) -> list[Op]:
    ops = matrix()
    ops[number] = replace(ops[number], **fields)
    return ops


@pytest.mark.parametrize(
    ("history", "message"),
    [
        (
            changed(12, status=404, value=None),
            "HEAD 404 through bumble with minio where GET 200, for scratch/k (before)",
        ),
        (changed(13, status=404, value=None), "GET 404 through bumble with minio where HEAD 200"),
        (
            changed(13, value="old"),
            "old on GET through bumble with minio where a on HEAD through honey with boto3",
        ),
        (changed(14, keys=()), "LIST omits it through bumble with minio where HEAD 200, for"),
        (changed(15, keys=()), "no version listed through bumble with minio where it exists"),
        (
            changed(15, keys=("k@1", "k@2")),
            "versions through bumble with minio and through honey with boto3 differ (k@2)",
        ),
        (
            changed(14, keys=("k", "ghost")),
            "LIST omits it through honey with boto3 where LIST shows it through bumble",
        ),
        (
            [*view("honey", "boto3"), *view("bumble", "boto3", value=None)],
            "HEAD 404 through bumble with boto3 where",
        ),
    ],
)
def test_difference_is_named(history: list[Op], message: str) -> None:
    finding = check_agreement(history)
    assert finding.state is State.REFUTED
    assert message in finding.reason


def test_lost_view_is_left_out_and_counted() -> None:
    dead = [failed(each) for each in view("sting", "boto3")]
    finding = check_agreement([*matrix(), *dead])
    assert finding.state is State.PROVED
    assert finding.measured["views_lost"] == 1


def test_view_with_holes_is_unknown_unless_asked_again() -> None:
    history = matrix()
    hole = failed(history[3])
    finding = check_agreement([*history[:3], hole, *history[4:]])
    assert finding.state is State.UNKNOWN
    assert "no answer through honey with boto3 to versions" in finding.reason
    assert check_agreement([hole, *history]).state is State.PROVED


def test_objects_being_written_are_left_out() -> None:
    differs = changed(13, value="old")
    quiet = [replace(each, key="quiet") for each in matrix() if each.value]
    both = [
        replace(each, keys=("k", "quiet") if each.verb is Verb.LIST else each.keys and ("k@1", "quiet@1"))
        for each in differs
    ]
    for write_ in (write("b", 9, 12), write("b", 0, 1, status=None)):
        assert check_agreement([*differs, write_]).state is State.UNKNOWN
        finding = check_agreement([*both, *quiet, write_])
        assert finding.state is State.PROVED
        assert finding.measured["objects_disturbed"] == 1
    assert check_agreement([*differs, write("b", 0, 1)]).state is State.REFUTED


def test_listings_that_change_while_nothing_does_disagree() -> None:
    flicker = replace(matrix()[2], keys=())
    assert check_agreement([*matrix(), flicker]).state is State.REFUTED


def test_too_little_to_compare_is_unknown() -> None:
    assert check_agreement([]).state is State.UNKNOWN
    assert check_agreement(view("honey", "boto3")).state is State.UNKNOWN
    assert check_agreement([replace(each, in_service=False) for each in matrix()]).state is State.UNKNOWN
