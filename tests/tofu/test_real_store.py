"""The judgements of phase 2 that need no fault, on a real store: one `weed server -s3` under two addresses."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator

import boto3
import pytest

from readiness.finding import State
from readiness.obtain import weed
from readiness.providers.engine import probe
from readiness.recording import Recording
from readiness.subject import Subject
from readiness.tofu import Disposable, StatePlace, Tools, basics
from readiness.tofu.concurrent import concurrent_applies
from readiness.tofu.rollback import restore_and_forward
from readiness.tofu.settings import BackendSettings, backend_settings
from readiness.tofu.stale import stale_lock
from readiness.tofu.watched import Watched
from readiness.topology import Endpoint
from tests.support.eventually import eventually
from tests.support.executed import executed
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
        eventually(lambda: probe.status(f"http://127.0.0.1:{s3}", 1) is not None, seconds=60)
        yield f"http://127.0.0.1:{s3}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def real(url: str, tools: Tools) -> Disposable:
    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=KEYS.access_key,
        aws_secret_access_key=KEYS.secret_key,
    )
    with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou):
        client.create_bucket(Bucket="tofu")
    client.put_bucket_versioning(Bucket="tofu", VersioningConfiguration={"Status": "Enabled"})
    endpoints = (
        Endpoint("one", url, "one", "one"),
        Endpoint("service", url.replace("127.0.0.1", "localhost")),
    )
    return Disposable(tools, StatePlace("tofu", "unused"), "run", endpoints, {"secret": SENSITIVE})


def contended(_subject: Subject, see: Recording, env: Disposable) -> None:
    concurrent_applies(Watched(env, see, "no fault"), "calm", rounds=1)


def test_a_real_store_is_proved(real: Disposable, subject: Subject) -> None:
    done = {
        "P2.1": basics.init_everywhere,
        "P2.2": basics.first_write,
        "P2.3": basics.no_op_plan,
        "P2.7": restore_and_forward,
        "P2.8": contended,
        "P2.10": stale_lock,
        "P2.11": basics.pull_everywhere,
        "P2.12": basics.large_state,
    }
    found = {id_: executed(id_, execution, real, subject=subject) for id_, execution in done.items()}
    assert {id_: finding.state for id_, finding in found.items()} == dict.fromkeys(found, State.PROVED), found
    kept = (subject.evidence.folder / "observations.jsonl").read_text()
    assert not any(secret in kept for secret in (KEYS.secret_key, KEYS.access_key, SENSITIVE))


TAGGED = BackendSettings(
    (("acl", "private"), ("skip_s3_checksum", "true"), ("workspace_key_prefix", "teams/infra")),
    state_tags=(("team", "infra"),),
    lock_tags=(("kind", "lock"),),
    stacks=("attic",),
)


def test_a_real_store_serves_the_settings_of_protected_stacks(real: Disposable, subject: Subject) -> None:
    found = executed("P2.15", backend_settings, real, (TAGGED,), {}, subject=subject)
    assert found.state is State.PROVED, found.reason
    assert TAGGED.name in found.reason
