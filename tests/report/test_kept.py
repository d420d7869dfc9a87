"""The line beside the verdict: what was measured, and what was promised for it."""

from __future__ import annotations

from readiness.criteria import BY_ID
from readiness.evidence.seen import Promises
from readiness.finding import proved
from readiness.report.kept import promises_kept
from readiness.topology import FaultKind
from readiness.verdict import Result

RTO = {FaultKind.RESTART: 5.0, FaultKind.DRAIN: 5.0, FaultKind.CRASH: 5.0, FaultKind.SILENCE: 10.0}
OUTAGES = {
    "crash:bumble: outage_honey_read_new_at_least_s": 1.0,
    "crash:bumble: outage_honey_read_new_at_most_s": 1.4,
    "crash:sting: outage_service_write_reused_at_most_s": 1.52,
    "silence:honey: outage_service_write_reused_at_most_s": 6.2,
    "silence:honey: available_honey": 9.0,
    "all-killed: outage_honey_read_new_at_most_s": 30.0,
}
WRITES = {
    "steady: acknowledged_writes": 23_000,
    "steady: objects_lost": 0,
    "crash:bumble: acknowledged_writes": 412,
    "crash:bumble: objects_lost": 0,
    "crash:bumble: lost_writes_outside_service": 7,
}


def results(outages: dict[str, float], writes: dict[str, int]) -> list[Result]:
    return [
        Result(BY_ID["P1.14"], proved("", 1, **outages)),
        Result(BY_ID["P1.13"], proved("", 1, **writes)),
    ]


def test_longest_outages_by_kind_and_lost_writes() -> None:
    assert promises_kept(results(OUTAGES, WRITES), Promises(RTO)) == (
        "longest outage: crash 1.5 s (5 s promised), silence 6.2 s (10 s promised); "
        "lost of 23,412 acknowledged writes: 0"
    )


def test_an_outage_whose_end_was_not_seen_is_not_left_out() -> None:
    open_ = {**OUTAGES, "crash:honey: outage_sting_read_new_at_most_s": None}
    found = Result(BY_ID["P1.14"], proved("", 1, **open_))
    assert promises_kept([found], Promises(RTO)) == (
        "longest outage: crash not seen whole (5 s promised), silence 6.2 s (10 s promised)"
    )


def test_a_lost_write_is_counted() -> None:
    lost = WRITES | {"steady: objects_lost": 3, "steady: lost_writes": 12}
    assert promises_kept(results({}, lost), Promises(RTO)) == "lost of 23,412 acknowledged writes: 3"


def test_a_scenario_counts_once_and_keys_that_opentofu_does_not_write_do_not_count() -> None:
    split = {"split:bumble: acknowledged_writes": 40, "split:bumble: objects_lost": 1}
    beyond = {"crash:bumble: acknowledged_writes": 9000, "crash:bumble: objects_lost": 5}
    others = [
        Result(BY_ID["P1.24"], proved("", 1, **(split | WRITES))),
        Result(BY_ID["P1.28"], proved("", 1, **beyond)),
    ]
    assert promises_kept([*results({}, WRITES), *others], Promises(RTO)) == (
        "lost of 23,452 acknowledged writes: 1"
    )


def test_nothing_measured_is_not_said() -> None:
    assert promises_kept(results({}, {}), Promises(RTO)) == ""
    assert promises_kept([], Promises(RTO)) == ""


def test_the_longest_recovery_beside_its_promise_and_without_the_repair() -> None:
    took = {"crash:a: recovered_s": 1.25, "silence:b: recovered_s": 40.0, "repair:c: recovered_s": 300.0}
    rows = [Result(BY_ID["P1.6"], proved("", 1, **took)), Result(BY_ID["P1.21"], proved("", 1, other=9.0))]
    assert promises_kept(rows, Promises(RTO)) == "whole again after 40.0 s at most (600 s promised)"
