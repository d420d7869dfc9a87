"""P1.13 after the store's own housekeeping: judged from records made by hand, and asked for by command."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from readiness.campaign.housekeeping import housekeeping
from readiness.candidate.load import load
from readiness.candidate.model import Candidate, Housekeeping
from readiness.criteria import BY_ID
from readiness.errors import Unjudged
from readiness.evidence.scenario import Event, ScenarioRecord
from readiness.evidence.seen import Group, Promises, Seen
from readiness.finding import State
from readiness.history import Op, Outcome, Verb
from readiness.topology import FaultKind, Proof, Topology, Unsupported
from tests.campaign.healthy import ENDS, RTO, Book, changed, record, without

PROVED, REFUTED, UNKNOWN, NOT_RUN = State.PROVED, State.REFUTED, State.UNKNOWN, State.NOT_RUN
BEGAN, ENDED = 3.0, 5.0
Change = Callable[[ScenarioRecord], ScenarioRecord]


def housekept() -> ScenarioRecord:
    """Twenty-one objects, a third overwritten and a third deleted, then housekeeping from 3 s to 5 s."""
    made = record(None, "housekeeping")
    made.kind, book = FaultKind.DRAIN, Book()
    made.events = [Event("housekeeping", "drain", (), (), BEGAN, ENDED, ["done"], ENDED, ENDED, ENDED + 0.1)]
    for number in range(21):
        at = {"key": f"churn/{number}", "process": "churn-0"}
        book.add("churn", Verb.WRITE, "a", 1.0 + number / 50, value=f"c{number}", **at)
        last: str | None = f"c{number}"
        if number % 3 == 1:
            book.add("churn", Verb.WRITE, "a", 1.5 + number / 50, value=f"new{number}", **at)
            last = f"new{number}"
        elif number % 3 == 2:
            book.add("churn", Verb.DELETE, "a", 1.5 + number / 50, status=204, **at)
            last = None
        for endpoint in ENDS:
            found = {"status": 200 if last else 404, "value": last}
            book.add("final", Verb.READ, endpoint, 13.3, key=f"churn/{number}", **found)
    first = 1 + max(op.index for op in made.history)
    made.history = [*made.history, *(replace(op, index=first + op.index) for op in book.ops)]
    return made


def judged(made: ScenarioRecord, seconds: float = 10.0) -> Any:
    declared = {"contract": {"housekeeping": {"seconds": seconds}}}
    seen = Seen(Promises(RTO), {Group.HOUSEKEEPING: [made]}, declared=declared)
    return BY_ID["P1.13"].judged(seen)


def final_of(number: int) -> Callable[[Op], bool]:
    return lambda op: op.workload == "final" and op.key == f"churn/{number}"


def silent(op: Op) -> bool:
    return op.workload == "probe" and op.endpoint == "a" and BEGAN <= op.invoked < BEGAN + 5


def never_happened(made: ScenarioRecord) -> ScenarioRecord:
    made.events = []
    return made


def test_a_store_that_takes_only_garbage_is_proved() -> None:
    found = judged(housekept())
    assert found.state is PROVED, found.reason
    assert found.measured["housekeeping: housekeeping_s"] == 2.0


@pytest.mark.parametrize(
    ("change", "state", "says"),
    [
        (lambda made: changed(made, final_of(0), status=404, value=None), REFUTED, "churn/0"),
        (lambda made: changed(made, final_of(1), value="c1"), REFUTED, "churn/1"),
        (lambda made: changed(made, final_of(2), status=200, value="c2"), REFUTED, "churn/2"),
        (
            lambda made: changed(made, silent, outcome=Outcome.UNKNOWN, status=None, value=None),
            REFUTED,
            "4 s",
        ),
        (lambda made: without(made, final_of(0)), UNKNOWN, "churn/0"),
        (
            lambda made: without(made, lambda op: op.workload == "churn" and op.verb is Verb.DELETE),
            REFUTED,
            "churn/",
        ),
        (
            lambda made: without(without(made, lambda op: op.value is not None and op.value.startswith("new")),
                                 lambda op: op.key in {f"churn/{n}" for n in range(1, 21, 3)}),
            UNKNOWN,
            "0 objects were overwritten",
        ),
        (never_happened, UNKNOWN, "no housekeeping"),
    ],
)  # fmt: skip
def test_one_that_takes_more_is_not(change: Change, state: State, says: str) -> None:
    found = judged(change(housekept()))
    assert found.state is state, found.reason
    assert says in found.reason


def test_it_must_end_in_the_time_promised() -> None:
    found = judged(housekept(), seconds=1.5)
    assert found.state is REFUTED
    assert "took 2.0 s, 1.5 s promised" in found.reason


def test_it_is_played_only_where_the_contract_promises_it() -> None:
    declared = load("embedded").candidate.model_dump(mode="json", by_alias=True)
    assert Group.HOUSEKEEPING not in BY_ID["P1.13"].played(declared)
    declared["contract"]["housekeeping"] = {"seconds": 10}
    assert Group.HOUSEKEEPING in BY_ID["P1.13"].played(declared)
    assert Candidate.model_validate(declared).contract.housekeeping == Housekeeping(seconds=10)


class Stage:
    """What the scenario asks of its stage, in order."""

    def __init__(self, promised: Housekeeping | None, folder: Path, provider: Any = None) -> None:
        clean = SimpleNamespace(clean=lambda text: text.replace("hidden", "***"))
        self.subject = SimpleNamespace(
            contract=SimpleNamespace(housekeeping=promised),
            provider=provider or SimpleNamespace(name="plain"),
            evidence=SimpleNamespace(redactor=clean),
            loaded=SimpleNamespace(path=folder / "x.toml"),
        )
        self.done: list[str] = []
        self.proofs: list[Proof] = []

    def churn(self) -> None:
        self.done.append("churn")

    def fault(self, fault: Any) -> Any:
        self.done.append(fault.name)
        self.proofs = fault.inject(self.subject.provider)
        return self

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def read_back(self) -> None:
        self.done.append("read back")

    def recover(self) -> None:
        self.done.append("recover")


def played(stage: Stage) -> Stage:
    housekeeping(Topology((), (), (), None)).play(stage, {})  # type: ignore[arg-type]
    return stage


def python(text: str, seconds: float = 30) -> Housekeeping:
    return Housekeeping.model_validate(
        {"seconds": seconds, "command": {"run": [sys.executable, "-c", text], "seconds": seconds}}
    )


@pytest.mark.store
def test_the_command_runs_in_the_folder_of_the_file_after_the_churn(tmp_path: Path) -> None:
    stage = played(Stage(python("import os; print('in', os.getcwd(), 'hidden')"), tmp_path))
    assert stage.done == ["churn", "housekeeping", "read back", "recover"]
    (proof,) = stage.proofs
    assert proof.fired
    assert proof.observed.endswith(f"in {tmp_path} ***")


@pytest.mark.store
def test_a_command_that_fails_proves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Unjudged, match="exit code 3: no lock"):
        played(Stage(python("print('no lock'); raise SystemExit(3)"), tmp_path))
    missing = Housekeeping.model_validate({"seconds": 1, "command": ["./not-there"]})
    with pytest.raises(Unjudged, match="not-there cannot be run: No such file"):
        played(Stage(missing, tmp_path))


@pytest.mark.store
def test_one_that_does_not_end_is_killed(tmp_path: Path) -> None:
    stage = played(Stage(python("import time; time.sleep(60)", seconds=0.5), tmp_path))
    assert [proof.observed for proof in stage.proofs] == ["the command had not ended after 0.5 s"]


def test_without_a_command_the_provider_must_know_how(tmp_path: Path) -> None:
    promised, able = Housekeeping(seconds=5), SimpleNamespace(housekeep=lambda: Proof(True, "vacuumed"))
    assert played(Stage(promised, tmp_path, able)).proofs == [Proof(True, "vacuumed")]
    for given in (promised, None):
        stage = Stage(given, tmp_path)
        with pytest.raises(Unsupported):
            played(stage)
        assert stage.done == []
