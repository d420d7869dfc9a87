"""The suite on the cluster: what it proves, what it refuses, and what an interrupted run leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.k8s import control
from tests.k8s.cluster import ROOT, Cluster
from tests.k8s.control import NAMESPACE
from tests.k8s.keep import wait_for
from tests.k8s.look import observed, schedulable, states
from tests.k8s.plan import NODES

EXAMPLES = ROOT / "stacks/examples"
RUN_SECONDS = 2700
NOT_HERE = ("P1.22", "P1.23", "P1.24", "P1.25", "P1.26", "P1.27", "P2.13", "P2.14")
"""Power, disks, split and limping nodes: nothing in this cluster does these faults, so that they stay NOT RUN; and
rolling upgrades, which the candidate does not promise.
"""


def command(candidate: Path, runs: Path, *arguments: str) -> list[str]:
    """A run of the suite, as its recipe starts it."""
    own = [f"--candidate={candidate}", f"--runs={runs}", f"--junitxml={runs / 'junit.xml'}", "--seed=1"]
    return [sys.executable, "-m", "readiness", *own, *arguments]


def environment(cluster: Cluster, keys: Mapping[str, str]) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "KUBECONFIG"))
    }
    return {**kept, **control.environment(cluster, keys)}


@pytest.mark.usefixtures("whole")
def test_the_reference_candidate_is_proved_through_phases_0_to_2(
    cluster: Cluster, keys: Mapping[str, str], tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    done = subprocess.run(
        command(
            control.candidate_file(cluster, tmp_path),
            runs,
            "--allow-faults",
            f"--stacks={EXAMPLES}",
            "-m",
            "phase0 or phase1 or phase2",
            "--keep-going",
        ),
        cwd=ROOT,
        env=environment(cluster, keys),
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    found = states(runs, range(3))
    untried = {id_: found.pop(id_) for id_ in NOT_HERE}
    red = {id_: state for id_, state in found.items() if state[0] != "PROVED"}
    message = f"{json.dumps(red, indent=1)}\n{done.stdout[-4000:]}"
    assert red == {}, message
    assert {state for state, _ in untried.values()} == {"NOT RUN"}, untried
    assert done.returncode == 1, "a criterion that was not run is never a pass"
    observed(found)
    assert {"P1.4", "P1.5", "P1.6", "P2.5", "S.1", "S.2"} <= found.keys()
    assert schedulable(cluster)


@pytest.mark.usefixtures("whole")
def test_an_interrupted_drain_leaves_no_node_cordoned(
    cluster: Cluster, keys: Mapping[str, str], tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    wanted = ("--allow-faults", "-m", "phase1", "-k", "node_maintenance")
    candidate = control.candidate_file(cluster, tmp_path)
    with (
        (tmp_path / "output").open("w") as output,
        subprocess.Popen(
            command(candidate, runs, *wanted),
            cwd=ROOT,
            env=environment(cluster, keys),
            stdout=output,
            stderr=output,
        ) as run,
    ):
        try:
            wait_for(lambda: run.poll() is not None or not schedulable(cluster), "a cordoned node", 300)
            assert run.poll() is None, (tmp_path / "output").read_text()[-4000:]
        finally:
            run.send_signal(signal.SIGTERM)
            code = run.wait(120)
    assert code != 0
    wait_for(lambda: schedulable(cluster), "all nodes schedulable again", 30)


@pytest.fixture
def singleton(cluster: Cluster, keys: Mapping[str, str], tmp_path: Path) -> Iterator[Path]:
    """One replica on a volume that exists on bumble alone; the candidate's file claims nothing about volumes."""
    assert keys
    cluster.make_disk("bumble", "zfs")
    control.apply(cluster, control.volumes("zfs", "openebs-zfs", ["bumble"]))
    manifest = str(Path(__file__).with_name("singleton.yaml"))
    cluster.kubectl("apply", "--filename", manifest)
    control.wait_ready(cluster, "deployment/single", 1)
    path = control.candidate_file(cluster, tmp_path)
    text = path.read_text(encoding="utf-8")
    text = text.replace(
        '"app.kubernetes.io/name=ha-control,app.kubernetes.io/instance=state"',
        '"app.kubernetes.io/name=single"',
    )
    path.write_text(
        text.replace('[kubernetes.service]\nname = "state"', '[kubernetes.service]\nname = "single"'), "utf-8"
    )
    yield path
    cluster.kubectl("delete", "--filename", manifest)
    cluster.kubectl("delete", "persistentvolume", "zfs-bumble")


def test_a_singleton_on_a_volume_of_bumble_is_refused_from_facts(
    cluster: Cluster, keys: Mapping[str, str], singleton: Path, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    done = subprocess.run(
        command(singleton, runs, "-m", "phase0"),
        cwd=ROOT,
        env=environment(cluster, keys),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1, done.stdout[-4000:] + done.stderr[-2000:]
    found = states(runs)
    assert found["S.1"][0] == "REFUTED"
    assert found["S.2"][0] == "REFUTED"
    assert "bumble" in found["S.2"][1]
    assert "openebs-zfs" in found["S.2"][1]


def test_nothing_of_the_runs_is_left_on_the_nodes(cluster: Cluster) -> None:
    assert schedulable(cluster)
    pods = cluster.get("pods", "--namespace", NAMESPACE, "--selector", "app.kubernetes.io/name=ha-control")[
        "items"
    ]
    assert sorted(pod["spec"]["nodeName"] for pod in pods) == sorted(NODES)
