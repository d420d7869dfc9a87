"""Why a finding says what it says, as values: what was violated, what is in doubt, what was seen.

`readiness.checkers.render` puts them into words. Times are seconds since the run began.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, auto
from typing import TypeAlias

from readiness.history import Op


class ViolationKind(StrEnum):
    """What a violation breaks. The first groups are about one object's answers, the last about listings and views."""

    LOST_AT_THE_END = auto()
    OLDER_AT_THE_END = auto()
    DELETED_AT_THE_END = auto()
    REFUSED_WRITE_FOUND = auto()
    NEVER_WRITTEN = auto()
    FOUND_BEFORE_WRITTEN = auto()
    ABSENT = auto()
    ABSENT_DESPITE_DELETES = auto()
    OLDER = auto()
    DELETED = auto()
    CAME_BACK = auto()
    REFUSED_THOUGH_ABSENT = auto()
    REFUSED_THOUGH_MET = auto()
    CREATED_THOUGH_THERE = auto()
    ACCEPTED_THOUGH_UNMET = auto()
    NO_ORDER = auto()
    TWO_WINNERS = auto()
    NO_WINNER = auto()
    WRONG_REFUSAL = auto()
    WINNER_ABSENT = auto()
    WINNER_REPLACED = auto()
    TWO_HOLDERS = auto()
    OMITTED = auto()
    LISTED_AFTER_DELETE = auto()
    LISTED_NEVER_WRITTEN = auto()
    LISTED_REPEATEDLY = auto()
    LISTED_OUTSIDE_PREFIX = auto()
    EXISTENCE_DIFFERS = auto()
    BODY_DIFFERS = auto()
    VERSIONS_MISSING = auto()
    VERSIONS_DIFFER = auto()
    OUTAGE = auto()


class DoubtKind(StrEnum):
    """Why something could not be judged."""

    NOTHING_OBSERVED = auto()
    NOTHING_READ_BACK = auto()
    NOT_READ_BACK = auto()
    NOTHING_LISTED = auto()
    VIEW_INCOMPLETE = auto()
    FEW_VIEWS = auto()
    NO_OBJECT = auto()
    FEW_ROUNDS = auto()
    NO_WINNER_READ_BACK = auto()
    FEW_HOLDS = auto()
    NO_CONTENTION = auto()
    NO_ANSWER = auto()
    WITHOUT_MEANING = auto()
    BEYOND_BUDGET = auto()
    NO_PROBE = auto()
    FEW_PROBES = auto()
    PROBES_STOPPED = auto()
    OUTAGE_BETWEEN_BOUNDS = auto()
    NO_WINDOW = auto()
    NO_TRAFFIC = auto()
    LITTLE_TRAFFIC = auto()
    CHECKER_FAILED = auto()


class SummaryKind(StrEnum):
    """What was seen where nothing is wrong; beside each, what the numbers of its `Summary` count."""

    READ_BACK = auto()
    """Objects, endpoints."""
    NOT_DENIED = auto()
    """Answers about existing objects."""
    NOT_STALE = auto()
    """Answers with a body."""
    LISTED = auto()
    """Listings, entries that had to be shown."""
    AGREED = auto()
    """Views, snapshots, answers compared."""
    ONE_WINNER = auto()
    """Decided races, winners read back."""
    ONE_HOLDER = auto()
    """Holds, locks."""
    ORDERED = auto()
    """Answers, objects."""
    NO_OUTAGE = auto()
    """Probes."""
    SHORT_OUTAGES = auto()
    """Probes, seconds that the longest outage lasted at most, seconds promised."""
    TRAFFIC = auto()
    """Answers, windows."""


@dataclass(frozen=True, slots=True)
class Window:
    """One time without answers on one stream of probes.

    `at_least` and `at_most` hold its begin and end. `opened`: an answered probe precedes it; `closed`: one
    follows it. Without them the end of `at_most` is where observation ends, and the real one is further.
    """

    endpoint: str
    verb: str
    connection: str
    at_least: tuple[float, float]
    at_most: tuple[float, float]
    failures: int
    opened: bool
    closed: bool
    first: Op
    last: Op

    @property
    def lower(self) -> float:
        """Seconds that it certainly lasted."""
        return self.at_least[1] - self.at_least[0]

    @property
    def upper(self) -> float:
        """Seconds that it lasted at most; infinite if its begin or end was not observed."""
        return self.at_most[1] - self.at_most[0] if self.opened and self.closed else float("inf")


@dataclass(frozen=True, slots=True)
class Violation:
    """A wrong answer, and what shows that it is wrong.

    `known` is the operation that it contradicts: an acknowledged write, or a read that found something. `others`
    belong to the witness as well. `listed` is the key that a listing or a view is wrong about, where the answer
    itself is about a prefix; `times` how often a listing showed it; `names` the versions that differ; `measure` the
    measured value that counts it; `window` the time without answers of an outage, of which `answer` is the first
    failed probe, and `limit` the seconds promised.
    """

    kind: ViolationKind
    answer: Op
    known: Op | None = None
    others: tuple[Op, ...] = ()
    listed: str | None = None
    times: int = 0
    names: tuple[str, ...] = ()
    measure: str = ""
    window: Window | None = None
    limit: float = 0.0

    @property
    def object(self) -> tuple[str, str]:
        """Bucket and key of what it is about."""
        return self.answer.bucket, self.answer.key if self.listed is None else self.listed

    @property
    def operations(self) -> tuple[Op, ...]:
        """All operations that show it, in the order of their invocation."""
        every = {self.answer, *self.others} | ({self.known} if self.known else set())
        return tuple(sorted(every, key=lambda op: (op.invoked, op.index)))

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The endpoint that answered wrongly, and the one through which the contrary is known."""
        return (self.answer.endpoint,) if self.known is None else (self.answer.endpoint, self.known.endpoint)

    @property
    def seconds(self) -> tuple[float, ...]:
        """When the wrong answer, and what it contradicts, were complete."""
        return (
            (self.answer.completed,) if self.known is None else (self.answer.completed, self.known.completed)
        )


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that could not be judged.

    `where` is the snapshot, stream, window or object; `counted` what there was, `needed` what there should be;
    `names` what is missing, or what was not understood; `seconds` the length of a gap and its begin, or a budget.
    """

    kind: DoubtKind
    where: str = ""
    endpoint: str = ""
    library: str = ""
    counted: int = 0
    needed: float = 0
    names: tuple[str, ...] = ()
    seconds: tuple[float, ...] = ()
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What was seen where nothing is wrong: `SummaryKind` says what the numbers count."""

    kind: SummaryKind
    numbers: tuple[float, ...]


Ground: TypeAlias = Violation | Doubt | Summary
