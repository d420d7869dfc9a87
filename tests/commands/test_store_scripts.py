"""candidates/stores/process.sh: a store of one process is known by its id and start time; no other is signalled."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from readiness.candidate.load import load
from readiness.paths import CANDIDATES
from tests.support.eventually import eventually

SCRIPTS = CANDIDATES / "stores"
STORE = """
set -eu
name=tiny port=1
get() { :; }
version() { echo 1.0; }
run() { exec sleep 300; }
keys() { :; }
. "$(dirname "$0")/process.sh"
"""
Ask = Callable[[str], "subprocess.CompletedProcess[str]"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "stores" / "tiny"


@pytest.fixture
def ask(tmp_path: Path, home: Path) -> Iterator[Ask]:
    shutil.copy(SCRIPTS / "process.sh", tmp_path)
    script = tmp_path / "tiny.sh"
    script.write_text(STORE, encoding="utf-8")

    def run(verb: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["sh", script, verb],
            env=os.environ | {"STORES": str(home.parent)},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    yield run
    run("kill")


def process(ask: Ask) -> psutil.Process:
    return psutil.Process(int(ask("identity").stdout.split()[0]))


def gone(running: psutil.Process) -> bool:
    """Ended, whether or not anyone has asked how."""
    return not running.is_running() or running.status() == psutil.STATUS_ZOMBIE


@pytest.mark.store
def test_it_is_started_once_paused_and_stopped(ask: Ask) -> None:
    assert ask("start").returncode == 0
    first = ask("identity").stdout
    assert ask("start").returncode == 0
    assert ask("identity").stdout == first != ""
    running = process(ask)
    assert running.cmdline() == ["sleep", "300"]
    ask("pause")
    eventually(lambda: running.status() == psutil.STATUS_STOPPED, 10)
    ask("unpause")
    assert ask("stop").returncode == 0
    eventually(lambda: gone(running), 10)
    assert ask("identity").stdout == ""


@pytest.mark.store
def test_after_a_kill_it_is_another(ask: Ask) -> None:
    ask("start")
    first, killed = ask("identity").stdout, process(ask)
    assert ask("kill").returncode == 0
    eventually(lambda: gone(killed), 10)
    assert ask("identity").stdout == ""
    ask("start")
    assert ask("identity").stdout not in ("", first)


@pytest.mark.store
def test_a_process_that_has_its_id_by_now_is_left_alone(ask: Ask, home: Path) -> None:
    home.mkdir(parents=True)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"]) as other:
        (home / "pid").write_text(f"{other.pid} 1\n", encoding="utf-8")
        for verb in ("kill", "pause", "unpause"):
            assert "tiny does not run" in ask(verb).stderr
        assert ask("stop").returncode == 0
        assert other.poll() is None
        other.kill()


@pytest.mark.parametrize("name", ["moto", "s3rver"])
def test_the_candidates_call_verbs_that_the_scripts_have(name: str) -> None:
    candidate = load(name).candidate
    (instance,) = candidate.instances
    commands = [
        instance.start,
        instance.stop,
        instance.kill,
        instance.pause,
        instance.unpause,
        instance.identity,
    ]
    known = (SCRIPTS / "process.sh").read_text(encoding="utf-8")
    for command in [*commands, *candidate.commands.versions.values(), *candidate.commands.capture.values()]:
        assert command is not None
        shell, script, verb = command.run
        assert (shell, script) == ("sh", f"{name}.sh")
        assert f"{verb})" in known or f"|{verb})" in known or f"{verb}|" in known
    script_port = f"port={candidate.endpoints[0].url.rpartition(':')[2]}"
    assert script_port in (SCRIPTS / f"{name}.sh").read_text(encoding="utf-8")
