"""Readiness runs as an operator starts them: pytest in a process of its own, over suites/ or a small suite."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readiness.paths import ROOT

PYTEST = (
    sys.executable,
    "-m",
    "pytest",
    "-q",
    "-p",
    "no:cacheprovider",
    "--no-header",
    "-c",
    str(ROOT / "pyproject.toml"),
)
BASIC = ("readiness.plugin.hooks", "fixtures.judge", "fixtures.candidate", "fixtures.tofu")
HOOK = """
import pytest
from pathlib import Path

@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    from readiness.plugin import hooks as plugin
    plugin.ROOT = Path(__file__).parent  # suites/ beside this file are the suites of this run
"""
FAKE = (
    HOOK
    + """
    from readiness import providers
    from tests.plugin.fake import Fake
    providers.create = Fake
"""
)


@dataclass(frozen=True)
class Ran:
    """A run that ended: what it printed, and what it left."""

    code: int
    out: str
    err: str
    place: Path

    @property
    def junit(self) -> Path:
        return self.place / "junit.xml"

    @property
    def folders(self) -> list[Path]:
        runs = self.place / "runs"
        return sorted(runs.iterdir()) if runs.exists() else []

    @property
    def folder(self) -> Path:
        """The evidence folder; there is exactly one."""
        (found,) = self.folders
        return found

    @property
    def verdict(self) -> dict[str, Any]:
        got: dict[str, Any] = json.loads((self.folder / "verdict.json").read_text())
        return got

    def criterion(self, id_: str) -> dict[str, Any]:
        """What verdict.json says of one criterion."""
        (found,) = [row for row in self.verdict["criteria"] if row["id"] == id_]
        assert isinstance(found, dict)
        return found

    def state(self, id_: str) -> str:
        return str(self.criterion(id_)["state"])


def environment(place: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a run whose temporary files are below `place`."""
    temporary = place / "tmp"
    temporary.mkdir(exist_ok=True)
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST", "READINESS_", "TF_"))
    }
    return (
        kept
        | {
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(temporary),
            "XDG_STATE_HOME": str(place / "state"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        | dict(more or {})
    )


def command(place: Path, suites: Path, arguments: Sequence[str]) -> list[str]:
    own = [f"--junitxml={place / 'junit.xml'}", "--runs", str(place / "runs")]
    return [*PYTEST, str(suites), *own, *arguments]


def run(
    place: Path, *arguments: str, suites: Path = ROOT / "suites", env: Mapping[str, str] | None = None
) -> Ran:
    """One whole run over the real suites, or over others."""
    place.mkdir(exist_ok=True)
    done = subprocess.run(
        command(place, suites, arguments),
        cwd=ROOT,
        env=environment(place, env),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr, place)


def suite(place: Path, text: str, hook: str = FAKE) -> Path:
    """Writes a small suite; returns its folder `suites`."""
    (place / "suites").mkdir(parents=True)
    (place / "conftest.py").write_text(hook)
    (place / "suites" / "test_small.py").write_text(text)
    return place / "suites"


def small(
    place: Path, text: str, *arguments: str, hook: str = FAKE, env: Mapping[str, str] | None = None
) -> Ran:
    """A run over a small suite, by default on the fake candidate."""
    suites = suite(place, text, hook)
    return run(place, *small_arguments(place), *arguments, suites=suites, env=env)


def small_arguments(place: Path) -> list[str]:
    plugins = [part for name in BASIC for part in ("-p", name)]
    return [*plugins, f"--rootdir={place}", f"--confcutdir={place}"]


class Started:
    """A run that goes on, to be hit by a signal."""

    def __init__(
        self, place: Path, suites: Path, *arguments: str, env: Mapping[str, str] | None = None
    ) -> None:
        self.place = place
        self._out, self._err = (place / "out").open("w+"), (place / "err").open("w+")
        self.process = subprocess.Popen(
            command(place, suites, arguments),
            cwd=ROOT,
            env=environment(place, env),
            stdout=self._out,
            stderr=self._err,
        )

    def output(self) -> str:
        return (self.place / "err").read_text() + (self.place / "out").read_text()

    def hit(self, number: signal.Signals) -> Ran:
        """Send the signal and wait for the end."""
        self.process.send_signal(number)
        self.process.wait(60)
        return self.ran()

    def ran(self) -> Ran:
        code = self.process.wait(60)
        return Ran(code, (self.place / "out").read_text(), (self.place / "err").read_text(), self.place)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._out.close()
        self._err.close()


def one_clear_message(ran: Ran, *parts: str) -> None:
    """Exit code 4, one message on standard error that holds these parts, no traceback, and nothing written."""
    assert ran.code == 4, ran.out + ran.err
    lines = [line for line in ran.err.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"ERROR: ", line)]
    assert len(errors) == 1, ran.err
    assert "Traceback" not in ran.err + ran.out
    for part in parts:
        assert part in errors[0], errors[0]
    assert not ran.folders
