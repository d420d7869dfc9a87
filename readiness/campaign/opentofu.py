"""Real `tofu` through the same faults: plans that must stay no-op, applies that contend, applies that are hit
in the middle.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial

from readiness import faults
from readiness.campaign.settings import NOT_SELECTED, Settings
from readiness.errors import Unjudged
from readiness.evidence.scenario import Event
from readiness.faults import Fault, injected, wait_whole
from readiness.finding import Finding, State, merge, refuted
from readiness.load.rig import Rig
from readiness.outcomes import finding_of
from readiness.subject import Subject
from readiness.tofu.concurrent import concurrent_applies
from readiness.tofu.env import Disposable
from readiness.tofu.midway import apply_through_fault
from readiness.tofu.probe import NoOpProbe
from readiness.topology import Endpoint, FaultKind, Unsupported


class TofuCampaign:
    """Phase 2's faults. One set of probe states, prepared once, is planned through every fault."""

    def __init__(self, subject: Subject, rig: Rig, env: Disposable, settings: Settings) -> None:
        self.subject, self.rig, self.env, self.settings = subject, rig, env, settings
        self._rto = subject.promises.rto
        self._probe = NoOpProbe(env, "no-op")
        self._prepared: Finding | None = None

    def plans_through(self, wanted: Sequence[Fault]) -> Finding:
        """A no-op plan through the service endpoint and every survivor within the RTO of each fault, and
        after it.
        """
        if self._prepared is None:
            self._prepared = self._probe.prepare()
        parts = [self._prepared]
        for fault in wanted:
            self.subject.say(f"tofu plan: {fault.name}")
            try:
                found = self._one(fault)
            except (Unjudged, Unsupported) as error:
                found = finding_of(error)
            parts.append(_named(fault.name, found))
        return merge(parts)

    def _one(self, fault: Fault) -> Finding:
        if not self.settings.wanted(fault.name):
            return Finding(State.NOT_RUN, NOT_SELECTED)
        survivors = [e for e in self.env.endpoints if e.node not in fault.nodes]
        budget = self._rto[fault.kind]
        with self.fault(fault) as event:
            if fault.kind is FaultKind.RESTART:
                found = self._probe.within(self.env.endpoints, event.counts_from, budget)
            elif survivors:
                found = self._probe.within(survivors, event.counts_from, budget)
            else:
                found = refuted("no endpoint is left for a plan while the node is away")
        return merge([found, self._probe.after()])

    def reconfigured(self, fault: Fault) -> Finding:
        """While a node is lost, the checkout that pointed at its endpoint moves to a survivor by `init
        -reconfigure` and plans no-op.
        """
        lost = [e for e in self.subject.topology.endpoints if e.node in fault.nodes]
        survivors = [e for e in self.subject.topology.endpoints if e.node not in fault.nodes]
        if not survivors:
            return refuted("there is no surviving endpoint to move to")

        def move() -> Finding:
            with self.fault(fault) as event:
                return self._probe.moved(lost[0], survivors[0], event.injecting, 2 * self._rto[fault.kind])

        return _named(f"{fault.name}, moved to {survivors[0].name}", _where_possible(move))

    def contention(self) -> Finding:
        """P2.8: concurrent applies without a fault, through a crash and through a silence."""
        nodes = self.subject.topology.nodes
        crash, silence = (
            faults.crash(self.subject.topology, nodes[-1]),
            faults.silence(self.subject.topology, nodes[0]),
        )
        parts = [
            _named("no fault", concurrent_applies(self.env, "contention"))
            if self.settings.wanted("contention")
            else Finding(State.NOT_RUN, NOT_SELECTED)
        ]
        for fault in (crash, silence):
            if not self.settings.wanted(fault.name):
                parts.append(Finding(State.NOT_RUN, f"{fault.name}: {NOT_SELECTED}"))
                continue
            self.subject.say(f"concurrent applies: {fault.name}")
            held = self._rto[fault.kind]
            found = _where_possible(
                partial(
                    concurrent_applies,
                    self.env,
                    fault.name.replace(":", "-"),
                    fault=self.fault(fault),
                    fault_seconds=held,
                )
            )
            parts.append(_named(fault.name, found))
        return merge(parts)

    def hit_midway(self) -> Finding:
        """P2.9: an apply through the endpoint of a node that crashes, and one through the entry while a node
        falls silent.
        """
        topology = self.subject.topology
        crashed, silent = topology.nodes[-1], topology.nodes[0]
        own = next(e for e in topology.endpoints if e.node == crashed)
        cases: list[tuple[Fault, Endpoint]] = [
            (faults.crash(topology, crashed), own),
            (faults.silence(topology, silent), self.env.entry),
        ]
        parts = []
        for fault, endpoint in cases:
            self.subject.say(f"apply hit in the middle: {fault.name}")
            name = f"midway-{fault.name.replace(':', '-')}"
            held = self._rto[fault.kind] + 1
            found = _where_possible(
                partial(apply_through_fault, self.env, name, endpoint, self.fault(fault), fault_seconds=held)
            )
            parts.append(_named(f"{fault.name} through {endpoint.name}", found))
        return merge(parts)

    @contextlib.contextmanager
    def fault(self, fault: Fault) -> Iterator[Event]:
        """The fault while inside; on leaving it is healed and the candidate whole again. Raises Unjudged if
        it is not in time.
        """
        provider, watch, evidence = self.subject.provider, self.rig.watch, self.subject.evidence

        def note(event: Event) -> None:
            evidence.event("fault", phase=2, **asdict(event))

        if not wait_whole(provider, watch, self.settings.whole_within):
            raise Unjudged(f"{fault.name} was not done: the candidate is not whole")
        with injected(fault, provider, watch, evidence.now, note, self.subject.undos) as event:
            yield event
        if not wait_whole(provider, watch, self.settings.whole_within):
            raise Unjudged(
                f"the candidate is not whole {self.settings.whole_within:.0f} s after {fault.name} was healed"
            )


def _where_possible(judge: Callable[[], Finding]) -> Finding:
    """The judgement; NOT RUN with the reason where the provider cannot do its fault."""
    try:
        return judge()
    except Unsupported as error:
        return finding_of(error)


def _named(name: str, found: Finding) -> Finding:
    measured = {f"{name}: {key}": value for key, value in found.measured.items()}
    return Finding(found.state, f"{name}: {found.reason}", measured, found.observations, found.witness)
