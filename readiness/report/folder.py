"""What a run leaves for readers: `report.html` and `statement.json`, written after the verdict and before the seal."""

from __future__ import annotations

import traceback

from readiness.evidence.folder import Evidence
from readiness.report.html import NAME, render
from readiness.report.statement import write_statement


def write_reports(evidence: Evidence) -> bool:
    """Writes both; False if the page could not be made.

    The verdict stands without the page, so what went wrong is kept as evidence and reported, not raised.
    """
    made = True
    try:
        text = evidence.redactor.clean(render(evidence.folder))
        (evidence.folder / NAME).write_text(text, "utf-8", errors="replace")
    except Exception:  # noqa: BLE001 - whatever it is, the verdict is written already and must be sealed
        made = False
        evidence.capture("report-failed.txt", traceback.format_exc())
        evidence.event("report failed")
    write_statement(evidence.folder)
    return made
