"""A candidate file proposed from what a namespace holds: every guess has a comment that says where it comes from.

Pure: from listed objects to TOML. What only the operator can promise begins with TO BE WRITTEN, which loads, and which
phase 0 refuses.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from readiness.declare.cluster_survey import Surveyed
from readiness.declare.known_stores import (
    KnownStore,
    Raw,
    containers,
    declared_port,
    pod_labels,
    role_of,
    speaks_s3,
    store_of,
    the_store,
)
from readiness.declare.workload import (
    kind_of,
    name_of,
    noticed_after,
    probe_of,
    replicas,
    scheme_of,
    secret_of,
    selects,
    service_of,
)
from readiness.declare.writing import (
    ENVIRONMENT,
    MOST_SECONDS,
    SILENCE_SECONDS,
    TAKEOVER_SECONDS,
    Heading,
    Outages,
    Promised,
    contract,
    heading,
    ready_at,
    text,
)
from readiness.errors import UsageError

Via = Literal["port-forward", "address"]


@dataclass(frozen=True)
class Asked:
    """What the file is proposed for. `kubeconfig`: the file that was named, None for the usual one; `store`: its name,
    where the namespace holds several; `probe_image`: of the pods that show whether the network confines the store;
    `dns`: name servers (CIDR) that are no pods of kube-system. `via`: how pods are reached.
    """

    context: str
    namespace: str
    kubeconfig: str | None = None
    store: str | None = None
    probe_image: str | None = None
    dns: tuple[str, ...] = ()
    via: Via = "port-forward"


def proposal(found: Surveyed, asked: Asked) -> str:
    """The file as text. Raises UsageError if the namespace holds no known store, or several and none is asked for."""
    namespace = asked.namespace
    store = _store(found, namespace, asked.store)
    workloads = [workload for workload in found.workloads if store_of(workload) is store]
    serving = [workload for workload in workloads if speaks_s3(store, workload)]
    if not serving:
        names = ", ".join(map(name_of, workloads))
        raise UsageError(f"namespace {namespace}: none of {names} ({store.title}) speaks S3")
    service = service_of(found.services, serving[0])
    lines = [
        *heading(_head(store, namespace, serving)),
        *_cluster(found, asked),
        *(line for k, workload in _kinds(workloads) for line in _pods(store, k, workload, found, asked.via)),
        *_of_service(store, service, serving[0]),
        *_isolation(asked),
        *contract(_promised(store, found, serving[0], service)),
    ]
    return "\n".join(lines) + "\n"


def _store(found: Surveyed, namespace: str, wanted: str | None) -> KnownStore:
    there = dict.fromkeys(store.name for each in found.workloads if (store := store_of(each)) is not None)
    images = {str(container.get("image")) for each in found.workloads for container in containers(each)}
    return the_store(there, images, wanted, f"namespace {namespace}", "holds")


def _head(store: KnownStore, namespace: str, serving: Sequence[Raw]) -> Heading:
    pods = sum(replicas(each) for each in serving)
    of_class, why = (
        (store.candidate_class, f"{pods} pods speak S3")
        if pods > 1
        else ("singleton", "one pod speaks S3: no final authority (P0.7)")
    )
    images = sorted({str(c.get("image")) for each in serving for c in containers(each)})
    return Heading(
        read=f"namespace {namespace}",
        name=f"{namespace}-{store.name}",
        candidate_class=of_class,
        why=why,
        summary=f"{store.title} in namespace {namespace}, {pods} of its pods speak S3.",
        provider='kind = "kubernetes"',
        page="docs/kubernetes.md",
        recognised=f"its images: {', '.join(images)}",
    )


def _cluster(found: Surveyed, asked: Asked) -> Iterator[str]:
    yield "[kubernetes]"
    yield f"context = {text(asked.context)}"
    if asked.kubeconfig:
        yield f"kubeconfig = {text(asked.kubeconfig)}  # as it was named"
    yield f"namespace = {text(asked.namespace)}"
    if found.cluster_uid:
        yield f"cluster_uid = {text(found.cluster_uid)}  # of the namespace kube-system: no other cluster is taken"
    yield ""


def _kinds(workloads: Sequence[Raw]) -> Iterator[tuple[str, Raw]]:
    """Each workload with a kind of its own: its role, or its name where a role has several workloads."""
    roles = [role_of(workload) for workload in workloads]
    for role, workload in zip(roles, workloads, strict=True):
        yield (role if roles.count(role) == 1 else name_of(workload)), workload


def _pods(store: KnownStore, kind: str, workload: Raw, found: Surveyed, via: Via) -> Iterator[str]:
    labels = workload["spec"]["selector"].get("matchLabels") or pod_labels(workload)
    yield "[[kubernetes.pods]]"
    yield f"kind = {text(kind)}  # {kind_of(workload)} {name_of(workload)}, {replicas(workload)} replicas"
    yield f"selector = {text(','.join(f'{k}={v}' for k, v in sorted(labels.items())))}"
    if speaks_s3(store, workload):
        how = "as it was named" if via == "address" else "works from anywhere, slowly; see also --via address"
        yield f"via = {text(via)}  # {how}"
        yield f"scheme = {text(scheme_of(workload))}"
        declared = declared_port(store, workload)
        where = "as its container declares it" if declared else f"what {store.title} listens on by default"
        yield f"port = {declared or store.port}  # {where}"
        path, probe_port = probe_of(workload)
        if path and probe_port and probe_port != (declared or store.port):
            yield f"admin_port = {probe_port}  # where its readiness probe asks"
    for claim in workload["spec"].get("volumeClaimTemplates") or ():
        spec = claim["spec"]
        of_class, modes = (
            spec.get("storageClassName") or "the default",
            ", ".join(spec.get("accessModes") or ()),
        )
        yield f"# claim {claim['metadata']['name']}: class {of_class}, {modes}: S.2 asks the cluster where it lies"
    if found.budgets is None:
        yield "# this account may not list PodDisruptionBudgets"
    elif not any(selects(budget["spec"].get("selector") or {}, workload) for budget in found.budgets):
        yield "# no PodDisruptionBudget holds these pods: two may be evicted at once"
    yield ""


def _of_service(store: KnownStore, service: tuple[Raw, Raw] | None, workload: Raw) -> Iterator[str]:
    if service is None:
        yield "# no Service that balances leads to these pods: there is no service endpoint to declare"
        yield ""
        return
    found, port = service
    yield "[kubernetes.service]"
    yield f"name = {text(name_of(found))}  # type {found['spec'].get('type', 'ClusterIP')}"
    yield f"port = {int(port['port'])}"
    yield 'via = "port-forward"  # better url, with the address that OpenTofu will use'
    yield f"scheme = {text(scheme_of(workload))}"
    yield ""


def _isolation(asked: Asked) -> Iterator[str]:
    if not asked.probe_image:
        yield "# no [kubernetes.isolation]: without an image of probe pods (--probe-image) S.1, S.2, S.5 are UNKNOWN"
        yield ""
        return
    yield "# With --allow-faults, NetworkPolicies hold for the run: clients of the store are cut off meanwhile."
    yield "[kubernetes.isolation]"
    yield f"image = {text(asked.probe_image)}  # as it was named: sh, wget, timeout and httpd are in it"
    if asked.dns:
        yield f"dns = {json.dumps(asked.dns)}  # as they were named, besides the pods k8s-app=kube-dns of kube-system"
    yield ""


def _promised(store: KnownStore, found: Surveyed, workload: Raw, service: tuple[Raw, Raw] | None) -> Promised:
    shape = f"{replicas(workload)} pods of {name_of(workload)}" + (
        f" behind Service {name_of(service[0])}" if service else ""
    )
    admin, read_only = secret_of(workload), secret_of(workload, read_only=True)
    return Promised(
        shape=f"{shape}; path-style addressing",
        outages=_outages(workload),
        readiness=tuple(_readiness(store, workload)),
        admin=_of_secret(admin) if admin else ENVIRONMENT,
        admin_why="as its pods take them"
        if admin
        else "its pods name no Secret for them: export these two, or name one",
        repair=store.repair,
        by=f"{store.title} usually makes an emptied node whole",
        read_only=(
            f"read_only = {_of_secret(read_only)}  # as its pods take them"
            if read_only
            else "# read_only: a credential that may only read; without it P1.16 cannot be proved whole",
        ),
        alert_rules=_alert_rules(found),
    )


def _outages(workload: Raw) -> Outages:
    grace = int(workload["spec"]["template"]["spec"].get("terminationGracePeriodSeconds") or 30)
    noticed = noticed_after(workload)
    restart, crash = (min(MOST_SECONDS, math.ceil(s)) for s in (grace + noticed, noticed + TAKEOVER_SECONDS))
    because = (
        f"restart, drain: terminationGracePeriodSeconds ({grace}), and {noticed:g} s until the probe notices;",
        f"crash: the probe, and {TAKEOVER_SECONDS} s for a takeover; each at most {MOST_SECONDS} s, which",
        "OpenTofu bridges. silence: Kubernetes takes 40 s to 50 s until it gives a silent node up.",
    )
    return Outages(restart, crash, SILENCE_SECONDS, because, "one pod or one node")


def _readiness(store: KnownStore, workload: Raw) -> Iterator[str]:
    path, port = probe_of(workload)
    if path:
        s3 = declared_port(store, workload) or store.port
        yield ready_at(path, "its readiness probe", "s3" if port in (None, s3) else "admin")
    elif store.ready:
        yield f"# no probe asks by HTTP; usual for {store.title}:"
        yield f'# readiness = {{ path = {text(store.ready)}, target = "s3" }}'


def _alert_rules(found: Surveyed) -> str:
    """No rules: P0.5 says so."""
    if not found.rules:
        return "# no PrometheusRule was found: alert_rules names one, or a file beside this one (P0.5)"
    first, *others = map(name_of, found.rules)
    also = f"or {', '.join(others)}" if others else "the only one of the namespace"
    return f"alert_rules = {text(f'PrometheusRule/{first}')}  # {also}"


def _of_secret(keys: tuple[str, str, str]) -> str:
    """The Secret that its pods take their keys from, by name: no Secret is read."""
    secret, access, key = map(text, keys)
    return f'{{ source = "secret", secret = {secret}, access_key = {access}, secret_key = {key} }}'
