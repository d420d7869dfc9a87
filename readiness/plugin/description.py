"""What `run.json` says of a run: what is judged, how, and by which suite on which machine."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata

from readiness import paths
from readiness.candidate.load import Loaded
from readiness.evidence.models import UNKNOWN_SUITE, Mode, RunRecord
from readiness.plugin.options import Options

PACKAGE = "tofu-state-ha-readiness"


def description(
    run: str, loaded: Loaded, options: Options, mode: Mode, tests: Mapping[str, str]
) -> RunRecord:
    """The description of the run with that id, as it is now. `tests`: the test of each criterion."""
    candidate = loaded.candidate
    return RunRecord(
        run=run,
        started=datetime.now(UTC).replace(microsecond=0),
        candidate=candidate.name,
        candidate_class=candidate.candidate_class,
        fingerprint=loaded.fingerprint,
        resolved=dict(loaded.resolved),
        declared=candidate.model_dump(mode="json", by_alias=True),
        mode=mode,
        seed=options.seed,
        arguments=list(options.arguments),
        suite=revision(),
        tests=dict(tests),
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.release()} {platform.machine()}, {os.cpu_count()} cores",
    )


def revision() -> str:
    """The suite's commit: as git describes it, else as the file REVISION of an image names it, else UNKNOWN_SUITE. Of
    an installed package its version.
    """
    if not paths.CHECKOUT:
        return f"{PACKAGE} {metadata.version(PACKAGE)}"
    git = ["git", "-C", str(paths.ROOT), "describe", "--always", "--dirty"]
    try:
        described = subprocess.run(git, capture_output=True, text=True, check=False, timeout=10)
        found = described.stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        found = ""
    noted = paths.ROOT / "REVISION"
    return found or (noted.read_text("utf-8").strip() if noted.is_file() else UNKNOWN_SUITE)
