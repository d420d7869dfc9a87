"""The undo journal on disk: what is in it before a fault is done, what is left after, and who may play it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from readiness.candidate.load import Loaded, load
from readiness.cli import undo as command
from readiness.errors import UsageError
from readiness.paths import ROOT
from readiness.providers.engine.journal import FaultVerb, Undo
from readiness.undo.journal import DurableJournal, append
from readiness.undo.living import Process, this_process
from readiness.undo.lock import CandidateLock, keys_of
from readiness.undo.play import WORK
from readiness.undo.stored import Stored, journals, refuse_open
from readiness.undo.supervisors import SUPERVISOR, at_work
from tests.support.eventually import eventually

CANDIDATE = """
schema = 1
name = "lent"
class = "dedicated-ha"
summary = "Somebody else's store."
provider = { kind = "commands" }
endpoints = [{ name = "a", url = "http://127.0.0.1:9", node = "a", instance = "store-a" }]
[[instances]]
name = "store-a"
node = "a"
pause = ["true"]
unpause = ["sh", "-c", "touch unpaused; exit $(cat code)"]
[contract]
endpoint_shape = "one endpoint"
audience = "tests"
cache_statement = "Attic, Bazel cache and RBE CAS/AC do not use the state bucket as authority"
durability = { versioning = true, retention_days = 30, restore = "previous-version" }
observability = { metrics = [{ name = "x" }], alert_rules = "alerts.yaml" }
divergence = { response = "none" }
repair = { kind = "none" }
[contract.credentials]
rotation_owner = "tests"
rotation_days = 90
admin = { source = "environment", access_key = "LENT_KEY", secret_key = "LENT_SECRET" }
[contract.failure]
statement = "any one node may be lost"
rto_seconds = { restart = 4, drain = 4, crash = 4, silence = 5 }
rpo_acknowledged_writes = 0
readiness = {}
"""


@pytest.fixture
def lent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loaded:
    """A candidate that nobody serves, in a folder of its own; the state folder is in it too."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("LENT_KEY", "AKLENT")
    monkeypatch.setenv("LENT_SECRET", "a-secret-of-the-lent-store")
    monkeypatch.setattr("readiness.undo.play.OBSERVE_SECONDS", 0.0)
    (tmp_path / "code").write_text("0")
    (tmp_path / "alerts.yaml").write_text("groups: []")
    (tmp_path / "lent.toml").write_text(CANDIDATE)
    return load(str(tmp_path / "lent.toml"))


def fault(journal: DurableJournal, target: str = "store-a") -> str:
    undo = Undo("commands", "lent", FaultVerb.THAW, target)
    return journal.open(FaultVerb.FREEZE, target, undo, {"by hand": "unpause it"})


