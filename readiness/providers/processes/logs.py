"""Reading the logs of processes that are still writing them."""

from __future__ import annotations

from pathlib import Path

_TAIL_BYTES = 65_536


def tail(path: Path, lines: int) -> str:
    """The last lines of a log that may be growing; empty if there is none."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            text = log.read(2 * _TAIL_BYTES).decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
