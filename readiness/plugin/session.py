"""The running candidate of a session: started once before the first test, always taken down after the last."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from functools import cached_property
from typing import TypeAlias

import pytest

from readiness import contacts, obtain, providers
from readiness.campaign.campaign import Campaign
from readiness.campaign.proving import Execution, checked, proved
from readiness.campaign.settings import Settings
from readiness.contract_command import check_programs
from readiness.criteria import BY_ID, Criterion
from readiness.errors import NotRun, Unjudged, UsageError
from readiness.finding import Finding
from readiness.gate.earlier import read_earlier
from readiness.gate.signature import accepted_keys
from readiness.load.rig import Rig
from readiness.load.runner import LoopThread
from readiness.load.service import ServiceWatch
from readiness.not_undone import NotUndone
from readiness.outcomes import finding_of
from readiness.plugin.description import revision
from readiness.plugin.leave import may_inject
from readiness.plugin.progress import Progress
from readiness.plugin.reached import addresses_of, keep_state_private, must_answer, watch_secrets
from readiness.plugin.run import Run
from readiness.plugin.scratch_buckets import ScratchBuckets
from readiness.plugin.watching import Endpoints
from readiness.plugin.work import WorkFolder
from readiness.providers.abilities import AdoptsProcesses, Confines, Heals, KeepsCommandLog
from readiness.providers.base import Provider
from readiness.providers.engine.journal import KeepsJournal
from readiness.scratch.active import stacks_point_elsewhere
from readiness.scratch.live_state import held_state
from readiness.subject import Subject
from readiness.tofu.peers import Peers
from readiness.topology import Topology, Unsupported
from readiness.undo.journal import DurableJournal
from readiness.undo.lock import CandidateLock, keys_of
from readiness.undo.stored import journals, refuse_open

SERVICE_SECONDS = 15.0
"""How long the instances may take to be in service before the first check."""


WITHOUT_FAULTS = frozenset({"steady"})
"""The scenarios of a check."""

CreateProvider: TypeAlias = Callable[..., Provider]
"""Makes the provider of a loaded candidate, as readiness.providers.create does."""
CREATE = pytest.StashKey[CreateProvider]()
"""What makes the provider instead of readiness.providers.create; a plugin sets it when it is configured."""
SETTINGS = pytest.StashKey[Settings]()
"""How the campaigns are played; a plugin sets it when it is configured."""


class Session:
    """Starts the provider, hands out what checks are given, and takes everything down."""

    def __init__(
        self,
        run: Run,
        progress: Progress,
        *,
        create: CreateProvider = providers.create,
        settings: Settings | None = None,
    ) -> None:
        self.run, self.progress = run, progress
        self.settings = settings or Settings()
        self._create = create
        self._stack = contextlib.ExitStack()
        self._provider: Provider | None = None
        self._topology: Topology | None = None
        self._stopped = False
        self.not_undone = NotUndone(self.announce)
        self._cleaning_ended = threading.Event()
        self._tests_begun = time.monotonic()
        self._tofu: obtain.Tofu | None = None
        self.tofu_peers = Peers()
        self._lock = CandidateLock(run.id)
        self._journal = DurableJournal(run.id, run.loaded)
        self.work = WorkFolder(self._journal)

    def start(self) -> None:
        """Programs, store, credentials. Raises UsageError for what an operator can put right; nothing was
        written then.
        """
        begun = time.monotonic()
        check_programs(self.run.loaded)
        phases = {BY_ID[id_].phase for id_ in self.run.selected}
        if phases & {2, 3} or self.run.options.tofu:
            self._tofu = obtain.tofu(self.run.options.tofu)
        self._keep_off_others()
        self._journal.begin()
        self.work.make(self.run.loaded.candidate.name)
        provider = self._provider = self._create(
            self.run.loaded, run_dir=self.work.path, progress=self.announce, journal=self._journal
        )
        if not provider.owns_candidate:
            topology = provider.start()
            keep_state_private(self.run, topology)
            watch_secrets(self.run, provider)
            must_answer(self.run.loaded, provider, topology)
            self._topology = topology
        required = self.run.options.require_signature
        keys = accepted_keys(required) if required else ()
        earlier = read_earlier(self.run.options.evidence, self.run.loaded, revision(), keys)
        self.run.take_over(earlier)
        self.run.split["programs"] = round(time.monotonic() - begun, 1)
        self.run.begin()
        contacts.begin()
        begun = time.monotonic()
        if provider.owns_candidate:
            try:
                self._topology = provider.start()
            except UsageError as error:
                self.run.failed_start = f"the candidate did not start: {self.run.redactor.clean(str(error))}"
        contacts.forget()
        if self._topology:
            if isinstance(provider, AdoptsProcesses):  # if we are killed, our folder goes too
                provider.after_death(["rm", "-rf", str(self.work.path)], {"PATH": os.defpath})
            watch_secrets(self.run, provider)
            if self.run.evidence:
                self.run.evidence.event("lock", of="this machine and user", keys=self._lock.keys)
                if isinstance(provider, KeepsJournal) and provider.lock:
                    self.run.evidence.event("lock", of=provider.lock, keys=[])
                self.run.evidence.event("endpoints", **addresses_of(self._topology))
            self.run.facts["versions"] = dict(provider.versions())
            if self._tofu:
                self.run.facts["tofu"] = self._tofu.version
        self.run.split["candidate ready"] = round(time.monotonic() - begun, 1)
        self._tests_begun = time.monotonic()

    def _keep_off_others(self) -> None:
        """Raises UsageError while another run goes on against the candidate, or has left something on it."""
        if self.run.loaded.candidate.provider.kind in providers.OWNED:  # each run starts one of its own
            if any(
                each.entries and not each.goes_on and each.is_about(self.run.loaded) for each in journals()
            ):
                self.announce(
                    "an earlier run was killed and left files: tofu-state-ha-readiness undo removes them"
                )
            return
        self._lock.take(keys_of(self.run.loaded))
        refuse_open(self.run.loaded, self.run.undo_command)

    def stop(self) -> None:
        """Heal, remove scratch objects, stop the store, remove private files. Safe to call twice."""
        if self._stopped:
            return
        self._stopped = True
        self.run.split["tests"] = round(time.monotonic() - self._tests_begun, 1)
        begun = time.monotonic()
        self.announce("undoing faults, removing scratch objects, stopping what was started")
        try:
            if self._provider is not None and not self._provider.owns_candidate:
                self._heal(self._provider)
            self._stack.close()
        finally:
            if self._provider is not None:
                self._provider.stop()
                self._keep_commands(self._provider)
            self.work.remove()
            self._journal.end()
            self._lock.release()
            self.run.split["taken down"] = round(time.monotonic() - begun, 1)
            self.progress.stop()

    def please_wait(self) -> None:
        """The first interrupt while this takes down."""
        self.announce(
            "undoing faults and removing scratch: please wait, a second interrupt would leave things behind"
        )

    def end_cleaning(self) -> None:
        """Scratch objects that are not removed yet are left. Faults are still undone."""
        self._cleaning_ended.set()
        self.announce("no more scratch objects are removed; faults are still undone")

    def _heal(self, provider: Provider) -> None:
        """Before anything is cleaned: a store that is at fault may never answer a delete."""
        if isinstance(provider, Heals):
            for left in provider.heal():
                self.announce(f"could not undo {left} yet; the supervisor tries once more")

    def _keep_commands(self, provider: Provider) -> None:
        """What the operator's commands printed (provider `commands`) is evidence."""
        if isinstance(provider, KeepsCommandLog) and self.run.evidence is not None:
            self.run.evidence.capture("commands.txt", provider.command_log())

    def on_stop(self, undo: Callable[[], object]) -> None:
        """Undo this when the session ends, before the store is stopped."""
        self._stack.callback(undo)

    @cached_property
    def subject(self) -> Subject:
        """What checks are given. Raises Unjudged if the candidate did not start."""
        if self.run.failed_start:
            raise Unjudged(self.run.failed_start)
        assert self._provider is not None
        assert self._topology is not None
        assert self.run.evidence is not None
        return Subject(
            self.run.loaded,
            self._provider,
            self._topology,
            self.run.evidence,
            self.run.options.seed,
            self.announce,
            self.not_undone,
        )

    @cached_property
    def rig(self) -> Rig:
        """What a load needs; started when a check first asks for it."""
        self._confine()
        watch = ServiceWatch(self.subject.provider, self.subject.topology)
        watch.start()
        self.on_stop(watch.stop)
        deadline = time.monotonic() + SERVICE_SECONDS
        while not watch.all_in_service() and time.monotonic() < deadline:
            time.sleep(0.05)
        loop = LoopThread()
        self.on_stop(loop.close)
        buckets = ScratchBuckets(self.run, self.subject, self._cleaning_ended.is_set, self.announce)
        self.on_stop(buckets.remove)
        if self.run.options.watch:
            endpoints = self.subject.topology.all_endpoints()
            self.progress.show(Endpoints(endpoints, watch.in_service, self.subject.evidence).table)
        return Rig(watch, loop, buckets.create())

    def _confine(self) -> None:
        """Where faults are allowed, the candidate reaches nothing but itself from now on: only then S.1, S.2 and S.5
        can be proved. Undone with the faults.
        """
        provider = self.subject.provider
        if self.run.check or not isinstance(provider, Confines):
            return
        try:
            self.need_faults()
            provider.confine()
        except (NotRun, Unsupported) as error:
            self.announce(f"the candidate is not confined to its own parts: {error}")

    @cached_property
    def campaign(self) -> Campaign:
        """The fault campaign: every scenario is done once. Raises NotRun where faults are not allowed. That of a check
        plays only what is no fault.
        """
        if self.run.check:
            return Campaign(self.subject, self.rig, Settings(only=WITHOUT_FAULTS))
        self.need_faults()
        return Campaign(self.subject, self.rig, self.settings)

    def proved(self, criterion: Criterion, execution: Execution[...] | None, *given: object) -> Finding:
        """What the criterion asks for is done and judged; in a check as far as that takes no fault."""
        if not self.run.check:
            return proved(criterion, self.subject, lambda: self.campaign, execution, *given)
        found, holds = checked(criterion, self.subject, lambda: self.campaign, execution, *given)
        if holds:
            self.run.held.add(criterion.id)
        return found

    def tofu(self) -> obtain.Tofu:
        """The tofu program. Raises Unjudged if it was not obtained."""
        if self._tofu is None:
            raise Unjudged("no tofu program was obtained for this run")
        return self._tofu

    @cached_property
    def active_stacks(self) -> Finding:
        """P1.8, asked once: before anything is done to the candidate."""
        stacks = self.run.options.stacks
        try:
            return proved(BY_ID["P1.8"], self.subject, lambda: self.campaign, stacks_point_elsewhere, stacks)
        except NotRun as error:
            return finding_of(error)

    def need_faults(self) -> None:
        """Raises NotRun where faults are not allowed: on a candidate that the suite did not start they need
        --allow-faults, no active stack that points at it, and a state bucket without state.
        """
        may_inject(self.run.options, self.subject, lambda: self.active_stacks, lambda: self._state_in_use)

    @cached_property
    def _state_in_use(self) -> str | None:
        return held_state(self.subject)

    def announce(self, line: str) -> None:
        """One line of progress on standard error."""
        self.progress.announce(self.run.redactor.clean(line))
