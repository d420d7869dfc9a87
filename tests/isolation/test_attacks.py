"""One process with one disk behind three forwarders, declared as three nodes: refused, by name of the reason."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from readiness.paths import ROOT
from tests.commands.lab import Lab
from tests.isolation.attack import NODES, Attack

pytestmark = pytest.mark.store
STOPS = ("S.1", "S.2", "S.5")


@pytest.fixture(scope="module")
def attack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attack]:
    made = Attack(tmp_path_factory.mktemp("attack"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


def judged(lab: Attack | Lab, runs: Path, raw: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """State and reason of the stop conditions."""
    options = [
        f"--candidate={lab.write(raw)}",
        f"--runs={runs}",
        "--seed=1",
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    wanted = "two_independent or single_bumble or depends_on_caches"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "suites/test_phase0_static_contract.py", "-k", wanted],
        cwd=ROOT, env={**os.environ, **lab.environment}, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    folders = list(runs.iterdir()) if runs.exists() else []
    assert folders, done.stdout + done.stderr
    verdict = json.loads((folders[0] / "verdict.json").read_text())
    return {row["id"]: (row["state"], row["reason"]) for row in verdict["criteria"] if row["id"] in STOPS}


def test_three_nodes_that_are_only_declared_prove_nothing(attack: Attack, tmp_path: Path) -> None:
    found = judged(attack, tmp_path, attack.declared())
    assert {state for state, _ in found.values()} == {"UNKNOWN"}, found
    assert "declares no connections command of instance store-bumble" in found["S.1"][1]
    assert "declared, not observed: bytes: the candidate file declares no bytes command" in found["S.2"][1]
    assert "declares no connections command of instance store-bumble" in found["S.5"][1]


def test_one_disk_and_one_backend_are_named(attack: Attack, tmp_path: Path) -> None:
    folders = {node: attack.folder / node for node in NODES} | {"bumble": attack.data}
    raw = attack.declared(
        {node: attack.bytes_of(folder) for node, folder in folders.items()},
        {node: attack.connections(node) for node in NODES},
    )
    found = judged(attack, tmp_path, raw)
    message = f"store-bumble has open connections to {attack.store}, which no node declares"
    assert found["S.1"][0] == "UNKNOWN"
    assert message in found["S.1"][1]
    assert found["S.2"][0] == "REFUTED"
    assert "the bytes stored grew on 1 of 3 nodes" in found["S.2"][1]
    assert found["S.5"][0] == "UNKNOWN"
    assert message in found["S.5"][1]


def test_one_disk_that_three_nodes_count_is_one_place(attack: Attack, tmp_path: Path) -> None:
    raw = attack.declared({node: attack.bytes_of(attack.data) for node in NODES})
    state, reason = judged(attack, tmp_path, raw)["S.2"]
    assert state == "UNKNOWN"
    assert "the same numbers at both looks: that may be one disk" in reason


def test_the_sockets_of_the_store_are_not_those_of_what_answers(attack: Attack, tmp_path: Path) -> None:
    (attack.folder / "pid").write_text(str(attack.store_pid))
    of_store = [*attack.connections("bumble")[:-1], str(attack.folder / "pid")]
    found = judged(attack, tmp_path, attack.declared(connections=dict.fromkeys(NODES, of_store)))
    assert found["S.1"][0] == "UNKNOWN"
    assert "list those of the process that answers there" in found["S.1"][1]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    made = Lab(tmp_path_factory.mktemp("lab"), hosts=("127.0.0.5", "127.0.0.6", "127.0.0.7"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


def test_three_nodes_that_are_three_are_proved(lab: Lab, tmp_path: Path) -> None:
    found = judged(lab, tmp_path, lab.declared())
    assert found["S.1"][0] == "PROVED", found["S.1"]
    assert "of 3 instances led to what is not declared" in found["S.1"][1]
    assert found["S.2"][0] == "PROVED", found["S.2"]
    assert "the bytes stored grew on 3 of 3 nodes" in found["S.2"][1]
