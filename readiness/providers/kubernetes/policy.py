"""NetworkPolicies that leave the candidate's pods nothing but one another, DNS and the suite. Pure functions."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from readiness.candidate.declared_kubernetes import DeclaredIsolation, DeclaredPods
from readiness.providers.kubernetes.facts import selects
from readiness.providers.kubernetes.pods import Pod

Raw = Mapping[str, Any]
RUN, ROLE = "tofu-state-readiness/run", "tofu-state-readiness/role"
INSIDE, WITNESS = "inside", "witness"
DNS_PORT = 53
_SET = re.compile(r"^(?P<key>\S+)\s+(?P<operator>in|notin)\s+\((?P<values>[^)]*)\)$")


def policies(
    run: str, kinds: Iterable[DeclaredPods], isolation: DeclaredIsolation, sources: Iterable[str]
) -> list[dict[str, Any]]:
    """One for each kind of the candidate's pods and one for the probes among them, with the same rules.

    `sources`: addresses from which the suite and the nodes' own probes come. Raises ValueError for something that is
    not a selector.
    """
    own: dict[str, dict[str, Any]] = {pods.kind: selector_of(pods.selector) for pods in kinds}
    own[INSIDE] = {"matchLabels": {RUN: run, ROLE: INSIDE}}
    peers = [{"podSelector": selector} for selector in own.values()]
    clients = [*(_block(source) for source in sources), *map(_block, isolation.allow_from)]
    names = [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        },
        *map(_block, isolation.dns),
    ]
    ports = [{"protocol": protocol, "port": DNS_PORT} for protocol in ("UDP", "TCP")]
    rules = {
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [*peers, *clients]}],
        "egress": [{"to": peers}, {"to": names, "ports": ports}],
    }
    return [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": f"tofu-ha-{run.lower()}-{number}", "labels": {RUN: run}},
            "spec": {"podSelector": selector, **rules},
        }
        for number, selector in enumerate(own.values())
    ]


def _block(source: str) -> dict[str, Any]:
    return {"ipBlock": {"cidr": str(ipaddress.ip_network(source, strict=False))}}


def selector_of(text: str) -> dict[str, Any]:
    """A label selector, as the API takes it in a list, as an object. Raises ValueError."""
    parts = (part.strip() for part in re.split(r",(?![^(]*\))", text))
    return {"matchExpressions": [_expression(part) for part in parts if part]}


def _expression(part: str) -> dict[str, Any]:
    if found := _SET.match(part):
        values = [value.strip() for value in found["values"].split(",")]
        return {
            "key": found["key"],
            "operator": "In" if found["operator"] == "in" else "NotIn",
            "values": values,
        }
    if "!=" in part:
        key, _, value = part.partition("!=")
        return {"key": key.strip(), "operator": "NotIn", "values": [value.strip()]}
    if "=" in part:
        key, _, value = part.replace("==", "=").partition("=")
        return {"key": key.strip(), "operator": "In", "values": [value.strip()]}
    if " " in part:
        raise ValueError(f'"{part}" is not a label selector')
    exists = not part.startswith("!")
    return {"key": part.lstrip("!").strip(), "operator": "Exists" if exists else "DoesNotExist"}


def opened_by(existing: Iterable[Raw], run: str, pods: Sequence[Pod]) -> list[str]:
    """Names of policies of others that let pods of the candidate out: what one allows, no other can forbid."""
    return [
        str(policy["metadata"]["name"])
        for policy in existing
        if (policy["metadata"].get("labels") or {}).get(RUN) != run
        and (policy.get("spec") or {}).get("egress")
        and any(selects(policy["spec"].get("podSelector") or {}, pod) for pod in pods)
    ]
