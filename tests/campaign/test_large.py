"""Bodies that stores do not keep in their metadata, while a fault is held."""

from __future__ import annotations

from dataclasses import replace

from readiness.evidence.scenario import Event, ScenarioRecord
from readiness.finding import State
from readiness.history import Op, Outcome
from readiness.judges.large import large_bodies
from tests.campaign.defects import during
from tests.campaign.healthy import FIRED, HEALING, changed, plus, record, without


def state(made: ScenarioRecord) -> tuple[State, str]:
    (found,) = large_bodies(made)
    return found.state, found.reason


def refused(made: ScenarioRecord, *kinds: str) -> ScenarioRecord:
    """Of these sizes none is acknowledged while the fault holds."""
    return changed(
        made,
        lambda op: op.workload == "large" and during(op) and op.key.startswith(kinds),
        outcome=Outcome.UNKNOWN,
        status=503,
    )


def more(made: ScenarioRecord) -> ScenarioRecord:
    """Large bodies as often as a load writes them."""
    first = next(op for op in made.history if op.key.startswith("large/"))
    times = [FIRED + 0.1 + number * 0.8 for number in range(6)]
    return plus(
        made,
        [
            replace(first, index=9000 + n, key=f"large/more-{n}", invoked=t, completed=t + 0.1)
            for n, t in enumerate(times)
        ],
    )


def small(made: ScenarioRecord, endpoint: str = "a") -> ScenarioRecord:
    """Small bodies are acknowledged all the time."""
    first = next(op for op in made.history if op.workload == "canon")
    times = [FIRED + number * 0.4 for number in range(14)]
    ops: list[Op] = [
        replace(
            first,
            index=9100 + n,
            workload="probe",
            key=f"probe/{n}",
            endpoint=endpoint,
            invoked=t,
            completed=t + 0.1,
        )
        for n, t in enumerate(times)
    ]
    return plus(made, ops)


def test_both_sizes_and_how_many_were_acknowledged() -> None:
    (found,) = large_bodies(record())
    assert found.state is State.PROVED
    assert found.measured["large_acknowledged"] == found.observations == 4


def test_none_acknowledged_where_small_ones_are_is_seen() -> None:
    found, reason = state(small(refused(more(record()), "large/")))
    assert found is State.UNKNOWN
    assert "bodies of 256 KiB was acknowledged while the fault held, where small ones were" in reason


def test_none_acknowledged_where_nothing_is_says_nothing_of_large_ones() -> None:
    assert state(refused(more(record()), "large/"))[0] is State.PROVED
    assert state(small(refused(more(record()), "large/"), endpoint="service"))[0] is State.PROVED


def test_those_of_a_time_without_any_service_do_not_hide_the_others() -> None:
    made = small(refused(more(record()), "large/"))
    away = changed(
        made,
        lambda op: op.workload == "probe" and op.key.startswith("probe/") and op.invoked < FIRED + 1.5,
        outcome=Outcome.UNKNOWN,
        status=None,
    )
    assert state(away)[0] is State.UNKNOWN


def test_one_that_is_acknowledged_is_enough() -> None:
    made = small(refused(record(), "large/"))
    assert state(more(made))[0] is State.PROVED


def test_only_what_was_written_while_a_fault_held_counts() -> None:
    made = record()
    first = made.events[0]
    made.events = [
        replace(first, healing=FIRED + 0.5, healed=FIRED + 0.6),
        replace(first, injecting=HEALING - 2.1, fired=HEALING - 2, healing=HEALING),
    ]
    between = without(made, lambda op: op.workload == "large" and op.invoked > HEALING - 2)
    assert state(between) == (State.UNKNOWN, "no body of 256 KiB was written while the fault held")


def test_a_fault_that_is_soon_over_need_not_meet_one() -> None:
    made = without(record(), lambda op: op.workload == "large")
    made.events = [Event("restart:b", "restart", ("b",), ("b-0",), 3.0, 3.1, ["seen"], 4.0, 4.1, 5.0)]
    assert large_bodies(made) == []
