"""What a search did and found, as `exploration.json` keeps it. It is no verdict: a search proves nothing."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

EXPLORATION, SCHEDULE, SHRUNK = "exploration.json", "schedule.json", "shrunk.json"


class Result(StrEnum):
    """How one segment was judged."""

    CLEAN = "clean"
    DOUBTFUL = "doubtful"
    """It could not be judged: it neither shows a violation nor shows that there was none."""
    VIOLATION = "violation"


class Judged(BaseModel):
    """One segment as it was judged. `history` is the file of its operations, if it is kept."""

    model_config = ConfigDict(frozen=True)

    number: int
    steps: str
    result: Result
    reason: str
    faults: dict[str, int]
    operations: int
    seconds: float
    history: str | None = None


class Exploration(BaseModel):
    """The whole search. `faults` counts those that were seen to fire, by kind; `left_out` says why the others of a kind
    were not done; `shrunk_to` names the steps of the shortest schedule that still showed the violation.
    """

    model_config = ConfigDict(frozen=True)

    run: str
    candidate: str
    fingerprint: str
    seed: int
    minutes: float
    segments: int
    doubtful: list[Judged]
    operations: int
    faults: dict[str, int]
    left_out: dict[str, str]
    violation: Judged | None
    shrunk_to: str | None
    ended_because: str

    def sentence(self) -> str:
        """What was found, in one line. Never that anything is proved."""
        done = sum(self.faults.values())
        what = f"{done} faults of {len(self.faults)} kinds, {self.operations:,} operations"
        if self.violation:
            return f"VIOLATION FOUND in segment {self.violation.number} after {self.minutes:.1f} min: {what}"
        if not done:
            return f"NOTHING WAS TRIED: {self.ended_because}"
        doubt = (
            f"; {len(self.doubtful)} of {self.segments} segments could not be judged" if self.doubtful else ""
        )
        return f"nothing found in {self.minutes:.1f} min: {what}{doubt}"
