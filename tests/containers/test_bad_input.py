"""What is wrong with a candidate in containers is said before an engine is asked; no engine is needed here."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from readiness.candidate.load import load
from readiness.candidate.model import Candidate
from readiness.errors import UsageError
from readiness.paths import CANDIDATES, ROOT
from readiness.providers import create
from readiness.providers.containers.plan import ContainerPlan
from tests.containers.real import changed

PINNED = f"localhost/ha-control:1.0.0@sha256:{'a' * 64}"


@pytest.fixture(autouse=True)
def image(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("READINESS_CONTROL_IMAGE", PINNED)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")


def test_without_an_engine(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no container engine answers") as error:
        create(load("containers"))
    for word in (f"{tmp_path}/nobody.sock", "DOCKER_HOST", "tox -e containers"):
        assert word in str(error.value)


def test_an_engine_that_listens_and_says_nonsense(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "nonsense://here")
    with pytest.raises(UsageError, match="no container engine answers at nonsense://here"):
        create(load("containers"))


@pytest.mark.parametrize(
    "reference",
    [
        "minio/minio",
        "minio/minio:latest",
        f"minio/minio@sha256:{'a' * 64}",
        f"minio/minio:1@sha256:{'a' * 63}",
        f"minio/minio:1@md5:{'a' * 64}",
        f"sha256:{'a' * 64}",
        "",
    ],
)
def test_an_image_without_tag_and_digest(reference: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match=r"not pinned by tag and digest: write NAME:TAG@sha256:DIGEST"):
        changed(lambda raw: raw["containers"][0].update(image=reference))
    monkeypatch.setenv("READINESS_CONTROL_IMAGE", reference)
    with pytest.raises(
        UsageError, match=r"containers\.control\.image: .*READINESS_CONTROL_IMAGE .*NAME:TAG@sha256:"
    ):
        create(changed())


def in_file(tmp_path: Path, old: str, new: str) -> Path:
    text = (CANDIDATES / "containers.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("s3_port = 9000", "s3_prot = 9000", 'unknown field "containers.0.s3_prot", did you mean "s3_port"?'),
        ('image = "env:READINESS_CONTROL_IMAGE"\n', "", 'missing field "containers.0.image"'),
        ('nodes = ["bumble", "honey", "sting"]', "nodes = []", 'field "containers.0.nodes"'),
        ('nodes = ["bumble", "honey", "sting"]', 'nodes = ["Bumble"]', 'field "containers.0.nodes.0"'),
        ('volumes = ["/data"]', 'volumes = ["data"]', 'field "containers.0.volumes.0"'),
        ('volumes = ["/data"]', 'entrypoint = "run"', "it is a list of arguments"),
        ("admin_port = 9001", "admin_port = 9000", "s3_port and admin_port are the same"),
        ("s3_port = 9000", "s3_port = 90000", 'field "containers.0.s3_port"'),
    ],
)
def test_fields(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        load(str(in_file(tmp_path, old, new)))


def also(raw: dict[str, Any], **changes: Any) -> None:
    raw["containers"].append(
        raw["containers"][0] | {"name": "second", "s3_port": 1, "admin_port": 2} | changes
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda raw: raw.update(containers=[]), 'provider.kind = "containers" needs [[containers]]'),
        (lambda raw: raw["provider"].update(kind="processes"), 'not for provider.kind = "processes"'),
        (lambda raw: raw["provider"].update(store="control"), "provider.store: not for"),
        (lambda raw: raw["provider"].update(nodes=["bumble"]), "provider.nodes: not for"),
        (lambda raw: raw["provider"].update(network="namespaces"), "provider.network: containers have"),
        (lambda raw: raw["provider"].update(options={"servce": True}), "provider.options.servce is unknown"),
        (lambda raw: raw.update(endpoints=[{"name": "e", "url": "http://e"}]), "endpoints: not for"),
        (lambda raw: raw.update(instances=[{"name": "i", "node": "n"}]), "instances: not for"),
        (lambda raw: raw["nodes"].append({"name": "other"}), "nodes.other: no container is on this node"),
        (lambda raw: raw["nodes"][0].update(unplug=["x"], plug=["y"]), "nodes.bumble.unplug: the provider does this"),
        (lambda raw: raw["nodes"][0].update(repair=["no-such-program"]), 'no program "no-such-program"'),
        (lambda raw: raw["commands"].update(whole=["no-such-program"]), "commands.whole: there is no program"),
        (lambda raw: also(raw, name="control"), "two have the same name on the same node"),
        (lambda raw: also(raw, s3_port=9000), "containers.second: port 9000 of node bumble is declared twice"),
        (lambda raw: also(raw, admin_port=2, s3_port=3), "admin ports differ"),
        (lambda raw: raw["containers"][0].pop("s3_port"), "at least one needs s3_port"),
        (lambda raw: raw["containers"][0].pop("admin_port"), 'asks target = "admin": declare admin_port'),
        (lambda raw: raw["containers"][0].update(command=["${READINESS_NOD}"]), "${READINESS_NOD} is not known; "),
        (lambda raw: raw["containers"][0].update(emptied_command=["$5"]), 'emptied_command: "$5"'),
        (lambda raw: raw["containers"][0]["environment"].update(A="${B}"), "environment.A: ${B}"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together(change: Callable[[dict[str, Any]], object], message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        create(changed(change))


def test_names_and_values() -> None:
    plan = ContainerPlan(changed())
    assert [i.name for i in plan.topology.instances] == ["control-bumble", "control-honey", "control-sting"]
    assert [e.name for e in plan.topology.endpoints] == ["bumble", "honey", "sting"]
    plan.set_addresses({"bumble": "10.0.0.1", "honey": "10.0.0.2", "sting": "10.0.0.3"})
    assert plan.topology.endpoints[1].url == "http://10.0.0.2:9000"
    assert plan.topology.endpoints[1].admin_url == "http://10.0.0.2:9001"
    run = plan.run("control-honey", emptied=False)
    assert run.command[2] == "honey"
    assert run.command[-1].startswith("bumble=http://10.0.0.1:9002,honey=http://10.0.0.2:9002,")
    assert run.environment["CONTROL_ROOT_SECRET_KEY"] == plan.keys["admin"].secret_key
    assert "existing" in plan.run("control-honey", emptied=True).command
    assert plan.secrets.clean(run.environment["CONTROL_ROOT_SECRET_KEY"]) == "[secret]"


def test_the_image_is_part_of_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    before = load("containers").fingerprint
    assert load("containers").fingerprint == before
    monkeypatch.setenv("READINESS_CONTROL_IMAGE", PINNED.replace("a" * 64, "b" * 64))
    assert load("containers").fingerprint != before


def test_the_template_shows_containers_as_they_are() -> None:
    text = (CANDIDATES / "TEMPLATE.toml").read_text(encoding="utf-8")
    part = text[text.index('# [provider]\n# kind = "containers"') : text.index("#\n# ${…} stands for")]
    shown = tomllib.loads(re.sub(r"(?m)^# ?", "", part).replace("sha256:…", "sha256:" + "a" * 64))
    raw = tomllib.loads(text) | shown
    raw["contract"]["credentials"] |= {"read_only": {"source": "generated"}}
    candidate = Candidate.model_validate(raw)
    (container,) = candidate.containers
    assert set(type(container).model_fields) - container.model_fields_set == set()
    plan = ContainerPlan(replace(load("containers"), candidate=candidate))
    assert [i.name for i in plan.topology.instances] == ["store-bumble", "store-honey", "store-sting"]


@pytest.mark.store
def test_the_lane_without_an_engine_fails(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.containers"],
        cwd=ROOT,
        env={"PATH": str(tmp_path), "DOCKER_HOST": f"unix://{tmp_path}/nobody.sock", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 4, done.stderr
    assert "none can be started here" in done.stderr
    assert "unshare not found" in done.stderr
    assert "apt-get install docker.io containerd" in done.stderr
