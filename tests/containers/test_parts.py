"""What a proof asks for, and the parts that need no engine."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from readiness.errors import UsageError
from readiness.obtain.archive import archive
from readiness.providers.containers import observe
from readiness.providers.containers.files import PIECE, _Stream, count_files
from readiness.providers.containers.pause import program
from readiness.providers.containers.run import ContainerState
from readiness.providers.engine.driver import emptied
from readiness.providers.supervisor import linux
from readiness.topology import Proof
from tests.containers.__main__ import TESTS
from tests.support.eventually import eventually

UP = ContainerState(
    "running", up=True, paused=False, pid=10, code=0, started="2026-01-01T00:00:00.5Z", restarts=0
)
DEAD = replace(UP, status="exited", up=False, pid=0, code=137)
ENDED = replace(DEAD, code=0)
AGAIN = replace(UP, pid=11, started="2026-01-01T00:00:02Z")
PAUSED = replace(UP, status="paused", paused=True)


def test_a_kill_is_believed_only_if_a_sigkill_ended_the_same_process() -> None:
    assert observe.killed("a", UP, DEAD).fired
    assert not observe.killed("a", UP, UP).fired
    assert not observe.killed("a", UP, ENDED).fired
    assert not observe.killed("a", DEAD, DEAD).fired
    assert not observe.killed("a", UP, replace(DEAD, started=AGAIN.started)).fired


def test_a_stop_says_whether_it_was_graceful() -> None:
    assert "gracefully" in observe.stopped("a", UP, ENDED).observed
    assert "by SIGKILL" in observe.stopped("a", UP, DEAD).observed
    assert not observe.stopped("a", UP, UP).fired
    assert not observe.stopped("a", ENDED, ENDED).fired


def test_a_restart_needs_an_end_and_another_process() -> None:
    assert observe.replaced("a", UP, ENDED, AGAIN).fired
    assert not observe.replaced("a", UP, UP, AGAIN).fired
    assert not observe.replaced("a", UP, ENDED, UP).fired
    assert not observe.replaced("a", UP, ENDED, ENDED).fired
    assert not observe.replaced("a", ENDED, ENDED, AGAIN).fired


def test_a_freeze_needs_the_same_process_paused_and_nobody_who_answers() -> None:
    assert observe.frozen("a", UP, PAUSED, None).fired
    assert not observe.frozen("a", UP, UP, None).fired
    assert not observe.frozen("a", PAUSED, PAUSED, None).fired
    assert not observe.frozen("a", UP, replace(PAUSED, pid=12), None).fired


def test_unplugged_and_emptied() -> None:
    assert observe.cut_off(Proof(True, "silent"), attached=False).fired
    assert not observe.cut_off(Proof(True, "silent"), attached=True).fired
    assert not observe.cut_off(Proof(False, "answers"), attached=False).fired
    assert emptied("n", 3, 0, "it").fired
    assert not emptied("n", 0, 0, "it").fired
    assert not emptied("n", 3, 1, "it").fired


@pytest.mark.parametrize(
    ("stamp", "seconds"),
    [
        ("1970-01-01T00:00:10.5Z", 90.0 - 0.5),
        ("1970-01-01T00:00:10.123456789Z", 90.0 - 0.123456789),
        ("1970-01-01T00:00:10Z", 90.0),
        ("1970-01-01T01:00:10.5+01:00", 90.0 - 0.5),
        ("1969-12-31T23:00:10-01:00", 90.0),
        ("", None),
        ("yesterday", None),
    ],
)
def test_the_time_since_a_start(stamp: str, seconds: float | None) -> None:
    found = observe.seconds_since(stamp, 100.0)
    assert found is None if seconds is None else found == pytest.approx(seconds, abs=1e-6)


@pytest.mark.store
def test_the_program_of_a_node_does_nothing_until_it_is_killed(tmp_path: Path) -> None:
    machine = os.uname().machine
    path = tmp_path / "pause"
    path.write_bytes(program(machine))
    path.chmod(0o755)
    with subprocess.Popen([path]) as process:
        eventually(lambda: linux.thread_states(process.pid) == ["S"])
        assert process.poll() is None
        ticks = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        assert ticks[11:13] == ["0", "0"], "it uses the processor"
        process.kill()
    assert process.returncode == -9


@pytest.mark.parametrize(("machine", "number"), [("amd64", 62), ("arm64", 183)])
def test_programs_are_of_their_machine(machine: str, number: int) -> None:
    assert int.from_bytes(program(machine)[18:20], "little") == number
    with pytest.raises(UsageError, match="riscv64"):
        program("riscv64")


def test_an_image_is_the_same_each_time_and_consistent() -> None:
    made = [
        archive("a/b:c", "x86_64", {"run": b"#!"}, entrypoint=["/run"], labels={"who": "me"})
        for _ in range(2)
    ]
    assert made[0] == made[1]
    with tarfile.open(fileobj=io.BytesIO(made[0])) as tar:
        files = {entry.name: tar.extractfile(entry) for entry in tar}
        content = {name: file.read() for name, file in files.items() if file is not None}
    (manifest,) = json.loads(content["manifest.json"])
    assert manifest["RepoTags"] == ["a/b:c"]
    config = content[manifest["Config"]]
    assert manifest["Config"] == f"{hashlib.sha256(config).hexdigest()}.json"
    message = json.loads(config)
    assert message["architecture"] == "amd64"
    assert message["config"]["Labels"] == {"who": "me"}
    assert message["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(content['layer.tar']).hexdigest()}"]
    with tarfile.open(fileobj=io.BytesIO(content["layer.tar"])) as layer:
        assert [(entry.name, oct(entry.mode)) for entry in layer] == [("tmp", "0o1777"), ("run", "0o755")]


def test_a_large_answer_in_pieces_is_read_as_one_file() -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for number in range(3):
            entry = tarfile.TarInfo(f"file{number}")
            entry.size = 3_000_001
            tar.addfile(entry, io.BytesIO(bytes([number]) * entry.size))
    content = packed.getvalue()
    pieces = [b"", *(content[at : at + 70_001] for at in range(0, len(content), 70_001)), b""]
    stream = io.BufferedReader(_Stream(iter(pieces)), PIECE)
    assert stream.read() == content
    stream = io.BufferedReader(_Stream(iter(pieces)), PIECE)
    with tarfile.open(fileobj=stream, mode="r|", bufsize=PIECE) as tar:
        assert [entry.size for entry in tar] == [3_000_001] * 3
    assert count_files(pieces) == 3


@pytest.mark.store
def test_the_lane_runs_every_test_that_needs_an_engine() -> None:
    collected = subprocess.run(
        [sys.executable, "-m", "pytest", *TESTS, "--collect-only"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    real = {path.name for path in Path(__file__).parent.glob("real_*.py")}
    assert real
    assert all(f"/{name}::" in collected for name in real)
