"""Rolling upgrades by an operator's own command, on a store that scripts started, and what a killed run leaves."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from readiness.candidate.load import Loaded, load
from readiness.candidate.model import Candidate
from readiness.providers import create
from readiness.providers.abilities import Upgrades
from readiness.providers.commands import needed
from readiness.providers.commands.provider import Commands
from readiness.providers.commands.resolved import ResolvedCandidate
from readiness.providers.engine.journal import FaultVerb, MemoryJournal
from readiness.topology import Unsupported
from tests.commands.lab import NODES, Lab
from tests.commands.test_runs import command, printed
from tests.support.contract import CONTRACT
from tests.support.eventually import eventually

FIRST, SECOND = "1.0.0", "1.0.1"


def upgradable(lab: Lab) -> dict[str, Any]:
    raw = lab.declared(upgrade={"from": FIRST, "to": SECOND})
    for node, instance in zip(raw["nodes"], raw["instances"], strict=True):
        node["upgrade"] = {"run": ["sh", "run.sh", "upgrade", node["name"]], "seconds": 60}
        instance["version"] = ["sh", "run.sh", "version", instance["node"]]
    return raw


def made(lab: Lab, raw: dict[str, Any], journal: MemoryJournal | None = None) -> Commands:
    provider = create(load(str(lab.write(raw))), journal=journal)
    assert isinstance(provider, Commands)
    return provider


def running(lab: Lab) -> list[str]:
    """The version that each node runs."""
    argv = [["sh", "run.sh", "version", node] for node in NODES]
    found = [subprocess.run(a, cwd=lab.folder, capture_output=True, text=True, check=False) for a in argv]
    return [ran.stdout.strip().removeprefix("ha-control ") for ran in found]


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture
def provider(lab: Lab, journal: MemoryJournal) -> Iterator[Commands]:
    found = made(lab, upgradable(lab), journal)
    found.start()
    try:
        eventually(found.whole, 30)
        yield found
    finally:
        found.stop()
    assert running(lab) == [FIRST] * 3
    eventually(found.whole, 30)


@pytest.mark.store
def test_a_node_is_upgraded_and_taken_back(provider: Commands, lab: Lab, journal: MemoryJournal) -> None:
    assert isinstance(provider, Upgrades)
    proof = provider.upgrade("honey")
    assert proof.fired, proof.observed
    assert f"store-honey runs ha-control {SECOND}" in proof.observed
    assert running(lab) == [FIRST, SECOND, FIRST]
    eventually(provider.whole, 30)
    assert [(undo.verb, undo.target) for undo in journal.left()] == [("take_back", "honey")]
    provider.take_back("honey")
    assert journal.left() == ()
    eventually(provider.whole, 30)
    assert running(lab) == [FIRST] * 3


@pytest.mark.store
def test_what_is_still_upgraded_is_taken_back_at_the_end_and_by_another_process(
    provider: Commands, lab: Lab, journal: MemoryJournal
) -> None:
    for node in ("bumble", "sting"):
        assert provider.upgrade(node).fired
        eventually(provider.whole, 30)
    later = made(lab, upgradable(lab))
    later.undo(journal.left()[0], {})
    assert running(lab) == [FIRST, FIRST, SECOND]
    eventually(provider.whole, 30)  # the provider does the other one when it stops: see the fixture


@pytest.mark.store
def test_a_command_that_upgrades_nothing_is_not_believed(lab: Lab) -> None:
    raw = upgradable(lab)
    raw["nodes"][1]["upgrade"] = ["sh", "run.sh", "upgrade", "honey", FIRST]  # whatever it is given
    provider = made(lab, raw)
    provider.start()
    try:
        proof = provider.upgrade("honey")
        assert not proof.fired
        assert f"store-honey runs ha-control {FIRST} after the command" in proof.observed
    finally:
        provider.stop()
    eventually(provider.whole, 30)


@pytest.mark.store
@pytest.mark.slow
def test_a_run_that_is_killed_in_the_middle_leaves_every_node_to_the_first_version(
    lab: Lab, tmp_path: Path
) -> None:
    raw = upgradable(lab)
    arguments = ["suites/test_phase1_scratch_s3.py", "-k", "rolling_upgrade", "--allow-faults"]
    with subprocess.Popen(
        command(lab.write(raw), tmp_path / "runs", *arguments),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as suite:
        eventually(lambda: suite.poll() is not None or running(lab).count(SECOND) == 2, 120)
        assert suite.poll() is None
        os.kill(suite.pid, signal.SIGKILL)
        suite.wait(5)
    candidate = f"--candidate={lab.folder / 'lab.toml'}"
    assert "undone: upgrade " in printed(lab, "undo", candidate, code=0)
    assert running(lab) == [FIRST] * 3
    assert "nothing is left to undo" in printed(lab, "undo", candidate, code=0)
    printed(lab, "clean", candidate, f"--runs={tmp_path / 'runs'}", "--yes", code=0)
    assert lab.scratch() == []


# -- what has to be declared


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A candidate of one node that can be upgraded."""
    monkeypatch.setenv("LAB_ACCESS_KEY", "access")
    monkeypatch.setenv("LAB_SECRET_KEY", "a-secret-of-a-test")
    upgrade = {"run": ["ssh", "bumble", "store-version"], "seconds": 120}
    return {
        "schema": 1,
        "name": "example",
        "class": "dedicated-ha",
        "summary": "An example.",
        "provider": {"kind": "commands"},
        "endpoints": [{"name": "b", "url": "http://127.0.0.1:9", "node": "bumble", "instance": "store"}],
        "instances": [{"name": "store", "node": "bumble", "version": ["store", "--version"]}],
        "nodes": [{"name": "bumble", "upgrade": upgrade}],
        "contract": CONTRACT,
        "upgrade": {"from": FIRST, "to": SECOND},
    }


def resolved(raw: dict[str, Any]) -> ResolvedCandidate:
    return ResolvedCandidate(Loaded(Candidate.model_validate(raw), Path("example.toml"), "0" * 64))


def test_the_same_command_takes_a_node_there_and_back(example: dict[str, Any]) -> None:
    there, back = needed.moves(resolved(example), "bumble")
    assert (there.argv[-1], back.argv[-1]) == (SECOND, FIRST)
    assert there.argv[:-1] == back.argv[:-1]
    assert there.seconds == back.seconds == 120
    assert needed.undoing(resolved(example), FaultVerb.TAKE_BACK, "bumble") == back


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (("nodes", "upgrade"), "no upgrade command of node bumble"),
        (("instances", "version"), "no version command of any instance of node bumble"),
    ],
)
def test_what_is_missing_is_said(example: dict[str, Any], part: tuple[str, str], message: str) -> None:
    table, name = part
    for row in example[table]:
        row[name] = None
    with pytest.raises(Unsupported, match=message):
        needed.check(resolved(example), FaultVerb.UPGRADE, "bumble")


def test_a_command_for_upgrades_needs_the_versions(example: dict[str, Any]) -> None:
    example["upgrade"] = None
    with pytest.raises(ValidationError, match=r"nodes\.bumble\.upgrade needs \[upgrade\], which names"):
        Candidate.model_validate(example)
    for node in example["nodes"]:
        node["upgrade"] = None
    with pytest.raises(Unsupported, match=r"no \[upgrade\]"):
        needed.check(resolved(example), FaultVerb.UPGRADE, "bumble")
