"""From a cluster to a verdict: `declare`, a dry run and a judged run of the control, edited only in its promises; and a
deployed singleton, refused from facts by the same commands.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.k8s import control
from tests.k8s.cluster import ROOT, Cluster
from tests.k8s.control import NAMESPACE
from tests.k8s.look import schedulable, states
from tests.k8s.plan import CONTEXT, SANDBOX_IMAGE

INTERIM = "interim"
RUN_SECONDS, SHORT_SECONDS = 420, 120
JUDGED = (
    "(phase0 and not caches and not divergence) or list_buckets or head_bucket or bounded_object or if_match or "
    "read_after_write or head_after_one_pod_restart or versions_survive or wrong_credentials or damaged_uploads"
)
WANTED = {
    *("P0.1", "P0.2", "P0.3", "P0.4", "P0.5", "P0.7", "S.1", "S.2", "S.3"),
    *("P1.1", "P1.2", "P1.3", "P1.4", "P1.10", "P1.12", "P1.15", "P1.16", "P1.17"),
}
PROMISES = {
    'audience = "TO BE WRITTEN: who may use the endpoints, from where"': 'audience = "OpenTofu, and its operators"',
    'cache_statement = "TO BE WRITTEN: that no cache uses the state bucket as authority"': (
        'cache_statement = "no cache uses the state bucket as authority"'
    ),
    'rotation_owner = "TO BE WRITTEN: who rotates the credentials"': 'rotation_owner = "platform operations"',
    'statement = "TO BE WRITTEN: what is served while one pod or one node is away"': (
        'statement = "Any one node may be lost: the other two serve, and nothing acknowledged is lost."'
    ),
    "metrics = []": (
        'alert_rules = "ConfigMap/state-alerts/alerts.yaml"\nmetrics = [\n'
        '  { name = "control_index_divergence", path = "/metrics", target = "admin" },\n'
        '  { name = "control_index_checks_total", path = "/metrics", target = "admin" },\n'
        '  { name = "control_s3_requests_total", path = "/metrics", target = "admin" },\n'
        '  { name = "control_etcd_has_leader", path = "/metrics", target = "admin" },\n]'
    ),
}
"""What an operator writes; all of it below [contract]."""


def suite(command: str, *arguments: str, seconds: float = SHORT_SECONDS) -> subprocess.CompletedProcess[str]:
    """One command of the suite, without the kubeconfig of whoever runs the tests."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "KUBECONFIG"))}
    argv = [sys.executable, "-m", "readiness", command, *arguments]
    return subprocess.run(
        argv, cwd=ROOT, env=kept, capture_output=True, text=True, timeout=seconds, check=False
    )


def declared(cluster: Cluster, namespace: str, folder: Path) -> Path:
    """The file that `declare` proposes for the store of that namespace."""
    done = suite(
        "declare", "--context", CONTEXT, "--kubeconfig", str(cluster.kubeconfig()), "--namespace", namespace,
        "--probe-image", SANDBOX_IMAGE, "--dns", f"{cluster.plan.control_plane}/32", "--via", "address",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    path = folder / "declared.toml"
    path.write_text(done.stdout, "utf-8")
    return path


def promised(path: Path) -> None:
    """Writes the promises, and nothing outside of the contract."""
    text = path.read_text("utf-8")
    found, _, rest = text.partition("\n[contract]\n")
    for old, new in PROMISES.items():
        assert old in rest
        rest = rest.replace(old, new)
    path.write_text(f"{found}\n[contract]\n{rest}", "utf-8")


def judged(path: Path, runs: Path, *arguments: str, seconds: float, code: int) -> dict[str, tuple[str, str]]:
    """Every criterion's state and reason, of phases 0 and 1. `code`: how the run must end."""
    runs.mkdir()
    own = [f"--candidate={path}", f"--runs={runs}", f"--junitxml={runs / 'junit.xml'}", "--seed=1"]
    done = suite("run", *own, *arguments, seconds=seconds)
    assert done.returncode == code, done.stdout[-4000:] + done.stderr[-2000:]
    return states(runs, range(2))


@pytest.mark.usefixtures("keys", "whole")
def test_the_control_is_proved_by_the_file_that_is_proposed(cluster: Cluster, tmp_path: Path) -> None:
    begun = time.monotonic()
    seconds: dict[str, float] = {}
    path = declared(cluster, NAMESPACE, tmp_path)
    seconds["declare"] = time.monotonic() - begun
    dry = suite("run", f"--candidate={path}", "--dry-run")
    seconds["dry run"] = time.monotonic() - begun
    assert dry.returncode == 0, dry.stderr
    assert all(f"pod state-{number} on " in dry.stdout for number in range(3))
    assert "service endpoint: " in dry.stdout
    assert dry.stdout.count(": drain: cordon it, evict state-") == 3
    promised(path)
    found = judged(
        path, tmp_path / "runs", "--allow-faults", "-m", "phase0 or phase1", "-k", JUDGED, "--keep-going",
        seconds=RUN_SECONDS, code=0,
    )  # fmt: skip
    seconds["run"] = time.monotonic() - begun
    red = {id_: found[id_] for id_ in sorted(WANTED) if found[id_][0] != "PROVED"}
    assert red == {}, json.dumps(red, indent=1)
    assert "no node's network has a way out" in found["S.1"][1]
    assert "the bytes stored grew on 3 of 3 nodes" in found["S.2"][1]
    assert schedulable(cluster)
    print({step: round(taken) for step, taken in seconds.items()})


@pytest.fixture
def interim(cluster: Cluster, keys: Mapping[str, str]) -> Iterator[str]:
    """One replica on a volume of bumble alone, in a namespace of its own."""
    cluster.make_disk("bumble", "zfs")
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": INTERIM}}
    control.apply(
        cluster,
        [
            *control.volumes("zfs", "openebs-zfs", ["bumble"]),
            namespace,
            control.secret("state-keys", keys, INTERIM),
        ],
    )
    text = Path(__file__).with_name("singleton.yaml").read_text("utf-8")
    text = text.replace(f"namespace: {NAMESPACE}", f"namespace: {INTERIM}")
    cluster.kubectl("apply", "--filename", "-", text=text)
    control.wait_ready(cluster, "deployment/single", 1, INTERIM)
    yield INTERIM
    cluster.kubectl("delete", "--filename", "-", text=text)
    cluster.kubectl("delete", "namespace", INTERIM)
    cluster.kubectl("delete", "persistentvolume", "zfs-bumble")


def test_a_singleton_is_refused_by_the_same_commands(cluster: Cluster, interim: str, tmp_path: Path) -> None:
    path = declared(cluster, interim, tmp_path)
    assert 'class = "singleton"' in path.read_text("utf-8")
    dry = suite("run", f"--candidate={path}", "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "openebs-zfs" in dry.stdout
    promised(path)
    found = judged(path, tmp_path / "runs", "-m", "phase0", seconds=240, code=1)
    assert {found[id_][0] for id_ in ("S.1", "S.2", "P0.7")} == {"REFUTED"}, found
    assert "openebs-zfs" in found["S.2"][1]
