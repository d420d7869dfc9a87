"""`-p tests.plugin.spy`: notes every secret of the run in `$SPY`, and who held one at the end."""

from __future__ import annotations

import json
import os
from pathlib import Path

import psutil
import pytest

ROTATED: list[str] = []


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    from readiness.providers.processes.provider import Processes
    from readiness.topology import Keys

    rotate = Processes.rotate

    def noted(self: Processes, old: Keys | None) -> Keys:
        keys = rotate(self, old)
        ROTATED.append(keys.secret_key)
        return keys

    Processes.rotate = noted  # type: ignore[method-assign]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    from readiness.plugin.hooks import session_of

    candidate = session_of(session.config)
    secrets = [candidate.subject.provider.keys(role).secret_key for role in ("admin", "read_only")] + ROTATED
    files = [path for path in (candidate.work.path / "tofu").rglob("*") if path.is_file()]
    lines = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    captured = candidate.subject.provider.capture()
    found = {
        "captured": len(captured),
        "captures that hold one": [
            name for name, text in captured.items() if any(secret in text for secret in secrets)
        ],
        "secrets": secrets,
        "files": [str(path) for path in files],
        "holders": [
            str(path) for path in files if any(secret.encode() in path.read_bytes() for secret in secrets)
        ],
        "command lines": [line for line in lines if any(secret in line for secret in secrets)],
    }
    Path(os.environ["SPY"]).write_text(json.dumps(found))
