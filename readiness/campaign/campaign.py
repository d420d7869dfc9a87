"""Which scenarios there are for a topology, and each of them done at most once a run."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from readiness import faults
from readiness.campaign import scenarios
from readiness.campaign.away import answered_while_away
from readiness.campaign.network import BROKEN, broken_network, network_record
from readiness.campaign.record import Record
from readiness.campaign.scenarios import Scenario
from readiness.campaign.stage import WHOLE_BUDGET, Stage
from readiness.campaign.stored import JUDGED, SCENARIOS, as_row
from readiness.errors import Unjudged
from readiness.faults import wait_whole
from readiness.finding import Finding
from readiness.plugin.live import Live
from readiness.topology import Topology, Unsupported

SHORT_PATIENCE = 5.0  # seconds


class Campaign:
    """Plays scenarios on demand. The order of play is that of the criteria that ask for them."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self._records: dict[str, Record] = {}
        self._patience = WHOLE_BUDGET

    @property
    def topology(self) -> Topology:
        """The candidate's topology."""
        return self.live.topology

    def played(self) -> list[Record]:
        """Every record so far, in the order of play."""
        return list(self._records.values())

    def steady(self) -> list[Record]:
        """No fault."""
        return [self._play(scenarios.steady())]

    def restarts(self) -> list[Record]:
        """One restart of an instance of each kind; which node's is left to the seed's parity, the last node
        first.
        """
        found = {instance.kind: instance for instance in self.topology.instances}
        return [self._play(scenarios.one(faults.restart(i.name, i.node))) for i in found.values()]

    def drains(self) -> list[Record]:
        """Maintenance of each node in turn."""
        return [self._play(scenarios.one(faults.drain(self.topology, node))) for node in self.topology.nodes]

    def crashes(self) -> list[Record]:
        """Loss of each node in turn by crash; failure capture is taken during the first."""
        nodes = self.topology.nodes
        return [
            self._play(scenarios.one(faults.crash(self.topology, n), capture=n == nodes[0])) for n in nodes
        ]

    def silences(self) -> list[Record]:
        """Loss of each node in turn by silence."""
        return [
            self._play(scenarios.one(faults.silence(self.topology, node))) for node in self.topology.nodes
        ]

    def unplugged(self) -> list[Record]:
        """Loss of each node in turn by silence of its network, where the provider can; one record with the
        reason where not.
        """
        records = []
        for node in self.topology.nodes:
            records.append(self._play(scenarios.one(faults.unplug(self.topology, node))))
            if records[-1].unsupported:
                break
        return records

    def single_instances(self) -> list[Record]:
        """Kill and freeze one instance of each kind, where a node has more than one: else that is the loss of
        the node.
        """
        if all(len(self.topology.on(node)) == 1 for node in self.topology.nodes):
            return []
        found = {instance.kind: instance for instance in self.topology.instances}
        both = (faults.kill, faults.freeze)
        return [self._play(scenarios.one(fault(i.name, i.node))) for i in found.values() for fault in both]

    def networks(self) -> list[Record]:
        """A slow and a resetting network between the clients and all endpoints."""
        return [self._once(network_record(how), partial(self._break_network, how)) for how in BROKEN]

    def rolling(self) -> list[Record]:
        """A rolling restart of all nodes."""
        return [self._play(scenarios.rolling(self.topology))]

    def repairs(self) -> list[Record]:
        """One node emptied and made whole, then another lost."""
        if len(self.topology.nodes) < 2:
            return []
        nodes = self.topology.nodes
        return [self._play(scenarios.repair(self.topology, nodes[-1], nodes[0]))]

    def two_lost(self) -> list[Record]:
        """Two nodes of three lost."""
        return (
            [self._play(scenarios.two_lost(self.topology, self.topology.nodes[0]))]
            if len(self.topology.nodes) > 2
            else []
        )

    def all_killed(self) -> list[Record]:
        """Every instance killed at once."""
        return [self._play(scenarios.all_killed(self.topology))]

    def node_losses(self) -> list[Record]:
        """Every loss of one node that was played or can be."""
        return [*self.crashes(), *self.silences()]

    def everything(self) -> list[Record]:
        """The whole campaign."""
        parts: Iterable[Callable[[], list[Record]]] = (
            self.steady, self.restarts, self.drains, self.crashes, self.silences, self.unplugged, self.single_instances,
            self.networks, self.rolling, self.repairs, self.two_lost, self.all_killed,
        )  # fmt: skip
        return [record for part in parts for record in part()]

    def _play(self, scenario: Scenario) -> Record:
        return self._once(scenario.record(self.topology), partial(self._perform, scenario))

    def _once(self, record: Record, play: Callable[[Record], None]) -> Record:
        """Plays it, unless the candidate is not whole: then nothing can be concluded from a further fault, and the
        record says so.

        A candidate that was not whole in time is waited for a short while only, until it is.
        """
        name, live = record.name, self.live
        if name not in self._records:
            last = next(reversed(self._records), "its start")
            self._records[name] = record
            if wait_whole(live.provider, live.watch, self._patience):
                self._patience = WHOLE_BUDGET
                live.say(name)
                play(record)
            else:
                self._patience = SHORT_PATIENCE
                record.whole = False
                record.spoiled = f"not played: the candidate is not whole again since {last}"
            self._keep(record)
        return self._records[name]

    def _keep(self, record: Record) -> None:
        evidence = self.live.run.evidence
        assert evidence is not None
        at = next((r.path for r in evidence.recorders() if r.scope == record.name), None)
        file = str(at.relative_to(evidence.folder)) if at else None
        evidence.flush()
        evidence.append(SCENARIOS, as_row(record, file))

    def keep_judgement(self, criterion: str, groups: list[list[Record]], finding: Finding) -> None:
        """Keeps which records a criterion was judged from, in groups, and what that gave."""
        evidence = self.live.run.evidence
        assert evidence is not None
        names = [[record.name for record in records] for records in groups]
        row = {"state": str(finding.honest().state), "reason": finding.honest().reason}
        evidence.append(JUDGED, {"criterion": criterion, "records": names, **row})

    def _perform(self, scenario: Scenario, record: Record) -> None:
        live = self.live
        stage = Stage(live, record)
        rto = {
            kind: float(seconds)
            for kind, seconds in live.run.loaded.candidate.contract.failure.rto_seconds.items()
        }
        with self._spoiling(record), stage.load():
            scenario.play(stage, rto)
        record.history = stage.context.recorder.history
        if doubt := answered_while_away(record, self.topology):
            record.doubt(doubt)
        if not record.whole or record.spoiled:
            for name, text in live.provider.capture().items():
                assert live.run.evidence is not None
                live.run.evidence.capture(f"{scenario.name}-{name}.txt", text)

    def _break_network(self, how: str, record: Record) -> None:
        with self._spoiling(record):
            broken_network(self.live, how, record)

    @contextlib.contextmanager
    def _spoiling(self, record: Record) -> Iterator[None]:
        """Whatever breaks inside, the scenario cannot be judged, and the next ones can."""
        try:
            yield
        except Unsupported as error:
            record.unsupported = str(error)
        except Unjudged as error:
            record.spoiled = str(error)
        except Exception as error:  # noqa: BLE001 - see above
            record.spoiled = f"{type(error).__name__}: {error}"
            assert self.live.run.evidence is not None
            self.live.run.evidence.capture(f"{record.name}-harness.txt", traceback.format_exc())
