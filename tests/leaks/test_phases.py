"""Canaries in what phases 2 and 3 read, write and run: none is found in what the run prints or leaves."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from readiness.candidate.load import load
from readiness.paths import ROOT
from readiness.providers import create
from readiness.providers.commands.provider import Commands
from readiness.providers.engine.journal import FaultVerb, Undo
from readiness.stacks.stack import EXAMPLES
from readiness.undo.journal import DurableJournal
from tests.leaks.grep import too_open
from tests.leaks.test_canaries import HURRIED, Canaries, candidate, environment, profile
from tests.plugin.runs import run
from tests.tofu.fake_s3 import FakeS3

pytestmark = [pytest.mark.store, pytest.mark.slow, pytest.mark.side_by_side]
PHASE2 = ROOT / "suites" / "test_phase2_disposable_opentofu.py"
PHASE3 = ROOT / "suites" / "test_phase3_protected_stacks.py"
IN_STATE = "example-password-of-nobody"
"""What the state of the example `attic` holds, marked as sensitive in its configuration."""


def test_the_undo_journal_of_a_killed_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    canary = Canaries()
    path = candidate(tmp_path, "http://127.0.0.1:9", canary)
    env = profile(tmp_path, canary) | environment(canary) | {"STATE_URL": "http://127.0.0.1:9"}
    for name, value in (env | {"XDG_STATE_HOME": str(tmp_path / "state")}).items():
        monkeypatch.setenv(name, value)
    loaded = load(str(path))
    journal = DurableJournal("run-1", loaded)
    journal.begin()
    provider = create(loaded, journal=journal)
    assert isinstance(provider, Commands)
    undo = Undo("commands", "talkative", FaultVerb.RESTORE, "one")
    journal.open(FaultVerb.DRAIN, "one", undo, provider.driver.reach(FaultVerb.RESTORE, "one"))
    kept = journal.path.read_text()
    assert "./talk.sh -H 'PRIVATE-TOKEN: [removed]'" in kept
    assert [where for where, planted in canary.planted.items() if planted in kept] == []


@pytest.fixture
def store() -> Iterator[FakeS3]:
    store = FakeS3()
    yield store
    store.close()


def stacks(folder: Path, canary: Canaries) -> Path:
    """The examples; one with credentials in its backend's settings, one whose plan fails and talks."""
    checkout = Path(shutil.copytree(EXAMPLES, folder / "checkout"))
    dashboard = checkout / "tofu" / "stacks" / "runner-dashboard"
    for path in dashboard.glob("backend*.tf"):
        path.unlink()
    (dashboard / "backend.tf").write_text(
        f"""
terraform {{
  backend "http" {{
    address                = "https://bot:{canary.new("URL userinfo in HCL")}@git.example/state"
    client_private_key_pem = "-----BEGIN KEY {canary.new("private key in HCL")}-----"
    password               = "{canary.new("password in HCL")}"
    headers = {{ "PRIVATE-TOKEN" = "{canary.new("PRIVATE-TOKEN in HCL")}" }}
  }}
}}
"""
    )
    runners = checkout / "tofu" / "stacks" / "gitlab-runners"
    (runners / "talks.tf").write_text(
        f"""
resource "terraform_data" "talks" {{
  lifecycle {{
    precondition {{
      condition     = terraform.workspace == ""
      error_message = "token={canary.new("message of tofu")} is refused."
    }}
  }}
}}
"""
    )
    return checkout


def test_states_are_written_and_moved_and_nothing_is_told_of_them(tmp_path: Path, store: FakeS3) -> None:
    canary, inputs = Canaries(), tmp_path / "inputs"
    inputs.mkdir()
    url = store.listen("one").url
    path = candidate(inputs, url, canary)
    env = profile(inputs, canary) | environment(canary) | {"STATE_URL": store.listen("two").url}
    env |= {"TF_VAR_not_declared": canary.new("TF_VAR_…"), "TF_CLI_ARGS_plan": "-no-color"}
    canary.planted["state"] = IN_STATE
    arguments = [*HURRIED, "--candidate", str(path), "--stacks", str(stacks(inputs, canary)), "--keep-going"]
    arguments += [
        f"{PHASE3}::{name}" for name in ("test_state_pull", "test_no_op_plan", "test_rollback_note")
    ]
    arguments += ["-k", "first_state_write or attic or gitlab or dashboard"]
    ran = run(tmp_path / "run", *arguments, suites=Path(f"{PHASE2}::test_first_state_write"), env=env)
    assert ran.code == 1, ran.err
    assert ran.state("P2.2") == "PROVED", ran.criterion("P2.2")["reason"]
    assert ran.state("P3.attic.4") == "PROVED", ran.criterion("P3.attic.4")["reason"]
    assert "Resource precondition failed" in ran.criterion("P3.gitlab-runners.1")["reason"]
    assert "older than the configuration" in ran.criterion("P3.runner-dashboard.4")["reason"]
    assert list(ran.folder.glob("capture/draft-runner-dashboard*"))
    assert any(IN_STATE.encode() in (row.body or b"") for row in store.erased), (
        "the state was on the candidate"
    )
    assert not canary.left(ran)
    assert not too_open(ran.folder)
    assert not list((ran.place / "tmp").iterdir())
    assert not list((ran.place / "state").rglob("*.jsonl")), "no journal is open"
