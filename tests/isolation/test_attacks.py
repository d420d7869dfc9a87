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
from tests.commands.lab import NODES as LAB_NODES
from tests.commands.lab import Lab
from tests.commands.wires import Wires, need_namespaces
from tests.isolation.attack import NODES, Attack
from tests.isolation.gateways import Gateways
from tests.support.eventually import eventually

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


def judged(
    lab: Attack | Gateways | Lab, runs: Path, raw: dict[str, Any], *more: str
) -> dict[str, tuple[str, str]]:
    """State and reason of the stop conditions."""
    options = [
        f"--candidate={lab.write(raw)}",
        f"--runs={runs}",
        "--seed=1",
        "-q",
        "-p",
        "no:cacheprovider",
        *more,
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
def wires() -> Iterator[Wires]:
    need_namespaces()
    made = Wires(LAB_NODES)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, wires: Wires) -> Iterator[Lab]:
    made = Lab(tmp_path_factory.mktemp("lab"), wires)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def with_cache(lab: Lab, wires: Wires) -> dict[str, Any]:
    return lab.declared(boundary={"cache_endpoints": [f"http://{wires.outside}"]})


def test_three_nodes_that_are_three_are_proved_while_they_are_isolated(
    lab: Lab, wires: Wires, tmp_path: Path
) -> None:
    found = judged(lab, tmp_path, with_cache(lab, wires), "--allow-faults")
    assert {id_: state for id_, (state, _) in found.items()} == dict.fromkeys(STOPS, "PROVED"), found
    for id_ in STOPS:
        assert "served while its 3 nodes reached nothing but one another and the suite" in found[id_][1]
        assert "of 3 instances led to what is not declared" in found[id_][1]
    assert "the bytes stored grew on 3 of 3 nodes" in found["S.2"][1]
    assert all(wires.reaches(node, wires.outside) for node in LAB_NODES), "they have rejoined"


def test_what_is_not_isolated_is_not_proved(lab: Lab, wires: Wires, tmp_path: Path) -> None:
    """Whatever else was seen."""
    found = judged(lab, tmp_path / "no-leave", with_cache(lab, wires))
    assert {state for state, _ in found.values()} == {"UNKNOWN"}, found
    assert "not isolated: faults on a candidate that the suite did not start need" in found["S.1"][1]
    raw = with_cache(lab, wires)
    for node in raw["nodes"]:
        node["isolate"] = ["true"]
    found = judged(lab, tmp_path / "true", raw, "--allow-faults")
    assert {state for state, _ in found.values()} == {"UNKNOWN"}, found
    assert f"bumble reached {wires.outside} before, and {wires.outside} still after" in found["S.1"][1]


def test_nodes_that_are_cut_from_one_another_prove_nothing(lab: Lab, wires: Wires, tmp_path: Path) -> None:
    raw = with_cache(lab, wires)
    for node in raw["nodes"]:
        node["isolate"] = wires.unplug(node["name"]).split()
        node["rejoin"] = ["sh", "-c", wires.plug(node["name"])]
    found = judged(lab, tmp_path, raw, "--allow-faults")
    assert {state for state, _ in found.values()} == {"UNKNOWN"}, found
    assert "did not serve while the nodes reached nothing but one another" in found["S.1"][1], found
    assert "or an isolate command cuts the nodes from one another" in found["S.1"][1]
    eventually(lambda: all(lab.ready(node) for node in LAB_NODES), 30)


@pytest.fixture(scope="module")
def gateways(tmp_path_factory: pytest.TempPathFactory, wires: Wires) -> Iterator[Gateways]:
    made = Gateways(tmp_path_factory.mktemp("gateways"), wires)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def test_three_gateways_over_one_store_are_named_by_what_they_are_connected_to(
    gateways: Gateways, tmp_path: Path
) -> None:
    found = judged(gateways, tmp_path, gateways.declared("connections", "bytes"))
    assert {state for state, _ in found.values()} == {"UNKNOWN"}, found
    for id_ in ("S.1", "S.5"):
        assert f"has open connections to {gateways.filer.split(':')[0]}:" in found[id_][1], found[id_]
        assert "which no node declares: faults on a candidate" in found[id_][1]
    assert "the bytes stored grew on 0 of 3 nodes" in found["S.2"][1]


def test_three_gateways_over_one_store_do_not_serve_when_they_are_isolated(
    gateways: Gateways, wires: Wires, tmp_path: Path
) -> None:
    """Also where nobody sees their connections."""
    found = judged(gateways, tmp_path, gateways.declared("isolate"), "--allow-faults")
    assert {state for state, _ in found.values()} == {"UNKNOWN"}, found
    for id_ in ("S.1", "S.5"):
        assert "did not serve while the nodes reached nothing but one another and the suite" in found[id_][1]
        assert "but did before the nodes were isolated" in found[id_][1]
        assert "it depends on something that no node declares" in found[id_][1]
    assert "declared, not observed: bytes" in found["S.2"][1]
    assert all(wires.reaches(node, wires.outside) for node in LAB_NODES), "they have rejoined"
