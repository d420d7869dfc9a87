"""Real `tofu` through the same faults: plans that must stay no-op, applies that contend, applies that are hit
in the middle.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from pydantic import JsonValue

from readiness import faults
from readiness.campaign.settings import Settings
from readiness.errors import Unjudged
from readiness.evidence.observation import PROVIDER, Observation, Outcome
from readiness.evidence.scenario import NOT_SELECTED, Event
from readiness.faults import Fault, injected, wait_whole
from readiness.judges.opentofu.commands import FAULT
from readiness.load.rig import Rig
from readiness.recording import Recording, Stopped
from readiness.subject import Subject
from readiness.tofu.concurrent import concurrent_applies
from readiness.tofu.env import Disposable
from readiness.tofu.midway import apply_through_fault
from readiness.tofu.power import apply_then_power_cut
from readiness.tofu.probe import NoOpProbe, moved_probe
from readiness.tofu.watched import Watched
from readiness.topology import Direction, Endpoint, FaultKind, Unsupported

HOLD = 2.0
"""Seconds in which an apply stays in its middle once the longest proof of a fault so far would be over."""


LARGE = 4
"""MiB of the state of the apply that is hit by a crash: more than stores keep in their metadata."""


@dataclass(frozen=True)
class _Done:
    """What happened, while a fault holds."""

    event: Event

    @property
    def fired(self) -> float:
        """From when a promise counts: the suite begins to try only once the fault was seen to have fired."""
        return self.event.injecting if self.event.fired is None else self.event.fired


class TofuCampaign:
    """Phase 2's faults. One set of probe states, prepared once, is planned through every fault."""

    def __init__(self, subject: Subject, rig: Rig, env: Disposable, settings: Settings) -> None:
        self.subject, self.rig, self.env, self.settings = subject, rig, env, settings
        self._rto = subject.promises.rto
        self._probe = NoOpProbe(env, "no-op")
        self._prepared: list[Observation] = []
        self._longest_proof = 0.0

    def plans_through(
        self, _subject: Subject, see: Recording, wanted: Sequence[Fault], moving: Fault | None = None
    ) -> None:
        """No-op plans through the service endpoint and every survivor during each fault, and after it. During
        `moving`, the checkout that pointed at the lost endpoint moves to a survivor.
        """
        watched = Watched(self.env, see)
        self._prepare(watched)
        for fault in wanted:
            self._part(watched, fault.name, fault.name, "tofu plan", partial(self._plans, fault))
        if moving is not None:
            self._reconfigured(watched, moving)

    def _prepare(self, watched: Watched) -> None:
        """The probe's states, once a run; what was seen of it belongs to every criterion that plans them."""
        see = watched.see
        if self._prepared:
            for one in self._prepared:
                see.again(one)
            return
        before = len(see.observations)
        try:
            self._probe.prepare(watched)
        finally:
            self._prepared = see.observations[before:]

    def _part(
        self,
        watched: Watched,
        case: str,
        fault: str,
        what: str,
        play: Callable[[Watched], None],
        needs: Fault | None = None,
    ) -> None:
        """One case. What keeps it from being judged is recorded, and ends it; the next ones go on. It is not begun if
        the provider can never do the fault that it `needs`.
        """
        part = watched.about(case)
        if not self.settings.wanted(fault):
            self._keep(part, None, "error", NOT_SELECTED, {})
            return
        try:
            if needs is not None:
                needs.require(self.subject.provider)
        except Unsupported as error:
            self._keep(part, None, "error", str(error), {})
            return
        self.subject.announce(f"{what}: {fault}")
        with contextlib.suppress(Stopped):
            play(part)

    def _plans(self, fault: Fault, watched: Watched) -> None:
        restart = fault.kind is FaultKind.RESTART
        survivors = [e for e in self.env.endpoints if restart or e.node not in fault.nodes]
        through: list[JsonValue] = [endpoint.name for endpoint in survivors]
        with self.fault(watched, fault, through=through) as done:
            self._probe.within(watched, survivors, done.fired, self._rto[fault.kind])
        self._probe.after(watched)

    def _reconfigured(self, watched: Watched, fault: Fault) -> None:
        """While a node is lost, the checkout that pointed at its endpoint moves to a survivor by `init
        -reconfigure` and plans no-op.
        """
        lost = next(e for e in self.subject.topology.endpoints if e.node in fault.nodes)
        survivors = [e for e in self.subject.topology.endpoints if e.node not in fault.nodes]
        to = survivors[0] if survivors else None
        through: list[JsonValue] = [moved_probe(lost, to)] if to else []

        def move(part: Watched) -> None:
            with self.fault(part, fault, through=through, moved=True, budgets=2) as done:
                if to is not None:
                    self._probe.moved(part, lost, to, done.fired, 2 * self._rto[fault.kind])

        case = f"{fault.name}, moved to {to.name if to else 'no survivor'}"
        self._part(watched, case, fault.name, "tofu init -reconfigure", move)

    def contention(self, _subject: Subject, see: Recording) -> None:
        """P2.8: concurrent applies without a fault, through a crash and through a silence."""
        watched, topology, what = Watched(self.env, see), self.subject.topology, "concurrent applies"
        crash, silence = (
            faults.crash(topology, topology.nodes[-1]),
            faults.silence(topology, topology.nodes[0]),
        )

        def contend(fault: Fault, part: Watched) -> None:
            name, held = fault.name.replace(":", "-"), self._rto[fault.kind]
            concurrent_applies(part, name, fault=self.fault(part, fault), fault_seconds=held)

        calm = partial(concurrent_applies, name="contention")
        self._part(watched, "no fault", "contention", what, calm)
        for fault in (crash, silence):
            self._part(watched, fault.name, fault.name, what, partial(contend, fault))

    def split_contention(self, _subject: Subject, see: Recording) -> None:
        """P2.14: an apply on each side of a split: one through the node that only its clients reach, one through
        another.
        """
        watched, topology = Watched(self.env, see), self.subject.topology
        for node, way in ((topology.nodes[0], Direction.BOTH), (topology.nodes[-1], Direction.OUTGOING)):
            fault = faults.split(node, way)
            cut = next(e for e in topology.endpoints if e.node == node)
            other = next((e for e in topology.endpoints if e.node != node), cut)
            race = partial(self._race_across, fault, cut, other)
            self._part(watched, fault.name, fault.name, "applies on both sides", race, needs=fault)

    def _race_across(self, fault: Fault, cut: Endpoint, other: Endpoint, watched: Watched) -> None:
        sides: list[JsonValue] = [cut.name]
        concurrent_applies(
            watched,
            fault.name.replace(":", "-"),
            fault=self.fault(watched, fault, cut=sides),
            through=(cut, other),
            fault_seconds=self._rto[fault.kind] + 1,
        )

    def hit_midway(self, _subject: Subject, see: Recording) -> None:
        """P2.9: an apply through the endpoint of a node that crashes, and one through the entry while a node
        falls silent.
        """
        watched, topology = Watched(self.env, see), self.subject.topology
        crashed, silent = topology.nodes[-1], topology.nodes[0]
        own = next(e for e in topology.endpoints if e.node == crashed)

        def hit(fault: Fault, endpoint: Endpoint, megabytes: int, part: Watched) -> None:
            name, held = fault.name.replace(":", "-"), self._rto[fault.kind] + 1
            apply_through_fault(
                part,
                name,
                endpoint,
                self.fault(part, fault),
                hold_seconds=HOLD + self._longest_proof,
                fault_seconds=held,
                settle_seconds=self.subject.promises.recovery_seconds,
                megabytes=megabytes,
            )

        for fault, endpoint, megabytes in (
            (faults.crash(topology, crashed), own, LARGE),
            (faults.silence(topology, silent), self.env.entry, 0),
        ):
            case = f"{fault.name} through {endpoint.name}"
            self._part(
                watched, case, fault.name, "apply hit in the middle", partial(hit, fault, endpoint, megabytes)
            )

    def power_cuts(self, _subject: Subject, see: Recording) -> None:
        """P2.13: the power of all nodes is cut a moment after the first apply of a state, and after a later one."""
        watched, topology = Watched(self.env, see), self.subject.topology
        cut = faults.power_cut(topology, *topology.nodes)

        def apply_then_cut(part: Watched, name: str, *, earlier: bool) -> None:
            if not wait_whole(self.subject.provider, self.rig.watch, self._within):
                self._keep(
                    part, None, "unanswered", f"{cut.name} was not done: the candidate is not whole", {}
                )
                return
            apply_then_power_cut(part, name, self.fault(part, cut, at_once=True), earlier=earlier)

        for name, earlier in (("first apply", False), ("later apply", True)):
            play = partial(apply_then_cut, name=name.split()[0], earlier=earlier)
            self._part(watched, name, cut.name, "apply, then a power cut", play, needs=cut)

    @contextlib.contextmanager
    def fault(
        self, watched: Watched, fault: Fault, *, at_once: bool = False, **asked: JsonValue
    ) -> Iterator[_Done]:
        """The fault while inside, `at_once` or once the candidate is whole. On leaving it is healed, the candidate
        whole again, and the fault kept. Raises Stopped where it was not done, did not fire, or the candidate was not
        whole in time.
        """
        event = Event(fault.name, fault.kind, fault.nodes, fault.instances, self.subject.now())
        outcome: Outcome = "ok"
        why: str | None = None
        try:
            with self._done(fault, at_once=at_once) as event:
                done = _Done(event)
                self._longest_proof = max(self._longest_proof, done.fired - event.injecting)
                yield done
        except Unsupported as error:
            outcome, why = "error", str(error)
        except Unjudged as error:
            outcome, why = "unanswered", str(error)
        finally:
            self._keep(watched, event, outcome, why, asked)
        if why is not None:
            raise Stopped(why)

    @property
    def _within(self) -> float:
        """Seconds in which the candidate must be whole again."""
        return self.settings.whole_within or self.subject.promises.recovery_seconds

    @contextlib.contextmanager
    def _done(self, fault: Fault, *, at_once: bool) -> Iterator[Event]:
        provider, watch, evidence = self.subject.provider, self.rig.watch, self.subject.evidence
        whole, note = self._within, partial(evidence.fault, phase=2)
        if reason := self.subject.not_undone.reason:
            raise Unjudged(reason)
        if not at_once and not wait_whole(provider, watch, whole):
            raise Unjudged(f"{fault.name} was not done: the candidate is not whole")
        with injected(fault, provider, watch, evidence.now, note, self.subject.not_undone) as event:
            yield event
        if not wait_whole(provider, watch, whole):
            raise Unjudged(f"the candidate is not whole {whole:.0f} s after {fault.name} was healed")
        if fault.kind is FaultKind.POWER_CUT:
            event.proofs += faults.power_was_cut(provider, fault.nodes)

    def _keep(
        self,
        watched: Watched,
        event: Event | None,
        outcome: Outcome,
        why: str | None,
        asked: dict[str, JsonValue],
    ) -> None:
        result: JsonValue = None
        if event is not None:
            nodes: list[JsonValue] = [*event.nodes]
            asked = {**asked, "fault": event.fault, "nodes": nodes}
            result = {
                "kind": str(event.kind),
                "injecting": event.injecting,
                "fired": event.fired,
                "healing": event.healing,
                "healed": event.healed,
            }
        began = self.subject.now() if event is None else event.injecting
        about = {"case": watched.case, **asked}
        watched.see.keep(FAULT, "", PROVIDER, began, outcome, error=why, result=result, asked=about)
