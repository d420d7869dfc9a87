"""The candidate confined to its own pods: the policies, what the probes see, and what proves nothing."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, cast

import pytest
from kubernetes.client.exceptions import ApiException
from pydantic import ValidationError

from readiness.candidate.declared_kubernetes import DeclaredCluster, DeclaredIsolation, DeclaredPods
from readiness.providers.kubernetes import confinement, probes
from readiness.providers.kubernetes.api import NOT_FOUND, Cluster
from readiness.providers.kubernetes.confinement import SERVER, Confinement, release
from readiness.providers.kubernetes.facts import selects
from readiness.providers.kubernetes.pods import pod_of
from readiness.providers.kubernetes.policy import INSIDE, ROLE, RUN, WITNESS, opened_by, policies, selector_of
from readiness.providers.kubernetes.probes import Look, looks_of
from readiness.topology import Unsupported
from tests.providers.kubernetes.objects import Raw, pod

ISOLATION = DeclaredIsolation(image="busybox", dns=("192.0.2.53/32",), allow_from=("198.51.100.0/24",))
KIND = DeclaredPods(kind="store", selector="app.kubernetes.io/name=ha-control", via="address", port=9000)
DECLARED = DeclaredCluster(namespace="tofu-state", pods=(KIND,), isolation=ISOLATION)
NODES = ("bumble", "honey")
PODS = [pod_of(pod()), pod_of(pod("state-1", "honey"))]


# -- the policies


@pytest.mark.parametrize(
    ("text", "labels", "selected"),
    [
        ("a=b", {"a": "b"}, True),
        ("a=b", {"a": "c"}, False),
        ("a==b,c!=d", {"a": "b"}, True),
        ("a==b,c!=d", {"a": "b", "c": "d"}, False),
        ("a in (x, y),c", {"a": "y", "c": ""}, True),
        ("a in (x, y),c", {"a": "z", "c": ""}, False),
        ("a notin (x,y)", {"a": "x"}, False),
        ("!a", {"a": "x"}, False),
        ("!a", {"b": "x"}, True),
        ("", {"b": "x"}, True),
    ],
)
def test_a_selector_as_an_object_selects_the_same(text: str, labels: dict[str, str], selected: bool) -> None:
    assert selects(selector_of(text), pod_of(pod(labels=labels))) is selected


def test_a_selector_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a label selector"):
        selector_of("a within b")


def test_the_policies_allow_one_another_dns_and_the_suite() -> None:
    made = policies("Run-1", DECLARED.pods, ISOLATION, ["10.9.8.7", "fd00::1"])
    assert [one["metadata"]["labels"] for one in made] == [{RUN: "Run-1"}] * 2
    own = [selector_of(KIND.selector), {"matchLabels": {RUN: "Run-1", ROLE: INSIDE}}]
    assert [one["spec"]["podSelector"] for one in made] == own
    for one in made:
        spec = one["spec"]
        assert spec["policyTypes"] == ["Ingress", "Egress"]
        (ingress,) = spec["ingress"]
        assert [peer["podSelector"] for peer in ingress["from"] if "podSelector" in peer] == own
        blocks = [peer["ipBlock"]["cidr"] for peer in ingress["from"] if "ipBlock" in peer]
        assert blocks == ["10.9.8.7/32", "fd00::1/128", "198.51.100.0/24"]
        among, names = spec["egress"]
        assert among == {"to": [{"podSelector": selector} for selector in own]}
        assert {port["port"] for port in names["ports"]} == {53}
        assert {"ipBlock": {"cidr": "192.0.2.53/32"}} in names["to"]
        assert {"podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}.items() <= names["to"][0].items()


def test_networks_are_in_cidr_notation() -> None:
    with pytest.raises(ValidationError, match="does not appear to be an IPv4 or IPv6 network"):
        DeclaredIsolation(image="busybox", dns=("dns.example",))


def policy(name: str, selector: Raw | None, egress: list[Raw] | None, **labels: str) -> Raw:
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {"podSelector": selector, **({} if egress is None else {"egress": egress})},
    }


def test_what_another_policy_allows_cannot_be_forbidden() -> None:
    others = [
        policy("default-deny", {}, []),
        policy("ingress-only", {}, None),
        policy("of-others", {"matchLabels": {"app": "else"}}, [{}]),
        policy("ours", {}, [{}], **{RUN: "run-1"}),
    ]
    assert opened_by(others, "run-1", PODS) == []
    assert opened_by([*others, policy("chart", {}, [{}])], "run-1", PODS) == ["chart"]
    assert opened_by([policy("earlier-run", {}, [{}], **{RUN: "run-0"})], "run-1", PODS) == ["earlier-run"]


# -- what a probe has seen


def test_only_whole_lines_of_a_log_are_looks() -> None:
    log = "wget: timed out\nlook 1 1 1 1 0\nlook 2 0 0 1 x\nlook 3 0 0 1 1\nlook 4 0"
    assert looks_of(log) == [Look(1, True, True, True, False), Look(3, False, False, True, True)]


def test_a_probe_asks_nothing_of_the_api_and_ends_by_itself() -> None:
    made = probes.pod("run-1", "probe", INSIDE, "bumble", "busybox", {"WITNESS": "a", "PEER": "b"})
    spec = made["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["activeDeadlineSeconds"] > 0
    assert spec["restartPolicy"] == "Never"
    (container,) = spec["containers"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert "wget" in container["command"][-1]
    served = probes.pod("run-1", "witness", WITNESS, "bumble", "busybox", {})
    assert "httpd" in served["spec"]["containers"][0]["command"][-1]


class Network:
    """A cluster whose network enforces policies on some nodes; each log that is read is another look of its probe.

    `cut`: nodes where it does. `silent`: whether nothing reaches anything. `holds`: open connections stay open.
    """

    def __init__(self, cut: tuple[str, ...] = NODES, *, silent: bool = False, holds: bool = False) -> None:
        self.namespace, self.core, self.network = "tofu-state", self, self
        self.cut, self.silent, self.holds = cut, silent, holds
        self.pods: dict[str, Raw] = {}
        self.policies: dict[str, Raw] = {}
        self.others: list[Raw] = []
        self.looked = 1

    def ask(self, call: Any, *args: Any, **more: Any) -> Any:
        return call(*args, **more)

    def read(self, _verb: str, _target: str, call: Any, *args: Any, **more: Any) -> Any:
        return call(*args, **more)

    write = text = read

    def create_namespaced_pod(self, _namespace: str, body: Raw) -> Raw:
        self.pods[body["metadata"]["name"]] = body
        return body

    def read_namespaced_pod(self, name: str, _namespace: str) -> Raw:
        address = f"10.0.0.{list(self.pods).index(name) + 1}"
        return self.pods[name] | {"status": {"phase": "Running", "podIP": address}}

    def read_namespaced_pod_log(self, name: str, _namespace: str, tail_lines: int) -> str:
        assert tail_lines
        self.looked += 1
        free = not (self.policies and self.pods[name]["spec"]["nodeName"] in self.cut)
        reached, held = (int(one and not self.silent) for one in (free, free or self.holds))
        return f"look {self.looked} {reached} {reached} {int(not self.silent)} {held}\n"

    def create_namespaced_network_policy(self, _namespace: str, body: Raw) -> Raw:
        self.policies[body["metadata"]["name"]] = body
        return body

    def list_namespaced_network_policy(self, _namespace: str, **more: str) -> Raw:
        return {"items": self._labelled([*self.policies.values(), *self.others], **more)}

    def list_namespaced_pod(self, _namespace: str, **more: str) -> Raw:
        return {"items": self._labelled([*self.pods.values()], **more)}

    def delete_namespaced_network_policy(self, name: str, _namespace: str, **_more: Any) -> None:
        del self.policies[name]

    def delete_namespaced_pod(self, name: str, _namespace: str, **_more: Any) -> None:
        del self.pods[name]
        raise ApiException(status=NOT_FOUND)  # as of one that has ended by itself meanwhile

    @staticmethod
    def _labelled(found: list[Raw], label_selector: str = "") -> list[Raw]:
        key, _, value = label_selector.partition("=")
        return [one for one in found if not key or one["metadata"]["labels"].get(key) == value]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "INTERVAL", 0.0)
    monkeypatch.setattr(probes, "START_SECONDS", 0.05)
    monkeypatch.setattr(confinement, "ENFORCED_SECONDS", 0.05)


def confined(network: Network) -> Confinement:
    made = Confinement(cast("Cluster", network), DECLARED, "run-1", NODES)
    made.confine(PODS)
    return made


def test_where_the_network_enforces_it_nothing_is_reached() -> None:
    network = Network()
    made = confined(network)
    assert not made.keeps_connections
    for node in NODES:
        way = made.way_out(node)
        assert way.tried == ("10.0.0.1:8080", SERVER)
        assert way.reached == ()
    assert len(network.pods) == len(NODES) + 2
    roles = [one["metadata"]["labels"][ROLE] for one in network.pods.values()]
    assert roles.count(WITNESS) == 1
    assert release(cast("Cluster", network), "another") == 0
    assert release(cast("Cluster", network), "run-1") == len(NODES) + 4
    assert not network.pods
    assert not network.policies


def test_a_network_that_enforces_nothing_is_named() -> None:
    with pytest.raises(
        Unsupported, match=r"does not enforce NetworkPolicy: .* bumble and honey still reaches"
    ):
        confined(Network(cut=()))


def test_one_node_that_does_not_enforce_it_is_enough() -> None:
    with pytest.raises(Unsupported, match="the probe on honey still reaches"):
        confined(Network(cut=("bumble",)))


def test_a_probe_that_reaches_nothing_before_proves_nothing() -> None:
    with pytest.raises(Unsupported, match="reaches not even a pod of its own namespace, before any policy"):
        confined(Network(silent=True))


def test_a_probe_whose_peer_is_away_proves_nothing() -> None:
    network = Network()
    made = confined(network)
    network.silent = True
    with pytest.raises(Unsupported, match="reaches not even its peer, which the policy allows"):
        made.way_out("bumble")


def test_a_way_out_that_opens_later_is_seen() -> None:
    network = Network()
    made = confined(network)
    network.policies.clear()
    assert made.way_out("bumble").reached == made.way_out("bumble").tried


def test_connections_that_stay_open_are_told() -> None:
    assert confined(Network(holds=True)).keeps_connections


def test_what_a_policy_cannot_confine_is_refused() -> None:
    network = Network()
    made = Confinement(cast("Cluster", network), DECLARED, "run-1", NODES)
    made.check([pod()], PODS)
    in_node: Mapping[str, Any] = {"metadata": {"name": "state-2"}, "spec": {"hostNetwork": True}}
    with pytest.raises(Unsupported, match=r"pod state-2 is in its node's network \(hostNetwork\)"):
        made.check([pod(), in_node], PODS)
    network.others = [policy("chart", {}, [{}])]
    with pytest.raises(Unsupported, match="NetworkPolicy chart lets the candidate's pods out"):
        made.check([pod()], PODS)
    undeclared = DECLARED.model_copy(update={"isolation": None})
    with pytest.raises(Unsupported, match="is not declared: it names the image"):
        Confinement(cast("Cluster", network), undeclared, "run-1", NODES)


def test_the_suite_is_let_in_from_where_it_reaches_the_pods() -> None:
    network = Network()
    confined(network)
    (first, *_rest) = network.policies.values()
    blocks = [peer["ipBlock"]["cidr"] for peer in first["spec"]["ingress"][0]["from"] if "ipBlock" in peer]
    assert "192.0.2.7/32" in blocks  # the pods' node, from which its kubelet probes them
    assert all(ipaddress.ip_network(block) for block in blocks)
