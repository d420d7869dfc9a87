"""One command builds the image of a commit, and puts its digest where the Job and its reader find it. The programs git
and docker are stand-ins.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from readiness.paths import ROOT
from tests.deploy.fake_program import asked, put

pytestmark = [pytest.mark.store, pytest.mark.side_by_side]
BASE, PUSHED = f"sha256:{'ab' * 32}", f"sha256:{'0123456789abcdef' * 4}"
REPOSITORY = "registry.example:5000/team/readiness"
GIT = """
if "describe" in asked:
    print((here / "revision").read_text())
else:
    target = next(word for word in asked if word.startswith("--output="))
    pathlib.Path(target.removeprefix("--output=")).write_text("the commit")
"""
DOCKER = f"""
if asked[1] == "imagetools":
    print("{BASE}")
else:
    (here / "context").write_text(sys.stdin.read())
    if not (here / "fails").exists():
        digest = "" if (here / "local").exists() else "{PUSHED}"
        metadata = pathlib.Path(asked[asked.index("--metadata-file") + 1])
        metadata.write_text(json.dumps({{"containerimage.digest": digest}}))
    sys.exit((here / "fails").exists())
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """deploy/image.py, in a checkout of its own that is clean."""
    spec = importlib.util.spec_from_file_location("deploy_image", ROOT / "deploy/image.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "COMPONENT", tmp_path / "kustomization.yaml")
    put(monkeypatch, tmp_path, "git", GIT)
    put(monkeypatch, tmp_path, "docker", DOCKER)
    (tmp_path / "revision").write_text("v1-2-gabc1234")
    return module


def test_the_image_of_the_commit_is_pushed_and_its_digest_written(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script.main([REPOSITORY]) == 0
    assert (tmp_path / "context").read_text() == "the commit"
    build = asked(tmp_path, "docker")[-1]
    assert build[:3] == ["buildx", "build", "--push"]
    given = {build[at + 1] for at, word in enumerate(build) if word == "--build-arg"}
    assert given == {
        f"GO_IMAGE=golang:1.26@{BASE}",
        f"PYTHON_IMAGE=python:3.13-slim@{BASE}",
        "REVISION=v1-2-gabc1234",
    }
    written = yaml.safe_load((tmp_path / "kustomization.yaml").read_text("utf-8"))
    assert written["kind"] == "Component"
    assert written["images"] == [{"name": "readiness", "newName": REPOSITORY, "digest": PUSHED}]
    assert f"{REPOSITORY}@{PUSHED}" in capsys.readouterr().out


def test_what_is_written_is_what_lies_there_but_for_the_image(script: ModuleType, tmp_path: Path) -> None:
    assert script.main([REPOSITORY]) == 0
    there = (ROOT / "deploy/overlay/image/kustomization.yaml").read_text("utf-8")
    written = (tmp_path / "kustomization.yaml").read_text("utf-8")
    assert re.sub(r"(newName|digest): .*", r"\1", written) == re.sub(r"(newName|digest): .*", r"\1", there)


def test_a_base_image_by_digest_is_taken_as_it_is(script: ModuleType, tmp_path: Path) -> None:
    own = f"mirror.example/golang@{BASE}"
    assert script.main([REPOSITORY, "--of", "control", "--go", own]) == 0
    (build,) = asked(tmp_path, "docker")
    assert f"GO_IMAGE={own}" in build
    assert "deploy/control/Containerfile" in build
    assert not (tmp_path / "kustomization.yaml").exists()


@pytest.mark.parametrize(
    ("arguments", "revision", "file", "message"),
    [
        ([f"{REPOSITORY}:1"], "abc", "", "without a tag"),
        ([REPOSITORY], "abc-dirty", "", "commit or stash"),
        ([REPOSITORY, "--go", "golang@sha256:12"], "abc", "", "that is no digest"),
        ([REPOSITORY], "abc", "fails", "ended with exit code 1"),
        ([REPOSITORY], "abc", "local", "named no digest"),
    ],
)
def test_otherwise_nothing_is_written(
    script: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    revision: str,
    file: str,
    message: str,
) -> None:
    (tmp_path / "revision").write_text(revision)
    if file:
        (tmp_path / file).touch()
    assert script.main(arguments) == 4
    said = capsys.readouterr().err
    assert said.startswith("image.py: ")
    assert message in said
    assert said.count("\n") == 1
    assert not (tmp_path / "kustomization.yaml").exists()


def test_a_command_line_that_is_not_understood_is_one_message(
    script: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        script.main([REPOSITORY, "--nonsense"])
    assert ended.value.code == 4
    assert capsys.readouterr().err == "image.py: unrecognized arguments: --nonsense\n"


def test_it_needs_nothing_but_python() -> None:
    ran = subprocess.run(
        [sys.executable, "-I", "-S", str(ROOT / "deploy/image.py"), "--help"],
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


def test_all_that_a_run_needs_is_in_the_image(script: ModuleType) -> None:
    """What the wheel holds besides the package is what a run needs; the image is of the same."""
    settings = (ROOT / "pyproject.toml").read_text("utf-8").split("force-include]")[1].split("\n[")[0]
    wanted = set(re.findall(r'^"([\w.]+)"', settings, re.MULTILINE))
    assert wanted <= set(script.FILES)
    assert all((ROOT / name).exists() for name in script.FILES)
