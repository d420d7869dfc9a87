"""Candidates and providers that say of themselves what is not so, and faults that do not happen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from readiness.providers.abilities import StoresBytes
from readiness.providers.base import Provider
from readiness.s3.boto3_library import boto3_client
from readiness.s3.wire import Target
from readiness.topology import Planted, Proof, TcpSocket, Topology, Unsupported, VolumeFact, WayOut
from tests.battery.defect import Defect


def one_instance(topology: Topology) -> Topology:
    """All endpoints are names of one process."""
    first = topology.endpoints[0]
    ends = tuple(replace(each, instance=first.instance, node=first.node) for each in topology.endpoints)
    return replace(topology, endpoints=ends)


def one_volume(real: Provider) -> tuple[VolumeFact, ...]:
    return tuple(replace(fact, access="RWO") for fact in real.volumes()[:1])


def _rewrite(real: Provider, prefix: str) -> None:
    endpoint = real.topology.service or real.topology.endpoints[0]
    client = boto3_client(Target(endpoint.url, real.keys("admin")), 3)
    for bucket in client.list_buckets()["Buckets"]:
        for found in client.list_objects_v2(Bucket=bucket["Name"], Prefix=prefix, MaxKeys=4).get(
            "Contents", []
        ):
            client.put_object(Bucket=bucket["Name"], Key=found["Key"], Body=b"healed")


def capture_that_writes(real: Provider) -> Mapping[str, str]:
    _rewrite(real, "canon/crash")
    return real.capture()


def capture_with_a_secret(real: Provider) -> Mapping[str, str]:
    return {**real.capture(), "environment": f"CONTROL_ROOT_SECRET_KEY={real.keys('admin').secret_key}"}


def check_that_heals(real: Provider) -> Mapping[str, object]:
    _rewrite(real, "s4/")
    return real.divergence_check()


def finds_nothing(_real: Provider) -> Planted:
    return Planted("its index lost an object that its data holds", "planted-1", {"divergences": []})


def cannot_plant(_real: Provider) -> Planted:
    raise Unsupported("no way is known to plant a divergence in a copy of this store")


def repair_that_lies(_real: Provider, node: str) -> str:
    return f"{node} was repaired"


def does_not_fire(_real: Provider, instance: str) -> Proof:
    return Proof(False, f"{instance} still runs")


def says_it_fired(_real: Provider, instance: str) -> Proof:
    return Proof(True, f"{instance} was killed")


def nothing_to_wipe(_real: Provider, node: str) -> Proof:
    return Proof(False, f"{node}: 0 files removed")


def one_disk(real: Provider, node: str) -> int:
    """Only the first node's disk holds anything."""
    assert isinstance(real, StoresBytes)
    return real.stored_bytes(node) if node == real.topology.nodes[0] else 4096


def no_disk(_real: Provider, _node: str) -> int:
    return 4096


def unseen_disk(_real: Provider, node: str) -> int:
    raise Unsupported(f"the disk of {node} cannot be seen")


def crumbs(real: Provider, node: str) -> int:
    """The other nodes keep a log of what the first one stores."""
    assert isinstance(real, StoresBytes)
    found = real.stored_bytes(node)
    return found if node == real.topology.nodes[0] else found // 64


def open_network(_real: Provider, _node: str) -> WayOut:
    return WayOut(("10.0.0.1:5432",), ("10.0.0.1:5432",))


def one_open_network(real: Provider, node: str) -> WayOut:
    """Only the last node reaches something else."""
    return WayOut(("10.0.0.1:5432",), ("10.0.0.1:5432",) if node == real.topology.nodes[-1] else ())


def untried_network(_real: Provider, _node: str) -> WayOut:
    return WayOut((), ())


def unseen_connections(_real: Provider, instance: str) -> tuple[TcpSocket, ...]:
    raise Unsupported(f"the connections of {instance} cannot be seen")


def _reaches(name: str, does: str, says: str, way_out: Callable[[Provider, str], WayOut]) -> Defect:
    verbs: Mapping[str, Callable[..., object]] = {"way_out": way_out, "connections": unseen_connections}
    return Defect(name, "issue 28", does, ("S.1", "S.2", "S.5"), says, verbs=verbs, never_proved=True)


