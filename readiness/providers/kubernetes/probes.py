"""Probe pods: what a pod reaches on a node, looked at again and again from inside, and read from its log.

A probe asks a witness (a pod that no policy of the run selects), the API server's Service, and a peer that its own
policy allows; and it keeps one connection to the witness open. The image needs `sh`, `wget`, `timeout`
and `httpd`, as busybox has them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kubernetes.client.exceptions import ApiException

from readiness.providers.kubernetes.api import NOT_FOUND, Cluster, why
from readiness.providers.kubernetes.policy import INSIDE, ROLE, RUN, WITNESS

PORT, SHOWN_LINES = 8080, 20
START_SECONDS, INTERVAL = 90.0, 0.3
LONGEST_SECONDS = 6 * 3600
"""After that a probe ends by itself."""
SERVE = r"""
mkdir -p /probe/cgi-bin
echo yes > /probe/index.html
cat > /probe/cgi-bin/tick << 'END'
#!/bin/sh
printf 'Content-Type: text/plain\r\n\r\n'
while echo tick; do sleep 1; done
END
chmod 755 /probe/cgi-bin/tick
exec httpd -f -p 8080 -h /probe
"""
LOOK = r"""
reach() {
  if said=$(timeout 2 wget -q -O /dev/null "http://$1/" 2>&1); then echo 1; return; fi
  case $said in *"server returned error"*) echo 1 ;; *) echo 0 ;; esac
}
: > /probe/held
wget -q -O - "http://$WITNESS/cgi-bin/tick" >> /probe/held 2> /dev/null &
number=0
while :; do
  number=$((number + 1))
  before=$(wc -c < /probe/held)
  witness=$(reach "$WITNESS")
  server=$(reach "$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT")
  peer=$(reach "$PEER")
  sleep 2
  after=$(wc -c < /probe/held)
  if [ "$after" -gt "$before" ]; then held=1; else held=0; fi
  echo "look $number $witness $server $peer $held"
done
"""


@dataclass(frozen=True)
class Look:
    """One look of a probe, the `number`th: what it reached. `held`: the connection that it keeps open carried data."""

    number: int
    witness: bool
    server: bool
    peer: bool
    held: bool


def looks_of(log: str) -> list[Look]:
    """The looks in a probe's log, in order."""
    found = []
    for line in log.splitlines():
        words = line.split()
        if len(words) == 6 and words[0] == "look" and all(word.isdigit() for word in words[1:]):
            number, *seen = map(int, words[1:])
            found.append(Look(number, *(bool(one) for one in seen)))
    return found


def pod(run: str, name: str, role: str, node: str, image: str, env: Mapping[str, str]) -> dict[str, Any]:
    """The manifest of a probe (with `env` of WITNESS and PEER), or of one that is only asked (without)."""
    container = {
        "name": "probe",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", LOOK if env else SERVE],
        "env": [{"name": key, "value": value} for key, value in env.items()],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [{"name": "probe", "mountPath": "/probe"}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {RUN: run, ROLE: role}},
        "spec": {
            "nodeName": node,
            "restartPolicy": "Never",
            "activeDeadlineSeconds": LONGEST_SECONDS,
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": False,
            "tolerations": [{"operator": "Exists"}],
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 10001,
                "runAsGroup": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
            "volumes": [{"name": "probe", "emptyDir": {}}],
        },
    }


class Probes:
    """The probes of one run, one on each node, with a witness and a peer on the first. Raises OSError, ApiException."""

    def __init__(self, cluster: Cluster, run: str, image: str, nodes: tuple[str, ...]) -> None:
        self._cluster, self._run, self._image, self._nodes = cluster, run, image, nodes
        self._names = {node: f"tofu-ha-{run.lower()}-probe-{number}" for number, node in enumerate(nodes)}
        self._seen: set[str] = set()
        self.witness = ""

    def start(self) -> None:
        """Make them, and wait until each has looked once."""
        first = self._nodes[0]
        asked = [
            self._make(f"tofu-ha-{self._run.lower()}-{role}", role, first, {}) for role in (WITNESS, INSIDE)
        ]
        witness, peer = (f"{self._address(name)}:{PORT}" for name in asked)
        self.witness = witness
        for node, name in self._names.items():
            self._make(name, INSIDE, node, {"WITNESS": witness, "PEER": peer})
        for node in self._nodes:
            self.wait(node, lambda look: look.number > 1 and look.held, START_SECONDS)

    def last(self, node: str) -> Look | None:
        """The latest look from that node."""
        call, name = self._cluster.core.read_namespaced_pod_log, self._names[node]
        try:
            log = self._cluster.text(
                "logs", name, call, name, self._cluster.namespace, tail_lines=SHOWN_LINES
            )
        except ApiException as error:
            if error.status == 400 or (error.status == NOT_FOUND and node not in self._seen):
                return None  # its container waits to start, or its kubelet has not heard of it yet
            raise OSError(f"the log of probe {name} cannot be read: {why(error)}") from None
        self._seen.add(node)
        found = looks_of(log)
        return found[-1] if found else None

    def wait(self, node: str, wanted: Callable[[Look], bool], seconds: float) -> Look | None:
        """The first look from that node that is as wanted, else the last one in that time."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.last(node)
            if (found is not None and wanted(found)) or time.monotonic() > deadline:
                return found
            time.sleep(INTERVAL)

    def next(self, node: str, seconds: float = 20.0) -> Look:
        """A look that begins after this call. Raises OSError if there is none in time."""
        now = self.last(node)
        begun = now.number if now else 0
        found = self.wait(node, lambda look: look.number > begun + 1, seconds)
        if found is None or found.number <= begun + 1:
            raise OSError(f"the probe on {node} has not looked for {seconds:g} s")
        return found

    def _make(self, name: str, role: str, node: str, env: Mapping[str, str]) -> str:
        manifest = pod(self._run, name, role, node, self._image, env)
        call = self._cluster.core.create_namespaced_pod
        self._cluster.write("make probe", name, call, self._cluster.namespace, manifest)
        return name

    def _address(self, name: str) -> str:
        call, deadline = self._cluster.core.read_namespaced_pod, time.monotonic() + START_SECONDS
        while True:
            status = self._cluster.ask(call, name, self._cluster.namespace).get("status") or {}
            if status.get("phase") == "Running" and status.get("podIP"):
                return str(status["podIP"])
            if status.get("phase") in ("Failed", "Succeeded") or time.monotonic() > deadline:
                raise OSError(
                    f"the probe pod {name} does not run ({_state(status)}): kubernetes.isolation.image?"
                )
            time.sleep(INTERVAL)


def _state(status: Mapping[str, Any]) -> str:
    for one in status.get("containerStatuses") or []:
        state = one.get("state") or {}
        kind = state.get("waiting") or state.get("terminated") or {}
        if kind:
            return str(kind.get("reason") or "waiting")
    return str(status.get("reason") or status.get("phase") or "unknown")
