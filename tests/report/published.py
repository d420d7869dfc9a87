"""Published stores for tests: every criterion of the manifest, PROVED but for what is said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from readiness.criteria import MANIFEST
from readiness.finding import State
from readiness.report.published.model import Answers, Criterion, Published, PublishedRun

ANSWERS = Answers(outages=[], writes=None, would=[], obstacles=[])


def criteria(changed: Mapping[str, Mapping[str, Any]] | None = None) -> list[Criterion]:
    """The rows; `changed` has other fields by criterion."""
    return [
        Criterion(
            **{
                "id": each.id,
                "state": State.PROVED,
                "title": each.title,
                "reason": "seen",
                "level": each.level.value,
                **(changed or {}).get(each.id, {}),
            }
        )
        for each in MANIFEST
    ]


def store(changed: Mapping[str, Mapping[str, Any]] | None = None, **fields: Any) -> Published:
    """A store of one run."""
    run = PublishedRun(run="a", suite="abc1234", machine="m", judged=1, seconds=2, command="./just run")
    return Published(
        **{
            "candidate": "some",
            "summary": "A store.",
            "nodes": ["one"],
            "fingerprint": "a" * 64,
            "mode": "strict",
            "verdict": "READY",
            "versions": {"store": "1.0 (commit-id=1)"},
            "runs": [run],
            "answers": ANSWERS,
            "criteria": criteria(changed),
            **fields,
        }
    )


def red(reason: str = "seen") -> dict[str, Any]:
    return {"state": State.REFUTED, "reason": reason}
