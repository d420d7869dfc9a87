"""The rehearsals of a run: each protected stack in its own turn, from a source of its own backend's kind."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import JsonValue

from readiness import providers
from readiness.candidate.load import load
from readiness.criteria import PROTECTED_STACKS
from readiness.errors import NotRun, UsageError
from readiness.evidence.observation import PROVIDER, Outcome
from readiness.evidence.stacks import CandidateNames
from readiness.judges.opentofu.commands import PREPARE
from readiness.judges.stacks.points import what_it_is
from readiness.judges.stacks.steps import Step
from readiness.recording import Recording
from readiness.s3.boto3_library import boto3_client
from readiness.s3.wire import Target
from readiness.stacks.api_server import ApiServer, KubernetesSource
from readiness.stacks.config import StackConfig
from readiness.stacks.draft import draft
from readiness.stacks.http_backend import HttpBackend
from readiness.stacks.known_as import names
from readiness.stacks.observed import backend_read
from readiness.stacks.plan import MigrationPlan
from readiness.stacks.postgres import PgSource, Postgres
from readiness.stacks.stack import EXAMPLES, PROTECTED, Examined, examine
from readiness.stacks.stack_rehearsal import NoStandInError, StackRehearsal
from readiness.stacks.standins import HttpSource, LocalSource, S3Source, Source
from readiness.stacks.turn import MigrationInProgressError, one_at_a_time, turn
from readiness.subject import Subject
from readiness.tofu.env import Disposable
from readiness.tofu.workspace import StatePlace

PREFIX = "p3"


class Rehearsals:
    """Rehearses a stack when a criterion first asks for it.

    Sources are real: an HTTP backend with locks, a singleton S3 store, a file, PostgreSQL, a Kubernetes API server.
    """

    def __init__(
        self, subject: Subject, env: Disposable, stacks: Path | None, plans: Path | None, work: Path
    ) -> None:
        self._subject, self._env, self._work = subject, env, work
        self._stacks, self._plans = stacks, plans
        self._seen: dict[str, list[Recording]] = {}
        self._sources: dict[str, Source] = {}
        self._stack = contextlib.ExitStack()

    def close(self) -> None:
        """Stops the sources. Safe to call twice."""
        self._stack.close()

    def one_at_a_time(self, _subject: Subject, see: Recording) -> None:
        """P3.0. Raises NotRun if the operator's stacks are not named."""
        self._must_be_given()
        objects = [self._env.objects(endpoint) for endpoint in self._env.endpoints]
        one_at_a_time(see, objects, f"{PREFIX}/turns", PROTECTED_STACKS)

    def step(self, _subject: Subject, see: Recording, stack: str, number: int) -> None:
        """P3.STACK.NUMBER. Raises NotRun if the operator's stacks are not named."""
        self._must_be_given()
        if stack not in self._seen:
            self._seen[stack] = [Recording(self._subject, f"P3.{stack}.{step}") for step in range(1, 6)]
            self._rehearse(stack, self._seen[stack])
        see.take_over(self._seen[stack][number - 1])

    def _must_be_given(self) -> None:
        """The examples stand in for the operator's stacks only on a candidate of the suite's own."""
        if self._stacks is None and not self._subject.provider.owns_candidate:
            raise NotRun("give --stacks DIR, the checkout that holds the protected stacks")

    def _rehearse(self, name: str, sees: Sequence[Recording]) -> None:
        """What ends a rehearsal as a whole is kept for each of its steps."""

        def keep(
            step: str, about: str, outcome: Outcome, error: str | None, result: JsonValue = None
        ) -> None:
            for see in sees:
                see.keep(step, about, PROVIDER, self._subject.now(), outcome, error=error, result=result)

        entry = self._env.entry
        try:
            examined = examine(name, self._stacks or EXAMPLES, self._plans or PROTECTED, caller=os.environ)
            self._keep_draft(examined)
            rehearsed = StackRehearsal(examined, self._source, self._env, sees)
            config = rehearsed.admitted(self._names(examined))
            if config is None:
                return
            with turn(self._env.objects(entry), f"{PREFIX}/turn", name):
                keep(Step.TURN, entry.name, "ok", None, {"taken": True, "holder": name})
                self._subject.announce(f"rehearsal: {name}")
                rehearsed.run(config)
        except UsageError as error:
            keep(Step.STACK, name, "error", str(error))
        except MigrationInProgressError as refusal:
            keep(Step.TURN, entry.name, "ok", None, {"taken": False, "holder": refusal.holder})
        except Exception as error:  # noqa: BLE001 - a rehearsal that throws has judged nothing
            keep(PREPARE, name, "unanswered", f"{type(error).__name__}: {error}")

    def _names(self, examined: Examined) -> CandidateNames:
        urls = [endpoint.url for endpoint in self._env.endpoints]
        read = [backend_read(examined.config)] if isinstance(examined.config, StackConfig) else []
        return names(self._subject.candidate, urls, (self._env.place.bucket,), read)

    def _keep_draft(self, examined: Examined) -> None:
        """A stack without a plan for its configuration gets a first draft, in the evidence, never in the checkout."""
        config, plan = examined.config, examined.plan
        if not isinstance(config, StackConfig):
            return
        if not isinstance(plan, MigrationPlan) or plan.configuration_digest != config.digest:
            several = examined.stack is not None and examined.stack.several
            text = draft(config, several=several)
            path = self._subject.evidence.capture(f"draft-{config.name}-migration-plan.md", text)
            self._subject.announce(
                f"{config.name} has no migration plan for this configuration; a first draft lies at {path}"
            )

    def _source(self, kind: str) -> Source:
        makers: dict[str, Callable[[], Source]] = {
            "http": self._http,
            "s3": self._s3,
            "local": lambda: LocalSource(self._work / "local-source"),
            "pg": self._pg,
            "kubernetes": self._kubernetes,
        }
        if kind not in makers:
            raise NoStandInError(
                f"its state is in {what_it_is(kind)} (backend {kind}), for which the suite has no "
                f"stand-in: it rehearses from {', '.join(sorted(makers))}; do the steps of the draft by hand, on a copy"
            )
        if kind not in self._sources:
            self._sources[kind] = makers[kind]()
        return self._sources[kind]

    def _pg(self) -> Source:
        server = Postgres()
        self._stack.callback(server.close)
        self._subject.evidence.redactor.add(server.password)
        return PgSource(server)

    def _kubernetes(self) -> Source:
        server = ApiServer()
        self._stack.callback(server.close)
        self._subject.evidence.redactor.add(server.token)
        return KubernetesSource(server)

    def _http(self) -> Source:
        return HttpSource(self._stack.enter_context(HttpBackend()))

    def _s3(self) -> Source:
        loaded = load("singleton")
        provider = providers.create(loaded, run_dir=self._work, progress=self._subject.announce)
        self._stack.callback(provider.stop)
        topology = provider.start()
        keys, endpoint = provider.keys("admin"), topology.endpoints[0]
        self._subject.evidence.redactor.add(keys.secret_key, keys.access_key)
        client = boto3_client(Target(endpoint.url, keys, loaded.candidate.s3.region), 30)
        client.create_bucket(Bucket="live-state")
        client.put_bucket_versioning(Bucket="live-state", VersioningConfiguration={"Status": "Enabled"})
        return S3Source(endpoint, keys, StatePlace("live-state", "unused", loaded.candidate.s3.region))
