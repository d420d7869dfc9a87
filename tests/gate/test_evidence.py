"""Evidence: append-only, bounded, without secrets, sealed; and what an edited, foreign or old folder is worth."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.errors import UsageError
from readiness.evidence import folder as module
from readiness.evidence.folder import BrokenSeal, Evidence, EvidenceFull, Recorder, verify_seal
from readiness.gate.earlier import Earlier, read_earlier
from readiness.history import Outcome, Verb, load
from readiness.redact import Redactor

SECRET = "Zm9vYmFy/c2VjcmV0+a2V5"
FINGERPRINT = "f" * 64


def put(recorder: Recorder, key: str = "k", **more: Any) -> None:
    now = recorder.now()
    fields = {"workload": "w", "process": "p", "endpoint": "e", "verb": Verb.WRITE, "bucket": "b", "key": key}
    recorder.record(**fields, invoked=now, completed=now, outcome=Outcome.OK, status=200, **more)


def folder_of(tmp_path: Path, *, started: timedelta = timedelta(), fingerprint: str = FINGERPRINT) -> Path:
    """A sealed folder of a run that began that long ago."""
    made = Evidence(tmp_path / "20260101T000000Z-x", Redactor())
    begun = datetime.now(UTC) - started
    made.write("run.json", {"fingerprint": fingerprint, "started": begun.isoformat(timespec="seconds")})
    put(made.recorder("crash:b"), value="v")
    row = {"criterion": "P1.1", "state": "PROVED", "reason": "seen", "observations": 3, "measured": {}}
    made.append("criteria.jsonl", row)
    made.seal()
    return made.folder


def test_an_operation_is_kept_as_it_was_and_soon_on_disk(tmp_path: Path) -> None:
    made = Evidence(tmp_path / "run", Redactor())
    recorder = made.recorder("crash: b/../c")
    assert recorder.path.parent == tmp_path / "run" / "history"
    put(recorder, 'ü/\n"k', value="v")
    recorder.flush()
    assert load(recorder.path) == recorder.history
    assert [op.index for op in recorder.history] == [0]
    with pytest.raises(ValueError, match="recorded already"):
        made.recorder("crash: b/../c")
    made.close()


def test_a_line_is_on_disk_within_a_second(tmp_path: Path) -> None:
    clock = [10.0]
    recorder = Recorder("s", tmp_path / "s.jsonl", lambda: clock[0])
    put(recorder)
    assert len(recorder.path.read_text().splitlines()) == 1
    put(recorder)
    clock[0] += 0.6
    put(recorder)
    assert len(recorder.path.read_text().splitlines()) == 3
    recorder.close()


def test_files_are_never_overwritten(tmp_path: Path) -> None:
    made = Evidence(tmp_path / "run", Redactor())
    made.event("one")
    made.event("two", n=2)
    rows = [json.loads(line) for line in (made.folder / "events.jsonl").read_text().splitlines()]
    assert [row["event"] for row in rows] == ["one", "two"]
    assert rows[0]["at"] <= rows[1]["at"]
    with pytest.raises(FileExistsError):
        Evidence(tmp_path / "run", Redactor())
    (tmp_path / "s.jsonl").write_text("{}")
    with pytest.raises(FileExistsError):
        Recorder("s", tmp_path / "s.jsonl", lambda: 0.0)


def test_threads_do_not_tear_lines(tmp_path: Path) -> None:
    made = Evidence(tmp_path / "run", Redactor())
    recorder = made.recorder("s")

    def work() -> None:
        for _ in range(200):
            put(recorder)
            made.event("e")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made.close()
    assert [op.index for op in recorder.history] == list(range(800))
    assert len(load(recorder.path)) == 800
    assert len([json.loads(line) for line in (made.folder / "events.jsonl").read_text().splitlines()]) == 800


def test_a_history_beyond_its_bound_cannot_be_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 1000)
    recorder = Recorder("s", tmp_path / "s.jsonl", lambda: 0.0)
    while recorder.path.stat().st_size < 700:
        put(recorder)
        recorder.flush()
    with pytest.raises(EvidenceFull, match="the history of s outgrew"):
        put(recorder, key="k" * 400)
    recorder.close()
    assert recorder.path.stat().st_size <= 1000


def test_secrets_are_kept_nowhere(tmp_path: Path) -> None:
    redactor = Redactor()
    made = Evidence(tmp_path / "run", redactor)
    redactor.add(SECRET, SECRET + "-longer", "short")
    made.write("run.json", {"a": [SECRET], SECRET: 1})
    made.append("criteria.jsonl", {"reason": f"sent {SECRET}-longer"})
    made.event("call", header=f"Authorization: AWS4-HMAC-SHA256 Credential=x, Signature={'0' * 64}")
    made.capture("a log/../x", f"key={SECRET}\nX-Amz-Signature=0123abcd&x=1")
    for path in made.folder.rglob("*"):
        if path.is_file():
            text = path.read_text()
            assert SECRET not in text
            assert "-longer" not in text
            assert "0123abcd" not in text
            assert "0" * 64 not in text
            assert "[secret]" in text or "[removed]" in text
    assert redactor.clean("a short word") == "a short word"


@given(
    st.lists(st.text(st.characters(codec="ascii"), min_size=6, max_size=12), min_size=1, max_size=4),
    st.text(max_size=30),
)
def test_no_known_secret_survives_cleaning(secrets: list[str], text: str) -> None:
    redactor = Redactor()
    redactor.add(*secrets)
    longest = max(secrets, key=len)
    assert longest not in redactor.clean(f"{text}{longest}{text}").replace("[secret]", "").replace(
        "[removed]", ""
    )


def test_a_capture_keeps_its_tail(tmp_path: Path) -> None:
    made = Evidence(tmp_path / "run", Redactor())
    path = made.capture("log", "a" * (1 << 20) + "the end")
    assert path.stat().st_size == 1 << 20
    assert path.read_text().endswith("the end")


def test_a_sealed_folder_verifies(tmp_path: Path) -> None:
    seal = verify_seal(folder_of(tmp_path))
    assert sorted(seal["files"]) == ["criteria.jsonl", "history/crash_b.jsonl", "run.json"]


def edit(folder: Path) -> None:
    path = folder / "criteria.jsonl"
    path.write_text(path.read_text().replace("seen", "sein"))


def truncate(folder: Path) -> None:
    (folder / "history" / "crash_b.jsonl").write_text("")


def remove(folder: Path) -> None:
    (folder / "history" / "crash_b.jsonl").unlink()


def add(folder: Path) -> None:
    (folder / "history" / "more.jsonl").write_text("{}\n")


def rename(folder: Path) -> None:
    (folder / "run.json").rename(folder / "ran.json")


def edit_root(folder: Path) -> None:
    seal = json.loads((folder / "seal.json").read_text())
    (folder / "seal.json").write_text(json.dumps(seal | {"root": "0" * 64}))


def break_seal(folder: Path) -> None:
    (folder / "seal.json").write_text((folder / "seal.json").read_text()[:40])


def strip_seal(folder: Path) -> None:
    (folder / "seal.json").write_text("[]")


def unseal(folder: Path) -> None:
    (folder / "seal.json").unlink()


DAMAGES: list[tuple[Callable[[Path], None], str]] = [
    (edit, r"criteria\.jsonl was changed"),
    (truncate, r"crash_b\.jsonl was changed"),
    (remove, r"crash_b\.jsonl is missing"),
    (add, r"more\.jsonl was added"),
    (rename, r"ran\.json was added"),
    (edit_root, r"seal\.json was edited"),
    (break_seal, r"no readable seal\.json"),
    (strip_seal, r"no readable seal\.json"),
    (unseal, r"no readable seal\.json"),
]


def earlier(folder: Path) -> list[Earlier]:
    """What a run of that candidate takes over from the folder."""
    loaded: Any = SimpleNamespace(fingerprint=FINGERPRINT)
    return read_earlier((folder,), loaded, "abc1234")


@pytest.mark.parametrize(("damage", "message"), DAMAGES)
def test_a_folder_that_was_touched_is_refused(
    tmp_path: Path, damage: Callable[[Path], None], message: str
) -> None:
    folder = folder_of(tmp_path)
    damage(folder)
    with pytest.raises(BrokenSeal, match=message):
        verify_seal(folder)
    with pytest.raises(UsageError, match=message):
        earlier(folder)


@pytest.mark.parametrize(
    "about", ["{}", "[]", '{"fingerprint": "F"}', "not json", '{"fingerprint": "F", "started": "soon"}']
)
def test_a_sealed_folder_that_says_nonsense_is_refused(tmp_path: Path, about: str) -> None:
    made = Evidence(tmp_path / "run", Redactor())
    (made.folder / "run.json").write_text(about.replace('"F"', f'"{FINGERPRINT}"'))
    made.append("criteria.jsonl", {"state": "PROVED"})
    made.seal()
    with pytest.raises(UsageError, match="--evidence"):
        earlier(made.folder)
