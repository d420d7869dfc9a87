"""What a run kept, judged again with today's judges and checkers. Nothing is started and nothing is written."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.criteria import BY_ID
from readiness.evidence.observation import (
    OBSERVATIONS,
    Observation,
    UnreadableObservations,
    load_observations,
)
from readiness.evidence.scenario import ScenarioRecord
from readiness.evidence.seen import Group, Seen
from readiness.evidence.stored import (
    JUDGED,
    SCENARIOS,
    StoredRun,
    Unreadable,
    from_row,
    read_history,
    rows,
)
from readiness.finding import Finding, State
from readiness.outcomes import finding_of

OF_THE_GATE = "it adds up what the other criteria found"
"""Why a criterion without a judge is not judged again."""
NOT_COMPLETED = "the run could not do everything that it needs"


@dataclass(frozen=True)
class Row:
    """One criterion: its state in the run, and its state as judged today from what is stored (None: not judged again,
    and why).
    """

    criterion: str
    recorded: State
    recorded_reason: str
    now: Finding | None
    note: str = ""

    @property
    def same(self) -> bool:
        """Not contradicted. One that did not run for an impossible fault did not run for that cause today either."""
        if self.now is None:
            return True
        return self.now.state is self.recorded and (self.recorded is not State.NOT_RUN or self.now.impossible)


def judged_again(run: StoredRun) -> list[Row]:
    """Every criterion of the run's verdict. Raises Unreadable for a folder that lacks what it needs."""
    stored = _Stored(run)
    return [_again(stored, *criterion) for criterion in run.recorded]


def _again(stored: _Stored, id_: str, recorded: State, reason: str) -> Row:
    criterion = BY_ID.get(id_)
    if recorded is State.NOT_RUN and id_ not in stored.impossible:
        return Row(id_, recorded, reason, None, "was not run")
    if criterion is None:
        return Row(id_, recorded, reason, None, "there is no such criterion today")
    if criterion.judge is None:
        return Row(id_, recorded, reason, None, OF_THE_GATE)
    seen = stored.seen(id_)
    if seen is None:
        return Row(id_, recorded, reason, None, NOT_COMPLETED)
    try:
        return Row(id_, recorded, reason, criterion.judged(seen))
    except Exception as error:  # noqa: BLE001 - what was altered may be of any shape: nothing is judged from it
        return Row(id_, recorded, reason, finding_of(error))


class _Stored:
    """What a run kept for its judges. Raises Unreadable where something is missing or cut."""

    def __init__(self, run: StoredRun) -> None:
        folder, self._promises, self._declared = run.folder, run.promises, run.declared
        self._folder = folder
        self.impossible = {str(row["id"]) for row in run.verdict["criteria"] if row.get("impossible")}
        """Criteria that did not run because their fault could not be injected: why is judged again."""
        self._scenarios = {str(row["name"]): row for row in rows(folder)}
        self._records: dict[str, ScenarioRecord] = {}
        self._judged = {str(row["criterion"]): row for row in rows(folder, JUDGED)}
        self._observations: dict[str, list[Observation]] = {}
        try:
            for seen in load_observations(folder):
                self._observations.setdefault(seen.criterion, []).append(seen)
        except UnreadableObservations as error:
            raise Unreadable(str(error)) from None

    def seen(self, criterion: str) -> Seen | None:
        """What that criterion was judged from; None if it was not judged from what is kept."""
        kept = self._judged.get(criterion)
        if kept is None:
            return None
        try:
            groups = {Group(group): names for group, names in kept["scenarios"].items()}
            wanted, history = int(kept["observations"]), kept.get("history")
            operations = read_history(self._folder, history["file"], history["operations"]) if history else ()
        except (KeyError, TypeError, ValueError) as error:
            raise Unreadable(f"{JUDGED}: {criterion}: {type(error).__name__}: {error}") from None
        observations = self._observations.get(criterion, [])
        if len(observations) != wanted:
            raise Unreadable(
                f"{OBSERVATIONS} has {len(observations)} observations of {criterion}, {wanted} were made"
            )
        records = {group: [self._record(name) for name in names] for group, names in groups.items()}
        return Seen(self._promises, records, observations, operations, self._declared)

    def _record(self, name: str) -> ScenarioRecord:
        if name not in self._scenarios:
            raise Unreadable(f"{SCENARIOS} does not have {name}")
        if name not in self._records:
            self._records[name] = from_row(self._scenarios[name], self._folder)
        return self._records[name]
