"""The cluster itself: real nodes, real silence, and nothing left of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from readiness.obtain import kubernetes
from tests.k8s import cgroups
from tests.k8s.cluster import ROOT, Cluster
from tests.k8s.keep import wait_for
from tests.k8s.plan import NODES, load

FROM_BOTH_SIDES = 40  # the node monitor's grace is 12 s


def test_every_node_is_a_kubelet_of_the_pinned_release_over_its_own_containerd(cluster: Cluster) -> None:
    nodes = cluster.get("nodes")["items"]
    facts = {node["metadata"]["name"]: node["status"]["nodeInfo"] for node in nodes}
    assert sorted(facts) == sorted(NODES)
    for info in facts.values():
        assert info["kubeletVersion"] == f"v{kubernetes.version()}"
        assert info["containerRuntimeVersion"].startswith("containerd://")
    addresses = {
        entry["address"]
        for node in nodes
        for entry in node["status"]["addresses"]
        if entry["type"] == "InternalIP"
    }
    assert addresses == {cluster.plan.address(node) for node in NODES}


def ready(cluster: Cluster, node: str) -> str:
    """The status of the node's condition Ready: True, False or Unknown."""
    conditions = cluster.get("node", node)["status"]["conditions"]
    return next(str(entry["status"]) for entry in conditions if entry["type"] == "Ready")


def test_a_frozen_node_is_lost_and_comes_back(cluster: Cluster) -> None:
    cluster.freeze_node("sting")
    try:
        assert cgroups.is_frozen(cluster.cgroup("sting"))
        wait_for(lambda: ready(cluster, "sting") == "Unknown", "loss seen by the cluster", FROM_BOTH_SIDES)
        assert ready(cluster, "honey") == "True"
    finally:
        cluster.thaw_node("sting")
    wait_for(lambda: ready(cluster, "sting") == "True", "return", FROM_BOTH_SIDES)


def test_an_unplugged_node_is_lost_and_comes_back(cluster: Cluster) -> None:
    cluster.unplug_node("honey")
    try:
        wait_for(lambda: ready(cluster, "honey") == "Unknown", "loss seen by the cluster", FROM_BOTH_SIDES)
        assert ready(cluster, "sting") == "True"
    finally:
        cluster.plug_node("honey")
    wait_for(lambda: ready(cluster, "honey") == "True", "return", FROM_BOTH_SIDES)


def test_nothing_is_left_of_a_cluster_whose_owner_was_killed() -> None:
    """Also not while one of its nodes is frozen."""
    folder = Path(tempfile.mkdtemp(prefix="killed-"))
    code = f"""
from pathlib import Path
import time
from tests.k8s.cluster import Cluster
cluster = Cluster(Path({str(folder)!r})).start()
cluster.freeze_node("bumble")
print("up", flush=True)
time.sleep(600)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"up\n"
        plan = load(folder)
        assert leftovers(plan.name, folder)
        owner.send_signal(signal.SIGKILL)
    wait_for(lambda: not leftovers(plan.name, folder), "the end of everything")


def leftovers(name: str, folder: Path) -> list[str]:
    """Processes, interfaces, cgroups, mounts and files of a cluster."""
    root = Path("/sys/fs/cgroup")
    found = [str(path) for path in (*root.glob(name), *root.glob(f"*/{name}"), folder) if path.exists()]
    found += [path.name for path in Path("/sys/class/net").glob(name)]
    found += [line for line in Path("/proc/mounts").read_text().splitlines() if str(folder) in line]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in command and int(process.name) != os.getpid():
            found.append(f"{process.name} {command!r}")
    return found
