"""Outage bounds, traffic, and the guard."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.checkers import check_enough, check_outage, guarded, outage_windows
from readiness.finding import Finding, State, proved
from readiness.grounds import Doubt, DoubtKind
from readiness.history import Op, Outcome

from .build import FIXED, failed, op, write


def probe(when: float, good: bool, **more: Any) -> Op:
    made = op(
        "read", (when, when + 0.01), **({"workload": "probe", "connection": "new", "value": "a"} | more)
    )
    return made if good else failed(made)


def stream(dead: list[tuple[float, float]], *, until: float = 10.0, **more: Any) -> list[Op]:
    """A probe each 0.1 s; those sent inside of `dead` fail."""
    times = [round(n * 0.1, 3) for n in range(int(until * 10))]
    return [probe(when, not any(a <= when < b for a, b in dead), **more) for when in times]


def judge(history: list[Op], rto: float, **more: Any) -> Finding:
    settings: dict[str, Any] = {
        "endpoints": ["bumble"],
        "during": (0.0, 9.95),
        "minimum_probes": 50,
        "response_seconds": 3.0,
    }
    return check_outage(history, rto_seconds=rto, **(settings | more))


def test_bounds_of_a_window() -> None:
    (window,) = outage_windows(stream([(2, 4)]), "bumble", response_seconds=3)
    assert window.at_least == (2.0, 3.9)
    assert window.at_most == (1.9, 4.01)
    assert window.failures == 20
    assert (window.opened, window.closed) == (True, True)
    assert (window.endpoint, window.verb, window.connection) == ("bumble", "read", "new")
    assert (window.lower, round(window.upper, 9)) == (1.9, 2.11)


def test_single_failed_probe_lasted_at_least_no_time() -> None:
    (window,) = outage_windows(stream([(2, 2.05)]), "bumble", response_seconds=3)
    assert window.lower == 0
    assert window.upper == pytest.approx(0.21)


def test_short_windows_count_one_by_one() -> None:
    history = stream([(1, 2), (3, 4), (5, 6)])
    assert len(outage_windows(history, "bumble", response_seconds=3)) == 3
    finding = judge(history, 1.5)
    assert finding.state is State.PROVED
    assert finding.measured["available_bumble"] == 0.7


@pytest.mark.parametrize(("rto", "state"), [(1.8, State.REFUTED), (2.0, State.UNKNOWN), (2.2, State.PROVED)])
def test_rto_against_the_bounds(rto: float, state: State) -> None:
    finding = judge(stream([(2, 4)]), rto)
    assert finding.state is state
    assert finding.measured["outage_bumble_read_new_at_least_s"] == 1.9
    assert finding.measured["outage_bumble_read_new_at_most_s"] == 2.11
    if state is State.UNKNOWN:
        assert "cannot tell" in finding.reason


def test_answer_after_the_response_time_is_a_failure() -> None:
    slow = [probe(n / 10, True, completed=n / 10 + (3.5 if 20 <= n < 40 else 0.01)) for n in range(100)]
    assert judge(slow, 1.0).state is State.REFUTED
    assert judge(slow, 1.0, response_seconds=4.0).state is State.PROVED


def test_wrong_answer_is_no_outage_but_an_error_is() -> None:
    wrong = [probe(n / 10, True, status=404, value=None) for n in range(100)]
    assert judge(wrong, 1.0).state is State.PROVED
    for status in (403, 500, 503):
        errors = [probe(n / 10, True, status=200 if n < 20 or n > 60 else status) for n in range(100)]
        assert judge(errors, 1.0).state is State.REFUTED


def test_lost_answer_is_a_failure() -> None:
    lost = [probe(n / 10, True, outcome=Outcome.UNKNOWN if 20 <= n < 40 else Outcome.OK) for n in range(100)]
    assert judge(lost, 1.0).state is State.REFUTED


def test_window_that_never_closes() -> None:
    history = stream([(9, 20)])
    (window,) = outage_windows(history, "bumble", response_seconds=3)
    assert not window.closed
    assert window.upper == float("inf")
    assert judge(history, 0.5).state is State.REFUTED
    finding = judge(history, 5.0)
    assert finding.state is State.UNKNOWN
    assert "end not observed" in finding.reason
    assert finding.measured["outage_bumble_read_new_at_most_s"] is None


def test_window_whose_begin_was_not_seen() -> None:
    assert judge(stream([(0, 1)]), 5.0).state is State.UNKNOWN
    before = [probe(n / 10 - 1, True) for n in range(9)]
    assert judge([*before, *stream([(0, 1)])], 5.0).state is State.PROVED


def test_windows_outside_of_the_fault_are_not_judged() -> None:
    assert judge(stream([(1, 4)]), 1.0, during=(5.0, 9.95), minimum_probes=20).state is State.PROVED


def test_stopped_probe_is_unknown() -> None:
    gap = [each for each in stream([]) if not 3 <= each.invoked < 4]
    finding = judge(gap, 5.0)
    assert finding.state is State.UNKNOWN
    (stopped,) = finding.grounds
    assert isinstance(stopped, Doubt)
    assert (stopped.kind, stopped.where) == (DoubtKind.PROBES_STOPPED, "bumble read new")
    assert stopped.seconds == (4.0 - 2.9, 2.9)
    assert judge(stream([], until=5), 5.0).state is State.UNKNOWN, "stopped before the end"
    assert judge(stream([]), 5.0, minimum_probes=200).state is State.UNKNOWN
    assert judge([], 5.0).state is State.UNKNOWN
    assert judge(stream([]), 5.0, endpoints=["bumble", "sting"]).state is State.UNKNOWN
    assert judge(stream([]), 5.0, endpoints=[]).state is State.UNKNOWN


def test_one_missing_stream_is_unknown_and_one_bad_stream_refutes() -> None:
    other = stream([], endpoint="sting") + stream([], endpoint="sting", connection="reused")
    finding = judge(stream([]) + other, 5.0, endpoints=["bumble", "sting"])
    assert finding.state is State.UNKNOWN
    assert "bumble read reused" in finding.reason
    finding = judge(stream([]) + stream([(1, 8)], connection="reused"), 5.0)
    assert finding.state is State.REFUTED
    assert "bumble read reused" in finding.reason
    assert {each.connection for each in finding.witness} == {"reused"}


def test_time_out_of_service_is_no_outage() -> None:
    restarted = [probe(n / 10, not 20 <= n < 80, in_service=not 25 <= n < 75) for n in range(100)]
    first, second = outage_windows(restarted, "bumble", response_seconds=3)
    assert first.at_most == (1.9, 2.5)
    assert second.at_most == (7.4, 8.01)
    assert judge(restarted, 1.0, minimum_probes=40).state is State.PROVED


@FIXED
@given(
    st.floats(1, 4),
    st.floats(0, 4),
    st.lists(st.floats(0.02, 0.3), min_size=60, max_size=60),
)
def test_the_truth_is_within_the_bounds(begin: float, length: float, gaps: list[float]) -> None:
    """Whatever the probes' times are: an endpoint dead from `begin` for `length`, and answering at once otherwise."""
    when = 0.0
    history = []
    for gap in gaps:
        history.append(probe(when, not begin <= when < begin + length))
        when += gap
    for window in outage_windows(history, "bumble", response_seconds=3):
        assert window.lower <= length
        if window.closed:
            assert length <= window.upper


