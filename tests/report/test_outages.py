"""Fault by endpoint: what the first table of the report says, from records alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from readiness.evidence.scenario import Event, ScenarioRecord
from readiness.evidence.seen import Promises
from readiness.finding import State
from readiness.history import Op, Outcome, Verb
from readiness.report.html.lanes import lanes
from readiness.report.html.outages import Row, add, longest, outages_of
from readiness.topology import FaultKind

PROMISES = Promises({FaultKind.CRASH: 4.0, FaultKind.RESTART: 4.0})


def probes(
    endpoint: str, out: tuple[float, float] = (0, 0), away: tuple[float, float] = (0, 0)
) -> Iterator[Op]:
    for tick in range(150):
        at = round(tick * 0.1, 2)
        answers = not out[0] < at < out[1]
        yield Op(
            tick,
            "probe",
            "probe",
            endpoint,
            Verb.READ,
            "scratch",
            "a",
            at,
            round(at + 0.01, 3),
            Outcome.OK if answers else Outcome.UNKNOWN,
            200 if answers else None,
            "body" if answers else None,
            in_service=not away[0] < at < away[1],
            connection="new",
        )


def crash(
    *histories: Iterator[Op], through: Sequence[str] = ("one", "service"), node: str = "two"
) -> ScenarioRecord:
    event = Event(f"crash:{node}", "crash", (node,), (f"store-{node}",), 3.0, 3.1, ["reaped"], 8.0, 8.1, 9.0)
    history = sorted((op for each in histories for op in each), key=lambda op: op.invoked)
    return ScenarioRecord(
        f"crash:{node}", FaultKind.CRASH, (node,), tuple(through), True, history, [event], 0.0, 15.0
    )


def table(*records: ScenarioRecord) -> list[Row]:
    rows: list[Row] = []
    for record in records:
        add(rows, record, PROMISES)
    return rows


def test_a_short_outage_is_shown_with_its_bounds_and_kept() -> None:
    (row,) = table(crash(probes("one"), probes("service", out=(3.05, 4.05))))
    assert (row.words, row.promised) == ("node crash", 4.0)
    assert (row.cell("one").text, row.cell("one").state) == ("none", State.PROVED)
    service = row.cell("service")
    assert (service.text, service.state, service.scenario) == ("0.90 to 1.11 s", State.PROVED, "crash:two")
    assert (row.cell("two").text, row.cell("two").state) == ("may be away", None)


def test_a_long_outage_is_not_kept_and_one_between_the_bounds_cannot_be_told() -> None:
    (row,) = table(crash(probes("one", out=(3.05, 9.05)), probes("service", out=(3.05, 7.05))))
    assert row.cell("one").state is State.REFUTED
    assert row.cell("service").text == "3.90 to 4.11 s"
    assert row.cell("service").state is State.UNKNOWN


TWICE = [*probes("one", out=(4.05, 6.05))], [*probes("one", out=(12.05, 20.0))]
SCENES = {
    "no outage": crash(probes("one"), probes("service")),
    "an outage": crash(probes("one", out=(3.05, 4.05)), probes("service")),
    "it calls itself not ready meanwhile": crash(
        probes("one", out=(3.05, 9.05), away=(3.0, 9.0)), probes("service")
    ),
    "its end was not observed": crash(probes("one", out=(7.05, 20.0)), probes("service")),
    "a longer one, and one whose end was not observed": crash(
        iter([*TWICE[0][:80], *TWICE[1][80:]]), probes("service")
    ),
    "only before the fault": crash(probes("one", out=(0.55, 1.55)), probes("service")),
}


@pytest.mark.parametrize("name", SCENES)
def test_the_table_of_a_scene_says_the_same(name: str) -> None:
    made = SCENES[name]
    for lane in lanes(made, PROMISES.response_seconds):
        if lane.must_serve:
            (seen,) = [one for one in outages_of(made, PROMISES) if one.endpoint == lane.endpoint]
            most = lane.window.upper if lane.window else 0.0
            assert (round(lane.lower, 3), round(most, 3)) == (seen.lower, seen.upper)
            assert lane.outage.partition(";")[0] == seen.words.partition(", not seen")[0]


def test_a_node_that_may_be_away_has_its_outages_in_the_table_of_the_scene() -> None:
    (lane,) = lanes(crash(probes("two", out=(0.55, 1.55), away=(3.0, 9.0))), PROMISES.response_seconds)
    assert lane.outage == "0.90 to 1.11 s"


def test_who_had_to_serve_is_not_excused_by_calling_itself_not_ready() -> None:
    (row,) = table(crash(probes("one", out=(3.05, 9.05), away=(3.0, 9.0)), probes("service")))
    assert row.cell("one").state is State.REFUTED


def test_an_outage_whose_end_was_not_seen_is_no_number() -> None:
    (row,) = table(crash(probes("one", out=(3.05, 99.0)), probes("service")))
    assert row.cell("one").text == "at least 11.80 s, not seen whole"


def test_an_endpoint_that_was_not_asked_is_not_measured() -> None:
    (row,) = table(crash(probes("one")))
    assert (row.cell("service").text, row.cell("service").state) == ("not measured", State.UNKNOWN)


@pytest.mark.parametrize("lack", ["spoiled", "unsupported"])
def test_a_scenario_that_was_not_played_or_is_spoiled_is_not_measured(lack: str) -> None:
    record = crash(probes("one"), probes("service"))
    setattr(record, lack, "the node was not to be killed")
    (row,) = table(record)
    assert (row.cell("one").text, row.cell("one").state) == ("not measured", State.UNKNOWN)
    assert row.unmeasured == ["crash:two: the node was not to be killed"]
    assert longest([row]) is None


def test_of_several_scenarios_the_worst_is_shown_for_each_endpoint() -> None:
    first = crash(probes("one", out=(3.05, 3.55)), probes("service", out=(3.05, 4.05)))
    second = crash(
        probes("two", out=(3.05, 4.55)),
        probes("service", out=(3.05, 3.35)),
        through=("two", "service"),
        node="one",
    )
    (row,) = table(first, second)
    assert row.scenarios == ["crash:two", "crash:one"]
    assert [row.cell(name).scenario for name in ("one", "two", "service")] == [
        "crash:two",
        "crash:one",
        "crash:two",
    ]
    worst = longest([row])
    assert worst is not None
    assert (worst.scenario, worst.endpoint) == ("crash:one", "two")


def test_nobody_left_to_serve_is_refuted() -> None:
    (row,) = table(crash(probes("two"), through=()))
    assert (row.cell("two").text, row.cell("two").state) == ("nobody left to serve", State.REFUTED)


def test_a_restarted_instance_has_to_be_back() -> None:
    record = crash(probes("one"), probes("two", out=(3.05, 6.0), away=(3.0, 6.0)), through=("one",))
    event = replace(record.events[0], kind="restart", fault="restart:two")
    (row,) = table(replace(record, name="restart:two", kind=FaultKind.RESTART, events=[event]))
    assert (row.cell("two").text, row.cell("two").state) == ("back: 3.01 s", State.PROVED)
    assert row.cell("one").state is State.PROVED


def test_without_a_fault_or_a_promise_there_is_no_row() -> None:
    steady = replace(crash(probes("one")), name="steady", kind=None, events=[])
    everyone = replace(crash(probes("one")), name="all-killed", judged_outage=False)
    assert table(steady, everyone) == []
