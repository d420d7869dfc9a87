"""Where a canary is: in what a run printed and in every file that it left."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote

from tests.plugin.runs import Ran


def found(ran: Ran, *canaries: str, leave_out: tuple[Path, ...] = ()) -> list[str]:
    """Each canary with where it was found; `leave_out`: files that the test itself planted it in."""
    places = {"standard output": ran.out.encode(), "standard error": ran.err.encode()}
    for path in sorted(ran.place.rglob("*")):
        if path.is_file() and path not in leave_out:
            places[str(path.relative_to(ran.place))] = path.read_bytes()
    seen = []
    for canary in canaries:
        forms = {canary, quote(canary, safe=""), base64.b64encode(canary.encode()).decode().rstrip("=")}
        seen += [
            f"{canary} in {where}" for where, text in places.items() if any(f.encode() in text for f in forms)
        ]
    return seen


def too_open(folder: Path) -> list[str]:
    """Files and folders below this one, and itself, that others than their owner can read."""
    everything = [folder, *folder.rglob("*")]
    return [str(path) for path in everything if path.stat().st_mode & 0o077]
