"""Candidates that promise what nobody can rely on, or expect what must never be."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from readiness.paths import CANDIDATES
from tests.battery.defect import Defect


def changed(pattern: str, to: str, *, more: str = "", of: str = "embedded") -> Callable[[Path], list[str]]:
    """The options for that candidate with the first match replaced, and `more` at its end."""

    def options(place: Path) -> list[str]:
        text = (CANDIDATES / f"{of}.toml").read_text("utf-8")
        new, number = re.subn(pattern, to, text, count=1)
        assert number == 1, pattern
        path = place / f"{of}.toml"
        path.write_text(new + more, encoding="utf-8")
        if (CANDIDATES / "alerts").exists():
            (place / "alerts").symlink_to(CANDIDATES / "alerts")
        return ["--candidate", str(path)]

    return options


def _promise(name: str, does: str, says: str, options: Callable[[Path], list[str]]) -> Defect:
    return Defect(name, "issue 28", does, ("P0.4",), says, options=options)


DEFECTS = (
    _promise(
        "promises-an-hour-of-outage",
        "an RTO of an hour is promised for a crash",
        "contract.failure.rto_seconds.crash = 3600 s",
        changed(r"\bcrash = [\d.]+", "crash = 3600"),
    ),
    _promise(
        "promises-silence-for-an-hour",
        "an RTO of an hour is promised for a silent node",
        "contract.failure.rto_seconds.silence = 3600 s",
        changed(r"\bsilence = [\d.]+", "silence = 3600"),
    ),
    _promise(
        "promises-a-repair-in-an-hour",
        "a node may lack its copies for an hour",
        "contract.repair.budget_seconds = 3600 s",
        changed(r"\bbudget_seconds = [\d.]+", "budget_seconds = 3600"),
    ),
    Defect(
        "expects-a-loss",
        "issue 28",
        "an interim shape expects to lose what it acknowledged",
        ("P0.4",),
        "is never to be expected of a store that serves",
        options=changed(r'"P1\.20" = ', '"P1.13" = "TIN-1: it loses some"\n"P1.20" = ', of="singleton"),
        refuses=True,
    ),
)
