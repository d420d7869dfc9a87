"""Which files of a checkout hold recipes for a stack."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from readiness.stacks.hcl import UnreadableError
from readiness.stacks.reading import Reading
from readiness.stacks.recipes import just, just_dump, make, scripts, task
from readiness.stacks.recipes.model import Recipe

_SKIPPED = frozenset(
    {".git", ".terraform", ".terragrunt-cache", "node_modules", ".venv", "__pycache__", ".direnv"}
)
_MOST_FILES = 50_000
_LARGEST = 1_000_000
_INIT = re.compile(rb"backend-config|\binit\b|\$[@*{]|override\.")
_TOOL = re.compile(rb"(?i)tofu|terraform|terragrunt|backend-config|\btf\b")
_SHELL = re.compile(rb"#!.*\b(ba|z|da|k)?sh\b")
_AUTOMATION = re.compile(
    r"(^|[-_.])ci([-_.]|$)|pipeline|atlantis|buildspec|cloudbuild|digger|woodpecker|drone|spacelift"
)
_AUTOMATION_FOLDERS = re.compile(
    r"/\.?(github|forgejo|gitea|gitlab|circleci|buildkite|woodpecker|spacelift|ci)(-ci)?/"
)


def recipes(reading: Reading) -> tuple[list[Recipe], list[str]]:
    """Every recipe of the checkout that may initialise a stack, and the problems: files that may and cannot be read.

    Only files in which an `init` is named are read; of other languages, lines alone (readiness/stacks/clues.py).
    """
    found: list[Recipe] = []
    problems: list[str] = []
    for path in files_of(reading.checkout, problems):
        try:
            content = path.read_bytes()
        except OSError:
            continue
        named = _INIT.search(content) and _TOOL.search(content)
        if (
            not named
            and path.name.lower() not in just_dump.NAMES
            and not (_makefile(path) and b"include" in content)
        ):
            continue
        quiet = Reading(reading.checkout)
        try:
            reader = _reader(path, content)
            if reader is not None:
                found += reader(quiet, path)
        except UnreadableError as error:
            problems.append(str(error))
    return found, problems


def _reader(path: Path, content: bytes) -> Callable[[Reading, Path], list[Recipe]] | None:
    name = path.name.lower()
    if name in just_dump.NAMES:
        return just.recipes
    if name in task.NAMES:
        return task.recipes
    if _makefile(path):
        return make.recipes
    if path.suffix in (".sh", ".bash", ".zsh") or _SHELL.match(content[:200].partition(b"\n")[0]):
        return scripts.shell
    automation = path.suffix in (".yml", ".yaml") and (
        _AUTOMATION_FOLDERS.search(path.as_posix()) or _AUTOMATION.search(name)
    )
    return scripts.document if automation or name == "package.json" else None


def _makefile(path: Path) -> bool:
    name = path.name.lower()
    return name in ("makefile", "gnumakefile") or path.suffix == ".mk" or name.startswith("makefile.")


def files_of(root: Path, problems: list[str]) -> Iterator[Path]:
    """The files of a checkout that may say something; that there are too many is added to `problems`."""
    seen = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        for name in sorted(names):
            path = Path(folder) / name
            seen += 1
            if seen > _MOST_FILES:
                problems.append(
                    f"the checkout holds more than {_MOST_FILES} files: not all of them were read"
                )
                return
            if path.is_file() and path.stat().st_size <= _LARGEST:
                yield path
