"""Which scenarios there are for a topology, and each of them done at most once a run."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from readiness import faults
from readiness.campaign import hardware, scenarios
from readiness.campaign.away import not_seen_away
from readiness.campaign.network import BROKEN, broken_network, network_record
from readiness.campaign.scenarios import Scenario
from readiness.campaign.settings import Settings
from readiness.campaign.stage import Stage
from readiness.campaign.stuck import restart_if_stuck
from readiness.campaign.upgrade import rolling_upgrade
from readiness.errors import Unjudged
from readiness.evidence.scenario import NOT_SELECTED, ScenarioRecord
from readiness.evidence.seen import Group
from readiness.evidence.stored import SCENARIOS, as_row
from readiness.faults import wait_whole
from readiness.load.rig import Rig
from readiness.subject import Subject
from readiness.topology import Direction, Topology, Unsupported


class Campaign:
    """Plays groups of scenarios on demand. The order of play is that of the criteria that ask for them."""

    def __init__(self, subject: Subject, rig: Rig, settings: Settings) -> None:
        self.subject, self.rig, self.settings = subject, rig, settings
        self._within = settings.whole_within or subject.promises.recovery_seconds
        self._patience = self._within
        self._records: dict[str, ScenarioRecord] = {}
        self._groups: dict[Group, Callable[[], list[ScenarioRecord]]] = {
            Group.STEADY: self._steady,
            Group.RESTARTS: self._restarts,
            Group.DRAINS: self._drains,
            Group.CRASHES: self._crashes,
            Group.SILENCES: self._silences,
            Group.UNPLUGGED: self._unplugged,
            Group.SPLITS: self._splits,
            Group.LIMPS: self._limps,
            Group.SINGLE_INSTANCES: self._single_instances,
            Group.NETWORKS: self._networks,
            Group.ROLLING: self._rolling,
            Group.REPAIRS: self._repairs,
            Group.TWO_LOST: self._two_lost,
            Group.ALL_KILLED: self._all_killed,
            Group.POWER_CUTS: self._power_cuts,
            Group.POWER_CUT_OF_ONE: self._power_cut_of_one,
            Group.FULL_DISKS: self._full_disks,
            Group.UPGRADES: self._upgrades,
        }

    @property
    def topology(self) -> Topology:
        """The candidate's topology."""
        return self.subject.topology

    def played(self) -> list[ScenarioRecord]:
        """Every record so far, in the order of play."""
        return list(self._records.values())

    def play(self, groups: Iterable[Group]) -> dict[Group, list[ScenarioRecord]]:
        """The records of these groups, in this order; what was played before is not played again."""
        return {group: self._groups[group]() for group in groups}

    def _steady(self) -> list[ScenarioRecord]:
        return [self._play(scenarios.steady())]

    def _restarts(self) -> list[ScenarioRecord]:
        """One restart of an instance of each kind, on the last node that has one."""
        found = {instance.kind: instance for instance in self.topology.instances}
        return [self._play(scenarios.one(faults.restart(i.name, i.node))) for i in found.values()]

    def _drains(self) -> list[ScenarioRecord]:
        return [self._play(scenarios.one(faults.drain(self.topology, node))) for node in self.topology.nodes]

    def _crashes(self) -> list[ScenarioRecord]:
        """Each node in turn; failure capture is taken during the first."""
        nodes = self.topology.nodes
        return [
            self._play(scenarios.one(faults.crash(self.topology, n), capture=n == nodes[0])) for n in nodes
        ]

    def _silences(self) -> list[ScenarioRecord]:
        return [
            self._play(scenarios.one(faults.silence(self.topology, node))) for node in self.topology.nodes
        ]

    def _unplugged(self) -> list[ScenarioRecord]:
        nodes = self.topology.nodes
        return self._while_possible(scenarios.one(faults.unplug(self.topology, node)) for node in nodes)

    def _splits(self) -> list[ScenarioRecord]:
        """Each node in turn, both ways; then each in turn one way, now the one and now the other."""
        nodes = self.topology.nodes
        if len(nodes) < 2:
            return []
        one_way = (Direction.OUTGOING, Direction.INCOMING)
        both = [scenarios.split(node, Direction.BOTH) for node in nodes]
        return self._while_possible(
            [*both, *(scenarios.split(node, one_way[at % 2]) for at, node in enumerate(nodes))]
        )

    def _limps(self) -> list[ScenarioRecord]:
        return self._while_possible(scenarios.limp(node) for node in self.topology.nodes)

    def _while_possible(self, wanted: Iterable[Scenario]) -> list[ScenarioRecord]:
        """Plays these in turn, up to the first whose fault the provider cannot do: its record has the reason."""
        records = []
        for scenario in wanted:
            records.append(self._play(scenario))
            if records[-1].impossible:
                break
        return records

    def _single_instances(self) -> list[ScenarioRecord]:
        """Kill and freeze one instance of each kind, where a node has more than one: else that is the loss of
        the node.
        """
        if all(len(self.topology.on(node)) == 1 for node in self.topology.nodes):
            return []
        found = {instance.kind: instance for instance in self.topology.instances}
        both = (faults.kill, faults.freeze)
        return [self._play(scenarios.one(fault(i.name, i.node))) for i in found.values() for fault in both]

    def _networks(self) -> list[ScenarioRecord]:
        return [self._once(network_record(how), partial(self._break_network, how)) for how in BROKEN]

    def _rolling(self) -> list[ScenarioRecord]:
        return [self._play(scenarios.rolling(self.topology))]

    def _repairs(self) -> list[ScenarioRecord]:
        if len(self.topology.nodes) < 2:
            return []
        nodes = self.topology.nodes
        return [self._play(scenarios.repair(self.topology, nodes[-1], nodes[0]))]

    def _two_lost(self) -> list[ScenarioRecord]:
        if len(self.topology.nodes) < 3:
            return []
        return [self._play(scenarios.two_lost(self.topology, self.topology.nodes[0]))]

    def _all_killed(self) -> list[ScenarioRecord]:
        return [self._play(scenarios.all_killed(self.topology))]

    def _power_cuts(self) -> list[ScenarioRecord]:
        """Under load, and when all is quiet: one record with the reason where the provider cannot do it."""
        wanted = (
            hardware.power_cut(self.topology),
            hardware.power_cut_when_quiet(self.topology, again=False),
            hardware.power_cut_when_quiet(self.topology, again=True),
        )
        return self._while_possible(wanted)

    def _power_cut_of_one(self) -> list[ScenarioRecord]:
        if len(self.topology.nodes) < 2:
            return []
        nodes = self.topology.nodes
        return [self._play(hardware.power_cut_of_one(self.topology, nodes[0], nodes[-1]))]

    def _full_disks(self) -> list[ScenarioRecord]:
        """Fills one node's disk, then those of all."""
        nodes = self.topology.nodes
        wanted = [hardware.full_disk(self.topology, nodes[0])] if len(nodes) > 1 else []
        return self._while_possible([*wanted, hardware.full_disk(self.topology, *nodes)])

    def _upgrades(self) -> list[ScenarioRecord]:
        if len(self.topology.nodes) < 2:
            return []
        return [self._play(rolling_upgrade(self.topology))]

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
