"""What a StatefulSet or Deployment says of itself: probes, Services that lead to it, the Secret of its keys. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from readiness.declare.known_stores import Raw, containers, declared_port, pod_labels, store_of

_PROBES = ("readinessProbe", "livenessProbe", "startupProbe")
_ACCESS = re.compile(r"(ROOT_USER|ACCESS_KEY(_ID)?|ROOT_ACCESS_KEY)$")
_READ_ONLY = re.compile(r"READ_?ONLY|READER")
_SECRET = re.compile(r"(ROOT_PASSWORD|SECRET_KEY|SECRET_ACCESS_KEY)$")


def secret_of(workload: Raw, *, read_only: bool = False) -> tuple[str, str, str] | None:
    """The Secret that its pods take their administrative keys from, or those of a reader, and the names of the two
    keys in it.
    """
    refs: dict[str, tuple[str, str]] = {}
    for variable in (each for c in containers(workload) for each in c.get("env") or ()):
        name, ref = str(variable.get("name")), (variable.get("valueFrom") or {}).get("secretKeyRef")
        role = "access" if _ACCESS.search(name) else "secret" if _SECRET.search(name) else None
        if ref and role and bool(_READ_ONLY.search(name)) is read_only:
            refs.setdefault(role, (str(ref["name"]), str(ref["key"])))
    if not {"access", "secret"} <= refs.keys() or refs["access"][0] != refs["secret"][0]:
        return None
    return (*refs["access"], refs["secret"][1])


def service_of(services: Sequence[Raw], workload: Raw) -> tuple[Raw, Raw] | None:
    """The Service that balances over its pods, and the port of it where S3 is."""
    leading = [
        each
        for each in services
        if each["spec"].get("clusterIP") != "None"
        and each["spec"].get("selector")
        and selects({"matchLabels": each["spec"]["selector"]}, workload)
    ]
    store = store_of(workload)
    assert store is not None
    wanted = declared_port(store, workload) or store.port
    names = {p.get("name"): p["containerPort"] for c in containers(workload) for p in c.get("ports") or ()}
    for each in leading:
        for port in each["spec"].get("ports") or ():
            target = port.get("targetPort", port["port"])
            if names.get(target, target) == wanted:
                return each, port
    return None


def selects(selector: Mapping[str, Any], workload: Raw) -> bool:
    """Whether a selector with labels takes its pods; one without any takes none."""
    wanted, labels = selector.get("matchLabels") or {}, pod_labels(workload)
    return bool(wanted) and all(labels.get(name) == value for name, value in wanted.items())


def probe_of(workload: Raw) -> tuple[str | None, int | None]:
    """Path and port number of its readiness probe, where that asks by HTTP."""
    for each in containers(workload):
        if get := (each.get("readinessProbe") or {}).get("httpGet"):
            ports = {p.get("name"): p["containerPort"] for p in each.get("ports") or ()}
            port = ports.get(get.get("port"), get.get("port"))
            return str(get.get("path", "/")), port if isinstance(port, int) else None
    return None, None


def noticed_after(workload: Raw) -> float:
    """Seconds until a silent pod is not ready, by its readiness probe; by Kubernetes' defaults without one."""
    probe: Raw = next((c["readinessProbe"] for c in containers(workload) if c.get("readinessProbe")), {})
    return float(
        probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3) + probe.get("timeoutSeconds", 1)
    )


def scheme_of(workload: Raw) -> str:
    """https if a probe or the name of a port says so."""
    probes = [(c.get(kind) or {}).get("httpGet", {}) for c in containers(workload) for kind in _PROBES]
    named = any(p.get("name") == "https-minio" for c in containers(workload) for p in c.get("ports") or ())
    return "https" if named or any(get.get("scheme") == "HTTPS" for get in probes) else "http"


def kind_of(workload: Raw) -> str:
    """StatefulSet or Deployment: objects of a list do not say it."""
    return "StatefulSet" if "serviceName" in workload["spec"] else "Deployment"


def replicas(workload: Raw) -> int:
    """How many pods are wanted."""
    return int(workload["spec"].get("replicas", 1))


def name_of(found: Raw) -> str:
    """The object's name."""
    return str(found["metadata"]["name"])
