"""P2.4, P2.5, P2.6: a no-op plan still succeeds within the contract's RTO after a fault began, and never sees
another state."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from readiness.checkers.words import count
from readiness.finding import Finding, merge, proved, refuted
from readiness.tofu.basics import judge_plan, wrong_answer
from readiness.tofu.env import Disposable, UnpreparedError, judgement, ready
from readiness.tofu.locks import Lock, from_error, refused
from readiness.tofu.run import Run
from readiness.tofu.workspace import NO_RETRIES, Client
from readiness.topology import Endpoint

PAUSE = 0.1  # between tries
GRACE = 0.3  # a try that is cut off gets so long to leave


@dataclass
class Tries:
    """Every try of one no-op plan, until it succeeded or its deadline passed. `freed`: locks of own cut-off tries."""

    endpoint: str
    runs: list[Run] = field(default_factory=list)
    freed: list[Lock] = field(default_factory=list)
    moved: list[Run] = field(default_factory=list)

    def finding(self, began: float, budget: float) -> Finding:
        """PROVED if a plan without changes ended within the budget; an answer of another state refutes at once."""
        name = self.endpoint.replace("-", "_").replace(" ", "_")
        measured: dict[str, float | int | str | bool | None] = {f"{name}_tries": len(self.runs)}
        if self.freed:
            measured[f"{name}_own_locks_freed"] = len(self.freed)
        answered = sum(1 for run in (*self.runs, *self.moved) if run.code is not None)
        for run in self.runs:
            if wrong := wrong_answer(run):
                late = f"{run.ended - began:.1f} s after the fault began"
                return refuted(
                    f"{self.endpoint}, {late}: {wrong}", observations=max(answered, 1), measured=measured
                )
        last = self.runs[-1] if self.runs else None
        if last is not None and last.ok:
            took = last.ended - began
            measured[f"{name}_s"] = round(took, 2)
            if took <= budget:
                return proved(f"no-op plan through {self.endpoint}", answered, **measured)
            return refuted(
                f"{self.endpoint}: the no-op plan succeeded only {took:.1f} s after the fault began, "
                f"the budget is {budget:g} s",
                observations=answered,
                measured=measured,
            )
        why = last or (self.moved[-1] if self.moved else None)
        return refuted(
            f"{self.endpoint}: no plan succeeded within {budget:g} s of the fault ({count(len(self.runs), 'try')}; "
            f"last: {why.why() if why else 'none was possible'})",
            observations=max(answered, 1),
            measured=measured,
        )


def plan_within(
    client: Client,
    deadline: float,
    variables: Mapping[str, object] | None = None,
    *,
    try_seconds: float = 2.0,
    move_to: Endpoint | None = None,
) -> Tries:
    """Plan again and again until one succeeds, one shows another state, or the deadline (on the run's clock) has
    passed.

    One try is bounded to `try_seconds`, for against a frozen endpoint a tofu command waits for ever (the SDK has
    no time-out for an answer). The plan takes the lock, as an operator's does. A try that was cut off may leave
    its lock behind, or make it later; a lock that one of this client's own tries made is freed with force-unlock,
    as an operator would, and recorded. The state belongs to this probe alone, so there is nobody else whose lock
    it could be.
    """
    tries = Tries(
        client.endpoint.name if move_to is None else f"{client.endpoint.name} moved to {move_to.name}"
    )
    clock = client.tools.clock
    moving = move_to
    while (left := deadline - clock()) > 0:
        limit = min(try_seconds, left)
        if moving is not None:
            client.endpoint = moving
            run = client.run(*client.init_arguments(reconfigure=True), limit=limit, grace=GRACE)
            tries.moved.append(run)
            if run.ok:
                moving = None
                continue
        else:
            run = client.plan(variables, limit=limit, grace=GRACE)
            tries.runs.append(run)
            if run.ok or wrong_answer(run):
                break
            if refused(run) and (lock := from_error(run)) is not None:
                unlock = client.force_unlock(lock.id, limit=min(try_seconds, max(deadline - clock(), 0.5)))
                if unlock.ok:
                    tries.freed.append(lock)
                    continue
        time.sleep(min(PAUSE, max(deadline - clock(), 0)))
    return tries


@dataclass
class NoOpProbe:
    """For one fault. One state per endpoint, applied before the fault and planned through that endpoint during it.

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

    def _possible(self, endpoint: Endpoint) -> set[int]:
        """The revisions that this endpoint's state may have. Raises UnpreparedError if none was applied."""
        if known := self.revisions.get(endpoint.name):
            return known
        raise UnpreparedError(f"no state was applied through {endpoint.name} before the fault")

    def _certain(self, endpoint: Endpoint) -> int:
        """The revision that this endpoint's state has. Raises UnpreparedError if that is not known."""
        possible = self._possible(endpoint)
        if len(possible) > 1:
            raise UnpreparedError(
                f"what was applied last through {endpoint.name} is not known: no answer came"
            )
        return max(possible)

    def _client(self, endpoint: Endpoint) -> Client:
        return self.env.client(self._key(endpoint), endpoint, max_retries=NO_RETRIES)

    @judgement
    def prepare(self) -> Finding:
        """Before the fault: per endpoint a state, initialised and applied, and one no-op plan. PROVED if all of
        them succeed."""

        def one(endpoint: Endpoint) -> Finding:
            client = self._client(endpoint)
            ready(client.apply({"revision": 1}))
            self.revisions[endpoint.name] = {1}
            return judge_plan(client.plan({"revision": 1}))

        with ThreadPoolExecutor(2) as pool:
            return merge(list(pool.map(one, self.env.endpoints)))

    @judgement
    def within(
        self,
        endpoints: Sequence[Endpoint],
        began: float,
        budget: float,
        *,
        try_seconds: float | None = None,
        write: bool = True,
    ) -> Finding:
        """During the fault: a no-op plan through each of these endpoints (the service endpoint and the survivors)
        within the budget."""
        each = try_seconds or max(1.0, min(5.0, budget / 2.5))

        def one(endpoint: Endpoint) -> Finding:
            client = self._client(endpoint)
            revision = self._certain(endpoint)
            tries = plan_within(client, began + budget, {"revision": revision}, try_seconds=each)
            found = tries.finding(began, budget)
            if write and tries.runs and tries.runs[-1].ok:
                self._write(client, revision + 1)
            return found

        with ThreadPoolExecutor(max(len(endpoints), 1)) as pool:
            return merge(list(pool.map(one, endpoints)))

    @judgement
    def moved(self, lost: Endpoint, survivor: Endpoint, began: float, budget: float) -> Finding:
        """During the fault: the checkout that pointed at a lost endpoint goes on at a survivor (`init
        -reconfigure`, then a plan)."""
        client = self._client(lost)
        revision = self._certain(lost)
        try:
            return plan_within(
                client,
                began + budget,
                {"revision": revision},
                move_to=survivor,
                try_seconds=max(1.0, budget / 2.5),
            ).finding(began, budget)
        finally:
            client.endpoint = lost
            self.env.forget(self._key(lost), lost)

    @judgement
    def after(self) -> Finding:
        """After the fault is healed: what was acknowledged last is there, through the endpoint it was written by
        and the next one."""
        findings = []
        for at, endpoint in enumerate(self.env.endpoints):
            following = self.env.endpoints[(at + 1) % len(self.env.endpoints)]
            for through in dict.fromkeys((endpoint.name, following.name)):
                reader = next(other for other in self.env.endpoints if other.name == through)
                findings.append(self._settled(endpoint, reader))
        for endpoint in self.env.endpoints:
            self._make_certain(endpoint)
        return merge(findings)

    def _settled(self, endpoint: Endpoint, reader: Endpoint) -> Finding:
        client = self.env.client(self._key(endpoint), reader, max_retries=NO_RETRIES)
        possible = self._possible(endpoint)
        newest = max(possible)
        for revision in sorted(possible, reverse=True):
            run = client.plan({"revision": revision})
            if refused(run) and (lock := from_error(run)) is not None:
                ready(client.force_unlock(lock.id))
                run = client.plan({"revision": revision})
            if run.code != 2 or len(possible) == 1:
                break
            possible = possible - {revision}
        if run.ok and revision == newest:  # else the newest may still come: a late write is not a lost one
            self.revisions[endpoint.name] = {revision}
        return judge_plan(run)

    def _make_certain(self, endpoint: Endpoint) -> None:
        """Of a write that was not answered either outcome is right. The next fault needs one that is known."""
        possible = self._possible(endpoint)
        if len(possible) > 1:
            self._write(self._client(endpoint), max(possible) + 1, limit=None)

    def _write(self, client: Client, revision: int, limit: float | None = 5.0) -> None:
        run = client.apply({"revision": revision}, limit=limit)
        known = self.revisions[client.endpoint.name]
        # Not acknowledged: the write may have happened, or happen later. Refused its lock: it certainly did not.
        if run.ok:
            self.revisions[client.endpoint.name] = {revision}
        elif not refused(run):
            self.revisions[client.endpoint.name] = known | {revision}
