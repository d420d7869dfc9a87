"""What the page shows, gathered from an evidence folder. What a store answered is untrusted: the template
escapes all of it.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from readiness.criteria import BY_ID, PHASES
from readiness.evidence.models import ALL_LEVELS
from readiness.evidence.observation import Observation, load_observations
from readiness.evidence.scenario import ScenarioRecord
from readiness.evidence.seen import Promises
from readiness.evidence.stored import JUDGED, Unreadable, from_row, rows
from readiness.finding import State
from readiness.report.html.consequences import Consequence, consequences
from readiness.report.html.figure import draw
from readiness.report.html.lanes import Lane, lanes
from readiness.report.html.matrix import Matrix
from readiness.report.html.outages import Outage, Row
from readiness.report.html.outages import add as add_outages
from readiness.report.html.witness import WitnessStep, steps
from readiness.report.html.worst import Worst, drawn, worst
from readiness.report.words import MARKS, Mark, command, next_step, not_run_as_declared, summary
from readiness.report.writes import Writes, count_writes, unproved

MOST_MEASURED, SHORT, MOST_REASON, LAST_CALLS = 60, 420, 6000, 6
MAX_FIGURES_BYTES = 2_200_000


@dataclass(frozen=True)
class Shown:
    """One criterion. `plan`: the plan's own sentence, where the title turns it around."""

    id: str
    title: str
    level: str
    plan: str
    state: str
    glyph: str
    reason: str
    rest: str
    expected_red: str | None
    declared_not_run: str | None
    observations: int
    seconds: float
    measured: list[tuple[str, Any]]
    unshown: int
    zeros: int
    scenarios: list[tuple[str, str]]
    observed: int
    last_calls: list[Observation]
    witness: list[WitnessStep]


@dataclass(frozen=True)
class Scene:
    """One scenario: a fault, or several, under load. `promised`: what each endpoint that had to serve kept of the
    promise, as the first page says it.
    """

    anchor: str
    record: ScenarioRecord
    lanes: list[Lane]
    rto: float | None
    figure: Markup
    file: str | None
    captures: list[str]
    promised: Mapping[str, Outage]
    red: bool

    @property
    def outcome(self) -> str:
        """What the endpoints that had to serve saw, in a few words."""
        must = [lane for lane in self.lanes if lane.must_serve]
        if not self.record.events or not must:
            return ""
        hit = [f"{lane.endpoint} {lane.outage}" for lane in must if lane.window]
        promised = f" ({self.rto:g} s promised)" if self.rto else ""
        return (f"outage: {', '.join(hit)}" if hit else "no outage where it had to serve") + promised


