"""What the outage and traffic checkers measure and find, and where their rules begin and end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from readiness.checkers import check_enough, check_outage, guarded, outage_windows
from readiness.checkers.outage import answered, streams
from readiness.finding import Finding, State, proved
from readiness.grounds import Doubt, DoubtKind, Summary, SummaryKind, Violation, Window
from readiness.grounds import ViolationKind as Kind
from readiness.history import Op, Verb

from .build import failed, read, write
from .test_outage import judge, probe, stream


def writes(dead: list[tuple[float, float]], **more: Any) -> list[Op]:
    return [replace(each, verb=Verb.WRITE) for each in stream(dead, **more)]


def test_every_stream_is_measured() -> None:
    history = [
        *stream([(2, 4), (6, 6.35)]),
        *writes([(1, 1.5)], connection="reused"),
        *stream([], endpoint="sting"),
        *writes([(3, 3.1)], endpoint="sting", connection="reused"),
        write("a", 5, 9),
    ]
    finding = judge(history, 5.0, endpoints=["bumble", "sting"])
    assert (finding.state, finding.observations, finding.witness) == (State.PROVED, 400, ())
    longest = outage_windows(history, "bumble", response_seconds=3)[1]
    assert round(longest.upper, 9) == 2.11
    assert finding.grounds == (Summary(SummaryKind.SHORT_OUTAGES, (400, longest.upper, 5.0)),)
    assert finding.measured == {
        "outage_bumble_read_new_at_least_s": 1.9,
        "outage_bumble_read_new_at_most_s": 2.11,
        "outage_bumble_write_reused_at_least_s": 0.4,
        "outage_bumble_write_reused_at_most_s": 0.61,
        "available_bumble": 0.855,
        "outage_sting_read_new_at_least_s": 0.0,
        "outage_sting_read_new_at_most_s": 0.0,
        "outage_sting_write_reused_at_least_s": 0.0,
        "outage_sting_write_reused_at_most_s": 0.21,
        "available_sting": 0.995,
        "probes": 400,
        "windows": 4,
        "rto_seconds": 5.0,
    }


def test_no_outage() -> None:
    finding = judge(stream([]), 1.0)
    assert finding.grounds == (Summary(SummaryKind.NO_OUTAGE, (100,)),)
    assert finding.measured["available_bumble"] == 1.0


def bounds(window: Window) -> tuple[float, float, float]:
    """When it began, and how long it lasted at least and at most."""
    return window.at_least[0], round(window.lower, 9), round(window.upper, 9)


def test_the_longest_window_refutes() -> None:
    history = stream([(1, 2), (3, 6), (7, 7.5)])
    finding = judge(history, 1.5)
    longest = outage_windows(history, "bumble", response_seconds=3)[1]
    assert bounds(longest) == (3.0, 2.9, 3.11)
    assert (longest.endpoint, longest.verb, longest.connection) == ("bumble", "read", "new")
    assert finding.grounds == (
        Violation(Kind.OUTAGE, history[30], others=(history[59],), window=longest, limit=1.5),
    )
    assert finding.witness == (history[30], history[59])
    assert (finding.observations, finding.measured["windows"]) == (100, 3)


@pytest.mark.parametrize(
    ("rto", "state"),
    [(1.89, State.REFUTED), (1.9, State.UNKNOWN), (2.1, State.UNKNOWN), (2.125, State.PROVED)],
)
def test_a_window_of_just_the_promised_length_is_within(rto: float, state: State) -> None:
    """Dead from 2.0: probes each 1/8 s, times that floats hold exactly."""
    history = [probe(n / 8, not 16 <= n <= 32, completed=n / 8) for n in range(80)]
    finding = judge(history, {1.89: 1.99, 1.9: 2.0, 2.1: 2.2, 2.125: 2.25}[rto], interval_seconds=0.125)
    assert finding.state is state
    assert finding.measured["outage_bumble_read_new_at_least_s"] == 2.0
    assert finding.measured["outage_bumble_read_new_at_most_s"] == 2.25


def test_doubts_are_found_and_counted() -> None:
    history = stream([(1, 2), (3, 4), (5, 6), (7, 8)])
    windows = outage_windows(history, "bumble", response_seconds=3)
    assert [bounds(window) for window in windows] == [(begin, 0.9, 1.11) for begin in (1.0, 3.0, 5.0, 7.0)]
    unsure = [Doubt(DoubtKind.OUTAGE_BETWEEN_BOUNDS, needed=1.0, window=window) for window in windows]
    four = judge(history, 1.0)
    assert four.grounds == tuple(unsure)
    assert four.reason.endswith(" (and 1 more)")
    three = judge(history[:70], 1.0, during=(0.0, 6.95))
    assert three.grounds == tuple(unsure[:3])
    assert "more" not in three.reason
    assert (three.observations, three.measured["windows"]) == (70, 3)


def test_windows_whose_ends_were_not_seen() -> None:
    (begun,) = outage_windows(stream([(0, 1)]), "bumble", response_seconds=3)
    assert bounds(begun) == (0.0, 0.9, float("inf"))
    assert (begun.opened, begun.connection) == (False, "new")
    assert begun.at_most == (0.0, 1.01)
    (ended,) = outage_windows(stream([(9, 20)]), "bumble", response_seconds=3)
    assert bounds(ended) == (9.0, 0.9, float("inf"))
    assert (ended.opened, ended.connection) == (True, "new")
    assert ended.at_most == (8.9, ended.last.completed)
    assert (begun.closed, ended.closed) == (True, False)
    (neither,) = outage_windows(stream([(0, 20)], connection=""), "bumble", response_seconds=3)
    assert bounds(neither) == (0.0, 9.9, float("inf"))
    assert (neither.opened, neither.closed, neither.connection) == (False, False, "")
    assert (neither.failures, neither.first.invoked, neither.last.invoked) == (100, 0.0, 9.9)


def test_windows_are_of_one_endpoint_in_the_order_they_began() -> None:
    history = [
        *stream([(5, 6)]),
        *stream([(2, 3), (7, 8)], connection="reused"),
        *stream([(1, 9)], endpoint="sting"),
    ]
    found = outage_windows(history, "bumble", response_seconds=3)
    assert [(window.at_least[0], window.connection) for window in found] == [
        (2.0, "reused"),
        (5.0, "new"),
        (7.0, "reused"),
    ]


def test_streams_hold_probes_in_the_order_they_were_sent() -> None:
    second, first, twin = probe(2, True), probe(1, True), probe(1, False)
    found = streams([second, twin, first, write("a", 0, 1), probe(3, True, connection="reused")])
    assert list(found) == [("bumble", "read", "new"), ("bumble", "read", "reused")]
    assert found["bumble", "read", "new"] == [first, twin, second]


@pytest.mark.parametrize(
    ("made", "is_answered"),
    [
        (read("a", 0, 3), True),
        (read("a", 0, 3.01), False),
        (read("a", 0, 1, status=399), True),
        (read("a", 0, 1, status=400), False),
        (read("a", 0, 1, status=None), False),
        (read("a", 0, 1, status=404), True),
        (read("a", 0, 1, status=412), True),
        (read("a", 0, 1, status=403), False),
        (failed(read("a", 0, 1)), False),
    ],
)
def test_what_counts_as_an_answer(made: Op, is_answered: bool) -> None:
    assert answered(made, 3.0) is is_answered


def test_an_answer_without_a_status_is_one() -> None:
    ok = read("a", 0, 1)
    assert answered(read("a", 0, 1, status=None, outcome=ok.outcome), 3.0)


def test_a_window_that_touches_the_fault_is_judged() -> None:
    history = stream([(1, 3), (8, 9)])
    for during, windows in (((3.0, 7.95), 0), ((2.9, 7.95), 1), ((3.0, 8.0), 1), ((2.9, 8.0), 2)):
        measured = judge(history, 9.0, during=during, minimum_probes=5).measured
        assert measured["windows"] == windows, during


def test_probes_are_counted_within_the_fault() -> None:
    assert judge(stream([]), 1.0, during=(1.0, 8.0), minimum_probes=71).observations == 71
    finding = judge(stream([]), 1.0, during=(1.0, 8.0), minimum_probes=72)
    assert finding.grounds == (Doubt(DoubtKind.FEW_PROBES, "bumble read new", counted=71, needed=72),)


def test_a_probe_needs_no_more_than_it_was_told() -> None:
    one = [probe(n, True, in_service=n == 1) for n in range(3)]
    settings: dict[str, Any] = {"during": (0.0, 2.0), "interval_seconds": 1.0}
    assert judge(one, 1.0, minimum_probes=1, **settings).state is State.PROVED
    assert judge(one, 1.0, minimum_probes=0, **settings).state is State.PROVED
    finding = judge([], 1.0, minimum_probes=0, **settings)
    assert (finding.state, finding.observations) == (State.UNKNOWN, 0)
    assert finding.grounds == (Doubt(DoubtKind.NO_PROBE),)
    assert finding.measured == {"available_bumble": None, "probes": 0, "windows": 0, "rto_seconds": 1.0}
    none = judge(one, 1.0, endpoints=["sting"], minimum_probes=0, **settings)
    assert none.grounds == (Doubt(DoubtKind.FEW_PROBES, "sting read new", counted=0, needed=1),)
    nobody = judge(one, 1.0, endpoints=[], minimum_probes=0, **settings)
    assert nobody.grounds == (Doubt(DoubtKind.NO_PROBE),)


def stopped(gap: float, since: float) -> Doubt:
    return Doubt(DoubtKind.PROBES_STOPPED, "bumble read new", seconds=(gap, since))


@pytest.mark.parametrize(("missing", "state"), [(4, State.PROVED), (5, State.UNKNOWN)])
def test_a_gap_of_five_intervals_is_none_too_many(missing: int, state: State) -> None:
    """Times that floats hold exactly: a probe each 1/8 s."""
    history = [probe(n / 8, True) for n in range(80) if not 20 <= n < 20 + missing]
    finding = judge(history, 1.0, interval_seconds=0.125)
    assert finding.state is state
    if state is State.UNKNOWN:
        assert finding.grounds == (stopped(0.75, 2.375),)


def test_the_gap_before_the_first_and_after_the_last_probe_counts() -> None:
    for during, gap, since in (((-1.0, 9.9), 1.0, -1.0), ((0.0, 11.0), 11.0 - 9.9, 9.9)):
        assert judge(stream([]), 1.0, during=during).grounds == (stopped(gap, since),)


def test_defaults_of_the_response_time_and_the_interval() -> None:
    slow = [probe(n / 8, True, completed=n / 8 + 3.0) for n in range(80)]
    assert judge(slow, 1.0).state is State.PROVED
    late = [probe(n / 8, True, completed=n / 8 + 3.125) for n in range(80)]
    assert judge(late, 1.0).state is State.REFUTED
    sparse = [probe(n / 2, True) for n in range(20)]
    assert judge(sparse, 1.0, minimum_probes=5).state is State.PROVED
    sparser = [probe(n * 0.625, True) for n in range(17)]
    assert judge(sparser, 1.0, minimum_probes=5).state is State.UNKNOWN


def test_out_of_service_ends_a_window_and_begins_the_next() -> None:
    history = [probe(n / 8, not 8 <= n < 32, in_service=not 16 <= n < 24) for n in range(80)]
    first, second = outage_windows(history, "bumble", response_seconds=3)
    assert (first.at_most, first.opened, first.closed) == ((0.875, 2.0), True, True)
    assert (second.at_most, second.opened, second.closed) == ((2.875, 4.01), True, True)


def test_bounds_of_a_made_window() -> None:
    same: dict[str, Any] = {"at_least": (2.0, 3.0), "at_most": (1.0, 5.0), "failures": 2}
    for opened, closed, upper in (
        (True, True, 4.0),
        (False, True, float("inf")),
        (True, False, float("inf")),
    ):
        made = Window(
            "e", "read", "", **same, opened=opened, closed=closed, first=probe(2, False), last=probe(3, False)
        )
        assert (made.lower, made.upper) == (1.0, upper)


def little(window: str, endpoint: str, answers: int, needed: int) -> Doubt:
    return Doubt(DoubtKind.LITTLE_TRAFFIC, window, endpoint, counted=answers, needed=needed)


def test_traffic_is_counted_in_each_window() -> None:
    history = [
        *(write("a", n, n + 0.5, endpoint="honey") for n in range(10)),
        *(write("a", n, n + 0.5, endpoint="sting") for n in range(4)),
        write("a", 0, 0.5, endpoint="sting", status=None),
        write("a", 0, 5, endpoint="sting"),
        write("a", 0, 0.5, endpoint="late", in_service=False),
    ]
    windows = {"before": (0.0, 4.0), "after": (5.0, 9.5)}
    finding = check_enough(history, windows, 4)
    assert (finding.state, finding.observations) == (State.PROVED, 13)
    assert finding.grounds == (Summary(SummaryKind.TRAFFIC, (13, 2)),)
    assert finding.measured == {
        "before_through_honey": 4,
        "before_through_sting": 4,
        "after_through_honey": 5,
    }
    finding = check_enough(history, windows, 5, endpoints={"after": ["sting", "honey"]})
    assert (finding.state, finding.observations) == (State.UNKNOWN, 13)
    assert finding.grounds == (
        little("before", "honey", 4, 5),
        little("before", "sting", 4, 5),
        little("after", "sting", 0, 5),
    )
    assert finding.measured == {
        "before_through_honey": 4,
        "before_through_sting": 4,
        "after_through_honey": 5,
        "after_through_sting": 0,
    }
    none = check_enough(history, {}, 5)
    assert (none.state, none.observations, none.measured) == (State.UNKNOWN, 0, {})
    assert none.grounds == (Doubt(DoubtKind.NO_WINDOW),)


def test_a_window_holds_what_was_asked_at_its_begin_and_answered_at_its_end() -> None:
    history = [write("a", 1, 2), write("a", 1, 2.5), write("a", 2, 2)]
    assert check_enough(history, {"w": (1.0, 2.0)}, 2).observations == 2
    assert check_enough(history, {"w": (1.5, 2.0)}, 1).observations == 1


def test_no_less_than_one_answer_is_asked_for() -> None:
    nothing = [write("a", 0, 1, status=None)]
    finding = check_enough(nothing, {"w": (0.0, 2.0)}, 0)
    assert finding.grounds == (little("w", "bumble", 0, 1),)
    assert check_enough([write("a", 0, 1)], {"w": (0.0, 2.0)}, 0).state is State.PROVED
    nothing_at_all = check_enough([], {"w": (0.0, 2.0)}, 0)
    assert nothing_at_all.grounds == (Doubt(DoubtKind.NO_TRAFFIC, "w", needed=1),)


def test_the_guard_names_what_has_no_name() -> None:
    class Callable_:  # noqa: N801
        def __call__(self, answer: int) -> Finding:
            return proved(f"{1 // answer}", 1)

    assert guarded(Callable_(), 1) == Finding(State.PROVED, "1", {}, 1)
    finding = guarded(Callable_(), 0)
    (doubt,) = finding.grounds
    assert isinstance(doubt, Doubt)
    assert (doubt.kind, doubt.where, doubt.names[0]) == (
        DoubtKind.CHECKER_FAILED,
        "Callable_",
        "ZeroDivisionError",
    )
    (named,) = guarded(check_outage, 3).grounds  # type: ignore[arg-type, call-arg]
    assert isinstance(named, Doubt)
    assert named.where == check_outage.__name__


def test_measures_are_rounded() -> None:
    history = [probe(n / 7, not 14 <= n <= 20, completed=n / 7 + 0.01) for n in range(70)]
    measured = judge(history, 5.0, interval_seconds=0.2).measured
    assert measured["outage_bumble_read_new_at_least_s"] == 0.857
    assert measured["outage_bumble_read_new_at_most_s"] == 1.153
    assert measured["available_bumble"] == 0.9
    assert (
        judge([*history, probe(9.95, good=True)], 5.0, interval_seconds=0.2).measured["available_bumble"]
        == 0.9014
    )


def test_no_endpoint_to_ask_is_no_proof_and_measured() -> None:
    finding = judge(stream([]), 1.0, endpoints=[])
    assert (finding.state, finding.grounds) == (State.UNKNOWN, (Doubt(DoubtKind.NO_PROBE),))
    assert (finding.measured["probes"], finding.measured["windows"]) == (0, 0)
