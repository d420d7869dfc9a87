"""Every verb on the control in containers; needs an engine and its image: `tox -e containers`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from readiness.evidence.calls import changing
from readiness.providers.containers.provider import Containers
from readiness.providers.engine import probe
from readiness.topology import Keys
from tests.containers.real import client, started
from tests.support.eventually import eventually

NODES = ("bumble", "honey", "sting")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    with started(tmp_path_factory.mktemp("control")) as provider:
        service = provider.topology.service
        assert service is not None
        s3 = client(service.url, provider.keys("admin"))
        s3.create_bucket(Bucket="scratch")
        s3.put_object(Bucket="scratch", Key="before", Body=b"kept")
        yield provider


@pytest.fixture
def provider(running: Containers) -> Iterator[Containers]:
    eventually(running.whole, 120)
    yield running
    for node in NODES:
        running.plug(node)
        running.restore(node)
    eventually(running.whole, 120)


def serve(provider: Containers, count: int) -> bool:
    """Whether as many endpoints are in service, and each gives the object."""
    found = []
    for endpoint in provider.topology.all_endpoints():
        if endpoint.instance is None or provider.in_service(endpoint.instance):
            s3 = client(endpoint.url, provider.keys("admin"))
            try:
                found.append(s3.get_object(Bucket="scratch", Key="before")["Body"].read())
            except (BotoCoreError, ClientError):
                return False
    return found == [b"kept"] * count


def accepted(url: str, keys: Keys) -> bool:
    try:
        client(url, keys).list_buckets()
    except ClientError:
        return False
    return True


def at(provider: Containers, node: str) -> tuple[str, int]:
    return probe.address_of(next(e.url for e in provider.topology.endpoints if e.node == node))


def test_it_is_what_it_declares(provider: Containers) -> None:
    assert provider.owns_candidate
    assert provider.topology.nodes == NODES
    assert serve(provider, 4)
    assert len({at(provider, node)[0] for node in NODES}) == 3
    assert [(fact.node, fact.kind) for fact in provider.volumes()] == [(n, "volume:local") for n in NODES]
    assert "@sha256:" in provider.versions()["image of control"]
    assert provider.divergence_check() == {"divergences": [], "nodes": 3}
    assert "control_index_divergence 0" in provider.metrics("control-honey", "/metrics")
    with pytest.raises(ClientError, match="AccessDenied"):
        client(provider.topology.endpoints[0].url, provider.keys("read_only")).put_object(
            Bucket="scratch", Key="x", Body=b"x"
        )


def test_restart(provider: Containers) -> None:
    before = provider.started_at("control-bumble")
    assert before is not None
    proof = provider.restart("control-bumble")
    assert proof.fired, proof
    after = provider.started_at("control-bumble")
    assert after is not None
    assert before < after <= time.monotonic()


def test_a_killed_instance_is_refused_not_silent(provider: Containers) -> None:
    proof = provider.kill("control-honey")
    assert proof.fired, proof
    assert "137" in proof.observed
    assert probe.answers(*at(provider, "honey"), 1) == "refused"
    assert provider.started_at("control-honey") is None
    time.sleep(2)
    assert not provider.in_service("control-honey"), "the engine started it again"
    assert not provider.kill("control-honey").fired
    eventually(lambda: serve(provider, 3), 120)
    provider.start_instance("control-honey")
    calls = len(provider.recorded_calls())
    provider.start_instance("control-honey")
    assert len(provider.recorded_calls()) == calls


def test_a_frozen_instance_is_silent(provider: Containers) -> None:
    proof = provider.freeze("control-honey")
    assert proof.fired, proof
    assert "paused" in proof.observed
    assert not provider.in_service("control-honey")
    assert not provider.freeze("control-honey").fired
    with pytest.raises(BotoCoreError):
        client(f"http://{at(provider, 'honey')[0]}:9000", provider.keys("admin")).list_buckets()
    provider.thaw("control-honey")
    provider.thaw("control-honey")
    eventually(lambda: provider.in_service("control-honey"), 120)


def test_drain(provider: Containers) -> None:
    proof = provider.drain("sting")
    assert proof.fired, proof
    assert "gracefully" in proof.observed
    eventually(lambda: serve(provider, 3), 120)
    provider.restore("sting")


def test_an_unplugged_node_is_silent_and_comes_back_with_its_address(provider: Containers) -> None:
    address = at(provider, "bumble")
    proof = provider.unplug("bumble")
    assert proof.fired, proof
    assert "got no answer" in proof.observed
    assert not provider.in_service("control-bumble")
    eventually(lambda: serve(provider, 3), 120)
    provider.plug("bumble")
    provider.plug("bumble")
    eventually(lambda: provider.in_service("control-bumble"), 120)
    assert at(provider, "bumble") == address
    eventually(lambda: serve(provider, 4), 120)


def test_an_emptied_node_is_repaired(provider: Containers) -> None:
    with pytest.raises(RuntimeError, match="control-sting runs"):
        provider.wipe("sting")
    assert provider.kill("control-sting").fired
    proof = provider.wipe("sting")
    assert proof.fired, proof
    assert not provider.wipe("sting").fired, "it was empty already"
    eventually(lambda: provider.in_service("control-bumble"), 120)
    assert "ended with 0" in provider.repair("sting")
    provider.start_instance("control-sting")
    eventually(provider.whole, 120)
    assert provider.kill("control-bumble").fired
    eventually(lambda: serve(provider, 3), 120)


def test_rotation_and_capture_show_no_secret(provider: Containers) -> None:
    fresh = provider.rotate(None)
    for endpoint in provider.topology.endpoints:
        eventually(lambda url=endpoint.url: accepted(url, fresh), 120)  # type: ignore[misc]
    provider.rotate(fresh)
    for endpoint in provider.topology.endpoints:
        eventually(lambda url=endpoint.url: not accepted(url, fresh), 120)  # type: ignore[misc]
    calls = len(provider.recorded_calls())
    captured = provider.capture()
    assert not changing(provider.recorded_calls()[calls:])
    assert json.loads(captured["control-sting.json"])["State"]["Pid"]
    assert set(captured) == {f"control-{node}.{kind}" for node in NODES for kind in ("json", "log")}
    shown = "\n".join([*provider.recorded_calls(), provider.command_log(), *captured.values()])
    for keys in (fresh, provider.keys("admin"), provider.keys("read_only")):
        assert keys.secret_key not in shown
    assert provider._plan.variables()["READINESS_TOKEN"] not in shown


def test_caches_can_be_taken_away(provider: Containers) -> None:
    (cache,) = provider.cache_endpoints
    assert probe.status(cache, 1) == 200
    provider.stop_caches()
    assert probe.status(cache, 1) is None
    provider.start_caches()
    assert probe.status(cache, 1) == 200
