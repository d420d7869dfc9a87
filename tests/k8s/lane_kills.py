"""Kills at random moments of faults, and what `undo` makes of them: of the run, of its supervisor, of both, and of the
first process of a Job's container, which takes all others with it.

What was killed with its supervisor is undone from another machine: by what the Lease says, without the run's own
journal.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from readiness import obtain
from readiness.providers.kubernetes.lease import NAME
from readiness.providers.kubernetes.policy import RUN
from tests.k8s import control
from tests.k8s.cluster import ROOT, Cluster
from tests.k8s.control import CACHES, DEPLOY, NAMESPACE
from tests.k8s.keep import wait_for
from tests.k8s.lane_job import IMAGE, import_suite, interpreter, mounted
from tests.k8s.look import schedulable
from tests.k8s.plan import NODES

WHO = ("run", "supervisor", "both", "job")
KILLS, SEED = int(os.environ.get("READINESS_KILLS", "20")), 2900
MOMENTS = 8.0
"""Seconds in which the kill falls: a fault in a cluster takes some seconds."""
BEGIN_SECONDS = 120


@dataclass
class Table:
    """What came of all kills so far. `hurt`: those after which something was left, before `undo`."""

    kills: Counter[str] = field(default_factory=Counter)
    hurt: Counter[str] = field(default_factory=Counter)
    left: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        head = f"{'killed':11} {'kills':>5} {'left something before undo':>26} {'left after undo':>16}"
        rows = (
            f"{who:11} {self.kills[who]:5} {self.hurt[who]:26} "
            f"{sum(line.startswith(who) for line in self.left):16}"
            for who in WHO
        )
        return "\n".join([head, *rows])


class Rig:
    """Starts what does faults, kills it, undoes, and looks."""

    def __init__(self, cluster: Cluster, keys: Mapping[str, str], place: Path) -> None:
        self.cluster, self.place, self.table = cluster, place, Table()
        self.candidate = control.candidate_file(cluster, place)
        self._keys = control.environment(cluster, keys)

    def environment(self, machine: str) -> dict[str, str]:
        """Of a process on a machine of that name: its state folder is its own."""
        (self.place / "tmp").mkdir(exist_ok=True)
        own = {"XDG_STATE_HOME": str(self.place / machine), "TMPDIR": str(self.place / "tmp")}
        return {**os.environ, **self._keys, **own, "PYTHONPATH": str(ROOT)}

    def kill(self, who: str, seed: int) -> None:
        """One kill at a random moment, one `undo`, and a look at what is left."""
        chance = random.Random(seed)
        end = self._job(seed) if who == "job" else self._process(who, seed)
        time.sleep(chance.random() * MOMENTS)
        end()
        self.table.kills[who] += 1
        self.table.hurt[who] += bool(self.hurt())
        machine = "another" if who in ("both", "job") else "machine"
        undone = self._undo(machine)
        again = self._undo(
            "machine"
        )  # the run's own journal, where the Lease was played: nothing is done twice
        found = self.hurt()
        if undone.returncode or again.returncode or found:
            message = undone.stdout + undone.stderr + again.stdout + again.stderr
            self.table.left.append(f"{who} seed {seed}: left {found}: {message}")
        control.wait_ready(self.cluster, "statefulset/state", 3)

    def hurt(self) -> list[str]:
        """What runs have left in the cluster."""
        found = [] if schedulable(self.cluster) else ["a node is cordoned or marked"]
        found += [f"{node} is frozen" for node in NODES if self.cluster.frozen(node)]
        found += [f"{node} is unplugged" for node in NODES if self.cluster.unplugged(node)]
        for kind in ("networkpolicies", "pods", "leases"):
            of_runs = () if kind == "leases" else ("--selector", RUN)
            listed = self.cluster.get(kind, "--namespace", NAMESPACE, *of_runs)["items"]
            names = [
                each["metadata"]["name"] for each in listed if "deletionTimestamp" not in each["metadata"]
            ]
            found += [f"{kind} {name}" for name in names if kind != "leases" or name == NAME]
        return found

    def _undo(self, machine: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "readiness", "undo", "--candidate", str(self.candidate)]
        return subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment(machine),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def _process(self, who: str, seed: int) -> Any:
        argv = [sys.executable, "-m", "tests.k8s.faulter", str(self.candidate), f"kill{seed}", str(seed)]
        log = self.place / "faulter.log"
        with log.open("w") as output:
            run = subprocess.Popen(
                argv,
                cwd=ROOT,
                env=self.environment("machine"),
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
            )
        assert run.stdout is not None
        line = run.stdout.readline()
        assert line, log.read_text()
        supervisor = psutil.Process(int(line))

        def end() -> None:
            doomed = {"run": [run.pid], "supervisor": [supervisor.pid], "both": [run.pid, supervisor.pid]}[
                who
            ]
            for pid in doomed:
                os.kill(pid, signal.SIGKILL)
            run.wait(180)  # one whose supervisor is gone ends by itself, and undoes what it can
            assert run.stdout is not None
            run.stdout.close()
            supervisor.wait(180)  # one whose run is gone undoes what it can, and ends

        return end

    def _job(self, seed: int) -> Any:
        name = f"faulter-{seed}"
        folder = self.place / name
        folder.mkdir()
        text = (DEPLOY / "suite/candidate.toml").read_text("utf-8")
        declared = control.isolated(self.cluster, text).replace(
            "http://attic.attic.svc", f"http://cache.{CACHES}.svc"
        )
        (folder / "candidate.toml").write_text(declared, "utf-8")
        (folder / "control_admin.py").write_bytes((DEPLOY / "suite/control_admin.py").read_bytes())
        control.apply(
            self.cluster, [job(name, folder, ["candidate.toml", f"kill{seed}", str(seed)], self._keys)]
        )

        def log() -> str:
            return self.cluster.kubectl("logs", f"job/{name}", "--namespace", NAMESPACE)

        def begun() -> bool:
            try:
                return bool(log().strip())
            except subprocess.CalledProcessError:
                return False

        wait_for(begun, f"the Job {name}", BEGIN_SECONDS)
        first = next(
            process
            for process in psutil.process_iter(["cmdline"])
            if process.info["cmdline"] and f"kill{seed}" in process.info["cmdline"]
        )

        def end() -> None:
            first.kill()
            first.wait(60)
            self.cluster.kubectl("delete", "job", name, "--namespace", NAMESPACE, "--wait=true")

        return end


def job(name: str, folder: Path, arguments: list[str], env: Mapping[str, str]) -> object:
    """A Job of the suite's account whose container does faults. Its state folder goes with it."""
    places = mounted(obtain.tofu().path) | {str(folder): "/candidate"}
    volumes = [{"name": f"host-{n}", "hostPath": {"path": path}} for n, path in enumerate(places)]
    mounts = [
        {"name": f"host-{n}", "mountPath": inside, "readOnly": True}
        for n, inside in enumerate(places.values())
    ]
    container = {
        "name": "faulter",
        "image": IMAGE,
        "imagePullPolicy": "Never",
        "workingDir": "/candidate",
        "command": [*interpreter(), "-m", "tests.k8s.faulter", *arguments],
        "env": [{"name": key, "value": value} for key, value in {**env, "HOME": "/scratch"}.items()],
        "volumeMounts": [
            *mounts,
            {"name": "scratch", "mountPath": "/scratch"},
            {"name": "scratch", "mountPath": "/tmp"},
        ],
    }
    pod = {
        "serviceAccountName": "readiness",
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "containers": [container],
        "volumes": [*volumes, {"name": "scratch", "emptyDir": {}}],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"backoffLimit": 0, "template": {"spec": pod}},
    }


