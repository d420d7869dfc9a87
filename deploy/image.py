"""Build an image of this repository, push it, and write its digest: python3 deploy/image.py REPOSITORY [--of control]

REPOSITORY is where it is pushed to, for example registry.example/team/readiness. The image is of the commit that is
checked out, without anything that is not committed. A base image that is named by tag is looked up now, and named by
digest from there on. The image's name and digest are printed, and for the suite written to
deploy/overlay/image/kustomization.yaml, which the Job and the pod that reads its results both use. It needs git and
docker with buildx, and nothing else of Python. Exit code 4, with one line, where something is missing.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]
COMPONENT = ROOT / "deploy/overlay/image/kustomization.yaml"
FILES = (
    *("candidates", "conftest.py", "control", "deploy", "fixtures", "pyproject.toml", "readiness"),
    *("requirements.lock", "stacks", "suites", "tools", "LICENSE"),
)
"""What of a commit is in an image: what a run needs."""
NAMES = {"suite": "readiness", "control": "ha-control"}
"""The names by which the manifests call the images."""
GO, PYTHON = "golang:1.26", "python:3.13-slim"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
REPOSITORY = re.compile(r"[a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+")


class Parser(argparse.ArgumentParser):
    """A command line that is not understood ends with one message and exit code 4."""

    def error(self, message: str) -> NoReturn:
        self.exit(4, f"image.py: {message}\n")


class Unbuilt(Exception):
    """There is no image; the message says what to change."""


def main(arguments: list[str]) -> int:
    """Exit code 0: pushed; 4: not."""
    parser = Parser(prog="image.py", description=__doc__, allow_abbrev=False)
    parser.add_argument(
        "repository", metavar="REPOSITORY", help="without a tag: registry.example/team/readiness"
    )
    parser.add_argument("--of", choices=sorted(NAMES), default="suite", help="default: suite")
    parser.add_argument("--go", default=GO, metavar="IMAGE", help=f"default: {GO}; by digest is best")
    parser.add_argument(
        "--python", default=PYTHON, metavar="IMAGE", help=f"default: {PYTHON}; by digest is best"
    )
    given = parser.parse_args(arguments)
    try:
        name = built(given.of, given.repository, given.go, given.python)
    except Unbuilt as error:
        print(f"image.py: {error}", file=sys.stderr)
        return 4
    print(name)
    if given.of == "suite":
        write(COMPONENT, NAMES[given.of], name)
        print(f"written to {COMPONENT.relative_to(ROOT)}")
    else:
        repository, _, digest = name.partition("@")
        print(
            f"in your overlay: images: [{{name: {NAMES[given.of]}, newName: {repository}, digest: {digest}}}]"
        )
    return 0


def built(of: str, repository: str, go: str, python: str) -> str:
    """REPOSITORY@DIGEST of the image, which is pushed by then. Raises Unbuilt."""
    if not REPOSITORY.fullmatch(repository):
        raise Unbuilt(
            f"{repository}: name a registry and a repository, without a tag: registry.example/team/readiness"
        )
    revision = output("git", "-C", str(ROOT), "describe", "--always", "--dirty")
    if revision.endswith("-dirty"):
        raise Unbuilt(
            f"{revision}: commit or stash what is changed first; the image would not be of any commit"
        )
    bases = {"GO_IMAGE": by_digest(go)}
    if of == "suite":
        bases |= {"PYTHON_IMAGE": by_digest(python), "REVISION": revision}
    with tempfile.TemporaryDirectory() as folder:
        metadata, context = Path(folder) / "metadata.json", Path(folder) / "context.tar"
        output("git", "-C", str(ROOT), "archive", "--format=tar", f"--output={context}", "HEAD", "--", *FILES)
        build(of, f"{repository}:{revision}", bases, metadata, context)
        digest = json.loads(metadata.read_text("utf-8")).get("containerimage.digest", "")
    if not DIGEST.fullmatch(digest):
        raise Unbuilt("docker buildx named no digest: is this a builder that pushes?")
    return f"{repository}@{digest}"


def build(of: str, tag: str, arguments: dict[str, str], metadata: Path, context: Path) -> None:
    """Builds from the archive and pushes; docker's own messages are seen. Raises Unbuilt."""
    words = [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
    command = ["docker", "buildx", "build", "--push", "--pull"]
    command += [
        "--file",
        f"deploy/{of}/Containerfile",
        "--metadata-file",
        str(metadata),
        "--tag",
        tag,
        *words,
        "-",
    ]
    try:
        with context.open("rb") as files:
            code = subprocess.run(command, stdin=files, check=False).returncode
    except OSError as error:
        raise Unbuilt(f"docker cannot be run ({error.strerror})") from None
    if code:
        raise Unbuilt(f"docker buildx build ended with exit code {code}")


def by_digest(image: str) -> str:
    """The image as NAME@DIGEST; a tag is looked up in its registry. Raises Unbuilt."""
    if "@" in image:
        if not DIGEST.fullmatch(image.partition("@")[2]):
            raise Unbuilt(f"{image}: that is no digest; write NAME@sha256:… with 64 digits")
        return image
    digest = output("docker", "buildx", "imagetools", "inspect", image, "--format", "{{.Manifest.Digest}}")
    if not DIGEST.fullmatch(digest):
        raise Unbuilt(f"{image}: the registry named no digest")
    print(f"base image {image}@{digest}")
    return f"{image}@{digest}"


def output(*command: str) -> str:
    """What the command prints, without the last line break. Raises Unbuilt."""
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Unbuilt(f"{command[0]} cannot be run ({error.strerror})") from None
    if ran.returncode:
        raise Unbuilt(
            f"{' '.join(command[:3])} failed: {(ran.stderr.strip().splitlines() or ['no message'])[-1]}"
        )
    return ran.stdout.strip()


def write(path: Path, called: str, image: str) -> None:
    """The component that puts `image`, by digest, in the place of the name that the manifests call it by."""
    repository, _, digest = image.partition("@")
    path.write_text(
        "# Written by ./just image: the suite's image, for the Job and for the pod that reads its results.\n"
        "apiVersion: kustomize.config.k8s.io/v1alpha1\n"
        "kind: Component\n"
        "images:\n"
        f"  - name: {called}\n"
        f"    newName: {repository}\n"
        f"    digest: {digest}\n",
        "utf-8",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
