"""The search itself: segments are drawn, played and judged until the time is over or one shows a violation."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

from readiness.campaign.stage import Stage
from readiness.errors import Unjudged
from readiness.evidence.exploration import Judged, Result
from readiness.evidence.scenario import ScenarioRecord
from readiness.explore.draw import Draw
from readiness.explore.locks import locks_taken_again
from readiness.explore.play import CannotDo, play
from readiness.explore.schedule import Kind, Segment
from readiness.faults import wait_whole
from readiness.finding import Finding, State, merge, refuted
from readiness.judges.records import OfRecord, each_of_all
from readiness.judges.safety import safety
from readiness.load.rig import Rig
from readiness.subject import Subject


@dataclass
class Log:
    """What was done so far. `faults` counts those that were seen to fire."""

    segments: list[Segment] = field(default_factory=list)
    doubtful: list[Judged] = field(default_factory=list)
    judged: int = 0
    operations: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    left_out: dict[Kind, str] = field(default_factory=dict)
    violation: Judged | None = None

    def add(self, judged: Judged) -> None:
        """Counts it."""
        self.judged += 1
        self.operations += judged.operations
        self.faults.update(judged.faults)
        if judged.result is Result.DOUBTFUL:
            self.doubtful.append(judged)
        elif judged.result is Result.VIOLATION:
            self.violation = judged


class Search:
    """Plays segments against one candidate. Of a segment that is clean no history is kept: memory and disk stay
    bounded however long the search takes.
    """

    def __init__(self, subject: Subject, rig: Rig) -> None:
        self.subject, self.rig = subject, rig
        self._within = subject.promises.recovery_seconds
        self._scopes = count(1)

    def random(self, log: Log) -> Iterator[Segment]:
        """Random segments without end, or until no kind of fault is left that the provider can do."""
        draw = Draw(self.subject.topology, self.subject.promises.rto)
        for number in count(1):
            kinds = [kind for kind in Kind if kind not in log.left_out]
            if not kinds:
                return
            rng = random.Random(f"{self.subject.seed}/explore/{number}")
            yield draw.segment(number, rng, kinds)

    def run(self, segments: Iterable[Segment], seconds: float, log: Log) -> str:
        """Plays them for at most so many seconds; a segment that has begun is ended. Returns why it ended."""
        deadline = time.monotonic() + seconds
        for segment in segments:
            if time.monotonic() >= deadline:
                return "its time was over"
            if reason := self.subject.not_undone.reason:
                return reason
            if not wait_whole(self.subject.provider, self.rig.watch, self._within):
                return (
                    f"the candidate was not whole within {self._within:g} s before segment {segment.number}"
                )
            try:
                judged = self.judged(segment)
            except CannotDo as error:
                log.left_out[error.kind] = str(error)
                continue
            log.segments.append(segment)
            log.add(judged)
            self.subject.announce(
                f"segment {segment.number} ({segment}): {judged.result}, {judged.operations:,} operations"
            )
            if log.violation:
                return "a violation was found"
        return "every segment was played" if log.segments else "no fault can be done"

    def judged(self, segment: Segment) -> Judged:
        """Plays one segment and judges its history. Raises CannotDo."""
        began = time.monotonic()
        record = self._played(segment)
        finding = merge([*_not_whole(record, self._within), each_of_all([record], *self._judgements(record))])
        results = {State.REFUTED: Result.VIOLATION, State.PROVED: Result.CLEAN}
        result = results.get(finding.state, Result.DOUBTFUL)
        return Judged(
            number=segment.number,
            steps=str(segment),
            result=result,
            reason="" if result is Result.CLEAN else finding.reason,
            faults=_fired(record),
            operations=len(record.history),
            seconds=round(time.monotonic() - began, 1),
            history=self._kept(record, result),
        )

    @staticmethod
    def _judgements(record: ScenarioRecord) -> list[OfRecord]:
        return [safety, locks_taken_again] if record.whole else [safety]

    def _played(self, segment: Segment) -> ScenarioRecord:
        scope = f"explore-{next(self._scopes)}"
        record = ScenarioRecord(scope, None, self.subject.topology.nodes, (), judged_outage=False)
        stage = Stage(self.subject, self.rig, record, whole_within=self._within)
        try:
            with stage.load():
                play(segment, stage)
        except CannotDo:
            self.subject.evidence.drop(scope)
            raise
        except Unjudged as error:
            record.spoiled = str(error)
        except Exception as error:  # noqa: BLE001 - this segment cannot be judged; the next ones still can
            record.spoiled = f"{type(error).__name__}: {error}"
        record.history = stage.context.recorder.history
        return record

    def _kept(self, record: ScenarioRecord, result: Result) -> str | None:
        """The file of its history; that of a clean segment is removed."""
        evidence = self.subject.evidence
        if result is Result.CLEAN:
            evidence.drop(record.name)
            return None
        evidence.flush()
        return evidence.history_file(record.name)


def _not_whole(record: ScenarioRecord, within: float) -> Iterator[Finding]:
    if not record.whole and not record.spoiled:
        yield refuted(f"not whole again within {within:g} s after every fault was healed")


def _fired(record: ScenarioRecord) -> dict[str, int]:
    return dict(Counter(event.fault.split(":", 1)[0] for event in record.events if event.fired is not None))
