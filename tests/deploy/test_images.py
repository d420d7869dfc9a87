"""No image of `deploy/` is named by a tag, and the check of an operator's overlay refuses one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from readiness.paths import ROOT

pytestmark = pytest.mark.side_by_side

DEPLOY = ROOT / "deploy"
DIGEST = f"sha256:{'0123456789abcdef' * 4}"
BASES = [path for path in DEPLOY.rglob("kustomization.yaml") if DEPLOY / "overlay" not in path.parents]
KUSTOMIZATIONS = [path for path in BASES if "image" in path.read_text()]


def check(manifests: str) -> tuple[int, str]:
    """The exit code of the check, and what it says."""
    ran = subprocess.run(
        [sys.executable, str(DEPLOY / "images.py")],
        input=manifests,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stderr


@pytest.mark.store
@pytest.mark.parametrize(
    "image", ["ha-control", "ha-control:1.0.0", "ha-control:latest@sha256:12", "ha-control@sha256:name-it"]
)
def test_a_tag_is_refused_in_one_line(image: str) -> None:
    pinned = f"spec:\n  containers:\n    - image: registry.example:5000/a@{DIGEST}\n"
    assert check(pinned) == (0, "")
    code, message = check(f'{pinned}    - name: store\n      image: "{image}"\n')
    assert code == 4
    assert message.startswith(f"images.py: {image}: not named by digest")
    assert message.count("\n") == 1


@pytest.mark.store
def test_nothing_at_all_is_refused() -> None:
    assert check("kind: Service\n")[0] == 4


@pytest.mark.parametrize("path", KUSTOMIZATIONS, ids=lambda path: str(path.parent.relative_to(DEPLOY)))
def test_every_image_of_a_base_wants_a_digest(path: Path) -> None:
    images = yaml.safe_load(path.read_text())["images"]
    assert images
    assert all(image["digest"].startswith("sha256:") and "newTag" not in image for image in images)
    named = {
        image
        for manifest in path.parent.glob("*.yaml")
        for image in re.findall(r"^\s*(?:- )?image: (\S+)", manifest.read_text(), re.MULTILINE)
    }
    assert named == {image["name"] for image in images}


@pytest.mark.store
@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("Containerfile")), ids=lambda path: path.parent.name)
def test_no_base_image_is_named_by_tag(path: Path) -> None:
    text = path.read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert bases
    for base in bases:
        assert base == "scratch" or re.fullmatch(r"\$\{(\w+)\}", base), base
    for name in re.findall(r"^FROM \$\{(\w+)\}", text, re.MULTILINE):
        (line,) = [line for line in text.splitlines() if line.startswith(f'RUN case "${name}"')]
        script = line.removeprefix("RUN ")
        for value, code in ((f"golang:1.26@{DIGEST}", 0), ("golang:1.26", 4), ("", 4)):
            assert subprocess.run(["sh", "-c", script], env={name: value}, check=False).returncode == code
