"""Programs that stand in for `docker` and `ssh` on the PATH: they answer as they are given, and note what is asked."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

_PROGRAM = """#!{python} -S
import json, pathlib, sys
folder = pathlib.Path(__file__).resolve().parent
with (folder / "asked.jsonl").open("a") as out:
    out.write(json.dumps(sys.argv) + "\\n")
for words, answer in json.loads((folder / (pathlib.Path(sys.argv[0]).name + ".json")).read_text()):
    if all(word in " ".join(sys.argv[1:]) for word in words):
        print(answer["prints"], end="")
        print(answer.get("complains", ""), end="", file=sys.stderr)
        sys.exit(answer.get("code", 0))
print("not foreseen: " + " ".join(sys.argv[1:]), file=sys.stderr)
sys.exit(3)
"""


class Fake:
    """A program of that name, first on the PATH."""

    def __init__(self, name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._name, self._folder = name, folder / "bin"
        self._folder.mkdir(exist_ok=True)
        self._answers: list[tuple[list[str], dict[str, Any]]] = []
        program = self._folder / name
        program.write_text(_PROGRAM.format(python=sys.executable), "utf-8")
        program.chmod(0o755)
        self._write()
        monkeypatch.setenv("PATH", f"{self._folder}:/usr/bin:/bin")

    def answer(self, *words: str, prints: str = "", code: int = 0, complains: str = "") -> None:
        """Answers so where all of these are among what it is asked; the first answer that fits is given."""
        self._answers.append((list(words), {"prints": prints, "code": code, "complains": complains}))
        self._write()

    def _write(self) -> None:
        (self._folder / f"{self._name}.json").write_text(json.dumps(self._answers), "utf-8")

    def asked(self) -> list[list[str]]:
        """The arguments of each call."""
        path = self._folder / "asked.jsonl"
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        return [json.loads(line)[1:] for line in lines]


def inspected(name: str, image: str, **more: Any) -> dict[str, Any]:
    """A container as `docker inspect` shows it by the format that is asked for."""
    shown: Mapping[str, Any] = {
        "name": f"/{name}",
        "image": image,
        "labels": {"com.docker.compose.project": "state", "com.docker.compose.service": name.split("-")[1]},
        "entrypoint": None,
        "command": ["server"],
        "exposed": {"9000/tcp": {}},
        "healthcheck": None,
        "stop_seconds": None,
        "published": {},
        "networks": {"state_default": {"IPAMConfig": None}},
        "mounts": [],
        "restart": "unless-stopped",
        "status": "running",
        "variables": "PATH ",
    }
    return {**shown, **more}


def docker(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *containers: dict[str, Any],
    engine: str = "unix:///var/run/docker.sock",
) -> Fake:
    """A `docker` that has these containers."""
    fake = Fake("docker", folder, monkeypatch)
    fake.answer("ps --all", prints="".join(f"id-of-{number}\n" for number, _ in enumerate(containers)))
    fake.answer('inspect --format {"name"', prints="".join(json.dumps(each) + "\n" for each in containers))
    fake.answer("info", prints="honey\n")
    fake.answer("context inspect", prints=f"{engine}\n")
    return fake
