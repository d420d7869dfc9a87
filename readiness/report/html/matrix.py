"""LIST, HEAD, GET and versions per endpoint and client library, over all snapshots: how often each was answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from readiness.history import Op, Verb

COLUMNS = {
    Verb.LIST_BUCKETS: "list buckets",
    Verb.HEAD_BUCKET: "HEAD bucket",
    Verb.LIST: "LIST",
    Verb.HEAD: "HEAD",
    Verb.READ: "GET",
    Verb.VERSIONS: "versions",
}
TIMES = ("before", "during", "after")
Key = tuple[str, str, str, str]


@dataclass
class Matrix:
    """Counts answers by time, endpoint, library and verb."""

    answered: Counter[Key] = field(default_factory=Counter)
    asked: Counter[Key] = field(default_factory=Counter)

    def add(self, history: Iterable[Op]) -> None:
        """Counts the snapshots of one history."""
        for op in history:
            if op.workload not in ("matrix", "bucket") or op.verb not in COLUMNS:
                continue
            time = op.process.split(":", 1)[0]
            key = (time if time in TIMES else "during", op.endpoint, op.library, str(op.verb))
            self.asked[key] += 1
            self.answered[key] += op.ok and op.status == 200

    def tables(self) -> list[tuple[str, list[tuple[str, str, list[str]]]]]:
        """For each time with snapshots: endpoint, library, and a cell for each column."""
        made = []
        for time in TIMES:
            views = sorted(
                {(key[1], key[2]) for key in self.asked if key[0] == time},
                key=lambda v: (v[0] == "service", v),
            )
            if views:
                made.append(
                    (
                        time,
                        [(*view, [self._cell(time, view, str(verb)) for verb in COLUMNS]) for view in views],
                    )
                )
        return made

    def _cell(self, time: str, view: tuple[str, str], verb: str) -> str:
        key = (time, *view, verb)
        asked, answered = self.asked[key], self.answered[key]
        if not asked:
            return "–"
        return f"✓ {answered}" if answered == asked else f"✗ {answered} of {asked}"