def _stores(name: str, does: str, says: str, bytes_: Callable[[Provider, str], int]) -> Defect:
    verbs = {"stored_bytes": bytes_}
    return Defect(name, "issue 28", does, ("S.2",), says, verbs=verbs, never_proved=says != _ONE)


_ONE = "the bytes stored grew on 1 of 3 nodes"

DEFECTS = (
    _stores("one-disk", "three nodes, of which one has a disk", _ONE, one_disk),
    _stores("one-disk-and-logs", "three nodes, of which two keep only a log", _ONE, crumbs),
    _stores("no-disk", "three nodes that store nothing", "grew on 0 of 3 nodes", no_disk),
    _stores(
        "unseen-disk", "nobody can see what the nodes store", "the disk of bumble cannot be seen", unseen_disk
    ),
    _reaches("way-out", "the nodes reach what is not declared", "bumble reaches 10.0.0.1:5432", open_network),
    _reaches(
        "one-way-out",
        "one node reaches what is not declared",
        "sting reaches 10.0.0.1:5432",
        one_open_network,
    ),
    _reaches(
        "untried-way-out", "nobody tries what the nodes reach", "declared, not observed", untried_network
    ),
    Defect(
        "one-process",
        "the design's list",
        "three endpoints are three names of one process",
        ("S.1",),
        "3 addresses, 1 instance,",
        topology=one_instance,
    ),
    Defect(
        "one-process-hidden",
        "the design's list",
        "an endpoint that claims a node of its own is served by another node's process",
        ("P1.6", "P1.14"),
        "bumble",
        scenarios=("crash:honey",),
        route={"bumble": "honey"},
    ),
    Defect(
        "one-volume",
        "the plan's stop condition",
        "all state lies on one node's RWO volume",
        ("S.2",),
        "only one node",
        verbs={"volumes": one_volume},
    ),
    Defect(
        "capture-writes",
        "the plan: capture is non-destructive",
        "failure capture heals: it rewrites objects",
        ("P1.7",),
        "changed during failure capture",
        scenarios=("crash:bumble",),
        verbs={"capture": capture_that_writes},
    ),
    Defect(
        "capture-tells-secrets",
        "the plan: capture is non-destructive",
        "failure capture shows the administrator's secret",
        ("P1.7",),
        "secret",
        scenarios=("crash:bumble",),
        verbs={"capture": capture_with_a_secret},
    ),
    Defect(
        "check-heals",
        "the plan's stop condition",
        "the check for divergence rewrites what it checks",
        ("S.4",),
        "changed something",
        verbs={"divergence_check": check_that_heals},
    ),
    Defect(
        "check-finds-nothing",
        "issue 28",
        "the check for divergence says that all is well, whatever there is",
        ("S.4",),
        "the response does not find a divergence",
        verbs={"planted_divergence": finds_nothing},
    ),
    Defect(
        "check-untested",
        "issue 28",
        "nobody can plant a divergence for the check to find",
        ("S.4",),
        "the response was run, not tested",
        verbs={"planted_divergence": cannot_plant},
        never_proved=True,
    ),
    Defect(
        "repair-lies",
        "minio#16780",
        "the repair procedure says that it is done and does nothing",
        ("P1.19",),
        "not whole again",
        scenarios=("repair:sting",),
        verbs={"repair": repair_that_lies},
    ),
    Defect(
        "fault-does-not-fire",
        "the suite",
        "a kill does nothing, and its proof says so",
        ("P1.13",),
        "did not fire",
        scenarios=("crash:honey",),
        verbs={"kill": does_not_fire},
        never_proved=True,
    ),
    Defect(
        "fault-claims-to-fire",
        "the suite",
        "a kill does nothing, and its proof says that it was done",
        ("P1.13",),
        "did not happen",
        scenarios=("crash:honey",),
        verbs={"kill": says_it_fired},
        never_proved=True,
    ),
    Defect(
        "wipe-does-nothing",
        "the suite",
        "the disk is not emptied before the repair",
        ("P1.19",),
        "could not be emptied",
        scenarios=("repair:sting",),
        verbs={"wipe": nothing_to_wipe},
        never_proved=True,
    ),
)
