"""Power and disks by an operator's own commands, on three nodes with disks of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from readiness.candidate.load import load
from readiness.errors import UsageError
from readiness.providers import create
from readiness.providers.commands.provider import Commands
from readiness.providers.engine.journal import MemoryJournal
from readiness.topology import Unsupported
from tests.commands.lab import NODES, Lab, running
from tests.support.eventually import eventually

pytestmark = pytest.mark.store


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    if os.getuid() != 0:
        pytest.skip("disks of their own take root")
    lab = Lab(tmp_path_factory.mktemp("lab"), megabytes=512)
    with running(lab, tmp_path_factory.mktemp("state")) as made:
        yield made


def made(lab: Lab, journal: MemoryJournal | None = None, **changes: object) -> Commands:
    raw = lab.declared()
    for node in raw["nodes"]:
        node.update(changes)
    provider = create(load(str(lab.write(raw))), journal=journal)
    assert isinstance(provider, Commands)
    return provider


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture
def provider(lab: Lab, journal: MemoryJournal) -> Iterator[Commands]:
    found = made(lab, journal)
    found.start()
    try:
        eventually(found.whole, 30)
        yield found
    finally:
        found.stop()
        for node in NODES:
            lab.run("free", node)
            lab.run("power_on", node)
    eventually(found.whole, 30)


def test_a_power_cut_takes_what_was_not_synced(provider: Commands, lab: Lab, journal: MemoryJournal) -> None:
    kept = lab.folder / "honey" / "disk" / "kept"
    kept.write_text("synced")
    os.sync()
    proof = provider.power_off("honey")
    assert proof.fired, proof.observed
    assert [undo.verb for undo in journal.left()] == ["power_on"]
    provider.power_on("honey")
    assert journal.left() == ()
    eventually(provider.whole, 30)
    assert provider.power_was_cut("honey").fired, provider.power_was_cut("honey").observed
    assert kept.read_text() == "synced"


def test_a_kill_that_is_called_a_power_cut_is_not_believed(lab: Lab) -> None:
    provider = made(
        lab, power_off=["sh", "run.sh", "kill", "honey"], power_on=["sh", "run.sh", "start", "honey"]
    )
    provider.start()
    try:
        assert provider.power_off("honey").fired, "it is away, as after a power cut"
        provider.power_on("honey")
        proof = provider.power_was_cut("honey")
        assert not proof.fired
        assert "had 13 bytes before and has 13 after" in proof.observed
    finally:
        provider.stop()
    eventually(provider.whole, 30)


def test_a_full_disk_and_its_undo_by_another_process(
    provider: Commands, lab: Lab, journal: MemoryJournal
) -> None:
    proof = provider.fill("sting")
    assert proof.fired, proof.observed
    (undo,) = journal.left()
    assert undo.verb == "free"
    later = made(lab)
    later.undo(undo, {})
    assert not (lab.folder / "sting" / "disk" / ".ballast").exists()
    lab.run("start", "sting")  # whoever supervises its processes would


def test_a_disk_that_is_not_full_is_not_believed(lab: Lab) -> None:
    provider = made(lab, fill=["true"])
    provider.start()
    try:
        proof = provider.fill("bumble")
        assert not proof.fired
        assert "bytes are available" in proof.observed
    finally:
        provider.stop()


def test_what_has_no_command_says_which(lab: Lab) -> None:
    raw = lab.declared()
    for node in raw["nodes"]:
        del node["power_off"], node["fill"]
    provider = create(load(str(lab.write(raw))))
    assert isinstance(provider, Commands)
    with pytest.raises(Unsupported, match="no power_off command of node bumble"):
        provider.power_off("bumble")
    with pytest.raises(Unsupported, match="no fill command of node bumble"):
        provider.fill("bumble")


def test_a_fault_without_what_undoes_or_shows_it_is_refused(lab: Lab) -> None:
    for missing, why in (
        ("power_on", "power_off needs power_on"),
        ("unsynced_bytes", "power_off needs unsynced_bytes"),
        ("available", "fill needs available"),
    ):
        raw = lab.declared()
        del raw["nodes"][0][missing]
        with pytest.raises(UsageError, match=why):
            load(str(lab.write(raw)))
