"""A real run on the control: what it leaves, which secrets it keeps, and whether its evidence is taken."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from readiness.evidence.folder import verify_seal
from readiness.plugin.description import revision
from tests.plugin.runs import Ran, one_clear_message, run
from tests.plugin.test_junit import cases, failing, properties, read

pytestmark = pytest.mark.store

CHOSEN = (
    "static_contract or head_bucket or wrong_credentials or rotation_without or first_state_write "
    "or pod_restart and not plan"
)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Phase 0 whole, and some criteria of phases 1 and 2, among them one with a fault, and one that runs `tofu`."""
    place = tmp_path_factory.mktemp("real") / "run"
    return run(
        place, "-p", "tests.plugin.spy", "-k", CHOSEN, "--seed", "5", env={"SPY": str(place.parent / "spy")}
    )


def test_what_was_judged_is_proved_and_the_rest_is_not(real: Ran) -> None:
    chosen = (
        [f"P0.{n}" for n in range(1, 8)]
        + [f"S.{n}" for n in range(1, 6)]
        + ["P1.2", "P1.4", "P1.16", "P1.18", "P2.2"]
    )
    states = {row["id"]: row["state"] for row in real.verdict["criteria"]}
    assert {id_ for id_, state in states.items() if state == "PROVED"} == set(chosen), real.out
    assert set(states.values()) == {"PROVED", "NOT RUN"}
    message = f"{len(chosen)} of {len(chosen)} selected criteria PROVED; not a verdict"
    assert (real.code, real.verdict["verdict"]) == (0, message)


def test_report_and_evidence_say_the_same(real: Ran) -> None:
    suite = read(real.junit)
    found = properties(suite)
    assert not failing(suite)
    assert found["verdict"] == real.verdict["verdict"]
    assert found["fingerprint"] == real.verdict["fingerprint"]
    assert found["seal"] == verify_seal(real.folder)["root"]
    about = json.loads((real.folder / "run.json").read_text())
    assert (about["seed"], about["candidate"], about["mode"]) == (5, "embedded", "strict")
    assert properties(cases(suite)["P1.4"])["evidence"].startswith(str(real.folder))
    assert (real.folder / "events.jsonl").read_text().count('"event": "fault"') == 1


def test_nothing_is_left_of_the_run(real: Ran) -> None:
    assert not list((real.place / "tmp").iterdir())
    (gone,) = [row for row in events(real) if row["event"] == "scratch goes with the store"]
    assert str(gone["buckets"]).count("tofu-ha-scratch-") == 3


def test_no_secret_is_kept_or_shown(real: Ran) -> None:
    spied = json.loads((real.place.parent / "spy").read_text())
    secrets = spied["secrets"]
    assert len(set(secrets)) == 4, "administrator, reader, and two that were rotated"
    assert all(len(secret) >= 20 for secret in secrets)
    assert spied["files"], "tofu left no file to look at"
    assert spied["holders"] == []
    assert spied["captured"] > 3
    assert spied["captures that hold one"] == []
    assert spied["command lines"] == []
    kept = [path for path in real.place.rglob("*") if path.is_file()]
    assert len(kept) > 8
    for secret in secrets:
        assert secret not in real.out + real.err
        assert [str(path) for path in kept if secret.encode() in path.read_bytes()] == []


def test_its_evidence_is_taken_for_the_gate(real: Ran, tmp_path: Path) -> None:
    ran = run(tmp_path / "run", "-m", "phase4", "--evidence", str(real.folder))
    if "dirty" in revision():
        one_clear_message(ran, "was made by a changed suite")
        return
    row = ran.criterion("P0.3")
    assert row["state"] == "PROVED"
    assert row["reason"].endswith(f"[{real.folder.name}]")
    assert ran.state("P1.4") == "NOT RUN", "phase 1 was not judged whole"
    gate = ran.criterion("P4.1")
    assert gate["state"] == "REFUTED", "the other criteria were not judged"
    assert "P1.1 NOT RUN" in gate["reason"]
    assert "P0.3" not in gate["reason"].split()
    others = {id_: ran.state(id_) for id_ in ("B.1", "B.2", "S.6", "P4.2")}
    assert set(others.values()) == {"PROVED"}, others
    assert "the evidence is not complete" in ran.criterion("P4.3")["reason"]
    assert ran.code == 1


def test_edited_evidence_is_refused(real: Ran, tmp_path: Path) -> None:
    folder = shutil.copytree(real.folder, tmp_path / "copy")
    path = folder / "criteria.jsonl"
    path.write_text(path.read_text().replace("heads", "heeds", 1) + " ")
    ran = run(tmp_path / "run", "-m", "phase4", "--evidence", str(folder))
    one_clear_message(ran, "--evidence", "criteria.jsonl was changed after the run was sealed")


def test_evidence_of_another_candidate_is_refused(real: Ran, tmp_path: Path) -> None:
    ran = run(tmp_path / "run", "--candidate", "singleton", "-m", "phase4", "--evidence", str(real.folder))
    one_clear_message(ran, "is of another candidate: fingerprint")


def events(ran: Ran) -> list[dict[str, object]]:
    return [json.loads(line) for line in (ran.folder / "events.jsonl").read_text().splitlines()]
