"""The judgements of phase 2 that need no fault, on a real store: one `weed server -s3` under two addresses."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import boto3
import pytest

from readiness.finding import State
from readiness.obtain import weed
from readiness.tofu import (
    Disposable,
    Place,
    Tools,
    concurrent_applies,
    first_write,
    init_everywhere,
    large_state,
    no_op_plan,
    pull_everywhere,
    restore_and_forward,
    stale_lock,
)
from readiness.topology import Endpoint
from tests.support.ports import free_ports_with_neighbors
from tests.tofu.conftest import KEYS, SENSITIVE

pytestmark = pytest.mark.store


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("weed")
    credential = {"accessKey": KEYS.access_key, "secretKey": KEYS.secret_key}
    identity = {"name": "admin", "credentials": [credential], "actions": ["Admin", "Read", "Write", "List"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    s3, master, volume, filer = free_ports_with_neighbors(4)
    arguments = [
        *(
            "server",
            "-s3",
            f"-dir={folder}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-s3.config={folder / 's3.json'}",
        ),
        *(f"-s3.port={s3}", f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}"),
        *("-master.telemetry=false", "-volume.max=50", "-master.volumeSizeLimitMB=64"),
        *("-s3.port.iceberg=0", "-s3.port.lance=0"),
        *(f"-s3.localSocket={folder / 's3.sock'}", f"-filer.localSocket={folder / 'filer.sock'}"),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([weed(), *arguments], cwd=folder, stdout=log, stderr=log)
    try:
        wait_for(f"http://127.0.0.1:{s3}")
        yield f"http://127.0.0.1:{s3}"
    finally:
        process.kill()
        process.wait()


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=1)  # noqa: S310
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(url)


@pytest.fixture
def real(url: str, tools: Tools) -> Disposable:
    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=KEYS.access_key,
        aws_secret_access_key=KEYS.secret_key,
    )
    client.create_bucket(Bucket="tofu")
    client.put_bucket_versioning(Bucket="tofu", VersioningConfiguration={"Status": "Enabled"})
    endpoints = (
        Endpoint("one", url, "one", "one"),
        Endpoint("service", url.replace("127.0.0.1", "localhost")),
    )
    return Disposable(tools, Place("tofu", "unused"), "run", endpoints, {"secret": SENSITIVE})


def test_a_real_store_is_proved(real: Disposable) -> None:
    found = {
        "P2.1": init_everywhere(real),
        "P2.2": first_write(real),
        "P2.3": no_op_plan(real),
        "P2.7": restore_and_forward(real),
        "P2.8": concurrent_applies(real, "calm", rounds=1),
        "P2.10": stale_lock(real),
        "P2.11": pull_everywhere(real),
        "P2.12": large_state(real),
    }
    assert {name: finding.state for name, finding in found.items()} == dict.fromkeys(found, State.PROVED), (
        found
    )
