"""The verbs on a real MinIO and a real RustFS, each only where this machine has the program already."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from readiness.candidate.load import load
from readiness.errors import UsageError
from readiness.obtain import minio_of_machine, rustfs_of_machine
from readiness.providers import create
from readiness.providers.processes.provider import Processes
from readiness.topology import Unsupported
from tests.providers.test_real import client, works
from tests.support.eventually import eventually

PROGRAMS: dict[str, Callable[[], Path | None]] = {"minio": minio_of_machine, "rustfs": rustfs_of_machine}
WHOLE_SECONDS = 120

pytestmark = [pytest.mark.slow, pytest.mark.store]


@dataclass
class Cluster:
    """A running candidate with one object."""

    provider: Processes
    kind: str

    def instance(self, node: str) -> str:
        return f"{self.kind}-{node}"

    def s3(self, node: str, role: str = "admin") -> Any:
        url = next(end.url for end in self.provider.topology.endpoints if end.node == node)
        return client(url, self.provider.keys(role))

    def has(self, key: str, body: bytes) -> bool:
        """Whether every node has that object."""
        try:
            return all(
                self.s3(node).get_object(Bucket="scratch", Key=key)["Body"].read() == body
                for node in self.provider.topology.nodes
            )
        except (ClientError, BotoCoreError):
            return False

    def put(self, node: str, key: str, body: bytes) -> bool:
        try:
            self.s3(node).put_object(Bucket="scratch", Key=key, Body=body)
        except (ClientError, BotoCoreError):
            return False
        return True


@pytest.fixture(scope="module", params=sorted(PROGRAMS))
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    name: str = request.param
    program = PROGRAMS[name]()
    if program is None:
        pytest.skip(f"{name} is not on this machine: python -m readiness.obtain {name} builds it")
    folder = tmp_path_factory.mktemp(name)
    provider = create(load(name), run_dir=folder, tools={name: program})
    assert isinstance(provider, Processes)
    try:
        try:
            provider.start()
        except UsageError as refused:
            if 'network = "namespaces" does not work here' in str(refused):
                pytest.skip(str(refused))
            raise
        running = Cluster(provider, name)
        running.s3("bumble").create_bucket(Bucket="scratch")
        assert running.put("bumble", "before", b"kept")
        yield running
    finally:
        provider.stop()
        assert not list(folder.iterdir())


def test_three_nodes_serve_and_say_what_the_contract_names(cluster: Cluster) -> None:
    provider = cluster.provider
    assert cluster.has("before", b"kept")
    assert provider.topology.service is not None
    assert works(provider.topology.service.url, provider.keys("admin"), "scratch")
    assert provider.versions()[cluster.kind]
    declared = load(cluster.kind).candidate.contract.observability.metrics
    for metric in declared:
        assert f"\n{metric.name}" in provider.metrics(cluster.instance("honey"), metric.path)
    if not declared:
        with pytest.raises(Unsupported):
            provider.metrics(cluster.instance("honey"), "/metrics")


def test_the_read_only_user_reads_and_nothing_else(cluster: Cluster) -> None:
    for node in cluster.provider.topology.nodes:
        s3 = cluster.s3(node, "read_only")
        assert "scratch" in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
        assert s3.list_objects_v2(Bucket="scratch")["KeyCount"] >= 1
        assert s3.get_object(Bucket="scratch", Key="before")["Body"].read() == b"kept"
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.put_object(Bucket="scratch", Key="x", Body=b"x")
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.delete_object(Bucket="scratch", Key="before")


def test_rotation(cluster: Cluster) -> None:
    provider = cluster.provider
    fresh = provider.rotate(None)
    for end in provider.topology.endpoints:
        eventually(lambda url=end.url: works(url, fresh, "scratch"), 10)  # type: ignore[misc]
    provider.rotate(fresh)
    for end in provider.topology.endpoints:
        eventually(lambda url=end.url: not works(url, fresh, "scratch"), 10)  # type: ignore[misc]
    message = json.dumps(dict(provider.capture())) + "".join(provider.recorded_calls())
    assert fresh.secret_key not in message
    assert provider.keys("admin").secret_key not in message


def test_no_secret_is_on_a_command_line(cluster: Cluster) -> None:
    secrets = {cluster.provider.keys(role).secret_key.encode() for role in ("admin", "read_only")}
    for status in cluster.provider.supervised.statuses().values():
        line = Path(f"/proc/{status.pid}/cmdline").read_bytes()
        assert line
        assert not any(secret in line for secret in secrets)


def test_a_restart_and_a_maintenance(cluster: Cluster) -> None:
    provider = cluster.provider
    assert provider.restart(cluster.instance("bumble")).fired
    eventually(provider.whole, WHOLE_SECONDS)
    proof = provider.drain("honey")
    assert proof.fired
    assert "gracefully" in proof.observed
    eventually(lambda: cluster.put("sting", "drained", b"d"), WHOLE_SECONDS)
    provider.restore("honey")
    eventually(provider.whole, WHOLE_SECONDS)
    eventually(lambda: cluster.has("drained", b"d"), WHOLE_SECONDS)


@pytest.mark.parametrize("fault", ["kill", "freeze"])
def test_one_lost_node_and_its_return(cluster: Cluster, fault: str) -> None:
    provider, lost = cluster.provider, cluster.instance("sting")
    assert getattr(provider, fault)(lost).fired
    assert not provider.whole()
    eventually(lambda: cluster.put("bumble", f"during-{fault}", fault.encode()), WHOLE_SECONDS)
    provider.thaw(lost)
    provider.start_instance(lost)
    eventually(provider.whole, WHOLE_SECONDS)
    eventually(lambda: cluster.has(f"during-{fault}", fault.encode()), WHOLE_SECONDS)


def test_an_unplugged_node(cluster: Cluster) -> None:
    provider = cluster.provider
    assert provider.unplug("honey").fired
    assert not provider.in_service(cluster.instance("honey"))
    eventually(lambda: cluster.put("bumble", "unplugged", b"u"), WHOLE_SECONDS)
    provider.plug("honey")
    eventually(provider.whole, WHOLE_SECONDS)
    eventually(lambda: cluster.has("unplugged", b"u"), WHOLE_SECONDS)


def test_an_emptied_node_is_filled_by_the_store(cluster: Cluster) -> None:
    provider = cluster.provider
    provider.kill(cluster.instance("sting"))
    assert provider.wipe("sting").fired
    with pytest.raises(Unsupported, match="heals by itself"):
        provider.repair("sting")
    provider.restore("sting")
    eventually(provider.whole, WHOLE_SECONDS)

    def filled() -> bool:
        return not provider.divergence_check()["divergences"]

    eventually(filled, WHOLE_SECONDS)
    assert cluster.has("before", b"kept")
    assert provider.volumes()
