"""`clean` against a store: repeated after it was killed, and with nothing to say about what is not a run's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from readiness.paths import ROOT
from readiness.s3.removal import BATCH, PREFIX
from tests.support.eventually import eventually
from tests.tofu.fake_s3 import FakeS3
from tests.undo.test_journal import CANDIDATE

pytestmark = pytest.mark.store
BUCKET, OTHER = f"{PREFIX}abc-versioned", f"{PREFIX}of-somebody"


@pytest.fixture
def store() -> Iterator[FakeS3]:
    """One bucket of a killed run, with versions and delete markers, and one that nobody names."""
    store = FakeS3(made={BUCKET, OTHER})
    for number in range(BATCH):
        store.add(f"object/{number}", b"first")
        store.add(f"object/{number}", b"second")
        store.add(f"object/{number}", None)
    yield store
    store.close()


@pytest.fixture
def argv(store: FakeS3, tmp_path: Path) -> list[str]:
    """The command that cleans it."""
    (tmp_path / "alerts.yaml").write_text("groups: []")
    (tmp_path / "runs" / "killed").mkdir(parents=True)
    (tmp_path / "runs" / "killed" / "scratch.jsonl").write_text(f'{{"bucket": "{BUCKET}"}}\n')
    path = tmp_path / "lent.toml"
    path.write_text(CANDIDATE.replace("http://127.0.0.1:9", store.listen("a").url))
    options = ["--candidate", str(path), "--runs", str(tmp_path / "runs"), "--yes"]
    return [sys.executable, "-m", "readiness", "clean", *options]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    keys = {"LENT_KEY": "AKLENT", "LENT_SECRET": "a-secret-of-the-lent-store"}
    return dict(os.environ) | keys | {"XDG_STATE_HOME": str(tmp_path / "state")}


def deletes(store: FakeS3) -> int:
    return sum(method == "POST" for method, *_ in store.requests)


def left(store: FakeS3) -> int:
    return sum(map(len, store.rows.values()))


def test_one_that_is_killed_can_be_repeated(store: FakeS3, argv: list[str], env: dict[str, str]) -> None:
    all_of_them = left(store)
    store.hangs = lambda method, _key, _port: method == "POST" and deletes(store) >= 1
    with subprocess.Popen(
        argv, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as one:
        eventually(lambda: deletes(store) >= 1, 60)
        busy = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        one.kill()
    assert busy.returncode == 4
    assert "clean" in busy.stderr
    assert "still going on against this candidate" in busy.stderr
    assert 0 < left(store) < all_of_them
    store.hangs = lambda *_: False
    store.thawed.set()
    again = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stdout + again.stderr
    assert f"removed {BUCKET}" in again.stdout
    assert f"left alone: {OTHER}" in again.stdout
    assert (store.made, left(store)) == ({OTHER}, 0)
    last = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert "no run has left a scratch bucket" in last.stdout
