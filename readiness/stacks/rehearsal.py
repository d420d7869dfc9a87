"""P3.x.1 to P3.x.5: a stack's migration, rehearsed on a disposable copy of its state, and taken back again."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from readiness.evidence.stacks import CandidateNames
from readiness.finding import Finding, State, merge, proved, refuted, unknown
from readiness.judges.stacks.points import Points, points_at
from readiness.stacks import compare
from readiness.stacks.checkout import Checkout
from readiness.stacks.config import StackConfig
from readiness.stacks.encryption import is_encrypted
from readiness.stacks.harmless import reaches_out
from readiness.stacks.known_as import looked_up
from readiness.stacks.observed import backend_read
from readiness.stacks.plan import BadPlanError, MigrationPlan, check_plan
from readiness.stacks.stack import Examined
from readiness.stacks.standins import Source
from readiness.stacks.wall import Wall
from readiness.tofu.env import Disposable, ObservationCount, UnpreparedError, ready
from readiness.tofu.locks import refused
from readiness.tofu.objects import StoreError
from readiness.tofu.state import NotAStateError, Snapshot, parse

STEP_PULL, STEP_REVIEW, STEP_MIGRATE, STEP_PLAN, STEP_ROLLBACK = range(1, 6)


class _RefusedError(Exception):
    """A step did not do what it must, or must not be done; the message says why. No later step is tried."""


@dataclass
class Rehearsal:
    """One stack's rehearsal, for one turn (`turn.turn`). `run` returns the findings of P3.<stack>.1 to .5.

    `source` stands for the stack's present backend and is of the same kind; `env` is the candidate. Live state is
    only ever read, by the `read` command of stack.toml; everything is written to disposable keys. All copies lie
    in the run's private folder with mode 0600 and are removed at the end of `run`; after a crash the supervisor
    removes that folder. `names` are the candidate's, for the refusal of a stack that points there already.
    """

    examined: Examined
    source: Source
    env: Disposable
    name: str = "rehearsal"
    names: CandidateNames | None = None
    found: dict[int, Finding] = field(default_factory=dict)
    versions: dict[str, str | None] = field(default_factory=dict)

    @property
    def stack(self) -> str:
        return self.examined.name

    @property
    def key(self) -> str:
        return f"{self.env.prefix.replace('/', '-')}-{self.name}-{self.stack}"

    def run(self) -> dict[str, Finding]:
        """Do the five steps in order. The first that is not proved ends it: the later ones are UNKNOWN, for they
        were not exercised."""
        checkout: Checkout | None = None
        wall: Wall | None = None
        try:
            config = self._admitted()
            wall = Wall() if reaches_out(config) is None else None
            checkout = Checkout(
                self.env.tools,
                f"{self.name}-{self.stack}",
                config,
                self.examined.stack,
                self.source,
                self.env.entry,
                self.env.where(f"{self.name}-{self.stack}"),
                wall,
            )
            self._steps(checkout, config)
            if wall is not None and wall.asked:
                raise _RefusedError(f"the rehearsal wanted to reach {', '.join(wall.asked)}")
        except _RefusedError as error:
            self.found[self._next()] = refuted(f"{self.stack}: {error}")
        except (UnpreparedError, StoreError) as error:
            self.found.setdefault(self._next(), unknown(f"{self.stack}: {error}"))
        except NotAStateError as error:
            self.found.setdefault(self._next(), refuted(f"{self.stack}: the state is {error}"))
        finally:
            if checkout is not None:
                self._remove(checkout)
            if wall is not None:
                wall.close()
        first = next(
            (one.reason for one in self.found.values() if one.state is not State.PROVED), "an earlier step"
        )
        missing = unknown(f"{self.stack}: not reached: {first}")
        return {f"P3.{self.stack}.{step}": self.found.get(step, missing) for step in range(1, 6)}

    def _remove(self, checkout: Checkout) -> None:
        """The copies: files at once, objects as far as the stores answer."""
        checkout.remove()
        with contextlib.suppress(StoreError):
            self.source.lose(self.key)
            self.source.lose(f"{self.key}-live")
        self._erase(checkout)

    def _erase(self, checkout: Checkout, *, keep_latest: bool = False) -> None:
        """What the candidate holds of this state, with all versions: a run that is killed later leaves none of it. What
        is not erased goes with the run's bucket, at its end or by `clean`.
        """
        objects = self.env.objects(self.env.entry)
        for key in (checkout.place.key, checkout.place.lock_key):
            with contextlib.suppress(StoreError):
                objects.erase(key, keep_latest=keep_latest)

    def _next(self) -> int:
        return next((step for step in range(1, 6) if step not in self.found), STEP_ROLLBACK)

    def _admitted(self) -> StackConfig:
        """The configuration, if this stack may be rehearsed at all."""
        config = self.examined.config
        if not isinstance(config, StackConfig):
            raise _RefusedError(f"its configuration cannot be read: {config}")
        urls = tuple(endpoint.url for endpoint in self.env.endpoints)
        read = backend_read(config)
        names = self.names or looked_up(urls, {self.env.place.bucket}, [read], lambda host: ())
        pointing = points_at(read, names)
        if pointing.points is Points.YES:
            raise _RefusedError(f"its backend already points at the candidate ({pointing.reason})")
        if config.backend != self.source.kind:
            raise _RefusedError(
                f"its backend is {config.backend}, the source to rehearse from is {self.source.kind}"
            )
        return config

    def _steps(self, checkout: Checkout, config: StackConfig) -> None:
        before, pulled = self._pull(checkout)
        plan = self._review(checkout, config, before, pulled)
        self._migrate(checkout, before, pulled)
        self._erase(checkout, keep_latest=True)
        self._no_op(checkout)
        self._erase(checkout)
        self._rollback(checkout, config, plan, before, pulled)

    def _prove(
        self, step: int, reason: str, seen: ObservationCount, **measured: float | int | str | bool | None
    ) -> None:
        self.found[step] = proved(f"{self.stack}: {reason}", seen.count, **measured)

    @property
    def _encrypted(self) -> bool:
        config = self.examined.config
        return isinstance(config, StackConfig) and config.encryption is not None and config.encryption.state

    def _pull(self, checkout: Checkout) -> tuple[Snapshot, Path]:
        """Step 1: the state is read from where it is now, without writing there, and is whole. An encrypted one is
        taken as it is stored: no file ever holds it decrypted."""
        seen = self.env.seen()
        described = self.examined.stack
        if described is not None and described.read:
            run, body = checkout.read_live(described.read, dict(os.environ))
        else:
            self._only_if_harmless(checkout.config)
            live = f"{self.key}-live"
            ready(checkout.init_source(live))
            ready(checkout.stack_apply())
            if self.source.locked(live):
                raise _RefusedError("a lock is held on its state: somebody is working on it")
            run, body = checkout.state_pull()
        if not run.ok:
            raise _RefusedError(f"state pull: {run.why()}")
        if self._encrypted:
            stored = (
                body if described is not None and described.read else self.source.stored(f"{self.key}-live")
            )
            before, body = self._decrypted(checkout, stored or b"")
        else:
            before = parse(body)
        if before.empty:
            raise _RefusedError("the state that was pulled is empty")
        pulled = checkout.private_file(f"{self.stack}.pulled.tfstate", body)
        self._prove(STEP_PULL, "state pulled", seen, serial=before.serial, resources=len(before.resources))
        return before, pulled

    def _decrypted(self, checkout: Checkout, stored: bytes) -> tuple[Snapshot, bytes]:
        """What an encrypted state says, in memory only, and the state as it is stored."""
        if not is_encrypted(stored):
            raise _RefusedError(
                "its state is encrypted, and what reads it gives it decrypted: read the stored state as it is"
            )
        self.source.place(self.key, stored)
        ready(checkout.init_source(self.key, reconfigure=True))
        run, body = checkout.state_pull()
        ready(run)
        return parse(body), stored

    def _only_if_harmless(self, config: StackConfig) -> None:
        """A stand-in for the live state is made by applying the configuration: never one that reaches out."""
        reason = reaches_out(config)
        if reason:
            raise UnpreparedError(
                f"no command reads its state: name one as `read` in stacks/protected/{self.stack}/stack.toml "
                f"(the configuration is not applied to a stand-in: {reason})"
            )

    def _review(
        self, checkout: Checkout, config: StackConfig, before: Snapshot, pulled: Path
    ) -> MigrationPlan:
        """Step 2: the plan fits the configuration, and the disposable copy on the source is the state that was
        pulled."""
        seen = self.env.seen()
        plan = self.examined.plan
        if plan is None:
            raise _RefusedError(
                "it has no migration plan (python -m readiness.stacks draft writes the first draft)"
            )
        if isinstance(plan, BadPlanError):
            raise _RefusedError(f"migration plan: {plan}")
        checked = check_plan(plan, config, observations=1)
        if checked.state is not State.PROVED:
            raise _RefusedError(checked.reason)
        self.source.place(self.key, pulled.read_bytes())
        ready(checkout.init_source(self.key, reconfigure=True))
        run, body = checkout.state_pull()
        ready(run)
        if faults := compare.differences(before, parse(body)):
            raise _RefusedError(f"the disposable copy is not the state: {'; '.join(faults)}")
        self.versions["before-migration"] = self.source.version(self.key)
        for endpoint in self.env.endpoints:
            held = self._held(checkout, endpoint.name)
            if held is not None and is_encrypted(held):
                raise _RefusedError(f"{endpoint.name}: the destination already holds an encrypted state")
            if faults := compare.may_replace(before, None if held is None else parse(held)):
                raise _RefusedError(f"{endpoint.name}: {'; '.join(faults)}")
        reviewed = check_plan(plan, config, observations=seen.count)
        without = checkout.without()
        if without:
            more = f"{reviewed.reason}; its stand-in has no {', no '.join(without)}"
            reviewed = dataclasses.replace(reviewed, reason=more)
        self.found[STEP_REVIEW] = reviewed
        return plan

    def _held(self, checkout: Checkout, endpoint: str) -> bytes | None:
        """The state object at the new key, as this endpoint of the candidate gives it."""
        objects = next(self.env.objects(one) for one in self.env.endpoints if one.name == endpoint)
        return objects.get(checkout.place.key)

    def _differs(self, before: Snapshot, pulled: Path, held: bytes | None) -> list[str]:
        """How the state object at the new key is not the state that was pulled. An encrypted one is compared byte for
        byte."""
        if held is None:
            return ["no state"]
        if self._encrypted:
            return [] if held == pulled.read_bytes() else ["the encrypted state is not the same bytes"]
        return compare.differences(before, parse(held))

    def _migrate(self, checkout: Checkout, before: Snapshot, pulled: Path) -> None:
        """Step 3: the state is put at the new key, create-only, and `init -migrate-state` finds both equal and
        moves over.

        Looked at through every endpoint of the candidate.
        """
        seen = self.env.seen()
        if self.source.locked(self.key):
            raise _RefusedError("a lock is held on its state: somebody is working on it")
        if not self.env.objects(self.env.entry).create(checkout.place.key, pulled.read_bytes()):
            raise _RefusedError("somebody else has just put a state at the new key")
        run = checkout.migrate()
        if refused(run):
            raise _RefusedError(f"a lock is held on its state: {run.why()}")
        if not run.ok:
            raise _RefusedError(f"init -migrate-state: {run.why()}")
        recorded = _recorded(checkout.folder / "data" / "terraform.tfstate")
        if recorded != ("s3", checkout.place.bucket, checkout.place.key, checkout.endpoint.url):
            raise _RefusedError(
                f"init -migrate-state recorded another backend than the candidate: {recorded}"
            )
        pull, body = checkout.state_pull()
        if not pull.ok:
            raise _RefusedError(f"state pull from the candidate: {pull.why()}")
        faults = compare.differences(before, parse(body))
        for endpoint in self.env.endpoints:
            differs = self._differs(before, pulled, self._held(checkout, endpoint.name))
            faults += [f"{endpoint.name}: {fault}" for fault in differs]
        if faults:
            raise _RefusedError(f"the migrated state is not the state that was pulled: {'; '.join(faults)}")
        self._prove(STEP_MIGRATE, "state migrated whole", seen, migrate_s=round(run.seconds, 2))

    def _no_op(self, checkout: Checkout) -> None:
        """Step 4: a plan against the candidate wants nothing."""
        seen = self.env.seen()
        run = checkout.stack_plan()
        if not run.ok:
            raise _RefusedError(
                f"the no-op plan on the candidate: {'it wants changes' if run.code == 2 else run.why()}"
            )
        self._prove(STEP_PLAN, "no-op plan on the candidate", seen, plan_s=round(run.seconds, 2))

    def _rollback(
        self, checkout: Checkout, config: StackConfig, plan: MigrationPlan, before: Snapshot, pulled: Path
    ) -> None:
        """Step 5: the source's copy is damaged; what the note names brings it back, and a plan against the source
        wants nothing."""
        seen = self.env.seen()
        if self._encrypted:
            self.source.lose(self.key)
        else:
            self.source.place(self.key, _emptied(pulled.read_bytes()))
        kind, _, name = plan.returns_to.partition(":")
        ready(checkout.init_source(self.key, reconfigure=True))
        if checkout.stack_plan().code != 2:
            raise _RefusedError("the damage that the rollback is to undo does not show in a plan")
        if kind == "version":
            version = self.versions.get(name, name)
            if version is None:
                raise _RefusedError(
                    f"the rollback note names {plan.returns_to}, and the source keeps no versions"
                )
            self.source.restore(self.key, version)
        else:
            if name != pulled.name:
                raise _RefusedError(f"the rollback note names {name}, but {pulled.name} was pulled")
            if self._encrypted:
                self.source.place(self.key, pulled.read_bytes())
            elif not (push := checkout.state_push(pulled, force=True)).ok:
                raise _RefusedError(f"the rollback's state push: {push.why()}")
        run, body = checkout.state_pull()
        ready(run)
        if faults := compare.differences(before, parse(body), rolled_back=True):
            raise _RefusedError(f"after the rollback: {'; '.join(faults)}")
        planned = checkout.stack_plan()
        if not planned.ok:
            why = "it wants changes" if planned.code == 2 else planned.why()
            raise _RefusedError(f"the no-op plan on the source after the rollback: {why}")
        self.found[STEP_ROLLBACK] = merge(
            [
                check_plan(plan, config, observations=seen.count),
                proved(f"{self.stack}: rolled back to {plan.returns_to}", seen.count),
            ]
        )


def _emptied(body: bytes) -> bytes:
    """The same state with nothing in it and the next serial: what a mistaken apply or removal leaves."""
    state = json.loads(body)
    return json.dumps({**state, "serial": state["serial"] + 1, "resources": [], "outputs": {}}).encode()


def _recorded(path: Path) -> tuple[str, str, str, str] | None:
    try:
        backend = json.loads(path.read_text(encoding="utf-8"))["backend"]
        config = backend["config"]
        return backend["type"], config["bucket"], config["key"], config["endpoints"]["s3"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
