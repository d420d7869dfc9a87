"""Phase 2's faults on a candidate on paper: what was done is kept, and what could not be done proves nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from readiness import faults
from readiness.campaign import opentofu
from readiness.campaign.opentofu import TofuCampaign
from readiness.campaign.settings import Settings
from readiness.evidence.scenario import NOT_SELECTED
from readiness.faults import Fault
from readiness.finding import Finding, State
from readiness.load.rig import Rig
from readiness.recording import Recording
from readiness.subject import Subject
from readiness.tofu.env import Disposable
from readiness.tofu.run import TofuRun
from readiness.tofu.workspace import StatePlace, Tools
from readiness.topology import Endpoint, FaultKind, Keys, Proof, Unsupported
from tests.plugin.fake import TOPOLOGY
from tests.support.executed import executed, on_paper

SILENCE = faults.silence(TOPOLOGY, TOPOLOGY.nodes[0])
RTO = 5.0


@dataclass
class Clock:
    at: float = 0.0

    def __call__(self) -> float:
        self.at += 0.01
        return self.at


@dataclass
class Candidate:
    """Provider and watch in one. Proving that a node is silent takes `proof_seconds`."""

    clock: Clock
    proof_seconds: float = 0.0
    possible: bool = True
    undone: bool = True
    fired: bool = True
    name = "bare"

    def freeze(self, name: str) -> Proof:
        if not self.possible:
            raise Unsupported("no silences here")
        self.clock.at += self.proof_seconds
        return Proof(self.fired, f"{name} does not answer")

    def thaw(self, name: str) -> None:
        if not self.undone:
            raise OSError("no such process")

    def whole(self) -> bool:
        return True

    all_in_service = whole

    def hold_out(self, names: tuple[str, ...]) -> None:
        """Nobody watches."""

    readmit = hold_out


@dataclass
class Tofu:
    """In place of a client: every command ends with `code` after 0.2 s."""

    clock: Clock
    endpoint: Endpoint
    code: int = 0
    ran: list[str] = field(default_factory=list)

    @property
    def tools(self) -> Any:
        return self

    def run(self, *arguments: str, **_how: Any) -> TofuRun:
        began = self.clock()
        self.clock.at += 0.2
        self.ran.append(arguments[0])
        code = self.code if arguments[0] == "plan" else 0
        return TofuRun(("tofu", *arguments), self.endpoint.name, code, began, self.clock(), began, "", "", 1)

    def plan(self, *_given: Any, **_how: Any) -> TofuRun:
        return self.run("plan")

    def apply(self, *_given: Any, **_how: Any) -> TofuRun:
        return self.run("apply")

    def init(self) -> TofuRun:
        return self.run("init")

    def init_arguments(self, **_how: Any) -> tuple[str, ...]:
        return ("init",)


@dataclass
class Stand:
    """A campaign whose candidate and whose tofu are on paper."""

    subject: Subject
    candidate: Candidate
    env: Disposable
    made: dict[tuple[str, str], Tofu] = field(default_factory=dict)
    only: frozenset[str] | None = None

    def campaign(self) -> TofuCampaign:
        rig = Rig(cast(Any, self.candidate), cast(Any, None), cast(Any, None))
        return TofuCampaign(self.subject, rig, self.env, Settings(0.5, 0.1, self.only))

    def through(self, *wanted: Fault, moving: Fault | None = None) -> Finding:
        return executed("P2.6", self.campaign().plans_through, wanted, moving, subject=self.subject)


@pytest.fixture
def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stand:
    clock = Clock()
    candidate = Candidate(clock)
    paper = on_paper(tmp_path)
    monkeypatch.setattr(paper.evidence, "now", clock)
    subject = replace(paper, provider=cast(Any, candidate), topology=TOPOLOGY)
    assert subject.promises.rto[FaultKind.SILENCE] == RTO
    tools = Tools(Path("tofu"), tmp_path / "tofu", Keys("A", "S"), clock)
    env = Disposable(tools, StatePlace("b", "k"), "p", TOPOLOGY.all_endpoints())
    stand = Stand(subject, candidate, env)

    def make(_name: str, endpoint: Endpoint, key: str, **_how: Any) -> Tofu:
        return stand.made.setdefault((key, endpoint.name), Tofu(clock, endpoint))

    monkeypatch.setattr(env, "make", make)
    monkeypatch.setattr(env, "forget", lambda *_: None)
    monkeypatch.setattr(subprocess, "Popen", never)
    return stand


def never(*_given: object, **_how: object) -> None:
    raise AssertionError("nothing is started")


def test_plans_through_a_silence_are_proved(stand: Stand) -> None:
    found = stand.through(SILENCE, moving=faults.silence(TOPOLOGY, TOPOLOGY.nodes[-1]))
    assert found.state is State.PROVED, found.reason
    assert {command for tofu in stand.made.values() for command in tofu.ran} == {"init", "apply", "plan"}


def test_a_proof_that_takes_longer_than_the_promise_is_not_counted_against_the_store(stand: Stand) -> None:
    stand.candidate.proof_seconds = 4 * RTO
    found = stand.through(SILENCE, moving=SILENCE)
    assert found.state is State.PROVED, found.reason
    tried = [value for name, value in found.measured.items() if name.endswith("_tries")]
    assert tried
    assert all(isinstance(value, int) and value > 0 for value in tried)


def test_plans_that_fail_all_the_time_are_refuted(stand: Stand) -> None:
    stand.through(SILENCE)
    for tofu in stand.made.values():
        tofu.code = 1
    campaign = stand.campaign()
    campaign._probe.revisions = {endpoint.name: {1} for endpoint in stand.env.endpoints}
    found = executed("P2.5", campaign.plans_through, [SILENCE], subject=stand.subject)
    assert found.state is State.REFUTED
    assert "no plan succeeded within 5 s of the fault" in found.reason


def cannot(candidate: Candidate) -> None:
    candidate.possible = False


def does_not_fire(candidate: Candidate) -> None:
    candidate.fired = False


@pytest.mark.parametrize(
    ("how", "state", "word"),
    [(cannot, State.NOT_RUN, "no silences here"), (does_not_fire, State.UNKNOWN, "did not fire")],
)
def test_a_fault_that_was_not_done_proves_nothing(
    stand: Stand, how: Callable[[Candidate], None], state: State, word: str
) -> None:
    how(stand.candidate)
    found = stand.through(SILENCE)
    assert (found.state, found.impossible) == (state, state is State.NOT_RUN)
    assert word in found.reason


@pytest.mark.parametrize(
    ("criterion", "lacks"), [("P2.13", "cut a node's power"), ("P2.14", "cut a node off")]
)
def test_nothing_is_applied_for_a_fault_that_the_provider_can_never_do(
    stand: Stand, criterion: str, lacks: str
) -> None:
    campaign = stand.campaign()
    play = {"P2.13": campaign.power_cuts, "P2.14": campaign.split_contention}[criterion]
    found = executed(criterion, play, subject=stand.subject)
    assert (found.state, found.impossible) == (State.NOT_RUN, True)
    assert f"the provider bare cannot {lacks}" in found.reason
    assert not stand.made


def test_what_was_not_selected_is_not_run(stand: Stand) -> None:
    stand.only = frozenset({"crash:nobody"})
    found = stand.through(SILENCE)
    assert (found.state, found.impossible) == (State.NOT_RUN, False)
    assert NOT_SELECTED in found.reason


def test_after_an_undo_that_failed_no_fault_is_done_and_everything_is_unknown(stand: Stand) -> None:
    stand.candidate.undone = False
    other = faults.silence(TOPOLOGY, TOPOLOGY.nodes[-1])
    found = stand.through(SILENCE, other)
    assert found.state is State.UNKNOWN
    assert found.reason.count("the suite itself left the candidate broken") == 2, found.reason
    kept = (stand.subject.evidence.folder / "events.jsonl").read_text()
    assert kept.count('"event": "fault"') == 1, "the second one was not done"


def test_each_criterion_of_plans_keeps_what_was_prepared_for_all(stand: Stand) -> None:
    campaign = stand.campaign()
    for id_ in ("P2.4", "P2.5"):
        found = executed(id_, campaign.plans_through, [SILENCE], subject=stand.subject)
        assert found.state is State.PROVED, found.reason
    assert [tofu.ran.count("init") for tofu in stand.made.values()] == [1] * len(stand.made)


def test_an_apply_is_held_in_its_middle_for_longer_than_proofs_took(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.candidate.proof_seconds = 7
    campaign = stand.campaign()
    executed("P2.6", campaign.plans_through, [SILENCE], subject=stand.subject)
    held: list[float] = []

    def hit(*_given: object, hold_seconds: float, **_how: object) -> None:
        held.append(hold_seconds)

    monkeypatch.setattr(opentofu, "apply_through_fault", hit)
    campaign.hit_midway(stand.subject, Recording(stand.subject, "P2.9"))
    assert len(held) == 2
    assert all(seconds > 7 + 1 for seconds in held)
