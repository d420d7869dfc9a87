"""The stage on which one scenario plays: load around it, faults in it, snapshots of it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from readiness.campaign.matrix import Snapshots
from readiness.errors import Unjudged
from readiness.evidence.scenario import NOT_WHOLE, SETTLE, Captured, Event, ScenarioRecord
from readiness.faults import Fault, injected, wait_whole
from readiness.judges.older import PREFIX
from readiness.load import runner
from readiness.load.bodies import identify
from readiness.load.churn import churn
from readiness.load.context import Context
from readiness.load.large import forget
from readiness.load.rig import Rig
from readiness.s3.clients import libraries
from readiness.s3.library import Answered, Unanswered
from readiness.s3.wire import Target, Wire, close
from readiness.subject import Subject

BEFORE, BURST = 1.2, 4.0
"""Seconds of load before the first fault, and of fast reading after one."""
PICTURES, PAUSE = 3, 0.3
"""How often the picture after a failure capture is tried once the candidate is whole, and seconds between."""


def read_everything(record: ScenarioRecord, when: str, reads: Callable[[], None]) -> None:
    """Everything is read back. A store too slow for it proves nothing any more, and what was seen of it until then
    still refutes.
    """
    try:
        reads()
    except TimeoutError as error:
        record.doubt(f"not everything could be read back {when}: {error}")


class Stage:
    """One scenario while it runs. Leaving the stage stops the load, reads everything back, and keeps the
    record.
    """

    def __init__(
        self,
        subject: Subject,
        rig: Rig,
        record: ScenarioRecord,
        *,
        targets: dict[str, Target] | None = None,
        whole_within: float,
    ) -> None:
        self.subject, self.rig, self.record = subject, rig, record
        self._whole_within = whole_within
        self._evidence = subject.evidence
        recorder = self._evidence.recorder(record.name)
        wanted = targets or {e.name: subject.target(e) for e in subject.topology.all_endpoints()}
        self.context = Context(
            scope=record.name,
            topology=subject.topology,
            wires={name: Wire(target) for name, target in wanted.items()},
            watch=rig.watch,
            recorder=recorder,
            buckets=rig.buckets,
            rng=subject.random(record.name),
            response_seconds=subject.response_seconds,
        )
        self._healthy: tuple[str, ...] = ()
        self._contended: runner.Contended | None = None
        self._matrix = Snapshots(
            recorder, lambda endpoint: libraries(subject.target(endpoint), subject.response_seconds)
        )

    @contextlib.contextmanager
    def load(self) -> Iterator[None]:
        """Full load while inside; afterwards every key is read back."""
        call = self.rig.loop.call
        self.record.begun = self.now()
        try:
            self._contended = call(runner.begin(self.context))
            if not self.context.canon:
                raise Unjudged("no object could be written before the fault: nothing was measured")
            loaded = self.now()
            self.snapshot("before")
            self._healthy = self._picture()
            self.wait_until(loaded + BEFORE)
            yield
        finally:
            try:
                call(runner.end(self.context))
                if self.rig.watch.all_in_service() or self.record.whole:
                    read_everything(
                        self.record, "at the end", partial(call, runner.final_reads(self.context))
                    )
                    call(forget(self.context))
                self.record.ended = self.now()
            finally:
                close(self.context.wires.values())

    @contextlib.contextmanager
    def fault(self, fault: Fault) -> Iterator[Event]:
        """The fault while inside; sweepers read fast from just before the heal."""
        with injected(
            fault,
            self.subject.provider,
            self.rig.watch,
            self.now,
            self._evidence.fault,
            self.subject.not_undone,
        ) as event:
            self.record.events.append(event)
            self.context.faults_held += 1
            try:
                yield event
            finally:
                self.context.faults_held -= 1
            self.burst()

    def burst(self, seconds: float = BURST) -> None:
        """Sweepers read fast for a while."""
        self.rig.loop.call(runner.burst(self.context, seconds))

    def fall_quiet(self, seconds: float, *, again: bool) -> None:
        """The load ends, one last write is acknowledged (see runner.last_write), and nothing is asked for so many
        seconds.
        """
        call = self.rig.loop.call
        call(runner.end(self.context))
        call(runner.last_write(self.context, again=again))
        time.sleep(seconds)

    def keep_recent(self) -> None:
        """What was acknowledged last goes on being read."""
        self.rig.loop.call(runner.keep_recent(self.context))

    def only_read(self) -> None:
        """Probes and sweepers read again, and nothing is written."""
        self.rig.loop.call(runner.only_read(self.context))

    def churn(self) -> None:
        """Objects are written, overwritten and deleted beside the load; returns when that is done."""
        self.rig.loop.call(churn(self.context))

    def write_bulk(self) -> None:
        """Large bodies are written too, from now on."""
        self.rig.loop.call(runner.write_bulk(self.context))

    def insist(self, node: str) -> None:
        """From now on clients go to that node's endpoints, whether or not they are in service, and want what those at
        the others want.
        """
        assert self._contended is not None, "see load"
        for endpoint in self.subject.topology.endpoints:
            if endpoint.node == node:
                self.rig.loop.call(runner.insist(self.context, self._contended, endpoint))

    def read_back(self) -> None:
        """Reads back everything that was written so far, through every node in service."""
        reads = partial(self.rig.loop.call, runner.read_back(self.context))
        read_everything(self.record, "under load", reads)

    def wait_until(self, moment: float) -> None:
        """Sleep until that time of the run."""
        time.sleep(max(0.0, moment - self.now()))

    def snapshot(self, label: str, but: frozenset[str] = frozenset()) -> None:
        """LIST, HEAD, GET and versions of the canon, with both libraries, and (but "before") the versions of the
        objects that have previous ones, with one of them: through every endpoint in service but these.
        """
        context = self.context
        targets = [endpoint for endpoint in context.targets() if endpoint.name not in but]
        listed = context.older and label != "before"
        older = [(context.buckets.versioned, f"{PREFIX}/{context.scope}/")] if listed else []
        self._matrix.take(f"{label}:{self.record.name}", targets, context.canon[:6], older)

    def capture(self) -> None:
        """Failure capture while a fault holds, with a picture of the objects before and after it (P1.7)."""
        provider = self.subject.provider
        before = self._picture() or self._healthy
        calls = len(provider.recorded_calls())
        texts = provider.capture()
        done = tuple(provider.recorded_calls()[calls:])
        for name, text in texts.items():
            self._evidence.capture(f"{self.record.name}-{name}.txt", text)
        clean = self._evidence.redactor.clean
        found = sum(clean(text) != text for text in texts.values())
        self.record.captured = Captured(done, len(texts), found, before, self._picture())
        self._evidence.event("failure capture", scenario=self.record.name, texts=len(texts), calls=done)

    def _finish_capture(self) -> None:
        """Where no endpoint was left during the fault, the picture after it is taken once one serves again."""
        for turn in range(PICTURES):
            captured = self.record.captured
            if captured is None or captured.after:
                return
            if turn:
                time.sleep(PAUSE)
            self.record.captured = replace(captured, after=self._picture())

    def _picture(self) -> tuple[str, ...]:
        """Every version of the canon, and what each object says (a denial too), through an endpoint in service;
        nothing if there is none that answers.
        """
        targets = [e for e in self.context.targets() if not e.is_service]
        if not targets:
            return ()
        endpoint = targets[-1]
        library = libraries(self.subject.target(endpoint), self.subject.response_seconds)[0]
        seen = []
        for known in self.context.canon[:6]:
            try:
                seen += [f"{v.key}@{v.version}" for v in library.versions(known.bucket, known.key)]
                seen.append(f"{known.key}={identify(library.get(known.bucket, known.key))}")
            except Answered as error:
                seen.append(f"{known.key}=HTTP {error.status}")
            except Unanswered:
                return ()
        return tuple(sorted(seen))

    def recover(self, settle: float = SETTLE, budget: float | None = None) -> None:
        """Wait until whole (`budget` seconds, by default what the contract promises), take the last snapshot, and keep
        reading until at least `settle` seconds are over since then. Not whole in time is kept in the record.
        """
        budget = budget or self._whole_within
        whole = wait_whole(self.subject.provider, self.rig.watch, budget)
        self.record.whole = whole
        if not whole:
            self.record.notes[NOT_WHOLE] = f"not whole again within {budget:g} s after the fault was healed"
        if whole:
            returned = self.now()
            for event in self.record.events:
                event.whole = event.whole or returned
            self.snapshot("after")
            self._finish_capture()
            self.wait_until(returned + settle)

    def now(self) -> float:
        """Seconds since the run began."""
        return self._evidence.now()
