"""Disks of nodes: power that is cut, space that is gone, and nothing of them left behind. On real loop devices."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from readiness.candidate.load import Loaded
from readiness.errors import UsageError
from readiness.providers.abilities import CutsPower, FillsDisks
from readiness.providers.processes.provider import Processes
from readiness.providers.supervisor import storage
from readiness.providers.supervisor.client import Supervised
from readiness.topology import Unsupported
from tests.providers.tiny import tiny
from tests.support.eventually import eventually

Make = Callable[[Loaded], Processes]
NODE, HERE = "honey", ("back-honey", "front-honey")
pytestmark = pytest.mark.store


@pytest.fixture
def provider(make: Make) -> Processes:
    made = make(tiny())
    made.start()
    if made.driver.deployment.storage.kind != "loop-devices":
        pytest.skip("this machine allows no loop devices")
    return made


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervised]:
    made = Supervised(tmp_path)
    yield made
    made.end()


def disk(provider: Processes, node: str = NODE) -> Path:
    return provider.driver.deployment.storage.disk(node)


def write(path: Path, *, synced: bool) -> None:
    with path.open("w") as out:
        out.write("a state")
        if synced:
            out.flush()
            os.fsync(out.fileno())


def loops(folder: Path) -> str:
    """What loop devices say of images below that folder."""
    listed = subprocess.run(["losetup", "-a"], capture_output=True, text=True, check=True).stdout
    return "\n".join(line for line in listed.splitlines() if str(folder) in line)


def mounts(folder: Path) -> list[str]:
    """Mounts below that folder that any process sees."""
    found = []
    for table in Path("/proc").glob("[0-9]*/mounts"):
        try:
            found += [line for line in table.read_text().splitlines() if str(folder) in line]
        except OSError:
            continue
    return found


def test_a_power_cut_takes_what_was_not_synced_and_nothing_else(provider: Processes) -> None:
    assert isinstance(provider, CutsPower)
    write(disk(provider) / "synced", synced=True)
    write(disk(provider) / "unsynced", synced=False)
    proof = provider.power_off(NODE)
    assert proof.fired, proof.observed
    assert "a write to its disk got EIO" in proof.observed
    assert not any(provider.in_service(name) for name in HERE)
    assert (disk(provider) / "synced").read_text() == "a state"
    lost = disk(provider) / "unsynced"
    assert not lost.exists() or lost.stat().st_size == 0
    provider.power_on(NODE)
    eventually(provider.whole, 20)
    calls = len(provider.recorded_calls())
    provider.power_on(NODE)
    assert len(provider.recorded_calls()) == calls, "there was nothing to undo"


def test_a_kill_keeps_what_was_not_synced(provider: Processes) -> None:
    write(disk(provider) / "unsynced", synced=False)
    for name in HERE:
        assert provider.kill(name).fired
    assert (disk(provider) / "unsynced").read_text() == "a state"


def test_a_power_cut_that_only_kills_is_not_believed(
    provider: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(_node: str, names: list[str]) -> str | None:
        for name in names:
            provider.supervised.signal(name, signal.SIGKILL)
        return None

    monkeypatch.setattr(provider.supervised, "cut_power", kill)
    proof = provider.power_off(NODE)
    assert not proof.fired
    assert "a write to its disk got through" in proof.observed


def test_heal_gives_the_power_back(provider: Processes) -> None:
    provider.power_off(NODE)
    provider.fill(NODE)
    assert provider.heal() == []
    eventually(provider.whole, 20)
    assert not (disk(provider) / "ballast").exists()


def test_a_full_disk_takes_nothing_until_it_is_free(provider: Processes) -> None:
    assert isinstance(provider, FillsDisks)
    proof = provider.fill(NODE)
    assert proof.fired, proof.observed
    with pytest.raises(OSError, match="No space left"):
        (disk(provider) / "more").write_bytes(bytes(1 << 20))
    (disk(provider, "bumble") / "more").write_bytes(bytes(1 << 20))
    provider.free(NODE)
    (disk(provider) / "more").write_bytes(bytes(1 << 20))
    calls = len(provider.recorded_calls())
    provider.free(NODE)
    assert len(provider.recorded_calls()) == calls, "there was nothing to undo"


def test_what_a_store_frees_on_a_full_disk_is_filled_again(provider: Processes) -> None:
    (disk(provider) / "old").write_bytes(bytes(8 << 20))
    provider.fill(NODE)
    (disk(provider) / "old").unlink()
    (disk(provider) / "new").write_bytes(bytes(1 << 20))
    assert provider.fill(NODE).fired
    with pytest.raises(OSError, match="No space left"):
        (disk(provider) / "newer").write_bytes(bytes(1 << 20))


def test_a_wipe_is_a_new_disk(provider: Processes) -> None:
    write(disk(provider) / "before", synced=True)
    for name in HERE:
        provider.kill(name)
    proof = provider.wipe(NODE)
    assert proof.fired, proof.observed
    assert not (disk(provider) / "before").exists()
    for name in HERE:
        provider.start_instance(name)
    eventually(provider.whole, 20)


def test_no_mount_is_seen_outside_and_nothing_is_left(provider: Processes, tmp_path: Path) -> None:
    own = Path("/proc/self/mounts").read_text()
    assert str(tmp_path) not in own
    assert len(set(loops(tmp_path).splitlines())) == 2
    provider.stop()
    eventually(lambda: not loops(tmp_path), 10)
    assert not mounts(tmp_path)
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_mounted_when_the_supervisor_is_killed(
    supervised: Supervised, tmp_path: Path
) -> None:
    if storage.create("auto", ["one", "two"], supervised, lambda _line: None).kind != "loop-devices":
        pytest.skip("this machine allows no loop devices")
    supervised.spawn("kept", ["sleep", "60"], env={}, cwd=tmp_path, log=tmp_path / "log")
    assert loops(tmp_path)
    os.kill(supervised.pid, signal.SIGKILL)
    eventually(lambda: not loops(tmp_path), 10)
    assert not mounts(tmp_path)


@pytest.mark.parametrize("synchronous", [True, False])
def test_what_is_written_synchronously_survives_a_power_cut_unsynced(
    supervised: Supervised, *, synchronous: bool
) -> None:
    """Files of new folders too; and it stays a power cut: what lies beside the data is lost."""
    made = storage.create("auto", ["one"], supervised, lambda _line: None, synchronous=synchronous)
    if made.kind != "loop-devices":
        pytest.skip("this machine allows no loop devices")
    assert made.renew("one"), "a new disk is as the first one"
    below = made.seen(made.data("one")) / "volumes" / "1"
    below.mkdir(parents=True)
    (below / "unsynced").write_text("a state")
    assert made.cut_power("one", []) == "EIO"
    back = made.revive("one")
    assert (back.recovered, back.unsynced, back.kept) == (True, 0, True)
    assert ((below / "unsynced").exists() and (below / "unsynced").read_text() == "a state") is synchronous


def test_the_reason_is_kept_when_loop_devices_are_refused(
    supervised: Supervised, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_nodes: object, *, synchronous: bool) -> None:
        assert not synchronous
        raise RuntimeError("PermissionError: unshare")

    monkeypatch.setattr(supervised, "build_disks", refuse)
    message: list[str] = []
    made = storage.create("auto", ["one"], supervised, message.append)
    assert "their power cannot be cut" in message[0]
    with pytest.raises(Unsupported, match="loop devices refused: PermissionError"):
        made.disk("one")
    with pytest.raises(UsageError, match="run as root"):
        storage.create("loop-devices", ["one"], supervised, message.append)


def test_plain_folders_say_why_their_power_cannot_be_cut(make: Make) -> None:
    provider = make(tiny(disks="folders"))
    provider.start()
    for act in (provider.power_off, provider.fill):
        with pytest.raises(Unsupported, match='disks = "folders"'):
            act(NODE)
    calls = len(provider.recorded_calls())
    provider.power_on(NODE)
    provider.free(NODE)
    assert len(provider.recorded_calls()) == calls, "there is nothing to undo"
    assert provider.whole()
    assert not [line for line in provider.recorded_calls() if "power_off" in line or "fill" in line]
