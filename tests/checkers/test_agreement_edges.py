"""Agreement where little is there to compare: two answers, two snapshots, two buckets, a strange name."""

from __future__ import annotations

from dataclasses import replace

from readiness.checkers import check_agreement
from readiness.finding import State
from readiness.history import Op, Verb

from .build import failed, read, write
from .test_index import matrix, view


def answers(*verbs: Verb) -> list[Op]:
    """Those of a view through honey and of one through bumble."""
    return [each for end in ("honey", "bumble") for each in view(end, "boto3") if each.verb in verbs]


def test_two_bodies_differ() -> None:
    first, second = answers(Verb.READ)
    finding = check_agreement([first, replace(second, value="b")])
    assert finding.state is State.REFUTED
    assert finding.reason.startswith(
        "disagreement: b on GET through bumble with boto3 where a on GET through honey"
    )


def test_an_answer_that_names_no_body_is_not_compared_by_its_body() -> None:
    first, second = answers(Verb.HEAD)
    assert check_agreement([first, replace(second, value=None)]).state is State.PROVED


def test_two_listings_of_versions_differ() -> None:
    head, first, _head, second = answers(Verb.HEAD, Verb.VERSIONS)
    finding = check_agreement(
        [head, first, replace(head, endpoint="bumble"), replace(second, keys=("k@1", "k@2"))]
    )
    assert finding.state is State.REFUTED
    assert "versions through bumble with boto3 and through honey with boto3 differ (k@2)" in finding.reason


def test_an_object_that_is_denied_somewhere_needs_no_versions() -> None:
    here, there = view("honey", "boto3"), view("bumble", "boto3", value=None)
    finding = check_agreement([*here[:2], replace(here[3], keys=()), there[0], there[3]])
    assert finding.measured["disagreements"] == 1


def test_versions_of_an_equal_name_in_another_bucket_are_not_its_own() -> None:
    here, there = view("honey", "boto3"), view("bumble", "boto3")
    elsewhere = replace(there[3], bucket="second", keys=("k@7",))
    assert check_agreement([here[0], here[3], there[0], elsewhere]).state is State.PROVED


def test_a_name_may_hold_the_sign_before_a_version() -> None:
    renamed = [
        replace(each, keys=tuple(key.replace("k", "k@x", 1) for key in each.keys))
        if each.keys is not None
        else replace(each, key="k@x")
        for each in matrix()
    ]
    assert check_agreement(renamed).state is State.PROVED


def test_what_is_left_out_is_counted_over_all_snapshots() -> None:
    lost = [failed(each) for when in ("before", "after") for each in view("sting", "boto3", when)]
    unsure = write("b", 9, 9.5, status=None)
    others = [
        replace(read("a", 10, 11, key="z"), workload="matrix", process=when, endpoint=end, library="boto3")
        for when in ("before", "after")
        for end in ("honey", "bumble")
    ]
    finding = check_agreement([*matrix(), *matrix("after"), *lost, unsure, *others])
    assert (finding.measured["views_lost"], finding.measured["objects_disturbed"]) == (2, 2)
