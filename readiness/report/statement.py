"""`statement.json`: an in-toto Statement with a test-result predicate over the digests of the evidence.

With --sign it is signed, as the payload of a DSSE envelope (`statement.dsse.json`): readiness/gate/signature.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from readiness.evidence.folder import STATEMENT_NAME as NAME
from readiness.evidence.folder import digests
from readiness.evidence.models import ALL_LEVELS
from readiness.report.words import not_run_as_declared

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"


def statement(folder: Path, about: Mapping[str, Any], verdict: Mapping[str, Any]) -> dict[str, Any]:
    """The statement. Subjects are the files of the evidence; the configuration is the candidate and the suite.

    `passedTests` are PROVED criteria, `failedTests` REFUTED and UNKNOWN ones, `warnedTests` those expected red, those
    NOT RUN as declared, and those of a level that does not decide. Any other criterion that was not run is in none of
    them, and `result` is PASSED only if the verdict's exit code is 0. A check passes nothing: at best it is WARNED.
    """
    by_state: dict[str, list[str]] = {"PROVED": [], "REFUTED": [], "UNKNOWN": [], "NOT RUN": []}
    warned: list[str] = []
    for row in verdict["criteria"]:
        expected = verdict["mode"] == "interim" and row["expected_red"] and row["state"] == "REFUTED"
        beside = row.get("level", "plan") not in verdict.get("levels", ALL_LEVELS) and not row["expected_red"]
        expected = expected or (beside and row["state"] in ("REFUTED", "UNKNOWN"))
        expected = expected or not_run_as_declared(row)
        (warned if expected else by_state[row["state"]]).append(f"{row['id']} {row['title']}")
    return {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in digests(folder).items()],
        "predicateType": PREDICATE,
        "predicate": {
            "result": "FAILED"
            if verdict["exit_code"]
            else "WARNED"
            if verdict["mode"] == "check"
            else "PASSED",
            "configuration": [
                {"name": f"candidate {verdict['candidate']}", "digest": {"sha256": verdict["fingerprint"]}},
                {
                    "name": "tofu-state-ha-readiness",
                    "annotations": {
                        "suite": about["suite"],
                        "run": verdict["run"],
                        "mode": verdict["mode"],
                        "seed": verdict["seed"],
                        "verdict": verdict["verdict"],
                    },
                },
            ],
            "passedTests": by_state["PROVED"],
            "warnedTests": warned,
            "failedTests": by_state["REFUTED"] + by_state["UNKNOWN"],
        },
    }


def write_statement(folder: Path) -> Path:
    """Writes the statement into the folder, from its run.json and verdict.json; to be written last before the seal."""
    about = json.loads((folder / "run.json").read_text("utf-8"))
    verdict = json.loads((folder / "verdict.json").read_text("utf-8"))
    path = folder / NAME
    path.write_text(
        json.dumps(statement(folder, about, verdict), indent=1, ensure_ascii=False) + "\n", "utf-8"
    )
    return path