@pytest.fixture
def rig(cluster: Cluster, keys: Mapping[str, str], tmp_path: Path) -> Iterator[Rig]:
    """With the suite's account and all of its roles, and the image of its Job on every node."""
    roles = [DEPLOY / f"suite/{name}.yaml" for name in ("service-account", "role")]
    for path in roles:
        cluster.kubectl("apply", "--namespace", NAMESPACE, "--filename", str(path))
    for part in ("nodes", "isolation", "volume-statistics"):
        cluster.kubectl("apply", "--kustomize", str(DEPLOY / f"suite/{part}"))
    import_suite(cluster, tmp_path)
    made = Rig(cluster, keys, tmp_path)
    yield made
    print(f"\n{made.table}")
    for part in ("nodes", "isolation", "volume-statistics"):
        cluster.kubectl("delete", "--kustomize", str(DEPLOY / f"suite/{part}"))
    for path in reversed(roles):
        cluster.kubectl("delete", "--namespace", NAMESPACE, "--filename", str(path))


@pytest.mark.usefixtures("whole")
def test_whoever_is_killed_nothing_is_left_after_undo(rig: Rig) -> None:
    for number in range(KILLS):
        rig.kill(WHO[number % len(WHO)], SEED + number)
        print(f"{number + 1} of {KILLS}: {dict(rig.table.hurt)} hurt, {len(rig.table.left)} left", flush=True)
    assert json.dumps(rig.table.left) == "[]"
    assert sum(rig.table.kills.values()) == KILLS
    assert sum(rig.table.hurt.values()) > 0, "no kill left anything: undo was not tried"
