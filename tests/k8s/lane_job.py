"""The suite as a Job: what deploy/suite makes runs in the cluster with its own account, and its results are copied out.

Its image is the cluster's busybox, with this machine's Python, `tofu` and the checkout mounted into it from the node.
"""

from __future__ import annotations

import json
import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from readiness import obtain
from tests.k8s.cluster import ROOT, Cluster
from tests.k8s.control import CACHES, DEPLOY, NAMESPACE, apply, isolated, volumes
from tests.k8s.image import pack
from tests.k8s.keep import wait_for
from tests.k8s.look import observed, states
from tests.k8s.plan import NODES

IMAGE = "lane.local/suite:1"
RESULTS = "results"
JOB_SECONDS = 420
PARTS = ("suite", "suite/nodes-by-name", "suite/isolation", "suite/volume-statistics")


def overlay(cluster: Cluster, folder: Path) -> Path:
    """An operator's kustomization of deploy/suite: their image, their cache's address, and phase 0 alone."""
    candidate = (DEPLOY / "suite/candidate.toml").read_text(encoding="utf-8")
    own = isolated(cluster, candidate).replace("http://attic.attic.svc", f"http://cache.{CACHES}.svc")
    assert own != candidate
    (folder / "candidate.toml").write_text(own, encoding="utf-8")
    name, tag = IMAGE.split(":")
    tofu = obtain.tofu().path
    patch = [
        {"op": "add", "path": "/spec/template/spec/containers/0/command", "value": command(tofu)},
        {"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "-m"},
        {"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "phase0"},
    ]
    for number, (path, inside) in enumerate(mounted(tofu).items()):
        volume = {"name": f"host-{number}", "hostPath": {"path": path}}
        mount = {"name": f"host-{number}", "mountPath": inside, "readOnly": True}
        patch.append({"op": "add", "path": "/spec/template/spec/volumes/-", "value": volume})
        at = "/spec/template/spec/containers/0/volumeMounts/-"
        patch.append({"op": "add", "path": at, "value": mount})
    text = {
        "resources": [os.path.relpath(DEPLOY / base, folder) for base in PARTS],
        "images": [{"name": "readiness", "newName": name, "newTag": tag}],
        "configMapGenerator": [
            {
                "name": "readiness-candidate",
                "namespace": NAMESPACE,
                "behavior": "merge",
                "files": ["candidate.toml"],
            }
        ],
        "patches": [{"target": {"kind": "Job"}, "patch": json.dumps(patch)}],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(text), encoding="utf-8")
    return folder


def mounted(tofu: Path) -> dict[str, str]:
    """What a process of this machine's Python needs, and where it sees it. Folders above these may be root's alone."""
    base = Path(sys.base_prefix)
    system = [Path(path) for path in ("/usr", "/lib", "/lib64") if Path(path).is_dir()]
    places = {path: str(path) for path in [*system, base]}
    places |= {ROOT: "/suite", Path(sysconfig.get_path("purelib")): "/packages"}
    places |= {tofu.parent: "/programs"}
    return {str(path): inside for path, inside in places.items()}


def command(tofu: Path) -> list[str]:
    """The entry point of deploy/suite/Containerfile, with this Python and this `tofu`."""
    return [*interpreter(f"READINESS_TOFU=/programs/{tofu.name}"), "-m", "readiness"]


def interpreter(*env: str) -> list[str]:
    """This machine's Python, with the checkout and its packages, inside of the container."""
    usual = ("PYTHONPATH=/suite:/packages", "PYTHONDONTWRITEBYTECODE=1", "PATH=/usr/bin:/bin")
    return ["/bin/busybox", "env", *usual, *env, str(Path(sys.executable).resolve())]


def import_suite(cluster: Cluster, folder: Path) -> None:
    """Give the image in which the suite runs to every node."""
    archive, busybox = folder / "suite.tar", cluster.plan.programs.busybox
    pack(archive, IMAGE, {"/bin/busybox": busybox, "/bin/tar": busybox}, ["/bin/busybox"])
    cluster.import_image(archive)


@pytest.fixture
def job(cluster: Cluster, keys: Mapping[str, str], tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The Job when it has ended, and what it said."""
    assert keys
    import_suite(cluster, tmp_path)
    cluster.make_disk(NODES[0], RESULTS)
    apply(cluster, volumes(RESULTS, "", NODES[:1]))
    cluster.kubectl("apply", "--kustomize", str(overlay(cluster, tmp_path)))
    try:
        yield ended(cluster)
    finally:
        cluster.kubectl("delete", "--kustomize", str(tmp_path), "--wait=true")
        cluster.kubectl("delete", "persistentvolume", f"{RESULTS}-{NODES[0]}")


def ended(cluster: Cluster) -> dict[str, Any]:
    """Waits for the Job. Raises TimeoutError."""
    found: dict[str, Any] = {}

    def over() -> bool:
        found.update(cluster.get("job", "readiness", "--namespace", NAMESPACE))
        kinds = {
            entry["type"] for entry in found["status"].get("conditions", ()) if entry["status"] == "True"
        }
        return bool(kinds & {"Complete", "Failed"})

    wait_for(over, "the end of the Job", JOB_SECONDS)
    return found


@pytest.mark.usefixtures("whole")
def test_the_suite_judges_from_inside_and_its_results_are_copied_out(
    cluster: Cluster, job: Mapping[str, Any], tmp_path: Path
) -> None:
    message = cluster.kubectl("logs", "job/readiness", "--namespace", NAMESPACE)
    assert job["status"].get("succeeded") == 1, message
    assert "PHASE 0 PROVED" in message
    reader = yaml.safe_load((DEPLOY / "suite/reader/pod.yaml").read_text(encoding="utf-8"))
    (container,) = reader["spec"]["containers"]
    container.update(image=IMAGE, command=["/bin/busybox", "sleep", "3600"])
    at = ("--namespace", NAMESPACE)
    cluster.kubectl("apply", *at, "-f", "-", text=json.dumps(reader))
    try:
        cluster.kubectl("wait", *at, "--for=condition=ready", "--timeout=60s", "pod/readiness-reader")
        cluster.kubectl("cp", f"{NAMESPACE}/readiness-reader:/results", str(tmp_path / "copied"))
    finally:
        cluster.kubectl("delete", *at, "pod", "readiness-reader", "--grace-period=1")
    assert (tmp_path / "copied/junit.xml").read_text(encoding="utf-8").count("<testcase") >= 12
    found = states(tmp_path / "copied/runs", range(1))
    assert {id_: reason for id_, (state, reason) in found.items() if state != "PROVED"} == {}
    observed(found)
