"""Checkouts of the shapes that repositories have, written small."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from readiness.evidence.stacks import CandidateNames
from readiness.judges.stacks.points import Pointing, Points, points_at
from readiness.stacks.config import StackConfig, read
from readiness.stacks.known_as import Resolve, looked_up
from readiness.stacks.observed import backend_read

CANDIDATE = CandidateNames(urls=("https://s3.state.example:9000",), buckets=("tofu-state",), addresses={})
STACK = "tofu/stacks/attic"
HERE = 'endpoints = { s3 = "https://s3.state.example:9000" }'
ELSEWHERE = 'endpoints = { s3 = "https://s3.other.example:9000" }'
PARTIAL = 'terraform {\n  backend "s3" {\n    key = "attic.tfstate"\n  }\n}\n'


def s3(*lines: str) -> str:
    """A backend block of these lines."""
    return "".join(['terraform {\n  backend "s3" {\n', *(f"    {line}\n" for line in lines), "  }\n}\n"])


AWS = s3('bucket = "company"', 'key = "k"', 'region = "us-east-1"')
OTHER = s3('bucket = "b"', 'key = "k"', ELSEWHERE)
EMPTY = 'terraform {\n  backend "s3" {}\n}\n'
HTTP = 'terraform {\n  backend "http" {}\n}\n'
FILE = f'bucket = "tofu-state"\n{HERE}\n'


NAMED = {"AWS": AWS, "OTHER": OTHER, "EMPTY": EMPTY, "HTTP": HTTP, "FILE": FILE}


def in_text(name: str) -> dict[str, tuple[Points, dict[str, str]]]:
    """The shapes in `shapes_as_text/NAME.txt`: `=== NAME: POINTS`, then its files, each as `--- PATH` and its lines, or
    as `--- PATH = NAMED`.
    """
    path = Path(__file__).parent / "shapes_as_text" / f"{name}.txt"
    found = {}
    for block in path.read_text(encoding="utf-8").split("\n=== ")[1:]:
        head, *files = block.split("--- ")
        title, _, points = head.strip().rpartition(": ")
        found[title] = (Points(points), dict(map(_file, files)))
    return found


def _file(block: str) -> tuple[str, str]:
    head, _, content = block.partition("\n")
    path, _, named = head.partition(" = ")
    return path, NAMED[named] if named else content


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """The checkout; a name without a folder lies in the stack's, one that begins with / at the root."""
    for name, content in files.items():
        path = folder / name[1:] if name.startswith("/") else folder / STACK / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def shape(
    folder: Path,
    files: Mapping[str, str | bytes],
    environment: str = "",
    caller: Mapping[str, str] | None = None,
) -> StackConfig:
    """What is read of these files."""
    return read(write(folder, files), "attic", environment, caller)


def pointing(
    config: StackConfig, names: CandidateNames = CANDIDATE, resolve: Resolve = lambda host: ()
) -> Pointing:
    """What P1.8 says of it, from what is kept of it."""
    read = backend_read(config)
    known = looked_up(names.urls, names.buckets, [read], resolve)
    kept = (
        known.model_validate_json(known.model_dump_json()),
        read.model_validate_json(read.model_dump_json()),
    )
    assert kept == (known, read)
    return points_at(read, known)
