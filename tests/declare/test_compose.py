"""A candidate file proposed from a compose project, as `docker` shows it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from readiness.candidate.load import Loaded, load
from readiness.cli import declare
from readiness.declare.compose_survey import FORMAT, host_of
from readiness.providers.commands.resolved import ResolvedCandidate
from tests.declare.fakes import Fake, docker, inspected

pytestmark = [pytest.mark.store, pytest.mark.side_by_side]
READS = ("ps", "inspect", "info", "context inspect")
MINIO = "quay.io/minio/minio:RELEASE.2025-01-01@sha256:" + "0" * 64


def minio(number: int, **more: Any) -> dict[str, Any]:
    name = f"state-minio{number}-1"
    return inspected(
        name, MINIO,
        **{
            "published": {"9000/tcp": [{"HostIp": "", "HostPort": str(19000 + number)}], "9001/tcp": None},
            "mounts": [
                {"Type": "volume", "Name": f"state_data{number}", "Source": f"/d/{number}", "Destination": "/data"}
            ],
            "healthcheck": {"Test": ["CMD-SHELL", "curl -f http://localhost:9000/minio/health/live || exit 1"]},
            "variables": "MINIO_ROOT_USER MINIO_ROOT_PASSWORD PATH ",
            "stop_seconds": 5,
            **more,
        },
    )  # fmt: skip


def proposed(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str) -> tuple[str, Loaded]:
    assert declare.main(["--docker", *arguments]) == 0, capsys.readouterr().err
    text = capsys.readouterr().out
    path = folder / "proposed.toml"
    path.write_text(text, "utf-8")
    return text, load(str(path))


def resolved(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> ResolvedCandidate:
    monkeypatch.setenv("STORE_ACCESS_KEY", "AK")
    monkeypatch.setenv("STORE_SECRET_KEY", "a-secret")
    return ResolvedCandidate(loaded)


def test_published_ports_are_endpoints_of_one_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = docker(tmp_path, monkeypatch, *(minio(number) for number in (1, 2, 3)))
    text, loaded = proposed(capsys, tmp_path)
    candidate, topology = loaded.candidate, resolved(loaded, monkeypatch).topology
    assert candidate.provider.kind == "commands"
    assert candidate.candidate_class == "singleton"
    assert "its loss takes all" in text
    assert topology.nodes == ("honey",)
    assert [(e.name, e.url, e.instance) for e in topology.endpoints] == [
        (f"state-minio{n}-1", f"http://127.0.0.1:{19000 + n}", f"state-minio{n}-1") for n in (1, 2, 3)
    ]
    assert topology.service is None
    assert "its port 9000 is published there" in text
    assert [(v.node, v.kind) for v in candidate.volumes] == [
        ("honey", f"docker volume state_data{n}") for n in (1, 2, 3)
    ]
    assert {str(k): s for k, s in candidate.contract.failure.rto_seconds.items()} == {
        "restart": 15, "drain": 15, "crash": 10, "silence": 60,
    }  # fmt: skip
    assert candidate.contract.failure.readiness.path == "/minio/health/live"
    assert "with the values of MINIO_ROOT_USER and MINIO_ROOT_PASSWORD of its containers" in text
    assert len(fake.asked()) == 4


def test_the_verbs_are_those_of_docker_and_each_has_its_undo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    docker(tmp_path, monkeypatch, minio(1))
    text, loaded = proposed(capsys, tmp_path)
    (instance,) = loaded.candidate.instances
    name = "state-minio1-1"
    assert instance.stop is not None
    assert (instance.stop.run, instance.stop.seconds) == (("docker", "stop", name), 25)
    for verb in ("start", "restart", "kill", "pause"):
        found = getattr(instance, verb)
        assert found.run == ("docker", verb, name)
    assert instance.unpause is not None
    assert instance.unpause.argv == (
        "/bin/sh", "-c",
        f"docker unpause {name} || test $(docker inspect --format '{{{{.State.Paused}}}}' {name}) = false",
    )  # fmt: skip
    assert instance.identity is not None
    assert "{{if .State.Running}}" in instance.identity.run[3]
    assert 'with restart = "unless-stopped"' in text
    (node,) = loaded.candidate.nodes
    assert node.bytes is not None
    assert node.bytes.run == ("du --summarize --block-size=1 --total -- /d/1 | tail -n 1 | cut -f1",)
    assert node.wipe is None
    assert node.unplug is None


def test_only_what_reads_is_asked_and_no_value_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = docker(tmp_path, monkeypatch, minio(1))
    proposed(capsys, tmp_path)
    assert all(" ".join(argv).startswith(READS) for argv in fake.asked())
    assert FORMAT.count("Env") == 1
    assert 'range .Config.Env}}{{index (split . "=") 0}} {{end}}' in FORMAT


def test_a_balancer_is_the_service_endpoint_and_others_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    docker(
        tmp_path, monkeypatch, minio(1), minio(2),
        inspected("state-nginx-1", "nginx:1.27", published={"9000/tcp": [{"HostIp": "::", "HostPort": "9000"}]}),
        inspected("state-mc-1", "minio/mc:latest", status="exited"),
        inspected("state-grafana-1", "grafana/grafana:11"),
    )  # fmt: skip
    text, loaded = proposed(capsys, tmp_path)
    service = resolved(loaded, monkeypatch).topology.service
    assert service is not None
    assert service.url == "http://127.0.0.1:9000"
    assert "a guess: container state-nginx-1 (nginx) leads to the store" in text
    assert "# left out: container state-mc-1 (minio/mc:latest) does not run" in text
    assert "# left out: container state-grafana-1 (grafana/grafana:11) is another program" in text


def test_parts_that_speak_no_s3_have_a_probe_and_a_role(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    image = "chrislusf/seaweedfs:3.80"
    ports: dict[str, object] = {f"{port}/tcp": {} for port in (7333, 8080, 8333, 8888, 9333)}
    parts = [
        inspected(f"state-{role}-1", image, command=command, exposed=ports, entrypoint=["/entrypoint.sh"])
        for role, command in {
            "master": ["master", "-ip=master"],
            "volume": ["volume", "-mserver=master:9333"],
            "s3": ["s3", "-filer=filer:8888"],
        }.items()
    ]
    parts[2]["networks"] = {"state_default": {"IPAMConfig": {"IPv4Address": "172.30.0.9"}}}
    docker(tmp_path, monkeypatch, *parts)
    text, loaded = proposed(capsys, tmp_path)
    found = resolved(loaded, monkeypatch)
    assert {i.name: i.kind for i in found.topology.instances} == {
        "state-master-1": "master", "state-s3-1": "s3", "state-volume-1": "volume",
    }  # fmt: skip
    assert [(e.instance, e.url) for e in found.topology.endpoints] == [
        ("state-s3-1", "http://172.30.0.9:8333")
    ]
    assert found.instance("state-master-1").probe is not None
    assert found.instance("state-s3-1").probe is None
    assert found.instance("state-s3-1").connections is not None
    assert "its address, which the project's file fixes" in text


def test_what_is_not_published_is_to_be_corrected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    docker(tmp_path, monkeypatch, minio(1, published={"9000/tcp": None}))
    text, loaded = proposed(capsys, tmp_path)
    assert loaded.candidate.endpoints[0].url == "http://state-minio1-1:9000"
    assert "TO BE CORRECTED: not published" in text


@pytest.mark.parametrize(
    ("health", "image", "path"),
    [
        ("curl -f http://localhost:9000/minio/health/cluster", "minio/minio", "/minio/health/cluster"),
        ("curl -f http://localhost:9001/readyz", "minio/minio", "/minio/health/ready"),
        ("curl -f http://localhost:9001/readyz", "ha-control", None),
        ("mc ready local", "minio/minio", "/minio/health/ready"),
    ],
)
def test_readiness_is_asked_at_the_s3_port_or_not_at_all(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    health: str,
    image: str,
    path: str | None,
) -> None:
    docker(tmp_path, monkeypatch, minio(1, healthcheck={"Test": ["CMD-SHELL", health]}) | {"image": image})
    _, loaded = proposed(capsys, tmp_path)
    assert loaded.candidate.contract.failure.readiness.path == path


@pytest.mark.parametrize(
    ("image", "store", "port"),
    [
        ("rustfs/rustfs:1.0", "RustFS", 9000),
        ("dxflrs/garage:v2.0", "Garage", 3900),
        ("ghcr.io/versity/versitygw:1", "the Versity S3 Gateway", 7070),
        ("ha-control:1.0.0", "the suite's own control", 9000),
        ("minio/minio", "MinIO", 9000),
    ],
)
def test_each_store_is_recognised_by_its_image(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    image: str,
    store: str,
    port: int,
) -> None:
    published = {f"{port}/tcp": [{"HostIp": "10.0.0.7", "HostPort": "80"}]}
    docker(tmp_path, monkeypatch, inspected("state-one-1", image, exposed={}, published=published))
    text, loaded = proposed(capsys, tmp_path)
    assert loaded.candidate.endpoints[0].url == "http://10.0.0.7:80"
    assert loaded.candidate.summary.startswith(store)
    assert f"# recognised by its images: {image}" in text


@pytest.mark.parametrize(
    ("containers", "arguments", "message"),
    [
        ([], [], "no container bears the label com.docker.compose.project"),
        ([inspected("state-web-1", "nginx:1")], [], "runs none of .*; its images: nginx:1"),
        ([minio(1, status="exited")], [], "its images: none"),
        ([minio(1)], ["--project", "other"], "there is no compose project other; there is state"),
        ([minio(1), minio(2, labels={"com.docker.compose.project": "b"})], [], "name one with --project"),
        ([minio(1), inspected("state-g-1", "garage:1")], [], "runs garage, minio: name one with --store"),
        ([minio(1)], ["--store", "garage"], "runs no garage; it runs minio"),
        ([inspected("state-m-1", "seaweedfs:1", command=["master"])], [], "none of state-m-1 .* speaks S3"),
    ],
)  # fmt: skip
def test_what_is_not_recognised_is_one_message_and_exit_code_4(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    containers: list[dict[str, Any]],
    arguments: list[str],
    message: str,
) -> None:
    docker(tmp_path, monkeypatch, *containers)
    assert declare.main(["--docker", *arguments]) == 4
    printed = capsys.readouterr()
    (line,) = printed.err.splitlines()
    assert line.startswith("ERROR: ")
    assert re.search(message, line)
    assert not printed.out


def test_an_engine_that_does_not_answer_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Fake("docker", tmp_path, monkeypatch).answer(
        "ps", code=1, complains="Cannot connect to the Docker daemon at unix:///var/run/docker.sock."
    )
    assert declare.main(["--docker"]) == 4
    assert "docker cannot be asked: Cannot connect to the Docker daemon" in capsys.readouterr().err


def test_without_docker_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert declare.main(["--docker"]) == 4
    assert capsys.readouterr().err == 'ERROR: there is no program "docker" on the PATH\n'


@pytest.mark.parametrize(
    ("engine", "host"),
    [
        ("unix:///var/run/docker.sock", "127.0.0.1"),
        ("", "127.0.0.1"),
        ("ssh://me@honey.example", "honey.example"),
        ("tcp://10.0.0.7:2376", "10.0.0.7"),
    ],
)
def test_ports_are_published_on_the_engine_s_machine(engine: str, host: str) -> None:
    assert host_of(engine) == host


def test_a_remote_engine_is_neither_measured_nor_entered_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    docker(tmp_path, monkeypatch, minio(1), engine="ssh://me@honey.example")
    _, loaded = proposed(capsys, tmp_path)
    assert loaded.candidate.endpoints[0].url == "http://honey.example:19001"
    assert loaded.candidate.nodes[0].bytes is None
    assert loaded.candidate.instances[0].connections is None
