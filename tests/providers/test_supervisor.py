"""Nothing outlives a run: however the run ends."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from readiness.paths import ROOT
from readiness.providers.supervisor import linux
from readiness.providers.supervisor.client import Supervised, SupervisorGone
from tests.support.eventually import eventually

pytestmark = pytest.mark.store

SLEEPER = [sys.executable, "-S", "-c", "import time; print('up', flush=True); time.sleep(600)"]
ESCAPING = """
import os, time
if os.fork() == 0:
    os.setsid()
    open("escaped", "w").write(str(os.getpid()))
time.sleep(600)
"""
PARENT_OF_A_CHILD = [sys.executable, "-S", "-c", ESCAPING]


def alive(pid: int) -> bool:
    found = linux.stat(pid)
    return found is not None and found.state != "Z"


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervised]:
    made = Supervised(tmp_path)
    yield made
    made.end()


def spawn(supervised: Supervised, name: str, argv: list[str] = SLEEPER) -> int:
    folder = supervised.folder
    return supervised.spawn(name, argv, env={}, cwd=folder, log=folder / f"{name}.log").pid


def test_a_process_is_started_watched_and_its_end_is_told(supervised: Supervised) -> None:
    before = time.monotonic()
    pid = spawn(supervised, "one")
    status = supervised.status("one")
    assert status is not None
    assert status.running
    assert status.pid == pid
    assert before <= status.started <= time.monotonic()
    eventually(lambda: (supervised.folder / "one.log").read_text() == "up\n")
    assert supervised.signal("one", signal.SIGKILL)
    ended = supervised.wait("one", 5)
    assert ended is not None
    assert ended.ended == -signal.SIGKILL
    assert not supervised.signal("one", signal.SIGKILL)


def test_the_environment_is_only_what_was_given(
    supervised: Supervised, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "operators-own")
    supervised.spawn(
        "env", ["/usr/bin/env"], env={"A": "1"}, cwd=supervised.folder, log=supervised.folder / "env.log"
    )
    supervised.wait("env", 5)
    assert (supervised.folder / "env.log").read_text() == "A=1\n"


def test_a_name_can_run_only_once_at_a_time(supervised: Supervised) -> None:
    first = spawn(supervised, "one")
    with pytest.raises(RuntimeError, match="one runs already"):
        spawn(supervised, "one")
    supervised.signal("one", signal.SIGKILL)
    supervised.wait("one", 5)
    assert spawn(supervised, "one") != first


def test_a_program_that_is_not_there_is_an_error_at_once(supervised: Supervised) -> None:
    with pytest.raises(RuntimeError, match="No such file"):
        spawn(supervised, "none", ["/no/such/program"])


def test_the_folder_is_private(supervised: Supervised) -> None:
    assert supervised.folder.stat().st_mode & 0o777 == 0o700


def test_end_kills_what_is_frozen_and_what_escaped_and_removes_the_folder(tmp_path: Path) -> None:
    supervised = Supervised(tmp_path)
    frozen = spawn(supervised, "frozen")
    supervised.signal("frozen", signal.SIGSTOP)
    spawn(supervised, "forks", PARENT_OF_A_CHILD)
    escaped = supervised.folder / "escaped"
    eventually(lambda: escaped.exists() and escaped.read_text())
    pid = int(escaped.read_text())
    folder = supervised.folder
    supervised.end()
    supervised.end()
    assert not alive(frozen)
    assert not alive(pid)
    assert not folder.exists()
    with pytest.raises(SupervisorGone):
        supervised.status("frozen")


def test_signals_of_a_terminal_do_not_end_the_supervisor(supervised: Supervised) -> None:
    spawn(supervised, "one")
    assert os.getsid(supervised.pid) == supervised.pid != os.getsid(0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(supervised.pid, number)
    status = supervised.status("one")  # asked after the signals, so answered after them
    assert status is not None
    assert status.running


def test_commands_at_a_wanted_end(tmp_path: Path) -> None:
    supervised = Supervised(tmp_path)
    supervised.register_undo("done", ["touch", str(tmp_path / "undone-already")], {"PATH": os.defpath})
    supervised.forget_undo("done")
    supervised.register_undo("open", ["touch", str(tmp_path / "undone")], {"PATH": os.defpath})
    supervised.after_death(["touch", str(tmp_path / "janitor")], {"PATH": os.defpath})
    supervised.end()
    assert [path.name for path in tmp_path.iterdir()] == ["undone"]


DYING_RUN = """
    import os, signal, subprocess, sys, time
    from pathlib import Path
    from readiness.providers.supervisor.client import Supervised

    here = Path(sys.argv[1])
    run = Supervised(here)
    sleeper = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
    where = dict(env={}, cwd=run.folder)
    pids = [run.spawn(name, sleeper, log=run.folder / name, **where).pid for name in ("runs", "frozen")]
    run.signal("frozen", signal.SIGSTOP)
    client = subprocess.Popen(sleeper, start_new_session=True)
    released = subprocess.Popen(sleeper, start_new_session=True)
    run.adopt(client.pid)
    run.adopt(released.pid)
    run.release(released.pid)
    environment = {"PATH": os.defpath}
    run.register_undo("fault", ["touch", str(here / "undone")], environment)
    run.after_death(["touch", str(here / "janitor")], environment)
    if sys.argv[2] == "fork" and os.fork() == 0:
        time.sleep(600)  # keeps the socket open: the supervisor must not depend on its end
    print(run.pid, run.folder, *pids, client.pid, released.pid, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("how", ["plain", "fork"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_death_of_the_run_leaves_nothing(tmp_path: Path, number: signal.Signals, how: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(DYING_RUN), str(tmp_path), how],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as run:
        assert run.stdout is not None
        supervisor, folder, *others = run.stdout.readline().split()
        runs, frozen, client, released = map(int, others)
        assert all(map(alive, (int(supervisor), runs, frozen, client)))
        assert Path(folder).is_dir()
        os.kill(run.pid, number)
        run.wait(5)
        eventually(lambda: not alive(int(supervisor)))
    assert not any(map(alive, (runs, frozen, client)))
    assert alive(released)
    os.killpg(run.pid, signal.SIGKILL) if how == "fork" else None
    os.kill(released, signal.SIGKILL)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["janitor", "undone"]


def test_the_death_of_the_supervisor_kills_its_processes(tmp_path: Path) -> None:
    supervised = Supervised(tmp_path)
    pid = spawn(supervised, "one")
    supervised.signal("one", signal.SIGSTOP)
    os.kill(supervised.pid, signal.SIGKILL)
    eventually(lambda: not alive(pid))
    with pytest.raises(SupervisorGone):
        supervised.status("one")
    supervised.end()
