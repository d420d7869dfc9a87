"""P2.4, P2.5, P2.6: no-op plans during a fault and after it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from pydantic import JsonValue

from readiness.judges.opentofu.commands import lock_id, refused, wrong_answer
from readiness.judges.opentofu.plans import BEFORE, Step
from readiness.tofu.env import Disposable
from readiness.tofu.watched import Watched
from readiness.tofu.workspace import NO_RETRIES, TofuClient
from readiness.topology import Endpoint

PAUSE = 0.1  # between tries
GRACE = 0.3  # a try that is cut off gets so long to leave


def whole_try(budget: float) -> float:
    """How many seconds one try is to be given."""
    return max(1.0, min(5.0, budget / 2.5))


def plan_within(
    watched: Watched,
    client: TofuClient,
    deadline: float,
    variables: Mapping[str, object] | None = None,
    *,
    try_seconds: float = 2.0,
    move_to: Endpoint | None = None,
) -> bool:
    """Plan again and again until one succeeds (which it returns), one shows another state, or the deadline (on the
    run's clock) has passed.

    One try is bounded to `try_seconds`, for against a frozen endpoint a tofu command waits for ever (the SDK has
    no time-out for an answer). The plan takes the lock, as an operator's does. A try that was cut off may leave
    its lock behind, or make it later; a lock that one of this client's own tries made is freed with force-unlock,
    as an operator would, and recorded. The state belongs to this probe alone, so there is nobody else whose lock
    it could be.
    """
    probe = client.endpoint.name if move_to is None else moved_probe(client.endpoint, move_to)
    clock = client.tools.clock
    moving = move_to
    while (left := deadline - clock()) > 0:
        limit = min(try_seconds, left)
        asked: dict[str, JsonValue] = {"probe": probe, "limit": limit, "whole": try_seconds}
        if moving is not None:
            client.endpoint = moving
            run = client.run(*client.init_arguments(reconfigure=True), limit=limit, grace=GRACE)
            if watched.ran(Step.MOVE, run, **asked).ok:
                moving = None
                continue
        else:
            run = client.plan(variables, limit=limit, grace=GRACE)
            one = watched.ran(Step.TRY, run, **asked)
            if one.ok or wrong_answer(one):
                return one.ok
            if refused(one) and (held := lock_id(one)) is not None:
                unlock = client.force_unlock(held, limit=min(try_seconds, max(deadline - clock(), 0.5)))
                if watched.ran(Step.UNLOCK, unlock, probe=probe).ok:
                    continue
        time.sleep(min(PAUSE, max(deadline - clock(), 0)))
    return False


def moved_probe(lost: Endpoint, survivor: Endpoint) -> str:
    """The name of the tries of a checkout that moves."""
    return f"{lost.name} moved to {survivor.name}"


@dataclass
class NoOpProbe:
    """One state per endpoint, applied before the first fault and planned through that endpoint during each.

    Own states, so that plans through several endpoints run at the same time and never meet one another's lock.
    `within` also writes: once a plan succeeded during the fault, the next revision is applied through the same
    endpoint; `after` then plans what was acknowledged last through every endpoint in turn, which shows a store
    that forgets, or for a while denies, what it took during the fault.
    """

    env: Disposable
    name: str
    revisions: dict[str, set[int]] = field(default_factory=dict)

    def _key(self, endpoint: Endpoint) -> str:
        return f"{self.name}-{endpoint.name}"

    def _possible(self, watched: Watched, endpoint: Endpoint) -> set[int]:
        """The revisions that this endpoint's state may have. Raises Stopped if none was applied."""
        if known := self.revisions.get(endpoint.name):
            return known
        why = f"no state was applied through {endpoint.name} before the fault"
        raise watched.unprepared(endpoint.name, why)

    def _certain(self, watched: Watched, endpoint: Endpoint) -> int:
        """The revision that this endpoint's state has. Raises Stopped if that is not known."""
        possible = self._possible(watched, endpoint)
        if len(possible) > 1:
            why = f"what was applied last through {endpoint.name} is not known: no answer came"
            raise watched.unprepared(endpoint.name, why)
        return max(possible)

    def _client(self, watched: Watched, endpoint: Endpoint) -> TofuClient:
        return watched.client(self._key(endpoint), endpoint, max_retries=NO_RETRIES)

    def prepare(self, watched: Watched) -> None:
        """Before the fault: per endpoint a state, initialised and applied, and one no-op plan. Raises Stopped if that
        fails.
        """
        first = watched.about(BEFORE)

        def one(endpoint: Endpoint) -> None:
            client = self._client(first, endpoint)
            first.prepared(client.apply({"revision": 1}))
            self.revisions[endpoint.name] = {1}
            first.ran(Step.FIRST, client.plan({"revision": 1}), revision=1)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(one, self.env.endpoints))

    def within(
        self,
        watched: Watched,
        endpoints: Sequence[Endpoint],
        began: float,
        budget: float,
        *,
        try_seconds: float | None = None,
        write: bool = True,
    ) -> None:
        """During the fault: a no-op plan through each of these endpoints (the service endpoint and the survivors)
        until `budget` seconds after `began`. Raises Stopped if a state is not known.
        """
        each = try_seconds or whole_try(budget)

        def one(endpoint: Endpoint) -> None:
            client = self._client(watched, endpoint)
            revision = self._certain(watched, endpoint)
            planned = plan_within(watched, client, began + budget, {"revision": revision}, try_seconds=each)
            if write and planned:
                self._write(watched, client, revision + 1)

        with ThreadPoolExecutor(max(len(endpoints), 1)) as pool:
            list(pool.map(one, endpoints))

    def moved(
        self, watched: Watched, lost: Endpoint, survivor: Endpoint, began: float, budget: float
    ) -> None:
        """During the fault: the checkout that pointed at a lost endpoint goes on at a survivor (`init
        -reconfigure`, then a plan).
        """
        client = self._client(watched, lost)
        revision = self._certain(watched, lost)
        each = max(1.0, budget / 2.5)
        try:
            plan_within(
                watched,
                client,
                began + budget,
                {"revision": revision},
                move_to=survivor,
                try_seconds=each,
            )
        finally:
            client.endpoint = lost
            self.env.forget(self._key(lost), lost)

    def after(self, watched: Watched) -> None:
        """After the fault is healed: what was acknowledged last is planned, through the endpoint it was written by
        and the next one. Raises Stopped if that cannot be asked.
        """
        for at, endpoint in enumerate(self.env.endpoints):
            following = self.env.endpoints[(at + 1) % len(self.env.endpoints)]
            for through in dict.fromkeys((endpoint.name, following.name)):
                reader = next(other for other in self.env.endpoints if other.name == through)
                self._settled(watched, endpoint, reader)
        for endpoint in self.env.endpoints:
            self._make_certain(watched, endpoint)

    def _settled(self, watched: Watched, endpoint: Endpoint, reader: Endpoint) -> None:
        client = watched.client(self._key(endpoint), reader, max_retries=NO_RETRIES)
        possible = self._possible(watched, endpoint)
        asked: list[JsonValue] = [*sorted(possible)]
        newest = max(possible)
        for revision in sorted(possible, reverse=True):
            about: dict[str, JsonValue] = {
                "state": endpoint.name, "revision": revision, "possible": asked,
            }  # fmt: skip
            one = watched.ran(Step.AFTER, client.plan({"revision": revision}), **about)
            if refused(one) and (held := lock_id(one)) is not None:
                watched.prepared(client.force_unlock(held))
                one = watched.ran(Step.AFTER, client.plan({"revision": revision}), **about)
            if one.status != 2:
                break
        if one.ok and revision == newest:  # else the newest may still come: a late write is not a lost one
            self.revisions[endpoint.name] = {revision}

    def _make_certain(self, watched: Watched, endpoint: Endpoint) -> None:
        """Either outcome of a write that was not answered is right. The next fault needs one that is known."""
        possible = self._possible(watched, endpoint)
        if len(possible) > 1:
            self._write(watched, self._client(watched, endpoint), max(possible) + 1, limit=None)

    def _write(self, watched: Watched, client: TofuClient, revision: int, limit: float | None = 5.0) -> None:
        run = client.apply({"revision": revision}, limit=limit)
        one = watched.ran(Step.WRITE, run, revision=revision)
        known = self.revisions[client.endpoint.name]
        # Not acknowledged: the write may have happened, or happen later. Refused its lock: it certainly did not.
        if one.ok:
            self.revisions[client.endpoint.name] = {revision}
        elif not refused(one):
            self.revisions[client.endpoint.name] = known | {revision}
