"""Pods as the API describes them, and which of them sits where."""

from typing import Any

import pytest

from readiness.errors import UsageError
from readiness.providers.kubernetes.access import fill, outside, port_of, ready_places
from readiness.providers.kubernetes.forward import Place
from readiness.providers.kubernetes.pods import pod_of, seats_of, sitting
from tests.providers.kubernetes.objects import pod


def test_a_pod_is_read_from_its_object() -> None:
    found = pod_of(pod("state-2", "sting"))
    assert (found.name, found.ordinal, found.node, found.address, found.host) == (
        "state-2",
        "2",
        "sting",
        "10.0.0.7",
        "192.0.2.7",
    )
    assert (found.ready, found.terminating, found.claims, found.grace) == (
        True,
        False,
        ("data-state-0",),
        10.0,
    )
    assert found.started == 1795521603.0
    assert found.label("app.kubernetes.io/name") == "ha-control"


def test_a_pod_that_waits_or_goes_is_not_ready() -> None:
    waits = pod_of(pod(node=None))
    assert (waits.node, waits.address, waits.ready, waits.started) == ("", "", False, None)
    assert not pod_of(pod(terminating=True)).ready
    assert not pod_of(pod(ready=False)).ready


def test_a_stateful_set_names_its_instances_and_other_pods_are_told_by_their_node() -> None:
    assert [
        s.instance for s in seats_of("control", [pod_of(pod("state-1", "honey")), pod_of(pod("state-0"))])
    ] == ["state-0", "state-1"]
    assert [
        s.instance for s in seats_of("rustfs", [pod_of(pod("rustfs-7c-x", "honey", owner="ReplicaSet"))])
    ] == ["rustfs-honey"]
    with pytest.raises(ValueError, match="two pods of kind rustfs are on node honey"):
        seats_of("rustfs", [pod_of(pod(f"rustfs-7c-{x}", "honey", owner="ReplicaSet")) for x in "ab"])


def test_who_sits_where_after_a_restart() -> None:
    old, new = pod("state-0", uid="a"), pod("state-0", None, uid="b")
    seat = seats_of("control", [pod_of(old)])[0]
    others = [pod_of(pod("state-1", "honey"))]
    assert sitting(seat, [pod_of(old), *others]) == pod_of(old)
    assert sitting(seat, [pod_of(new), *others]) == pod_of(new)
    assert sitting(seat, others) is None


def test_of_a_deployment_the_new_pod_takes_the_seat_once_the_old_one_goes() -> None:
    old = pod("rustfs-1", uid="a", owner="ReplicaSet")
    seat = seats_of("rustfs", [pod_of(old)])[0]
    going = pod_of(pod("rustfs-1", uid="a", owner="ReplicaSet", terminating=True))
    waits = pod_of(pod("rustfs-2", None, uid="b", owner="ReplicaSet"))
    here = pod_of(pod("rustfs-2", uid="b", owner="ReplicaSet", created="2026-11-24T12:05:00Z"))
    elsewhere = pod_of(pod("rustfs-3", "honey", uid="c", owner="ReplicaSet"))
    assert sitting(seat, [going, waits, elsewhere]) == going
    assert sitting(seat, [going, here, elsewhere]) == here
    assert sitting(seat, [waits, elsewhere]) == waits
    assert sitting(seat, [elsewhere]) is None


def test_a_service_leads_to_its_ready_endpoints() -> None:
    def endpoint(address: str, *, ready: bool | None) -> dict[str, object]:
        return {
            "addresses": [address],
            "conditions": {"ready": ready},
            "targetRef": {"uid": f"u{address}", "name": "p"},
        }

    slices: list[dict[str, Any]] = [
        {
            "ports": [{"name": "s3", "port": 9000}, {"name": "admin", "port": 9001}],
            "endpoints": [
                endpoint("10.0.0.2", ready=True),
                endpoint("10.0.0.1", ready=None),
                endpoint("10.0.0.3", ready=False),
            ],
        },
        {"ports": [{"name": "other", "port": 1}], "endpoints": [endpoint("10.0.0.9", ready=True)]},
        {"ports": None, "endpoints": None},
    ]
    assert ready_places(slices, "s3") == [
        Place("u10.0.0.1", "p", "10.0.0.1", 9000),
        Place("u10.0.0.2", "p", "10.0.0.2", 9000),
    ]
    assert ready_places(slices, "") == []


def test_where_a_service_is_found_fromoutside() -> None:
    port = {"port": 9000, "name": "s3", "nodePort": 30900}
    service = {
        "metadata": {"name": "state"},
        "spec": {"type": "LoadBalancer", "clusterIP": "10.96.0.9", "ports": [port]},
        "status": {"loadBalancer": {"ingress": [{"hostname": "lb.example"}]}},
    }
    assert port_of(service, 9000) == port
    with pytest.raises(UsageError, match="service state has no port 80; it has 9000"):
        port_of(service, 80)
    assert outside(service, port, "cluster-ip", "") == "10.96.0.9:9000"
    assert outside(service, port, "node-port", "vip.example") == "vip.example:30900"
    assert outside(service, port, "load-balancer", "") == "lb.example:9000"
    bare = {"metadata": {"name": "peers"}, "spec": {"clusterIP": "None", "ports": [{"port": 9000}]}}
    for via, message in (
        ("cluster-ip", "is headless"),
        ("node-port", "has no node port"),
        ("load-balancer", "no load balancer address"),
    ):
        with pytest.raises(UsageError, match=message):
            outside(bare, {"port": 9000}, via, "")


def test_placeholders_of_a_name_are_those_of_the_pod() -> None:
    one = pod_of(pod("state-2", "sting"))
    assert fill("https://{pod}.{namespace}.example/{ordinal}{node}{uid}", one, "ns") == (
        "https://state-2.ns.example/2stinguid-of-state-2"
    )
    with pytest.raises(UsageError, match=r'"\{port\}": known placeholders are \{pod\}'):
        fill("{port}", one, "ns")
