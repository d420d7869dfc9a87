"""Scenarios, each of them done at most once a run."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from readiness.campaign.away import not_seen_away
from readiness.campaign.groups import WHILE_POSSIBLE, scenarios_of
from readiness.campaign.network import BROKEN, broken_network, network_record
from readiness.campaign.scenarios import Scenario
from readiness.campaign.settings import Settings
from readiness.campaign.stage import Stage
from readiness.campaign.stuck import restart_if_stuck
from readiness.errors import Unjudged
from readiness.evidence.scenario import NOT_SELECTED, ScenarioRecord
from readiness.evidence.seen import Group
from readiness.evidence.stored import SCENARIOS, as_row
from readiness.faults import wait_whole
from readiness.load.rig import Rig
from readiness.subject import Subject
from readiness.topology import Topology, Unsupported


class Campaign:
    """Plays groups of scenarios on demand. The order of play is that of the criteria that ask for them."""

    def __init__(self, subject: Subject, rig: Rig, settings: Settings) -> None:
        self.subject, self.rig, self.settings = subject, rig, settings
        self._within = settings.whole_within or subject.promises.recovery_seconds
        self._patience = self._within
        self._records: dict[str, ScenarioRecord] = {}

    @property
    def topology(self) -> Topology:
        """The candidate's topology."""
        return self.subject.topology

    def played(self) -> list[ScenarioRecord]:
        """Every record so far, in the order of play."""
        return list(self._records.values())

    def play(self, groups: Iterable[Group]) -> dict[Group, list[ScenarioRecord]]:
        """The records of these groups, in this order; what was played before is not played again."""
        return {group: self._group(group) for group in groups}

    def _group(self, group: Group) -> list[ScenarioRecord]:
        """Of a group that not every provider can do, up to the first scenario whose fault it cannot do: its record has
        the reason.
        """
        if group is Group.NETWORKS:
            return [self._once(network_record(how), partial(self._break_network, how)) for how in BROKEN]
        records = []
        for scenario in scenarios_of(group, self.topology):
            records.append(self._play(scenario))
            if group in WHILE_POSSIBLE and records[-1].impossible:
                break
        return records

    def _play(self, scenario: Scenario) -> ScenarioRecord:
        return self._once(scenario.record(self.topology), partial(self._perform, scenario))

    def _once(self, record: ScenarioRecord, play: Callable[[ScenarioRecord], None]) -> ScenarioRecord:
        """Plays it, unless the candidate is not whole: then nothing can be concluded from a further fault, and the
        record says so.

        A candidate that was not whole in time is waited for only briefly.
        """
        name = record.name
        if not self.settings.wanted(name):
            return replace(record, unsupported=NOT_SELECTED)
        if name not in self._records:
            last = next(reversed(self._records), "its start")
            self._records[name] = record
            if reason := self.subject.not_undone.reason:
                record.spoiled = f"not played: {reason}"
            elif wait_whole(self.subject.provider, self.rig.watch, self._patience):
                self._patience = self._within
                self.subject.announce(name)
                play(record)
                if not record.whole:
                    self._patience = self.settings.patience  # it had its time
            else:
                self._patience = self.settings.patience
                record.whole = False
                record.spoiled = f"not played: the candidate has not been whole since {last}"
            self._keep(record)
        return self._records[name]

    def _keep(self, record: ScenarioRecord) -> None:
        evidence = self.subject.evidence
        evidence.flush()
        evidence.append(SCENARIOS, as_row(record, evidence.history_file(record.name)))

    def _perform(self, scenario: Scenario, record: ScenarioRecord) -> None:
        """Without the means for its fault it is not begun: load alone shows nothing of the fault."""
        if scenario.needs is not None:
            with self._spoiling(record):
                scenario.needs.require(self.subject.provider)
            if record.impossible:
                return
        stage = Stage(self.subject, self.rig, record, whole_within=self._within)
        with self._spoiling(record), stage.load():
            scenario.play(stage, self.subject.promises.rto)
        record.history = stage.context.recorder.history
        if doubt := not_seen_away(record, self.topology):
            record.doubt(doubt)
        if scenario.may_stick:
            restart_if_stuck(self.subject, self.rig, record, self._within)
        if not record.whole or record.spoiled:
            for name, text in self.subject.provider.capture().items():
                self.subject.evidence.capture(f"{scenario.name}-{name}.txt", text)

    def _break_network(self, how: str, record: ScenarioRecord) -> None:
        with self._spoiling(record):
            broken_network(self.subject, self.rig, how, record, self._within)

    @contextlib.contextmanager
    def _spoiling(self, record: ScenarioRecord) -> Iterator[None]:
        """If anything breaks inside, this scenario cannot be judged; the next ones still can."""
        try:
            yield
        except Unsupported as error:
            record.unsupported = str(error)
        except Unjudged as error:
            record.spoiled = str(error)
        except Exception as error:  # noqa: BLE001 - see above
            record.spoiled = f"{type(error).__name__}: {error}"
            self.subject.evidence.capture(f"{record.name}-harness.txt", traceback.format_exc())
