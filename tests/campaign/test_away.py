"""A fault that its provider only claims: what answered that had to be away."""

from __future__ import annotations

from typing import Any

import pytest

from readiness.campaign.away import not_seen_away
from readiness.evidence.scenario import Event, ScenarioRecord
from readiness.history import Op, Outcome, Verb
from readiness.topology import Endpoint, FaultKind, Instance, Topology

TOPOLOGY = Topology(
    ("a", "b"),
    (Instance("a-0", "a", "store"), Instance("b-0", "b", "store")),
    (Endpoint("a", "http://a", "a", "a-0"), Endpoint("b", "http://b", "b", "b-0")),
    None,
)
FIRED, HEALING = 10.0, 14.0


def asked(at: float, *, took: float = 0.7, endpoint: str = "a", answered: bool = True) -> Op:
    """One HEAD through that endpoint."""
    more: dict[str, Any] = (
        {"outcome": Outcome.OK, "status": 200} if answered else {"outcome": Outcome.UNKNOWN}
    )
    return Op(
        index=0, workload="probe", process="p", endpoint=endpoint, verb=Verb.HEAD, bucket="scratch", key="k",
        invoked=at, completed=at + took, **more,
    )  # fmt: skip


def record(kind: FaultKind, *history: Op) -> ScenarioRecord:
    """A fault on node a, said to be there from 10 s until 14 s."""
    event = Event("the fault", kind, ("a",), ("a-0",), 9.9, FIRED, ["a-0 was killed"], HEALING, 14.1, 15.0)
    return ScenarioRecord("a scenario", kind, ("a",), ("b",), True, history, [event], 8.0, 16.0)


@pytest.mark.parametrize(
    ("kind", "history", "doubt"),
    [
        pytest.param(FaultKind.SILENCE, [asked(11)], "answered HTTP 200", id="a frozen one answers once"),
        pytest.param(
            FaultKind.CRASH, [asked(10.1, took=0.2)], "answered HTTP 200", id="at once after a kill"
        ),
        pytest.param(FaultKind.CRASH, [asked(10 + n / 2) for n in range(1, 6)], "of 5 requests", id="always"),
        pytest.param(FaultKind.CRASH, [asked(11 + n / 2) for n in range(2)], "of 2 requests", id="few"),
        pytest.param(FaultKind.CRASH, [], "of 0 requests", id="nobody asked"),
        pytest.param(FaultKind.DRAIN, [asked(12, answered=False)], None, id="drained"),
        pytest.param(FaultKind.FULL_DISK, [asked(11)], None, id="a full disk answers"),
        pytest.param(
            FaultKind.CRASH,
            [asked(10.2, answered=False), *(asked(11 + n / 5) for n in range(9))],
            None,
            id="killed and started again",
        ),
        pytest.param(
            FaultKind.CRASH, [asked(10 + n / 5, endpoint="b") for n in range(9)], "of 0 requests", id="others"
        ),
        pytest.param(FaultKind.RESTART, [asked(10 + n / 5) for n in range(9)], None, id="restarted"),
        pytest.param(
            FaultKind.CRASH, [asked(14 + n / 5) for n in range(9)], "of 0 requests", id="after the heal"
        ),
    ],
)
def test_what_answers_while_it_had_to_be_away_is_doubted(
    kind: FaultKind, history: list[Op], doubt: str | None
) -> None:
    message = not_seen_away(record(kind, *history), TOPOLOGY)
    if doubt is None:
        assert message is None
    else:
        assert message is not None
        assert message.startswith("the fault did not happen as claimed (a-0 was killed): a ")
        assert doubt in message


def test_of_an_instance_that_was_healed_at_once_nobody_can_be_asked() -> None:
    rolling = record(FaultKind.DRAIN)
    rolling.events[0].healing = FIRED + 0.01
    assert not_seen_away(rolling, TOPOLOGY) is None