def killed(lent: Loaded, run: str = "run-1", targets: tuple[str, ...] = ("store-a",)) -> Stored:
    """The journal of a run that was killed in the middle of its faults."""
    journal = DurableJournal(run, lent)
    journal.begin()
    for target in targets:
        fault(journal, target)
    assert journal._file is not None
    os.close(journal._file)  # as the kernel does
    text = journal.path.read_text().replace(this_process().text, "there nowhere 1 1")
    journal.path.write_text(text)
    (stored,) = (each for each in journals() if each.run == run)
    return stored


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_fault_is_on_the_disk_before_it_is_done(lent: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = DurableJournal("run-1", lent)
    journal.begin()
    synced: list[str] = []
    real = os.fsync

    def fsync(opened: int) -> None:
        real(opened)
        synced.append(Path(f"/proc/self/fd/{opened}").resolve().read_text())

    monkeypatch.setattr("os.fsync", fsync)
    id_ = fault(journal)
    assert '"target": "store-a"' in synced[-1]
    first, entry = rows(journal.path)
    assert Process.of_text(first["process"]) == this_process()
    assert entry.items() >= {
        "id": id_, "run": "run-1", "candidate": "lent", "path": str(lent.path.resolve()), "provider": "commands",
        "fingerprint": lent.fingerprint, "action": "freeze", "target": "store-a", "verb": "thaw",
        "reach": {"by hand": "unpause it"},
    }.items()  # fmt: skip
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(journal.path.parent.stat().st_mode) == 0o700
    journal.close(id_)
    assert '"kind": "close"' in synced[-1]
    journal.end()
    assert not journal.path.exists()


def test_a_disk_that_takes_no_line_refuses_the_fault(lent: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = DurableJournal("run-1", lent)
    journal.begin()
    monkeypatch.setattr("os.write", lambda _opened, line: len(line) - 1)
    with pytest.raises(OSError, match="did not take a whole line"):
        fault(journal)


def test_the_journal_of_a_run_that_goes_on_is_left_alone(
    lent: Loaded, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = DurableJournal("run-1", lent)
    journal.begin()
    fault(journal)
    assert command.main([]) == 0
    assert "run run-1 is still going on: left alone" in capsys.readouterr().out
    refuse_open(lent, "undo")
    assert not (lent.path.parent / "unpaused").exists()
    assert len(journals()[0].entries) == 1


def test_the_next_run_refuses_until_it_is_undone(lent: Loaded) -> None:
    killed(lent)
    with pytest.raises(UsageError, match=r"run run-1 ended before .* \(freeze store-a\).* tofu-x undo"):
        refuse_open(lent, "tofu-x undo")


def test_another_file_with_the_same_endpoint_is_the_same_candidate(lent: Loaded, tmp_path: Path) -> None:
    stored = killed(lent)
    (tmp_path / "other.toml").write_text(CANDIDATE.replace('name = "lent"', 'name = "again"'))
    assert stored.is_about(load(str(tmp_path / "other.toml")))
    (tmp_path / "third.toml").write_text(CANDIDATE.replace("127.0.0.1:9", "127.0.0.1:19"))
    assert not stored.is_about(load(str(tmp_path / "third.toml")))


@pytest.mark.parametrize("url", ["http://localhost:9", "http://LOCALHOST.:9/"])
def test_another_spelling_of_its_host_is_the_same_candidate(lent: Loaded, tmp_path: Path, url: str) -> None:
    stored = killed(lent)
    (tmp_path / "other.toml").write_text(CANDIDATE.replace("http://127.0.0.1:9", url))
    assert stored.is_about(load(str(tmp_path / "other.toml")))


def test_undo_lists_and_does_not_touch(lent: Loaded, capsys: pytest.CaptureFixture[str]) -> None:
    killed(lent)
    assert command.main(["--list"]) == 0
    assert "freeze store-a; undone by: unpause it" in capsys.readouterr().out
    assert not (lent.path.parent / "unpaused").exists()


@pytest.mark.store
def test_what_cannot_be_undone_stays_open_with_the_command_to_do_by_hand(
    lent: Loaded, capsys: pytest.CaptureFixture[str]
) -> None:
    killed(lent)
    (lent.path.parent / "code").write_text("3")
    assert command.main(["--candidate", str(lent.path)]) == 1
    message = capsys.readouterr().out
    assert "NOT undone: freeze store-a: unpause store-a ended with 3" in message
    assert "by hand: unpause it" in message
    assert len(journals()[0].entries) == 1


@pytest.mark.store
def test_what_is_not_seen_to_be_undone_stays_open(lent: Loaded, capsys: pytest.CaptureFixture[str]) -> None:
    killed(lent)
    assert command.main([]) == 1
    assert (lent.path.parent / "unpaused").exists()
    assert "store-a is not in service" in capsys.readouterr().out


@pytest.mark.store
def test_what_was_undone_is_closed_and_a_second_undo_finds_nothing(
    lent: Loaded, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = killed(lent)
    monkeypatch.setattr("readiness.providers.engine.engine.Engine.in_service", lambda _self, _name: True)
    assert command.main([]) == 0
    assert "undone: freeze store-a" in capsys.readouterr().out
    assert not stored.path.exists()
    assert command.main([]) == 0
    assert "nothing is left to undo" in capsys.readouterr().out


@pytest.mark.store
def test_a_candidate_file_that_was_moved_is_named_with_the_command(lent: Loaded) -> None:
    killed(lent)
    moved = lent.path.rename(lent.path.with_name("moved.toml"))
    assert command.main([]) == 1
    assert not (lent.path.parent / "unpaused").exists()
    assert (
        command.main(["--candidate", str(moved)]) == 1
    )  # nobody serves this candidate: it is not seen in service
    assert (lent.path.parent / "unpaused").exists()


def test_a_candidate_file_that_has_changed_is_not_trusted(
    lent: Loaded, capsys: pytest.CaptureFixture[str]
) -> None:
    killed(lent)
    lent.path.write_text(CANDIDATE.replace("127.0.0.1:9", "127.0.0.1:19"))
    assert command.main([]) == 1
    assert "has changed since the run" in capsys.readouterr().out
    assert not (lent.path.parent / "unpaused").exists()
    assert command.main(["--done", "run-1"]) == 0
    assert journals() == []


def test_a_last_line_that_the_crash_cut_off_was_not_done(lent: Loaded) -> None:
    stored = killed(lent)
    with stored.path.open("a") as out:
        out.write('{"kind": "open", "id": "2-kill-st')
    (cut,) = journals()
    assert [entry.words for entry in cut.entries] == ["freeze store-a"]
    with cut.held() as opened:
        cut.close(opened, cut.entries[:0])
        append(opened, {"kind": "close", "id": cut.entries[0].id})
    assert journals()[0].entries == ()


@pytest.mark.store
def test_what_outlives_the_run_is_let_finish_first(
    lent: Loaded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = tmp_path / f"{WORK}run-1"
    journal = DurableJournal("run-1", lent)
    journal.begin()
    journal.open(FaultVerb.MAKE, str(work), Undo("session", "lent", FaultVerb.REMOVE, str(work)), {})
    assert journal._file is not None
    os.close(journal._file)
    journal.path.write_text(journal.path.read_text().replace(this_process().text, "there nowhere 1 1"))
    script = f"import time, pathlib; time.sleep(1.5); pathlib.Path({str(tmp_path / 'healed')!r}).touch()"
    named = [SUPERVISOR, "1", str(work)]
    with subprocess.Popen([sys.executable, "-c", script, *named]) as supervisor:
        eventually(lambda: at_work({str(work)}) == [supervisor.pid], 10)
        assert at_work({f"{work}-of-another-run"}) == []
        assert command.main([]) == 0
        assert (tmp_path / "healed").exists()
    assert "which outlived the run, undoes it already: waiting for it" in capsys.readouterr().out
    assert journals() == []


def test_a_folder_that_is_no_run_s_is_never_removed(lent: Loaded, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    journal = DurableJournal("run-1", lent)
    journal.begin()
    target = str(tmp_path / "precious")
    journal.open(FaultVerb.MAKE, target, Undo("session", "lent", FaultVerb.REMOVE, target), {})
    assert journal._file is not None
    os.close(journal._file)
    journal.path.write_text(journal.path.read_text().replace(this_process().text, "there nowhere 1 1"))
    assert command.main([]) == 1
    assert (tmp_path / "precious").exists()


HOLD = """
import sys
from readiness.candidate.load import load
from readiness.undo.lock import CandidateLock, keys_of
lock = CandidateLock("first")
lock.take(keys_of(load(sys.argv[1])))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.store
def test_two_runs_at_once_exclude_each_other_until_one_is_killed(lent: Loaded, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text(CANDIDATE.replace('name = "lent"', 'name = "again"'))
    other = load(str(tmp_path / "other.toml"))
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lent.path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as first:
        assert first.stdout is not None
        first.stdout.readline()
        for loaded in (lent, other):
            with pytest.raises(UsageError, match=r"run first .* is still going on against this candidate"):
                CandidateLock("second").take(keys_of(loaded))
        first.kill()
        first.wait()
        second = CandidateLock("second")
        second.take(keys_of(lent))
        second.release()


def test_a_state_folder_that_cannot_be_written_is_one_clear_message(
    lent: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(UsageError, match="set XDG_STATE_HOME to a folder that can be written"):
        DurableJournal("run-1", lent).begin()
