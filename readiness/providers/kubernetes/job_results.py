"""The results of the suite's Job, out of its volume: by kubectl, from a pod that holds the volume after the Job's end.

Before the end nothing is read: what a run still writes cannot be copied whole, and a volume that one node may hold can
not be held by another pod.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from readiness.errors import UsageError

MOUNTED = "/results"
"""Where the Job has its results."""
SAFE_TAR = (3, 11, 4)
"""The first Python 3.11 whose tarfile has the filter "data" (PEP 706)."""
POLL_SECONDS, READY_SECONDS, COPY_SECONDS = 5.0, 180, 1800
_ENDED = {"Complete", "Failed"}
_KEPT_OF_POD = ("imagePullSecrets", "nodeSelector", "tolerations", "securityContext", "affinity")


class Kubectl:
    """kubectl in one namespace of one context."""

    def __init__(self, namespace: str, context: str | None) -> None:
        self.words = ["kubectl", *([f"--context={context}"] if context else []), f"--namespace={namespace}"]

    def run(self, *words: str, text: str = "", seconds: float = 60) -> str:
        """What it prints. Raises UsageError."""
        try:
            ran = subprocess.run(
                [*self.words, *words],
                input=text,
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
            )
        except OSError as error:
            raise UsageError(f"kubectl cannot be run ({error.strerror})") from None
        except subprocess.TimeoutExpired:
            raise UsageError(f"kubectl {words[0]} did not end within {seconds:g} s") from None
        if ran.returncode:
            raise UsageError(f"kubectl {words[0]}: {(ran.stderr.strip().splitlines() or ['it failed'])[-1]}")
        return ran.stdout

    def stream(self, target: Path, *words: str, seconds: float) -> bool:
        """What it prints, into a file; whether it ended well in time."""
        with target.open("wb") as out:
            try:
                ran = subprocess.run(
                    [*self.words, *words], stdout=out, stderr=subprocess.DEVNULL, timeout=seconds, check=False
                )
            except subprocess.TimeoutExpired:
                return False
        return ran.returncode == 0


def wait_for_end(kubectl: Kubectl, job: str, seconds: float) -> Mapping[str, Any]:
    """The Job when it is complete or has failed. Raises UsageError if it does not end in time."""
    deadline = time.monotonic() + seconds
    while True:
        found: dict[str, Any] = json.loads(kubectl.run("get", f"job/{job}", "--output=json"))
        conditions = found.get("status", {}).get("conditions", ())
        if _ENDED & {each["type"] for each in conditions if each["status"] == "True"}:
            return found
        if time.monotonic() > deadline:
            raise UsageError(f"job/{job} has not ended within {seconds:g} s: nothing was copied")
        time.sleep(POLL_SECONDS)


def copied(kubectl: Kubectl, job: Mapping[str, Any], target: Path) -> bool:
    """Copies the Job's volume below `target`; False if the copy was cut short. Raises UsageError if there is no volume,
    or the pod that holds it does not start.
    """
    name = f"{job['metadata']['name']}-reader-{secrets.token_hex(3)}"
    kubectl.run("apply", "--filename=-", text=json.dumps(reader(job, name)))
    try:
        ready = ("--for=condition=ready", f"--timeout={READY_SECONDS}s")
        kubectl.run("wait", *ready, f"pod/{name}", seconds=READY_SECONDS + 30)
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "results.tar"
            tar = ("exec", name, "--", "tar", "-C", MOUNTED, "--exclude=lost+found", "-cf", "-", ".")
            return kubectl.stream(archive, *tar, seconds=COPY_SECONDS) and _unpacked(archive, target)
    finally:
        kubectl.run("delete", f"pod/{name}", "--grace-period=1", "--wait=false")


def must_unpack(python: Sequence[int] = sys.version_info[:3]) -> None:
    """Raises UsageError if this Python cannot unpack an archive safely: tarfile has its filters since 3.11.4."""
    if tuple(python) < SAFE_TAR:
        version = ".".join(map(str, python))
        raise UsageError(
            f"this is Python {version}, which cannot unpack an archive safely: copy the results with "
            "3.11.4 or newer, or by hand (deploy/README.md)"
        )


def _unpacked(archive: Path, target: Path) -> bool:
    try:
        with tarfile.open(archive) as opened:
            opened.extractall(target, filter="data")
    except tarfile.TarError:
        return False
    return True


def reader(job: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A pod with the Job's image, account of files and place, that only reads its volume. Raises UsageError."""
    pod = job["spec"]["template"]["spec"]
    container = pod["containers"][0]
    mounts = [each for each in container.get("volumeMounts", ()) if each["mountPath"] == MOUNTED]
    volumes = [each for each in pod.get("volumes", ()) if mounts and each["name"] == mounts[0]["name"]]
    claims = [
        each["persistentVolumeClaim"]["claimName"] for each in volumes if "persistentVolumeClaim" in each
    ]
    if not claims:
        raise UsageError(
            f"job/{job['metadata']['name']} has no claim mounted at {MOUNTED}: its results went with it"
        )
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/name": "readiness-reader"}},
        "spec": {
            **{key: pod[key] for key in _KEPT_OF_POD if key in pod},
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "activeDeadlineSeconds": COPY_SECONDS + READY_SECONDS,
            "containers": [
                {
                    "name": "reader",
                    "image": container["image"],
                    "command": ["sleep", str(COPY_SECONDS)],
                    "securityContext": container.get("securityContext", {}),
                    "volumeMounts": [{"name": "results", "mountPath": MOUNTED, "readOnly": True}],
                }
            ],
            "volumes": [
                {"name": "results", "persistentVolumeClaim": {"claimName": claims[0], "readOnly": True}}
            ],
        },
    }
