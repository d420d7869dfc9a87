"""What the default check said of each release, kept in the repository: the page can be written again from it."""

from __future__ import annotations

import json
from pathlib import Path

from readiness.finding import State
from tests.battery.runner import Judged
from tests.known_bugs.bug import HERE
from tests.known_bugs.results import Outcome

FOLDER = HERE / "judged"


def keep(outcome: Outcome, folder: Path = FOLDER) -> None:
    """Writes the outcome of a release in place of an older one."""
    folder.mkdir(exist_ok=True)
    rows = {id_: [str(found.state), found.reason] for id_, found in sorted(outcome.judged.items())}
    text = json.dumps({"suite": outcome.suite, "judged": rows}, indent=1, ensure_ascii=False)
    (folder / f"{outcome.release}.json").write_text(text + "\n", encoding="utf-8")


def kept(folder: Path = FOLDER) -> dict[str, Outcome]:
    """The last outcome of each release that was ever judged, by the release's name."""
    return {path.stem: _read(path) for path in sorted(folder.glob("*.json"))}


def _read(path: Path) -> Outcome:
    found = json.loads(path.read_text("utf-8"))
    judged = {id_: Judged(State(state), reason) for id_, (state, reason) in found["judged"].items()}
    return Outcome(path.stem, found["suite"], judged)
