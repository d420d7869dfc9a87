"""A candidate file proposed from what a namespace holds: every guess has a comment that says where it comes from.

Pure: from listed objects to TOML. What only the operator can promise begins with TO BE WRITTEN, which loads, and which
phase 0 refuses.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from readiness.errors import UsageError
from readiness.judges.contract import TO_BE_WRITTEN
from readiness.providers.kubernetes.known_stores import (
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
from readiness.providers.kubernetes.survey import Surveyed
from readiness.providers.kubernetes.workload import (
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

Via = Literal["port-forward", "address"]
SILENCE_SECONDS = 60
"""Kubernetes takes 40 s to 50 s until it calls a silent node unready."""
_MOST_SECONDS = 30


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
        *_head(store, namespace, serving),
        *_cluster(found, asked),
        *(line for k, workload in _kinds(workloads) for line in _pods(store, k, workload, found, asked.via)),
        *_of_service(store, service, serving[0]),
        *_isolation(asked),
        *_contract(store, found, serving[0], service),
    ]
    return "\n".join(lines) + "\n"


def _store(found: Surveyed, namespace: str, wanted: str | None) -> KnownStore:
    there = dict.fromkeys(store.name for each in found.workloads if (store := store_of(each)) is not None)
    images = {str(container.get("image")) for each in found.workloads for container in containers(each)}
    return the_store(there, images, wanted, f"namespace {namespace}", "holds")


def _head(store: KnownStore, namespace: str, serving: Sequence[Raw]) -> Iterator[str]:
    pods = sum(replicas(each) for each in serving)
    of_class, why = (
        (store.candidate_class, f"{pods} pods speak S3")
        if pods > 1
        else ("singleton", "one pod speaks S3: no final authority (P0.7)")
    )
    images = sorted({str(c.get("image")) for each in serving for c in containers(each)})
    yield f"# Proposed from namespace {namespace}. Check each guess, and write what is {TO_BE_WRITTEN}: phase 0"
    yield "# refuses it until then. Then see what a run would do, with --dry-run (docs/kubernetes.md)."
    yield "schema = 1"
    yield f"name = {_text(re.sub(r'[^a-z0-9-]', '-', f'{namespace}-{store.name}'.lower())[:41].strip('-'))}"
    yield f"class = {_text(of_class)}  # {why}"
    yield f"summary = {_text(f'{store.title} in namespace {namespace}, {pods} of its pods speak S3.')}"
    yield f"# recognised by its images: {', '.join(images)}"
    yield ""
    yield "[provider]"
    yield 'kind = "kubernetes"'
    yield ""


def _cluster(found: Surveyed, asked: Asked) -> Iterator[str]:
    yield "[kubernetes]"
    yield f"context = {_text(asked.context)}"
    if asked.kubeconfig:
        yield f"kubeconfig = {_text(asked.kubeconfig)}  # as it was named"
    yield f"namespace = {_text(asked.namespace)}"
    if found.cluster_uid:
        yield f"cluster_uid = {_text(found.cluster_uid)}  # of the namespace kube-system: no other cluster is taken"
    yield ""


def _kinds(workloads: Sequence[Raw]) -> Iterator[tuple[str, Raw]]:
    """Each workload with a kind of its own: its role, or its name where a role has several workloads."""
    roles = [role_of(workload) for workload in workloads]
    for role, workload in zip(roles, workloads, strict=True):
        yield (role if roles.count(role) == 1 else name_of(workload)), workload


def _pods(store: KnownStore, kind: str, workload: Raw, found: Surveyed, via: Via) -> Iterator[str]:
    labels = workload["spec"]["selector"].get("matchLabels") or pod_labels(workload)
    yield "[[kubernetes.pods]]"
    yield f"kind = {_text(kind)}  # {kind_of(workload)} {name_of(workload)}, {replicas(workload)} replicas"
    yield f"selector = {_text(','.join(f'{k}={v}' for k, v in sorted(labels.items())))}"
    if speaks_s3(store, workload):
        how = "as it was named" if via == "address" else "works from anywhere, slowly; see also --via address"
        yield f"via = {_text(via)}  # {how}"
        yield f"scheme = {_text(scheme_of(workload))}"
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
    yield f"name = {_text(name_of(found))}  # type {found['spec'].get('type', 'ClusterIP')}"
    yield f"port = {int(port['port'])}"
    yield 'via = "port-forward"  # better url, with the address that OpenTofu will use'
    yield f"scheme = {_text(scheme_of(workload))}"
    yield ""


def _isolation(asked: Asked) -> Iterator[str]:
    if not asked.probe_image:
        yield "# no [kubernetes.isolation]: without an image of probe pods (--probe-image) S.1, S.2, S.5 are UNKNOWN"
        yield ""
        return
    yield "# With --allow-faults, NetworkPolicies hold for the run: clients of the store are cut off meanwhile."
    yield "[kubernetes.isolation]"
    yield f"image = {_text(asked.probe_image)}  # as it was named: sh, wget, timeout and httpd are in it"
    if asked.dns:
        yield f"dns = {json.dumps(asked.dns)}  # as they were named, besides the pods k8s-app=kube-dns of kube-system"
    yield ""


def _contract(
    store: KnownStore, found: Surveyed, workload: Raw, service: tuple[Raw, Raw] | None
) -> Iterator[str]:
    shape = f"{replicas(workload)} pods of {name_of(workload)}" + (
        f" behind Service {name_of(service[0])}" if service else ""
    )
    yield "[contract]"
    yield f"endpoint_shape = {_text(f'{shape}; path-style addressing')}  # as found"
    yield f"audience = {_text(f'{TO_BE_WRITTEN}: who may use the endpoints, from where')}"
    yield f"cache_statement = {_text(f'{TO_BE_WRITTEN}: that no cache uses the state bucket as authority')}"
    yield ""
    yield "[contract.credentials]"
    yield f"rotation_owner = {_text(f'{TO_BE_WRITTEN}: who rotates the credentials')}"
    yield "rotation_days = 90  # a proposal"
    yield f"admin = {_admin(workload)}"
    if keys := secret_of(workload, read_only=True):
        yield f"read_only = {_of_secret(keys)}  # as its pods take them"
    else:
        yield "# read_only: a credential that may only read; without it P1.16 cannot be proved whole"
    yield ""
    yield "[contract.durability]"
    yield "versioning = true  # a proposal: P1.15 tries it; without versions see docs/declare-a-candidate.md"
    yield "retention_days = 0  # how long old versions are kept, in days"
    yield 'restore = "previous-version"'
    yield ""
    yield from _failure(store, workload)
    yield from _rest(store, found)


def _failure(store: KnownStore, workload: Raw) -> Iterator[str]:
    grace = int(workload["spec"]["template"]["spec"].get("terminationGracePeriodSeconds") or 30)
    noticed = noticed_after(workload)
    restart, crash = (min(_MOST_SECONDS, math.ceil(s)) for s in (grace + noticed, noticed + 10))
    path, port = probe_of(workload)
    yield "[contract.failure]"
    yield f"statement = {_text(f'{TO_BE_WRITTEN}: what is served while one pod or one node is away')}"
    yield "# Proposals, in seconds. A tighter number is a harder test, not a better score."
    yield f"# restart, drain: terminationGracePeriodSeconds ({grace}), and {noticed:g} s until the probe notices;"
    yield f"# crash: the probe, and 10 s for a takeover; each at most {_MOST_SECONDS} s, which OpenTofu bridges."
    yield "# silence: Kubernetes takes 40 s to 50 s until it gives a silent node up."
    yield f"rto_seconds = {{ restart = {restart}, drain = {restart}, crash = {crash}, silence = {SILENCE_SECONDS} }}"
    yield "rpo_acknowledged_writes = 0"
    s3 = declared_port(store, workload) or store.port
    if path:
        target = "s3" if port in (None, s3) else "admin"
        yield f"readiness = {{ path = {_text(path)}, target = {_text(target)} }}  # its readiness probe"
    elif store.ready:
        yield f"# no probe asks by HTTP; usual for {store.title}:"
        yield f'# readiness = {{ path = {_text(store.ready)}, target = "s3" }}'
    yield ""


def _rest(store: KnownStore, found: Surveyed) -> Iterator[str]:
    yield "[contract.observability]"
    if found.rules:
        others = ", ".join(name_of(rule) for rule in found.rules[1:])
        yield f"alert_rules = {_text(f'PrometheusRule/{name_of(found.rules[0])}')}" + (
            f"  # or {others}" if others else "  # the only one of the namespace"
        )
    else:
        yield "# no PrometheusRule was found: alert_rules names one, or a file beside this one (P0.5)"
    yield "metrics = []  # the metrics that the rules name: { name, path, target } (P0.5)"
    yield ""
    yield "[contract.divergence]"
    yield 'response = "none"  # S.4 needs a read-only command that finds a diverging bucket index'
    yield ""
    yield "[contract.repair]"
    yield f"kind = {_text(store.repair)}  # how {store.title} usually makes an emptied node whole (P1.19)"
    yield ""
    yield "[boundary]"
    yield "cache_endpoints = []  # of Attic and Bazel caches: nothing in a run may contact them"


def _admin(workload: Raw) -> str:
    """The Secret that its pods take their administrative keys from, by name: no Secret is read."""
    if keys := secret_of(workload):
        return f"{_of_secret(keys)}  # as its pods take them"
    return (
        '{ source = "environment", access_key = "STORE_ACCESS_KEY", secret_key = "STORE_SECRET_KEY" }'
        "  # its pods name no Secret for them: export these two, or name one"
    )


def _of_secret(keys: tuple[str, str, str]) -> str:
    secret, access, key = map(_text, keys)
    return f'{{ source = "secret", secret = {secret}, access_key = {access}, secret_key = {key} }}'


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
