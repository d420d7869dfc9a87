"""What a run would find and do, in words: it reads, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from kubernetes.client.exceptions import ApiException

from readiness.providers.kubernetes import look
from readiness.providers.kubernetes.facts import selects
from readiness.providers.kubernetes.provider import Kubernetes
from readiness.providers.kubernetes.rights import Rights
from readiness.topology import Topology


def plan(provider: Kubernetes) -> list[str]:
    """The lines of a dry run. Raises UsageError for what an operator can put right; nothing was written."""
    try:
        rights = provider.find()
        return list(_lines(provider, rights))
    finally:
        provider.stop()


def _lines(provider: Kubernetes, rights: Rights) -> Iterator[str]:
    declared, topology = provider.driver.declared, provider.topology
    yield f'context "{declared.context}" ({provider.driver.cluster.host}), namespace "{declared.namespace}"'
    yield from _found(provider, topology)
    yield "what would be done with --allow-faults, to these pods and nodes only:"
    yield from _pods(provider, topology, rights)
    for node in topology.nodes:
        yield from _node(provider, node, rights)
    for part, missing in rights.table():
        if missing:
            yield f"{part}: not possible, the account lacks the right to {', '.join(missing)}"


def _found(provider: Kubernetes, topology: Topology) -> Iterator[str]:
    by_kind = {pods.kind: pods.via for pods in provider.driver.declared.pods}
    urls = {endpoint.instance: endpoint.url for endpoint in topology.endpoints}
    for instance in topology.instances:
        pod = provider.driver.seats.sitting(instance.name)
        reached = (
            f"{urls[instance.name]} by {by_kind[instance.kind]}" if instance.name in urls else "speaks no S3"
        )
        named = f"pod {pod.name}" if pod else "no pod"
        yield f"  instance {instance.name} ({instance.kind}): {named} on {instance.node}, {reached}"
    service = provider.driver.declared.service
    if topology.service and service:
        yield f"  service endpoint: {topology.service.url} by {service.via} of Service {service.name}"
    else:
        yield "  no service endpoint: [kubernetes.service] is not declared"
    try:
        for fact in provider.volumes():
            yield f"  volume on {fact.node}: {fact.kind}, {fact.access} ({fact.path})"
    except OSError as error:
        yield f"  {error}"


def _pods(provider: Kubernetes, topology: Topology, rights: Rights) -> Iterator[str]:
    if not rights.missing("restart"):
        names = ", ".join(instance.name for instance in topology.instances)
        yield f"  restart: delete one pod of each kind, with its own grace period (of {names})"
    for verb, done in (("freeze", "one pod after the other"), ("unplug", "one node after the other")):
        declared = provider.driver.hooks.declared(verb)
        yield f"  {verb}: {f'run {declared.argv[0]} … for {done}' if declared else 'not possible, no such hook'}"


def _node(provider: Kubernetes, node: str, rights: Rights) -> Iterator[str]:
    here = provider.driver.seats.on(node)
    if rights.missing("drain") and rights.missing("kill"):
        return
    taint = provider.driver.declared.crash == "taint"
    try:
        drain, crash = provider.driver.why_not(node), provider.driver.why_not(node, taint=taint)
        budgets = [] if rights.missing("whole") else look.budgets(provider.driver.cluster, here)
    except (ApiException, OSError) as error:
        yield f"  node {node}: {error}"
        return
    names = ", ".join(pod.name for pod in here)
    kept = [
        b["metadata"]["name"] for b in budgets if any(selects(b["spec"].get("selector"), pod) for pod in here)
    ]
    honoured = f", as budget {' and '.join(kept)} allows" if kept else ", which no budget protects"
    if drain:
        yield f"  {drain}"
    elif not rights.missing("drain"):
        yield f"  node {node}: drain: cordon it, evict {names}{honoured}, uncordon it"
    if crash and crash != drain:
        yield f"  {crash}"
    elif not crash and not rights.missing("kill"):
        how = "taint it NoExecute" if taint else f"delete {names} with the shortest grace period"
        yield f"  node {node}: crash: cordon it, {how}, uncordon it"
