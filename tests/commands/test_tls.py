"""https endpoints: all four clients with a CA bundle; what is wrong is refused; faults seen through TLS."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from readiness import obtain
from readiness.candidate.load import load
from readiness.errors import UsageError
from readiness.finding import State
from readiness.load.proxy import Proxy
from readiness.providers import create
from readiness.providers.commands.provider import Commands
from readiness.s3.boto3_library import boto3_client
from readiness.s3.clients import libraries
from readiness.s3.wire import Target, Wire
from readiness.tofu import basics
from readiness.tofu.env import Disposable
from readiness.tofu.workspace import StatePlace, Tools
from readiness.topology import Endpoint
from tests.commands.front import Front
from tests.commands.lab import Lab
from tests.support.eventually import eventually
from tests.support.executed import executed, on_paper

pytestmark = pytest.mark.store


@pytest.fixture(scope="module")
def front(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    made = Front(lab, tmp_path_factory.mktemp("front"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


def made(lab: Lab, raw: dict[str, Any]) -> Commands:
    provider = create(load(str(lab.write(raw))))
    assert isinstance(provider, Commands)
    return provider


@pytest.fixture
def provider(front: Front, lab: Lab) -> Iterator[Commands]:
    found = made(lab, front.declared())
    found.start()
    yield found
    found.stop()


def target(lab: Lab, endpoint: Endpoint) -> Target:
    return Target(endpoint.url, lab.keys, lab.region, ca_bundle=str(lab.folder / "ca.pem"))


@pytest.fixture
def bucket(provider: Commands, lab: Lab) -> str:
    assert provider.topology.service is not None
    name = f"tls-{uuid.uuid4().hex[:8]}"
    s3 = boto3_client(target(lab, provider.topology.service), 5)
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets of the SDKs' pools
def test_sdks_and_wire_through_every_endpoint(provider: Commands, lab: Lab, bucket: str) -> None:
    for endpoint in provider.topology.all_endpoints():
        for library in libraries(target(lab, endpoint), 5):
            key = f"{endpoint.name}/{library.name}"
            library.put(bucket, key, key.encode(), "v")
            assert library.get(bucket, key) == key.encode()

        async def by_wire(endpoint: Endpoint = endpoint) -> None:
            wire = Wire(target(lab, endpoint))
            assert (await wire.request("PUT", bucket, "wire", body=b"x")).status == 200
            assert (await wire.request("GET", bucket, "wire")).body == b"x"
            wire.close()
            await asyncio.sleep(0)

        asyncio.run(by_wire())


def test_wire_through_a_broken_network_keeps_name_and_certificate(
    provider: Commands, lab: Lab, bucket: str
) -> None:
    async def work() -> None:
        endpoint = provider.topology.endpoints[0]
        proxy = Proxy(endpoint.url, random.Random(1))
        await proxy.start()
        proxy.delay = 0.01
        wire = Wire(replace(target(lab, endpoint), via=proxy.address))
        assert (await wire.request("PUT", bucket, "through", body=b"y")).status == 200
        wire.close()
        assert proxy.delayed
        await proxy.stop()

    asyncio.run(work())


def test_tofu(provider: Commands, lab: Lab, bucket: str, tmp_path: Path) -> None:
    subject = on_paper(tmp_path)
    tools = Tools(obtain.tofu(None).path, tmp_path / "tofu", lab.keys, subject.now)
    place = StatePlace(bucket, "unused", lab.region, True, str(lab.folder / "ca.pem"))
    env = Disposable(tools, place, "p", provider.topology.all_endpoints(), sensitive={"token": "x"})
    done = {"P2.1": basics.init_everywhere, "P2.2": basics.first_write, "P2.11": basics.pull_everywhere}
    for id_, execution in done.items():
        found = executed(id_, execution, env, subject=subject)
        assert found.state is State.PROVED, found.reason


def test_faults_are_seen_through_tls(provider: Commands, lab: Lab) -> None:
    assert provider.freeze("store-bumble").fired
    provider.thaw("store-bumble")
    proof = provider.kill("store-bumble")
    assert proof.fired
    assert "proxy in front" in proof.observed
    provider.start_instance("store-bumble")
    eventually(provider.whole)


def change_nothing(raw: dict[str, Any], front: Front) -> None:
    raw["s3"].pop("ca_bundle")


def another_name(raw: dict[str, Any], front: Front) -> None:
    raw["endpoints"][1]["url"] = front.https["honey"].replace("localhost", "127.0.0.1")


def plain(raw: dict[str, Any], front: Front) -> None:
    raw["endpoints"][1]["url"] = front.https["honey"].replace("https", "http")


def tls_to_plain(raw: dict[str, Any], front: Front) -> None:
    raw["endpoints"][1]["url"] = front.lab.s3["honey"].replace("http", "https")


def redirecting(raw: dict[str, Any], front: Front) -> None:
    raw["endpoints"][1]["url"] = front.redirect


def another_region(raw: dict[str, Any], front: Front) -> None:
    raw["s3"]["region"] = "ap-south-1"


def no_bundle(raw: dict[str, Any], front: Front) -> None:
    raw["s3"]["ca_bundle"] = "nowhere.pem"


def empty_bundle(raw: dict[str, Any], front: Front) -> None:
    raw["s3"]["ca_bundle"] = "alerts.yaml"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            change_nothing,
            r"endpoint bumble at https://localhost:\d+: its certificate is refused: .*ca_bundle",
        ),
        (another_name, r"endpoint honey .*its certificate is refused: .*127\.0\.0\.1"),
        (plain, r"endpoint honey .*does not answer like S3: HTTP 400"),
        (tls_to_plain, r"endpoint honey .*does not speak TLS"),
        (redirecting, r"endpoint honey .*redirects to https://localhost:\d+/: declare the URL that answers"),
        (another_region, r'endpoint bumble .*s3\.region = "ap-south-1"'),
        (no_bundle, r"s3\.ca_bundle names .*nowhere\.pem, but there is no such file"),
        (empty_bundle, r"s3\.ca_bundle: .*alerts\.yaml holds no PEM certificate"),
    ],
)
def test_what_is_wrong_is_said(front: Front, lab: Lab, change: Any, message: str) -> None:
    lab.write(lab.declared())
    raw = front.declared()
    change(raw, front)
    with pytest.raises(UsageError, match=message):
        made(lab, raw).start()
