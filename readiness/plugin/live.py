"""The live candidate of a run: provider, service watch, scratch buckets, campaign, tofu; started once, always
taken down.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from readiness import contacts, obtain, providers
from readiness.criteria import BY_ID
from readiness.errors import NotRun, Unjudged, UsageError
from readiness.gate.gate import read_earlier
from readiness.load.context import Buckets
from readiness.load.runner import LoopThread
from readiness.load.service import ServiceWatch
from readiness.plugin.progress import Progress
from readiness.plugin.run import Run
from readiness.providers.abilities import AdoptsProcesses, KeepsCommandLog
from readiness.providers.base import Provider
from readiness.s3.boto3_library import boto3_client
from readiness.s3.library import Answered, Unanswered, translate
from readiness.s3.scratch import Scratch
from readiness.s3.wire import Target
from readiness.topology import Endpoint, Topology, Unsupported

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from readiness.campaign.campaign import Campaign


class Live:
    """Everything of a run that is alive."""

    def __init__(self, run: Run, progress: Progress) -> None:
        self.run, self.progress = run, progress
        self._stack = contextlib.ExitStack()
        self._provider: Provider | None = None
        self._topology: Topology | None = None
        self._stopped = False
        self.tofu: obtain.Tofu | None = None
        self.work = Path(tempfile.mkdtemp(prefix="tofu-ha-"))

    # -- taking up and down

    def start(self) -> None:
        """Programs, store, credentials. Raises UsageError for what an operator can put right; nothing was
        written then.
        """
        begun = time.monotonic()
        phases = {BY_ID[id_].phase for id_ in self.run.selected}
        if phases & {2, 3} or self.run.options.tofu:
            self.tofu = obtain.tofu(self.run.options.tofu)
        self._provider = providers.create(self.run.loaded, run_dir=self.work, progress=self.say)
        if not self._provider.owns_candidate:
            self._reach()
        read_earlier(self.run)
        self.run.split["programs"] = round(time.monotonic() - begun, 1)
        self.run.begin()
        contacts.begin()
        begun = time.monotonic()
        if self._provider.owns_candidate:
            try:
                self._topology = self._provider.start()
            except UsageError as error:
                self.run.failed_start = f"the candidate did not start: {self.run.redactor.clean(str(error))}"
        contacts.forget()
        if self._topology:
            if isinstance(self._provider, AdoptsProcesses):  # if we are killed, our folder goes too
                self._provider.after_death(["rm", "-rf", str(self.work)], {"PATH": os.defpath})
            self._watch_secrets()
            self.run.facts["versions"] = dict(self._provider.versions())
            if self.tofu:
                self.run.facts["tofu"] = self.tofu.version
        self.run.split["candidate ready"] = round(time.monotonic() - begun, 1)
        self._tests_begun = time.monotonic()

    def _reach(self) -> None:
        assert self._provider is not None
        self._topology = self._provider.start()
        self._watch_secrets()
        for endpoint in self._topology.all_endpoints():
            try:
                translate(self.client(endpoint).list_buckets)
            except Unanswered as error:
                raise UsageError(
                    f"endpoint {endpoint.name} at {endpoint.url} cannot be reached: {error}"
                ) from None
            except Answered as error:
                if error.status in (401, 403):
                    raise UsageError(
                        f"endpoint {endpoint.name} at {endpoint.url} refuses the credential of "
                        f"contract.credentials.admin: {error}"
                    ) from None

    def _watch_secrets(self) -> None:
        for role in ("admin", "read_only"):
            with contextlib.suppress(Unsupported):
                keys = self.provider.keys(role)
                self.run.redactor.add(keys.secret_key, keys.access_key)

    def stop(self) -> None:
        """Heal, remove scratch objects, stop the store, remove private files. Safe to call twice."""
        if self._stopped:
            return
        self._stopped = True
        self.run.split["tests"] = round(time.monotonic() - getattr(self, "_tests_begun", time.monotonic()), 1)
        begun = time.monotonic()
        self.say("healing, removing scratch objects, stopping what was started")
        try:
            self._stack.close()
        finally:
            if self._provider is not None:
                self._provider.stop()
                self._keep_commands(self._provider)
            shutil.rmtree(self.work, ignore_errors=True)
            self.run.split["taken down"] = round(time.monotonic() - begun, 1)
            self.progress.stop()

    def _keep_commands(self, provider: Provider) -> None:
        """What the operator's commands said (provider `commands`) is evidence."""
        if isinstance(provider, KeepsCommandLog) and self.run.evidence is not None:
            self.run.evidence.capture("commands.txt", provider.command_log())

    def on_stop(self, undo: Callable[[], object]) -> None:
        """Undo this when the run ends, before the store is stopped."""
        self._stack.callback(undo)

    # -- what the fixtures hand out

    @property
    def provider(self) -> Provider:
        """The provider. Raises Unjudged if the candidate did not start."""
        if self.run.failed_start:
            raise Unjudged(self.run.failed_start)
        assert self._provider is not None
        return self._provider

    @property
    def topology(self) -> Topology:
        """The candidate's topology. Raises Unjudged if the candidate did not start."""
        if self.run.failed_start:
            raise Unjudged(self.run.failed_start)
        assert self._topology is not None
        return self._topology

    def target(self, endpoint: Endpoint, role: str = "admin") -> Target:
        """How that endpoint is spoken to with that credential. Raises Unsupported if there is none."""
        s3 = self.run.loaded.candidate.s3
        return Target(
            endpoint.url,
            self.provider.keys(role),
            s3.region,
            s3.addressing == "virtual",
            self.run.loaded.ca_bundle,
        )

    def client(self, endpoint: Endpoint, seconds: float | None = None) -> S3Client:
        """A boto3 client of that endpoint."""
        return boto3_client(self.target(endpoint), seconds or self.response_seconds)

    @property
    def response_seconds(self) -> float:
        """The contract's response time."""
        return self.run.loaded.candidate.contract.failure.response_seconds

    @property
    def front(self) -> Endpoint:
        """The endpoint for set-up work: the service endpoint if there is one."""
        return self.topology.service or self.topology.endpoints[0]

    @cached_property
    def watch(self) -> ServiceWatch:
        """The service watch, running."""
        watch = ServiceWatch(self.provider, self.topology)
        watch.start()
        self._stack.callback(watch.stop)
        deadline = time.monotonic() + 15
        while not watch.all_in_service() and time.monotonic() < deadline:
            time.sleep(0.05)
        return watch

    @cached_property
    def loop(self) -> LoopThread:
        """The thread that load runs in."""
        loop = LoopThread()
        self._stack.callback(loop.close)
        return loop

    @cached_property
    def scratch(self) -> Scratch:
        """The run's scratch buckets; removed when the run ends, however it ends. Raises Unjudged if the candidate did
        not start.
        """
        provider = self.provider
        assert self.run.evidence is not None
        short = self.run.id.rsplit("-", 1)[-1]
        scratch = Scratch(
            short, lambda: self.client(self.front, 30), self.run.evidence.folder / "scratch.jsonl"
        )
        self._stack.callback(self._remove_scratch, scratch, provider)
        return scratch

    @cached_property
    def buckets(self) -> Buckets:
        """A plain and a versioned scratch bucket."""
        scratch = self.scratch
        made = Buckets(scratch.create("plain", versioned=False), scratch.create("versioned", versioned=True))
        if not scratch.warm_up(made.both(), [self.client(e) for e in self.topology.all_endpoints()]):
            self.say("a new scratch bucket does not take a write through every endpoint yet")
        return made

    @cached_property
    def campaign(self) -> Campaign:
        """The fault campaign."""
        from readiness.campaign.campaign import Campaign

        self.need_faults()
        return Campaign(self)

    def need_faults(self) -> None:
        """Raises NotRun where faults are not allowed."""
        if not (self.provider.owns_candidate or self.run.options.allow_faults):
            raise NotRun("faults on a candidate that the suite did not start need --allow-faults")

    def _remove_scratch(self, scratch: Scratch, provider: Provider) -> None:
        assert self.run.evidence is not None
        if provider.owns_candidate:  # its disks go anyway, and the deletes take minutes on some stores
            self.run.evidence.event("scratch goes with the store", buckets=scratch.buckets)
            return
        left = scratch.remove()
        self.run.evidence.event("scratch removed", left=left)
        if left:
            self.say("could not remove " + "; ".join(left))

    # -- telling

    def say(self, line: str) -> None:
        """One line of progress on standard error."""
        self.progress.say(self.run.redactor.clean(line))
