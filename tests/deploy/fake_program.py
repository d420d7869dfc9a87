"""A program on PATH that a test wrote in Python, and what it was asked."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

HEAD = """#!{python}
import json, os, pathlib, sys
here = pathlib.Path({folder!r})
asked = sys.argv[1:]
with (here / "{name}.asked").open("a") as out:
    out.write(json.dumps(asked) + "\\n")
"""


def put(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, body: str) -> None:
    """Puts the program `name` before all others; its body finds its arguments in `asked` and the folder in `here`."""
    bin_ = folder / "bin"
    bin_.mkdir(exist_ok=True)
    program = bin_ / name
    program.write_text(HEAD.format(python=sys.executable, folder=str(folder), name=name) + body)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{bin_}{os.pathsep}{os.environ['PATH']}")


def asked(folder: Path, name: str) -> list[list[str]]:
    """The arguments of every call, in order."""
    path = folder / f"{name}.asked"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