def test_enough_traffic() -> None:
    history = [write("a", n, n + 0.5, endpoint=("honey", "sting")[n % 2]) for n in range(20)]
    windows = {"before": (0.0, 9.9), "after": (10.0, 20.0)}
    finding = check_enough(history, windows, 5)
    assert finding.state is State.PROVED
    assert finding.observations == 20
    assert finding.measured["before_through_sting"] == 5


@pytest.mark.parametrize(
    ("history", "answers"),
    [
        ([], None),
        ([write("a", 0, 1)], 1),
        ([write("a", n, n + 0.1, status=None) for n in range(5)], 0),
        ([write("a", n, n + 0.1, in_service=False) for n in range(5)], None),
        ([write("a", n, 50) for n in range(5)], 0),
    ],
)
def test_too_little_traffic_is_unknown(history: list[Op], answers: int | None) -> None:
    finding = check_enough(history, {"before": (0.0, 10.0)}, 3)
    assert finding.state is State.UNKNOWN
    if answers is None:
        assert finding.grounds == (Doubt(DoubtKind.NO_TRAFFIC, "before", needed=3),)
    else:
        little = Doubt(DoubtKind.LITTLE_TRAFFIC, "before", "bumble", counted=answers, needed=3)
        assert finding.grounds == (little,)


def test_named_endpoints_must_have_traffic() -> None:
    history = [write("a", n, n + 0.1) for n in range(5)]
    finding = check_enough(history, {"during": (0.0, 10.0)}, 3, endpoints={"during": ["bumble", "sting"]})
    assert finding.state is State.UNKNOWN
    assert check_enough(history, {}, 3).state is State.UNKNOWN


def test_checker_that_throws_is_unknown() -> None:
    def broken(history: list[Op], *, limit: int) -> Finding:
        raise ZeroDivisionError(f"{len(history)} of {limit}")

    finding = guarded(broken, [], limit=3)
    assert finding.state is State.UNKNOWN
    assert finding.reason == "broken could not judge: ZeroDivisionError: 0 of 3"


def test_guard_passes_findings_on_and_keeps_them_honest() -> None:
    assert guarded(lambda: proved("fine", 3)).state is State.PROVED
    assert guarded(lambda: proved("nothing seen", 0)).state is State.UNKNOWN
