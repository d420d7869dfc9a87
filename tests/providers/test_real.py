"""The same verbs on real stores: the control and SeaweedFS, with S3 requests before and after."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

from readiness.candidate.load import load
from readiness.paths import ROOT
from readiness.providers import create
from readiness.providers.engine import probe
from readiness.providers.processes.provider import Processes
from readiness.topology import Keys, Unsupported
from tests.providers.test_supervisor import alive
from tests.support.eventually import eventually

pytestmark = pytest.mark.store

EMPTY_SECONDS = 60


def client(url: str, keys: Keys) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        region_name="us-east-1",
        config=Config(
            retries={"total_max_attempts": 1},
            connect_timeout=2,
            read_timeout=3,
            s3={"addressing_style": "path"},
        ),
    )


def started(name: str, folder: Path) -> Processes:
    provider = create(load(name), run_dir=folder)
    assert isinstance(provider, Processes)
    provider.start()
    return provider


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    folder = tmp_path_factory.mktemp("control")
    provider = started("embedded", folder)
    yield provider
    provider.stop()
    assert not list(folder.iterdir())


@pytest.fixture(scope="module")
def bucket(control: Processes) -> str:
    assert control.topology.service is not None
    s3 = client(control.topology.service.url, control.keys("admin"))
    s3.create_bucket(Bucket="scratch")
    s3.put_object(Bucket="scratch", Key="before", Body=b"kept")
    return "scratch"


def read(provider: Processes, bucket: str, key: str = "before") -> set[bytes]:
    """The object's body as each endpoint in service gives it."""
    found = set()
    for endpoint in provider.topology.all_endpoints():
        if endpoint.instance is None or provider.in_service(endpoint.instance):
            s3 = client(endpoint.url, provider.keys("admin"))
            found.add(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    return found


def test_control_serves_on_every_endpoint(control: Processes, bucket: str) -> None:
    assert len(control.topology.endpoints) == 3
    assert read(control, bucket) == {b"kept"}
    assert {volume.node for volume in control.volumes()} == {"bumble", "honey", "sting"}
    assert control.versions()["control"]
    assert "control_index_divergence 0" in control.metrics("control-honey", "/metrics")
    with pytest.raises(ClientError, match="AccessDenied"):
        client(control.topology.endpoints[0].url, control.keys("read_only")).put_object(
            Bucket=bucket, Key="x", Body=b"x"
        )


@pytest.mark.parametrize("fault", ["kill", "freeze"])
def test_the_service_endpoint_recovers_from_a_lost_node(control: Processes, bucket: str, fault: str) -> None:
    assert control.topology.service is not None
    s3 = client(control.topology.service.url, control.keys("admin"))
    began = time.monotonic()
    assert getattr(control, fault)("control-bumble").fired
    served = 0
    while served < 10:
        assert time.monotonic() - began < 5
        try:
            s3.put_object(Bucket=bucket, Key=f"during-{fault}", Body=str(served).encode())
        except ClientError:
            served = 0
        else:
            served += 1
    control.thaw("control-bumble")
    control.start_instance("control-bumble")
    eventually(control.whole, 15)
    assert read(control, bucket, f"during-{fault}") == {b"9"}


def test_control_drain_and_unplug(control: Processes, bucket: str) -> None:
    proof = control.drain("honey")
    assert proof.fired
    assert "gracefully" in proof.observed
    assert read(control, bucket) == {b"kept"}
    control.restore("honey")
    eventually(control.whole, 15)
    try:
        assert control.unplug("sting").fired
    except Unsupported as reason:
        pytest.skip(str(reason))
    eventually(lambda: control.in_service("control-bumble"), 5)
    assert not control.in_service("control-sting")
    control.plug("sting")
    eventually(control.whole, 30)


def test_control_repair_of_an_emptied_node(control: Processes, bucket: str) -> None:
    control.kill("control-sting")
    assert control.wipe("sting").fired
    message = control.repair("sting")
    assert "POST /members/replace" in message
    assert not control.whole()
    control.restore("sting")
    eventually(control.whole, EMPTY_SECONDS)
    assert read(control, bucket) == {b"kept"}
    control.restart("control-sting")
    eventually(control.whole, 15)


def test_control_rotation(control: Processes, bucket: str) -> None:
    fresh = control.rotate(None)
    for endpoint in control.topology.endpoints:
        eventually(lambda url=endpoint.url: works(url, fresh, bucket), 2)  # type: ignore[misc]
    control.rotate(fresh)
    for endpoint in control.topology.endpoints:
        eventually(lambda url=endpoint.url: not works(url, fresh, bucket), 2)  # type: ignore[misc]
    assert fresh.secret_key not in "".join(control.capture().values())


def works(url: str, keys: Keys, bucket: str) -> bool:
    try:
        client(url, keys).head_object(Bucket=bucket, Key="before")
    except ClientError:
        return False
    return True


def test_control_divergence_check(control: Processes) -> None:
    assert set(control.divergence_check()) == {"bumble", "honey", "sting"}


def test_no_secret_is_on_a_command_line(control: Processes) -> None:
    secrets = {control.keys(role).secret_key.encode() for role in ("admin", "read_only")}
    for status in control.supervised.statuses().values():
        line = Path(f"/proc/{status.pid}/cmdline").read_bytes()
        assert line
        assert not any(secret in line for secret in secrets)


def wrote(s3: Any, bucket: str) -> bool:
    """Whether the object `before` could be written."""
    try:
        s3.put_object(Bucket=bucket, Key="before", Body=b"kept")
    except (ClientError, ReadTimeoutError):
        return False
    return True


def test_singleton(tmp_path: Path) -> None:
    provider = started("singleton", tmp_path)
    try:
        (endpoint,) = provider.topology.all_endpoints()
        assert not endpoint.is_service
        s3 = client(endpoint.url, provider.keys("admin"))
        s3.create_bucket(Bucket="scratch")
        eventually(lambda: wrote(s3, "scratch"), 45)  # the first write waits until the bucket has volumes
        assert "SeaweedFS_volumeServer_file_read_failures" in provider.metrics("weed-bumble", "/metrics")
        assert provider.freeze("weed-bumble").fired
        assert not provider.whole()
        provider.thaw("weed-bumble")
        eventually(provider.whole)
        assert provider.kill("weed-bumble").fired
        assert probe.status(endpoint.url, 1) is None
        provider.start_instance("weed-bumble")
        eventually(provider.whole, 30)
        eventually(lambda: works(endpoint.url, provider.keys("read_only"), "scratch"), 10)
        with pytest.raises(ClientError, match="AccessDenied"):
            client(endpoint.url, provider.keys("read_only")).put_object(Bucket="scratch", Key="x", Body=b"x")
    finally:
        provider.stop()
    assert not list(tmp_path.iterdir())


RUN = """
    import sys, time
    from pathlib import Path
    from readiness.candidate.load import load
    from readiness.providers import create
    provider = create(load("embedded"), run_dir=Path(sys.argv[1]))
    provider.start()
    provider.freeze("control-honey")
    print(*(status.pid for status in provider.supervised.statuses().values()), provider.supervised.pid, flush=True)
    time.sleep(600)
"""


@pytest.mark.slow
def test_the_filers_of_a_new_cluster_own_one_store(tmp_path: Path) -> None:
    provider = started("seaweedfs", tmp_path)
    try:
        logs = [
            provider.driver.deployment.log(f"weed-{node}").read_text() for node in provider.topology.nodes
        ]
    finally:
        provider.stop()
    ids = [re.findall(r"filer\.store\.id (?:= |to )(-?\d+)", log) for log in logs]
    assert [len(each) for each in ids] == [1, 1, 1]
    assert len({each[0] for each in ids}) == 1
    assert not any("starting full metadata sync" in log for log in logs)


def test_a_killed_run_leaves_no_store(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(RUN), str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        pids = [int(word) for word in run.stdout.readline().split()]
        assert len(pids) == 6
        assert all(map(alive, pids))
        os.kill(run.pid, signal.SIGKILL)
    eventually(lambda: not any(map(alive, pids)))
    assert not list(tmp_path.iterdir())
