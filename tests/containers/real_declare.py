"""`declare --docker` on a real engine: a project that runs already, and its verbs through the file that is proposed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from readiness.candidate.load import load
from readiness.cli import declare
from readiness.obtain.container_engine import ContainerEngine
from readiness.providers import create
from readiness.providers.commands.provider import Commands
from readiness.providers.supervisor import network
from readiness.topology import Keys
from tests.containers.real import client
from tests.support.eventually import eventually

PROJECT, NAME = "declared-state", "declared-state-control-1"
KEYS = Keys("AKDECLARED", "a-secret-of-the-project")
COMMAND = [
    *("serve", "--name", "one", "--data-dir", "/data", "--cluster-state", "new"),
    *("--s3-listen", "0.0.0.0:9000", "--admin-listen", "0.0.0.0:9001", "--peer-listen", "0.0.0.0:9002"),
    *("--initial-cluster", "one=http://127.0.0.1:9002"),
]


def serves(url: str) -> bool:
    """Whether it answers a request that is signed."""
    try:
        return "Buckets" in client(url, KEYS).list_buckets()
    except (BotoCoreError, ClientError):
        return False


@pytest.fixture
def project() -> Iterator[str]:
    """What `docker compose up` would make of one control with a published port; its S3 port on this machine."""
    engine = ContainerEngine()
    labels = {"com.docker.compose.project": PROJECT, "com.docker.compose.service": "control"}
    reference = os.environ["READINESS_CONTROL_IMAGE"]
    port = network.free_ports(["127.0.0.1"], 1, (0,))[0]
    net = engine.client.networks.create(f"{PROJECT}_default", driver="bridge", labels=labels)
    made = None
    try:
        made = engine.client.containers.create(
            reference.split("@")[0],
            command=COMMAND,
            name=NAME,
            labels=labels,
            environment={
                "CONTROL_ROOT_ACCESS_KEY": KEYS.access_key,
                "CONTROL_ROOT_SECRET_KEY": KEYS.secret_key,
            },
            ports={"9000/tcp": ("127.0.0.1", port)},
            volumes={f"{PROJECT}_data": {"bind": "/data", "mode": "rw"}},
            network=net.name,
            restart_policy={"Name": "unless-stopped", "MaximumRetryCount": 0},
        )
        made.start()
        yield f"http://127.0.0.1:{port}"
    finally:
        if made is not None:
            made.remove(force=True, v=True)
        for volume in engine.client.volumes.list(filters={"name": f"{PROJECT}_data"}):
            volume.remove()
        net.remove()
        engine.close()


@pytest.fixture
def provider(
    project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Commands]:
    """The provider of the proposed file, started."""
    eventually(lambda: serves(project), 60)
    assert declare.main(["--docker", "--project", PROJECT]) == 0, capsys.readouterr().err
    text = capsys.readouterr().out
    assert KEYS.secret_key not in text
    assert "CONTROL_ROOT_ACCESS_KEY and CONTROL_ROOT_SECRET_KEY of its containers" in text
    assert f"docker volume {PROJECT}_data" in text
    path = tmp_path / "declared.toml"
    path.write_text(text, "utf-8")
    monkeypatch.setenv("STORE_ACCESS_KEY", KEYS.access_key)
    monkeypatch.setenv("STORE_SECRET_KEY", KEYS.secret_key)
    made = create(load(str(path)), run_dir=tmp_path)
    assert isinstance(made, Commands)
    try:
        topology = made.start()
        assert [(e.instance, e.url) for e in topology.endpoints] == [(NAME, project)]
        yield made
    finally:
        made.stop()


def test_every_verb_is_seen_to_happen_and_is_undone(provider: Commands, project: str) -> None:
    restarted = provider.restart(NAME)
    assert restarted.fired, restarted
    eventually(lambda: serves(project), 60)
    killed = provider.kill(NAME)
    assert killed.fired, killed
    provider.start_instance(NAME)
    eventually(lambda: serves(project), 60)
    frozen = provider.freeze(NAME)
    assert frozen.fired, frozen
    provider.thaw(NAME)
    eventually(lambda: serves(project), 60)
    (node,) = provider.topology.nodes
    drained = provider.drain(node)
    assert drained.fired, drained
    provider.restore(node)
    eventually(lambda: serves(project), 60)
    assert provider.stored_bytes(node) > 0
    assert NAME in "".join(provider.capture())
    assert "tofu-state-control" in "".join(provider.versions().values())
