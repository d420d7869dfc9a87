"""Ceph's programs out of a root file system, run with its own loader and libraries: nothing is mounted, and no root
directory is changed, so they see the nodes' disks as every other store does.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from readiness.errors import UsageError
from readiness.redact import one_line

CALL_SECONDS = 120.0
_ASK = Path(__file__).with_name("ask_monitors.py")


class Programs:
    """Programs below `root`, as `readiness.obtain.ceph` makes it. Raises UsageError if it holds no loader."""

    def __init__(self, root: Path) -> None:
        self._root = root
        loaders = [*root.glob("usr/lib64/ld-linux*.so.*"), *root.glob("usr/lib/ld-linux*.so.*")]
        self._libraries = sorted(root.glob("usr/lib/*-linux-gnu*"))
        if not loaders or not self._libraries:
            raise UsageError(f"{root} is no root file system with Ceph: it has no loader, or no libraries")
        self._loader = loaders[0]

    def argv(self, name: str, *arguments: str | Path) -> tuple[str | Path, ...]:
        """The command line of a program in usr/bin."""
        searched = [path for folder in self._libraries for path in (folder, folder / "ceph")]
        libraries = ":".join(map(str, searched))
        return (
            *(self._loader, "--library-path", libraries, "--argv0", name),
            *(self._root / "usr" / "bin" / name, *arguments),
        )

    @property
    def environment(self) -> Mapping[str, str]:
        """What Python in it needs to be found: the manager is one, too. It writes no bytecode into the root."""
        return {
            "PYTHONHOME": str(self._root / "usr"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LC_ALL": "C.UTF-8",
        }

    def settings(self) -> Mapping[str, str]:
        """Where Ceph finds its plugins there."""
        ceph = self._libraries[0] / "ceph"
        return {
            "plugin_dir": str(ceph),
            "erasure_code_dir": str(ceph / "erasure-code"),
            "osd_class_dir": str(self._libraries[0] / "rados-classes"),
            "mgr_module_path": str(self._root / "usr" / "share" / "ceph" / "mgr"),
        }

    def run(self, name: str, *arguments: str | Path, given: str = "", seconds: float = CALL_SECONDS) -> str:
        """What a program prints, given that input. Raises RuntimeError with the end of what it says of its failure."""
        argv = [str(part) for part in self.argv(name, *arguments)]
        try:
            ran = subprocess.run(
                argv,
                input=given,
                env=dict(self.environment),
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"{name} {arguments[0]} took longer than {seconds:g} s") from None
        if ran.returncode:
            what = one_line(ran.stderr.strip()[-300:])
            raise RuntimeError(f"{name} {arguments[0]} ended with {ran.returncode}: {what}")
        return ran.stdout

    def ask(self, conf: Path, commands: Sequence[Mapping[str, object]], seconds: int) -> list[Any]:
        """What the monitors answer to these commands (their JSON form: `prefix` and arguments; `input` is sent along),
        one after the other; text that is no JSON as text. Raises RuntimeError at the first one that is refused.

        By a program that asks through Ceph's library: the command `ceph` takes three times as long.
        """
        output = self.run(
            *("python3", _ASK, conf, str(seconds)),
            given=json.dumps(list(commands)),
            seconds=seconds * (len(commands) + 1),
        )
        return [_read(line) for line in json.loads(output)]


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
