"""P3.x.1 to P3.x.5: a stack's migration, rehearsed on a disposable copy of its state, and taken back again."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from functools import partial

from pydantic import JsonValue

from readiness.evidence.observation import Observation
from readiness.finding import State
from readiness.judges.stacks.rehearsed import STEPS
from readiness.judges.stacks.steps import Step
from readiness.recording import Recording, Stopped
from readiness.stacks.checkout import Checkout
from readiness.stacks.config import StackConfig
from readiness.stacks.harmless import reaches_out
from readiness.stacks.plan import BadPlanError, MigrationPlan, configured, plan_read
from readiness.stacks.pulled import pull
from readiness.stacks.recorded import recorded_place
from readiness.stacks.stack import Examined
from readiness.stacks.standins import Source
from readiness.stacks.wall import Wall
from readiness.stacks.watching import Watching
from readiness.stacks.workspaces import EmptyWorkspaceError, Workspace, in_workspace
from readiness.tofu.env import Disposable, UnpreparedError
from readiness.tofu.objects import StoreError
from readiness.tofu.workspace import StatePlace

_ERASED_AFTER = {3: True, 4: False}
"""The steps after which what the candidate holds is erased, and whether its latest version is kept for the next one."""


class Rehearsal:
    """The rehearsal of one workspace of a stack, for one turn (`turn.turn`).

    `source` stands for the stack's present backend and is of the same kind; `env` is the candidate. What is seen goes
    to `sees`, one recording for each of P3.<stack>.1 to .5. Live state is only ever read, by the `read` command of
    stack.toml; everything is written to disposable keys. All copies lie in the run's private folder with mode 0600
    and are removed at the end of `run`; after a crash the supervisor removes that folder.
    """

    def __init__(
        self,
        examined: Examined,
        config: StackConfig,
        source: Source,
        env: Disposable,
        sees: Sequence[Recording],
        one: Workspace,
        name: str = "rehearsal",
    ) -> None:
        self.examined, self.config, self.env, self.name = examined, config, env, name
        self.source, self.one = source.of(one.name), one
        self._there = f"its source ({source.kind})"
        self._watching = [
            Watching(env, see, one.keyed, self._there, one.name, partial(judge, stack=examined.name))
            for see, judge in zip(sees, STEPS, strict=True)
        ]
        self._end = contextlib.ExitStack()
        self._wall: Wall | None = None
        self._version: str | None = None
        self._kept: dict[Step, Observation] = {}

    @property
    def stack(self) -> str:
        """The name of the stack."""
        return self.examined.name

    @property
    def key(self) -> str:
        """The disposable state on the source."""
        return f"{self.env.prefix.replace('/', '-')}-{self.new_key}"

    @property
    def _place(self) -> StatePlace:
        """Where the state of this workspace lies on the candidate."""
        return in_workspace(self.checkout.place, self.one.name)

    @property
    def new_key(self) -> str:
        """The disposable state on the candidate."""
        number = f"-{self.one.names.index(self.one.name)}" if self.one.several else ""
        return f"{self.name}-{self.stack}{number}"

    def run(self) -> None:
        """Do the five steps in order. The first that is not proved ends it: the later ones are not exercised. Of a
        workspace without a state, where there are others, nothing is done.
        """
        with self._end, contextlib.suppress(EmptyWorkspaceError):
            self._steps()

    def _steps(self) -> None:
        steps: tuple[Callable[[Watching], None], ...] = (
            self._pull,
            self._review,
            self._migrate,
            self._no_op,
            self._rollback,
        )
        for number, (watching, step) in enumerate(zip(self._watching, steps, strict=True), start=1):
            reason = self._done(watching, step)
            if reason is not None:
                for later in self._watching[number:]:
                    later.fact(Step.NOT_REACHED, self.stack, error=reason)
                return
            if number in _ERASED_AFTER:
                self._erase(keep_latest=_ERASED_AFTER[number])

    def _done(self, watching: Watching, step: Callable[[Watching], None]) -> str | None:
        """Does one step; why it is not proved, None if it is."""
        try:
            step(watching)
        except EmptyWorkspaceError:
            raise
        except Stopped:
            pass  # what stopped it is kept
        except UnpreparedError as error:
            watching.unprepared(str(error))
        except Exception as error:  # noqa: BLE001 - a rehearsal that throws has judged nothing
            watching.unprepared(f"{type(error).__name__}: {error}")
        hosts: list[JsonValue] = [*(self._wall.asked if self._wall else ())]
        watching.fact(Step.REACHED, self.stack, {"hosts": hosts, "walled": self._wall is not None})
        found = watching.found()
        return None if found.state is State.PROVED else found.reason

    def _remove(self) -> None:
        """The copies: files at once, objects as far as the stores answer."""
        self.checkout.remove()
        with contextlib.suppress(StoreError):
            self.source.lose(self.key)
            self.source.lose(f"{self.key}-live")
        self._erase()

    def _erase(self, *, keep_latest: bool = False) -> None:
        """What the candidate holds of this state, with all versions: a run that is killed later leaves none of it. What
        is not erased goes with the run's bucket, at its end or by `clean`.
        """
        objects, place = self.env.objects(self.env.entry), self._place
        for key in (place.key, place.lock_key):
            with contextlib.suppress(StoreError):
                objects.erase(key, keep_latest=keep_latest)

    def _pull(self, watching: Watching) -> None:
        """Step 1. An encrypted state is taken as it is stored: no file ever holds it decrypted."""
        config = self.config
        if reaches_out(config) is None:
            self._wall = Wall()
            self._end.callback(self._wall.close)
        self.checkout = Checkout(
            self.env.tools,
            self.new_key,
            config,
            self.examined.stack,
            self.source,
            self.env.entry,
            self.env.where(self.new_key),
            self._wall,
            self.one.name,
        )
        self._end.callback(self._remove)
        about = configured(config, self.checkout.without(), self.one.names)
        self._encrypted = about.encrypted
        self._kept[Step.CONFIGURATION] = watching.fact(
            Step.CONFIGURATION, self.stack, about.model_dump(mode="json")
        )
        found = pull(watching, self.checkout, self.key, encrypted=self._encrypted)
        if self.one.several and found.empty(self.one.name):
            for each in self._watching:
                each.fact(Step.EMPTY, self.stack)
            raise EmptyWorkspaceError(self.one.name)
        self._kept[Step.PULL] = watching.pulled(
            Step.PULL, found.run, found.body, decrypted=found.decrypted, read=found.read
        )
        watching.check()
        self._pulled = self.checkout.private_file(f"{self.stack}.pulled.tfstate", found.body)

    def _review(self, watching: Watching) -> None:
        """Step 2: the plan is read, and the disposable copy made on the source."""
        plan = self.examined.plan
        watching.again(self._kept[Step.PULL])
        watching.again(self._kept[Step.CONFIGURATION])
        if isinstance(plan, MigrationPlan):
            one = watching.fact(Step.PLAN, self.stack, plan_read(plan).model_dump(mode="json"))
            self._kept[Step.PLAN], self._plan = one, plan
        else:
            watching.fact(Step.PLAN, self.stack, error=_no_plan(plan))
        watching.check()
        watching.source(lambda: self.source.place(self.key, self._pulled.read_bytes()))
        watching.prepared(self.checkout.init_source(self.key, reconfigure=True))
        watching.needed(Step.COPY, *self.checkout.state_pull())
        watching.check()
        self._version = watching.source(lambda: self.source.version(self.key))
        watching.at_the_new_key(Step.DESTINATION, self.new_key)

    def _migrate(self, watching: Watching) -> None:
        """Step 3: the state is put at the new key, create-only, and `init -migrate-state` moves over."""
        place = self.checkout.place
        watching.again(self._kept[Step.PULL])
        watching.lock(lambda: self.source.locked(self.key))
        objects, body = self.env.objects(self.env.entry), self._pulled.read_bytes()
        watching.look(
            Step.PUT, self.env.entry, self.new_key, lambda: {"created": objects.create(self._place.key, body)}
        )
        watching.check()
        watching.ran(Step.MIGRATE, self.checkout.migrate(several=self.one.several))
        watching.check()
        wanted: list[JsonValue] = ["s3", place.bucket, place.key, self.checkout.endpoint.url]
        recorded = recorded_place(self.checkout.folder / "data" / "terraform.tfstate")
        watching.fact(Step.RECORDED, self.stack, recorded, wanted=wanted)
        watching.check()
        watching.pulled(Step.PULLED, *self.checkout.state_pull())
        watching.at_the_new_key(Step.MIGRATED, self.new_key)

    def _no_op(self, watching: Watching) -> None:
        """Step 4."""
        watching.ran(Step.NO_OP, self.checkout.stack_plan())

    def _rollback(self, watching: Watching) -> None:
        """Step 5: the source's copy is damaged, and what the note names brings it back."""
        for step in (Step.PULL, Step.CONFIGURATION, Step.PLAN):
            watching.again(self._kept[step])
        watching.source(self._damage)
        watching.prepared(self.checkout.init_source(self.key, reconfigure=True))
        watching.ran(Step.DAMAGED, self.checkout.stack_plan())
        watching.check()
        self._return(watching)
        watching.needed(Step.RESTORED, *self.checkout.state_pull())
        watching.check()
        watching.ran(Step.AFTER, self.checkout.stack_plan())

    def _damage(self) -> None:
        """What a mistaken apply or removal leaves: a state with nothing in it and the next serial, or none."""
        if self._encrypted:
            self.source.lose(self.key)
            return
        state = json.loads(self._pulled.read_bytes())
        emptied = {**state, "serial": state["serial"] + 1, "resources": [], "outputs": {}}
        self.source.place(self.key, json.dumps(emptied).encode())

    def _return(self, watching: Watching) -> None:
        """What the plan's rollback note names is put back."""
        kind, _, name = self._plan.returns_to.partition(":")
        version = None
        if kind == "version":
            version = self._version if name == "before-migration" else name
        watching.fact(Step.RETURN, self._there, {"version": version}, pulled=self._pulled.name)
        watching.check()
        if version is not None:
            watching.source(lambda: self.source.restore(self.key, version))
        elif self._encrypted:
            watching.source(lambda: self.source.place(self.key, self._pulled.read_bytes()))
        else:
            watching.ran(Step.PUSH, self.checkout.state_push(self._pulled, force=True))
            watching.check()


def _no_plan(plan: BadPlanError | None) -> str:
    if plan is None:
        return "it has no migration plan (python -m readiness.stacks draft writes the first draft)"
    return f"migration plan: {plan}"
