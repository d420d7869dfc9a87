"""Findings of earlier runs, from their sealed evidence, for the gate."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from readiness.candidate.load import Loaded
from readiness.errors import UsageError
from readiness.evidence.folder import BrokenSeal, verify_seal

MAX_AGE_SECONDS = 24 * 3600


def read_earlier(folders: Sequence[Path], loaded: Loaded) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The name of each run with its findings. Raises UsageError for evidence that is edited, foreign
    or too old.
    """
    for folder in folders:
        try:
            verify_seal(folder)
            about = json.loads((folder / "run.json").read_text("utf-8"))
            fingerprint, started = str(about["fingerprint"]), datetime.fromisoformat(about["started"])
            age = (datetime.now(UTC) - started).total_seconds()
            rows = [json.loads(line) for line in (folder / "criteria.jsonl").read_text("utf-8").splitlines()]
        except BrokenSeal as error:
            raise UsageError(f"--evidence: {error}") from None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise UsageError(f"--evidence {folder} cannot be read: {type(error).__name__}") from None
        if fingerprint != loaded.fingerprint:
            raise UsageError(
                f"--evidence {folder} is of another candidate: fingerprint {fingerprint[:12]}, "
                f"this one's is {loaded.fingerprint[:12]}"
            )
        if not 0 <= age <= MAX_AGE_SECONDS:
            raise UsageError(
                f"--evidence {folder} is {age / 3600:.1f} h old; at most {MAX_AGE_SECONDS // 3600} h count"
            )
        yield folder.name, rows