@dataclass
class Page:
    """Everything of the page; `left_out` names what did not fit or could not be read."""

    about: dict[str, Any]
    verdict: dict[str, Any]
    phases: list[tuple[int, str, list[Shown], int]] = field(default_factory=list)
    scenes: list[Scene] = field(default_factory=list)
    matrix: Matrix = field(default_factory=Matrix)
    not_run: list[tuple[str, list[str]]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    tofu_faults: list[Mapping[str, Any]] = field(default_factory=list)
    marks: Mapping[State, Mark] = field(default_factory=lambda: MARKS)
    outages: list[Row] = field(default_factory=list)
    worst: Worst | None = None

    @property
    def endpoints(self) -> list[str]:
        """The endpoints of the table of outages."""
        names = {lane.endpoint for scene in self.scenes if scene.record.events for lane in scene.lanes}
        return sorted(names, key=lambda name: (name == "service", name))

    @property
    def writes(self) -> Writes | None:
        """Acknowledged and lost writes."""
        return count_writes({row["id"]: row["measured"] for row in self.verdict["criteria"]})

    @property
    def unproved_writes(self) -> list[str]:
        """Criteria that read writes back and are not PROVED, with their state."""
        found = self.writes
        return unproved(found, self.verdict["criteria"]) if found else []

    @property
    def consequences(self) -> list[Consequence]:
        """What would have happened to OpenTofu."""
        return consequences(self.verdict["criteria"])

    @property
    def summary(self) -> str:
        """The verdict and the reason for it."""
        return summary(self.verdict)

    @property
    def command(self) -> str:
        """The command that repeats the run."""
        return command(self.about)

    @property
    def next(self) -> str | None:
        """What to do next."""
        return next_step(self.verdict, self.about)

    def decides(self, shown: Shown) -> bool:
        """Whether its level decided the verdict."""
        return shown.level in self.verdict.get("levels", ALL_LEVELS)

    @property
    def reds(self) -> list[Shown]:
        """The refuted criteria."""
        return [shown for _, _, every, _ in self.phases for shown in every if shown.state == "REFUTED"]

    @property
    def expected(self) -> list[Shown]:
        """The refuted criteria that the candidate's file lists; none in strict mode."""
        return [shown for shown in self.reds if shown.expected_red and self.verdict["mode"] == "interim"]

    @property
    def declared(self) -> list[Shown]:
        """The criteria that are NOT RUN as the candidate's file declares."""
        return [shown for _, _, every, _ in self.phases for shown in every if shown.declared_not_run]

    @property
    def unexpected(self) -> list[Shown]:
        """The other refuted criteria."""
        return [shown for shown in self.reds if shown not in self.expected]


def gather(folder: Path) -> Page:
    """The page of that folder. Raises OSError or ValueError if it has no readable run.json and verdict.json."""
    about = json.loads((folder / "run.json").read_text("utf-8"))
    verdict = json.loads((folder / "verdict.json").read_text("utf-8"))
    page = Page(about, verdict)
    judged = {row["criterion"]: row for row in rows(folder, JUDGED)}
    observed = _observed(folder)
    for phase, name in PHASES.items():
        every = [_shown(row, judged, observed) for row in verdict["criteria"] if row["phase"] == phase]
        page.phases.append((phase, name, every, sum(shown.state == "PROVED" for shown in every)))
    reasons: dict[str, list[str]] = {}
    for row in verdict["criteria"]:
        if row["state"] == "NOT RUN" and not not_run_as_declared(row):
            reasons.setdefault(row["reason"], []).append(row["id"])
    page.not_run = list(reasons.items())
    page.tofu_faults = [
        row for row in rows(folder, "events.jsonl") if row.get("event") == "fault" and row.get("phase")
    ]
    _scenes(folder, page)
    page.worst = _worst(folder, page)
    return page


def _shown(row: Mapping[str, Any], judged: Mapping[str, Any], observed: Mapping[str, _Calls]) -> Shown:
    reason = str(row["reason"])
    cut = len(reason) > SHORT
    end = reason.rfind(" ", 0, SHORT) if cut else len(reason)
    telling = [(name, value) for name, value in row["measured"].items() if value not in (0, 0.0, None)]
    calls = observed.get(row["id"], _Calls())
    names = [name for group in judged.get(row["id"], {}).get("scenarios", {}).values() for name in group]
    return Shown(
        id=row["id"],
        title=row["title"],
        level=row.get("level", "plan"),
        plan=BY_ID[row["id"]].sentence if row["id"] in BY_ID else "",
        state=row["state"],
        glyph=MARKS[row["state"]].glyph,
        reason=reason[:end],
        rest=reason[end : end + MOST_REASON] + (" … (cut)" if len(reason) > end + MOST_REASON else ""),
        expected_red=row["expected_red"],
        declared_not_run=row["declared_not_run"] if not_run_as_declared(row) else None,
        observations=row["observations"],
        seconds=row["seconds"],
        measured=telling[:MOST_MEASURED],
        unshown=max(0, len(telling) - MOST_MEASURED),
        zeros=len(row["measured"]) - len(telling),
        scenarios=[(name, anchor(name)) for name in dict.fromkeys(names)],
        observed=calls.count,
        last_calls=list(calls.last),
        witness=steps(row["witness"]),
    )


@dataclass
class _Calls:
    """What one criterion asked of the candidate directly: how often, and the last of it."""

    count: int = 0
    last: deque[Observation] = field(default_factory=lambda: deque(maxlen=LAST_CALLS))


def _observed(folder: Path) -> dict[str, _Calls]:
    found: dict[str, _Calls] = {}
    for seen in load_observations(folder):
        calls = found.setdefault(seen.criterion, _Calls())
        calls.count += 1
        calls.last.append(seen)
    return found


def _scenes(folder: Path, page: Page) -> None:
    failure = page.about["declared"]["contract"]["failure"]
    red = " ".join(
        row["reason"] for row in page.verdict["criteria"] if row["state"] in ("REFUTED", "UNKNOWN")
    )
    size = 0
    promises = _promises(page.about)
    captured = sorted(path.name for path in (folder / "capture").glob("*"))
    for row in rows(folder):
        try:
            record = from_row(row, folder)
        except Unreadable as error:
            page.left_out.append(f"{row.get('name')}: {error}")
            continue
        page.matrix.add(record.history)
        if promises:
            add_outages(page.outages, record, promises)
        kept = {
            one.endpoint: one for each in page.outages for one in each.every if one.scenario == record.name
        }
        seen = lanes(record, float(failure["response_seconds"]))
        rto = failure["rto_seconds"].get(record.kind) if record.kind and record.judged_outage else None
        figure = draw(record, seen, rto) if record.history else Markup("")
        size += len(figure)
        if size > MAX_FIGURES_BYTES:
            page.left_out.append(f"the picture of {record.name}: the page has its size already")
            figure = Markup("")
        prefix = re.sub(r"[^\w.+-]+", "_", record.name) + "-"
        captures = [name for name in captured if name.startswith(prefix)]
        record.history = ()
        page.scenes.append(
            Scene(
                anchor(record.name), record, seen, rto, figure, row["history"], captures, kept,
                red=bool(record.spoiled or not record.whole or f"{record.name}: " in red),
            )
        )  # fmt: skip


def _promises(about: Mapping[str, Any]) -> Promises | None:
    """What the contract promises; None in a check, which knows of no contract."""
    return None if about["mode"] == "check" else Promises.of(about["declared"])


def _worst(folder: Path, page: Page) -> Worst | None:
    chosen = worst(page.verdict["criteria"], page.outages, [scene.record for scene in page.scenes])
    if chosen is None:
        return None
    scene = next(scene for scene in page.scenes if scene.record.name == chosen.scenario)
    row = next(row for row in rows(folder) if row.get("name") == chosen.scenario)
    response = float(page.about["declared"]["contract"]["failure"]["response_seconds"])
    return drawn(chosen, row, folder, scene.rto, response)


def anchor(name: str) -> str:
    """The id of a scenario in the page."""
    return "s-" + re.sub(r"[^a-zA-Z0-9-]+", "-", name)
