"""Each workspace of a stack's state is judged, and the stack is as good as the worst of them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from readiness.evidence.observation import Observation
from readiness.evidence.rehearsal import StoredState, Workspaces
from readiness.evidence.seen import Seen
from readiness.finding import Finding, State, merge, refuted, unknown
from readiness.judges.opentofu.commands import PREPARE
from readiness.judges.stacks.steps import Step
from readiness.judges.stacks.typed import careful, typed

OfStack = Callable[[Seen, str], Finding]
DEFAULT = "default"
_OF_THE_STACK = frozenset({
    Step.STACK, Step.BACKEND, Step.NAMES, Step.STAND_IN, Step.WORKSPACES, Step.TURN, Step.NOT_REACHED, PREPARE,
})  # fmt: skip
"""What is kept once for all of its workspaces."""


def only(seen: Seen, workspace: str) -> Seen:
    """What was seen of this workspace, and of the stack as a whole."""

    def concerns(one: Observation) -> bool:
        case = one.asked.get("case")
        return case == workspace or (case is None and one.step in _OF_THE_STACK)

    return replace(seen, observations=[one for one in seen.observations if concerns(one)])


def each(judge: OfStack) -> OfStack:
    """The judge of one workspace, for all of them: PROVED if every one that has a state is. UNKNOWN where it is not
    known which there are, or where two of them were read as one.
    """

    @careful
    @functools.wraps(judge)
    def judged(seen: Seen, stack: str) -> Finding:
        listed = list(seen.steps(Step.WORKSPACES))
        if not listed:
            found = judge(seen, stack)
            not_asked = unknown(f"{stack}: nobody asked which workspaces its state has")
            return not_asked if found.state is State.PROVED else found
        one = listed[-1]
        names = typed(one, Workspaces).names if one.ok else (DEFAULT,)
        empty = {case.asked.get("case") for case in seen.steps(Step.EMPTY)}
        held = [name for name in names if name not in empty]
        if not held:
            return refuted(f"{stack}: none of its workspaces has a state ({', '.join(names)})")
        several = names != (DEFAULT,)
        label = f"{stack}, workspace {{}}" if several else stack
        parts = [only(seen, name) for name in held] if several else [seen]
        found_of = [judge(part, label.format(name)) for part, name in zip(parts, held, strict=True)]
        doubts = [unknown(f"{stack}: {one.why()}")] if not one.ok else []
        doubts += [unknown(f"{stack}: {why}") for why in _read_twice(seen, held)]
        return _united(found_of, doubts)

    return judged


def _read_twice(seen: Seen, names: Sequence[str]) -> Iterator[str]:
    """Workspaces whose states are the same bytes: what reads them pays no regard to the workspace."""
    pulled = {
        str(one.asked.get("case")): typed(one, StoredState).digest
        for one in seen.steps(Step.PULL)
        if one.ok and one.asked.get("case") in names
    }
    first: dict[str, str] = {}
    for name, digest in pulled.items():
        if digest in first:
            yield (
                f"the command that reads its state gives the same one for the workspaces {first[digest]} and {name}: "
                "it has to read the one that TF_WORKSPACE names"
            )
        first.setdefault(digest, name)


def _united(found: Sequence[Finding], doubts: Sequence[Finding]) -> Finding:
    """One finding; of several workspaces, the slowest times are what was measured."""
    whole = merge([*found, *doubts])
    if len(found) == 1:
        return whole
    times: dict[str, float | int | str | bool | None] = {"workspaces": len(found)}
    for one in found:
        for name, value in one.measured.items():
            if name.endswith("_s") and isinstance(value, int | float):
                before = times.get(name)
                times[name] = max(value, before) if isinstance(before, int | float) else value
    return replace(whole, measured=times)
