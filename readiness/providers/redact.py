"""Text that may be kept: without the run's secrets and without signatures."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

REMOVED = "[removed]"
_PATTERNS = (
    re.compile(
        r"(?i)((?:x-amz-)?(?:signature|security-token|credential)(?:=|%3D|\":\s*\"|:\s*))[A-Za-z0-9%/+=_.-]+"
    ),
    re.compile(r"(?i)(authorization\"?\s*[:=]\s*\[?\"?(?:bearer|basic)\s+)[^\s\",\]]+"),
    re.compile(r"(?i)((?:secret[_-]?(?:access[_-]?)?key|password|token)\"?\s*[:=]\s*\"?)[^\s\",}&]+"),
)
_TAIL_BYTES = 65_536


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text without these secrets and without anything that looks like a signature or a token."""
    for secret in sorted(secrets, key=len, reverse=True):
        if secret:
            text = text.replace(secret, REMOVED)
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\1{REMOVED}", text)
    return text


def tail(path: Path, lines: int) -> str:
    """The last lines of a log that may be growing; empty if there is none."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            text = log.read(2 * _TAIL_BYTES).decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
