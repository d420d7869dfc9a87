"""What a run of a pipeline found, in as much as one run is compared with the next: the verdict and what is red."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from readiness.evidence.folder import BrokenSeal, verify_seal
from readiness.evidence.models import ALL_LEVELS, CriterionRecord, VerdictRecord

NOT_JUDGED = "NOT JUDGED"


@dataclass(frozen=True)
class Standing:
    """`red` are the deciding criteria that are REFUTED or UNKNOWN and not expected to be, as "P1.6 REFUTED". `folder`
    is the evidence; None where nothing was judged, for which `why` has the reason.
    """

    verdict: str
    good: bool
    red: tuple[str, ...] = ()
    folder: Path | None = None
    record: VerdictRecord | None = None
    why: str = ""

    @property
    def compared(self) -> Mapping[str, Any]:
        """What is compared, and what an issue keeps of it."""
        return {"verdict": self.verdict, "good": self.good, "red": list(self.red)}


def standing(results: Path) -> Standing:
    """Of the latest run whose evidence is below `results`. Good is only what a sealed and unchanged folder says."""
    folders = sorted((path.parent for path in results.rglob("run.json")), key=lambda folder: folder.name)
    if not folders:
        return Standing(NOT_JUDGED, good=False, why="the run left no evidence: its log says why")
    try:
        verify_seal(folders[-1])
        text = (folders[-1] / "verdict.json").read_text("utf-8")
        record = VerdictRecord.model_validate(json.loads(text))
    except (BrokenSeal, OSError, ValidationError, ValueError) as error:
        first = str(error).splitlines()[0]
        return Standing(NOT_JUDGED, good=False, why=f"the evidence cannot be relied on: {first}")
    return of_record(record, folders[-1])


def of_record(record: VerdictRecord, folder: Path) -> Standing:
    """Of a verdict."""
    red = tuple(f"{row.id} {row.state}" for row in record.criteria if is_red(row, record))
    return Standing(record.verdict, record.exit_code == 0, red, folder, record)


def is_red(row: CriterionRecord, record: VerdictRecord) -> bool:
    """Whether it is REFUTED or UNKNOWN, decides the verdict, and is not expected to be REFUTED."""
    expected = record.mode == "interim" and row.expected_red and row.state == "REFUTED"
    decides = row.level in (record.levels or ALL_LEVELS)
    return row.state in ("REFUTED", "UNKNOWN") and decides and not expected
