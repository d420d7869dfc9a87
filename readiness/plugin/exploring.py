"""A search as the plugin does it, instead of tests."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

from readiness.cli.explore import Exploration as Wanted
from readiness.errors import NotRun, UsageError
from readiness.evidence.exploration import EXPLORATION, SCHEDULE, SHRUNK, Exploration, Result
from readiness.explore.kinds import must_fit
from readiness.explore.schedule import Schedule, Segment
from readiness.explore.search import Log, Search
from readiness.explore.shrink import shrunk
from readiness.plugin.run import Run
from readiness.plugin.session import Session

EXIT_NOTHING_FOUND, EXIT_FOUND = 0, 1


@dataclass
class Exploring:
    """One search: `search` does it, `finish` writes what came of it, whatever ended it."""

    run: Run
    session: Session
    wanted: Wanted
    log: Log = field(default_factory=Log)
    kept: Exploration | None = None
    _ended: str = "it was interrupted"
    _shrunk: Segment | None = None
    _began: float = field(default_factory=time.monotonic)
    _seconds: float = 0.0

    def search(self) -> None:
        """Searches, and shrinks what was found. Raises UsageError where faults are not allowed, or the schedule is of
        another candidate.
        """
        try:
            self.session.need_faults()
        except NotRun as error:
            raise UsageError(f"a search injects faults, and {error}") from None
        if self.wanted.replay:
            must_fit(self.wanted.replay, self.session.subject.topology)
        search = Search(self.session.subject, self.session.rig)
        self.session.progress.begin_search()
        segments = self.wanted.replay.segments if self.wanted.replay else search.random(self.log)
        try:
            self._ended = search.run(segments, self.wanted.seconds, self.log)
        finally:
            self._seconds = time.monotonic() - self._began
        if self.log.violation and self.wanted.shrink:
            self._shrink(search, self.log.segments[-1])

    def _shrink(self, search: Search, segment: Segment) -> None:
        deadline = time.monotonic() + self.wanted.seconds

        def shows(shorter: Segment) -> bool:
            judged = search.judged(shorter)
            self.session.announce(f"without a step ({shorter}): {judged.result}")
            return judged.result is Result.VIOLATION

        found = shrunk(segment, shows, lambda: time.monotonic() < deadline)
        self._shrunk = found if found != segment else None

    def finish(self) -> int:
        """Writes and seals the evidence; returns the exit code."""
        evidence = self.run.evidence
        assert evidence is not None
        name, seed = self.run.loaded.candidate.name, self.run.options.seed
        self.kept = Exploration(
            run=self.run.id,
            candidate=name,
            fingerprint=self.run.loaded.fingerprint,
            seed=seed,
            minutes=round(self._seconds / 60, 1),
            segments=self.log.judged,
            doubtful=self.log.doubtful,
            operations=self.log.operations,
            faults=dict(self.log.faults),
            left_out={str(kind): why for kind, why in self.log.left_out.items()},
            violation=self.log.violation,
            shrunk_to=str(self._shrunk) if self._shrunk else None,
            ended_because=self._ended,
        )
        if self.log.segments:
            played = Schedule(candidate=name, seed=seed, segments=tuple(self.log.segments))
            evidence.write(SCHEDULE, played.model_dump(mode="json"))
        if self._shrunk:
            short = Schedule(candidate=name, seed=seed, segments=(self._shrunk,))
            evidence.write(SHRUNK, short.model_dump(mode="json"))
        evidence.write(EXPLORATION, self.kept.model_dump(mode="json"))
        evidence.flush()
        evidence.seal()
        good = self.log.violation is None and bool(self.kept.faults) and not self.session.not_undone.reason
        return EXIT_NOTHING_FOUND if good else EXIT_FOUND

    def show(self, console: Console) -> None:
        """What was found, and how to see it again."""
        assert self.kept is not None
        assert self.run.evidence is not None
        folder, found = self.run.evidence.folder, self.kept.violation
        console.print()
        console.print(Text(self.kept.sentence(), "bold red" if found else "bold"))
        lines = {"ended because": self.kept.ended_because, "candidate": self.kept.candidate}
        lines["seed"] = str(self.kept.seed)
        if found:
            file = folder / (SHRUNK if self.kept.shrunk_to else SCHEDULE)
            lines |= {"violation": found.reason, "faults": self.kept.shrunk_to or found.steps}
            lines["again"] = (
                f"tofu-state-ha-readiness explore --candidate {self.run.options.candidate} --replay {file}"
            )
        lines |= {f"left out, {kind}": why for kind, why in self.kept.left_out.items()}
        lines["evidence"] = str(folder)
        for name, value in lines.items():
            console.print(f"  {name}: {value}", highlight=False, soft_wrap=True)
