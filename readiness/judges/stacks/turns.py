"""P3.0: only one stack is in migration at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from readiness.checkers.words import count
from readiness.evidence.observation import Observation
from readiness.evidence.rehearsal import TurnTried
from readiness.evidence.seen import Seen
from readiness.finding import Finding, proved, unknown
from readiness.judges.opentofu.commands import counted, decided
from readiness.judges.stacks.steps import Step
from readiness.judges.stacks.typed import careful, typed


@careful
def one_at_a_time(seen: Seen, stacks: Sequence[str]) -> Finding:
    """P3.0: while the first stack had its turn, every other, and it itself, was refused through every endpoint;
    afterwards each got one.

    Each try (TURN) is asked with its `stack`, with the stack whose turn it is (`holding`, "" while it is nobody's) and
    with the endpoints that all are tried `through`; it comes back with TurnTried.
    """
    tries = list(seen.steps(Step.TURN))
    wrong = [why for one in tries if (why := _wrong(one))]
    if found := decided(seen.observations, wrong, (Step.TURN,), (Step.TURN,)):
        return found
    missing = list(_not_tried(tries, stacks))
    if missing:
        return unknown(f"not tried: {', '.join(missing)}")
    through = {one.endpoint for one in tries}
    return proved(
        f"one turn for {len(stacks)} stacks, through {count(len(through), 'endpoint')}", counted(tries)
    )


def _wrong(one: Observation) -> str | None:
    """Why this try shows a violation."""
    if not one.ok:
        return None
    stack, holding = one.asked.get("stack"), one.asked.get("holding")
    tried = typed(one, TurnTried)
    if holding and tried.taken:
        return f"{one.endpoint}: {stack} got a turn while {holding} was in migration"
    if tried.holder != (holding or stack):
        return f"{one.endpoint}: {stack} cannot be migrated now: {tried.holder} is in migration"
    return None


def _not_tried(tries: Sequence[Observation], stacks: Collection[str]) -> Iterator[str]:
    first = next(iter(stacks))
    through: set[str] = set()
    for one in tries:
        named = one.asked.get("through")
        through |= set(map(str, named)) if isinstance(named, list) else set()
    done = {(one.endpoint, one.asked.get("stack"), one.asked.get("holding")) for one in tries}
    if not through:
        yield "any endpoint"
    for endpoint in sorted(through):
        yield from (f"{stack} through {endpoint}" for stack in stacks if (endpoint, stack, first) not in done)
    alone = {stack for _, stack, holding in done if holding == ""}
    yield from (f"a turn for {stack}" for stack in stacks if stack not in alone)
