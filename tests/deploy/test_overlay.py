"""The overlay that an operator edits, and what the Job may do to its root file system."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from readiness.paths import ROOT

DEPLOY = ROOT / "deploy"
OVERLAY = DEPLOY / "overlay"


def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def pods() -> dict[str, dict[str, Any]]:
    job = loaded(DEPLOY / "suite/job.yaml")["spec"]["template"]["spec"]
    return {"job": job, "reader": loaded(DEPLOY / "suite/reader/pod.yaml")["spec"]}


def test_nothing_of_the_suite_may_write_to_its_image_or_be_root() -> None:
    for name, pod in pods().items():
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        for container in pod["containers"]:
            own = container["securityContext"]
            assert own["readOnlyRootFilesystem"] is True, name
            assert own["allowPrivilegeEscalation"] is False, name
            assert own["capabilities"] == {"drop": ["ALL"]}, name


def test_every_place_that_the_job_writes_to_is_mounted() -> None:
    pod = pods()["job"]
    (container,) = pod["containers"]
    env = {each["name"]: each.get("value") for each in container["env"]}
    mounted = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
    volumes = {each["name"]: each for each in pod["volumes"]}
    written = [env["HOME"], env["XDG_STATE_HOME"], "/tmp"]
    written += [
        argument.partition("=")[2] for argument in container["args"] if re.match(r"--(runs|junit)", argument)
    ]
    assert len(written) == 5
    for place in written:
        (mount,) = [path for path in mounted if Path(place).is_relative_to(path)]
        assert {"emptyDir", "persistentVolumeClaim"} & volumes[mounted[mount]].keys(), place


def test_a_store_without_an_admin_token_can_be_judged() -> None:
    (container,) = pods()["job"]["containers"]
    references = [each["valueFrom"]["secretKeyRef"] for each in container["env"] if "valueFrom" in each]
    assert [reference["optional"] for reference in references] == [True]


def test_job_and_reader_take_their_image_from_one_place() -> None:
    job, reader = loaded(OVERLAY / "kustomization.yaml"), loaded(OVERLAY / "reader/kustomization.yaml")
    assert (OVERLAY / job["components"][0]).resolve() == (
        OVERLAY / "reader" / reader["components"][0]
    ).resolve()
    assert job["namespace"] == reader["namespace"]
    (image,) = loaded(OVERLAY / "image/kustomization.yaml")["images"]
    assert image["name"] == "readiness"
    for of, where in ((job, OVERLAY), (reader, OVERLAY / "reader")):
        assert "images" not in of
        assert all((where / base / "kustomization.yaml").exists() for base in of["resources"])


def test_the_candidate_file_takes_the_place_of_the_bases() -> None:
    (base,) = loaded(DEPLOY / "suite/kustomization.yaml")["configMapGenerator"]
    (own,) = loaded(OVERLAY / "kustomization.yaml")["configMapGenerator"]
    assert own["name"] == base["name"]
    assert own["behavior"] == "merge"
    assert own["namespace"] == loaded(OVERLAY / "kustomization.yaml")["namespace"]
    assert set(own["files"]) < set(base["files"])
    assert "/deploy/overlay/candidate.toml" in (ROOT / ".gitignore").read_text().splitlines()


def test_the_optional_parts_are_there() -> None:
    named = re.findall(r"^  # - (\S+)", (OVERLAY / "kustomization.yaml").read_text("utf-8"), re.MULTILINE)
    assert len(named) == 3
    assert all((OVERLAY / part / "kustomization.yaml").exists() for part in named)


def test_the_patch_that_is_shown_names_the_rules_of_the_secret_and_of_the_config_map() -> None:
    text = (OVERLAY / "kustomization.yaml").read_text("utf-8")
    shown = yaml.safe_load(
        re.sub(r"^# ", "", text.split("\n# patches:")[1], flags=re.MULTILINE).split("\n", 1)[1]
    )
    role = next(yaml.safe_load_all((DEPLOY / "suite/role.yaml").read_text("utf-8")))
    (patch,) = shown
    operations = yaml.safe_load(patch["patch"])
    assert len(operations) == 2
    for operation, resource in zip(operations, ("secrets", "configmaps"), strict=True):
        rule = role["rules"][int(operation["path"].split("/")[2])]
        assert rule["resources"] == [resource]
        assert "resourceNames" in rule
