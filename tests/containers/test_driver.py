"""The faults of the provider `containers` on an engine on paper: what is done, what is proved, and the undo."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from readiness.providers.commands.runner import Runner
from readiness.providers.containers.driver import ContainerDriver
from readiness.providers.containers.plan import ContainerPlan
from readiness.providers.containers.run import ContainerRun, ContainerState
from readiness.providers.engine import probe
from readiness.providers.engine.engine import Engine
from readiness.providers.engine.journal import MemoryJournal
from readiness.providers.engine.record import Record
from readiness.redact import Redactor
from readiness.topology import Unsupported
from tests.containers.real import changed

HONEY = "control-honey"
ENDED = ContainerState("exited", up=False, paused=False, pid=0, code=0, started="", restarts=0)


class FakeRun:
    """Containers that do at once what they are asked for. `stubborn`: a kill does nothing."""

    def __init__(self, names: list[str]) -> None:
        self.states = dict.fromkeys(names, ENDED)
        self.cut: set[str] = set()
        self.data: dict[str, int] = {}
        self.pids, self.stubborn = 0, False
        for name in names:
            self.start(name)

    def state(self, name: str) -> ContainerState:
        return self.states[name]

    def start(self, name: str) -> None:
        self.pids += 1
        started = f"2026-01-01T00:00:{self.pids:02}Z"
        self.states[name] = ContainerState("running", True, False, self.pids, 0, started, 0)

    def stop(self, name: str) -> None:
        self._end(name, 0)

    def kill(self, name: str) -> None:
        if not self.stubborn:
            self._end(name, 137)

    def _end(self, name: str, code: int) -> None:
        self.states[name] = replace(
            self.states[name], status="exited", up=False, paused=False, pid=0, code=code
        )

    def pause(self, name: str) -> None:
        self.states[name] = replace(self.states[name], status="paused", paused=True)

    def unpause(self, name: str) -> None:
        self.states[name] = replace(self.states[name], status="running", paused=False)

    def attached(self, node: str) -> bool:
        return node not in self.cut

    def detach(self, node: str) -> None:
        self.cut.add(node)

    def attach(self, node: str) -> None:
        self.cut.discard(node)

    def files(self, node: str) -> int:
        return self.data.get(node, 0)

    def empty(self, node: str) -> None:
        self.data[node] = 0


class Fake(Engine[ContainerDriver]):
    """The engine on the driver on the fake containers."""

    name = "containers"

    def __init__(self, folder: Path) -> None:
        record, self.journal = Record(), MemoryJournal()
        loaded = changed()
        super().__init__(loaded.candidate, journal=self.journal, record=record)
        plan = ContainerPlan(loaded)
        self.run = FakeRun(list(plan.containers))
        runner = Runner(folder, record, Redactor())
        self._driver = ContainerDriver(plan, cast("ContainerRun", self.run), runner, lambda: True)

    def left(self) -> list[tuple[str, str]]:
        return [(undo.verb, undo.target) for undo in self.journal.left()]


@pytest.fixture
def provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    monkeypatch.setenv("READINESS_CONTROL_IMAGE", f"localhost/ha-control:1.0.0@sha256:{'a' * 64}")
    made = Fake(tmp_path)
    answered = {True: "accepted", False: None}
    monkeypatch.setattr(probe, "answers", lambda *_at: answered[made.run.attached("honey")])
    monkeypatch.setattr(probe, "status", lambda *_at: None if made.run.state(HONEY).paused else 200)
    return made


def test_a_kill_is_proved_by_the_exit_code_and_undone_by_a_start(provider: Fake) -> None:
    proof = provider.kill(HONEY)
    assert proof.fired, proof
    assert "exited with 137 after SIGKILL" in proof.observed
    assert provider.left() == [("start_instance", HONEY)]
    assert provider.kill(HONEY).observed == f"{HONEY}: it did not run"
    provider.start_instance(HONEY)
    assert provider.driver.runs(HONEY)
    assert provider.left() == []


def test_a_kill_that_did_nothing_did_not_fire(provider: Fake) -> None:
    provider.run.stubborn = True
    assert not provider.kill(HONEY).fired


def test_a_restart_is_another_process(provider: Fake) -> None:
    before = provider.run.state(HONEY).pid
    proof = provider.restart(HONEY)
    assert proof.fired, proof
    assert f"process {before} running before, exited with 0 in between" in proof.observed
    assert provider.left() == []


def test_a_frozen_container_does_not_answer_and_cannot_be_frozen_again(provider: Fake) -> None:
    proof = provider.freeze(HONEY)
    assert proof.fired, proof
    assert "paused after the pause; a request got no answer" in proof.observed
    assert provider.freeze(HONEY).observed == f"{HONEY}: it was paused"
    provider.thaw(HONEY)
    assert provider.run.state(HONEY).running
    assert provider.left() == []


def test_a_cut_node_is_silent_and_on_no_network(provider: Fake) -> None:
    proof = provider.unplug("honey")
    assert proof.fired, proof
    assert "got no answer" in proof.observed
    assert "it is on no network" in proof.observed
    provider.plug("honey")
    calls = len(provider.recorded_calls())
    provider.plug("honey")
    assert provider.run.attached("honey")
    assert len(provider.recorded_calls()) == calls


def test_a_drained_node_is_emptied_and_comes_back(provider: Fake) -> None:
    provider.run.data["honey"] = 3
    with pytest.raises(RuntimeError, match="control-honey runs"):
        provider.wipe("honey")
    proof = provider.drain("honey")
    assert proof.fired, proof
    assert "ended gracefully" in proof.observed
    assert provider.wipe("honey").fired
    assert not provider.wipe("honey").fired
    provider.restore("honey")
    assert provider.driver.runs(HONEY)
    assert provider.left() == []


def test_a_repair_that_is_not_declared_is_unsupported(
    provider: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider.driver.plan, "procedure", lambda _node: None)
    with pytest.raises(Unsupported, match="declares no repair command of node honey"):
        provider.repair("honey")
    assert provider.recorded_calls() == ()
