"""P2.15: the backend settings that the protected stacks use, each with real `tofu`, and workspaces."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from readiness.evidence.observation import PROVIDER, Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, merge, proved, refuted, unknown
from readiness.judges.opentofu.commands import (
    absent,
    cases,
    counted,
    decided,
    named,
    of,
    refused,
    result,
    seconds,
    wrong_answer,
)


class Step(StrEnum):
    """What is asked; `asked.case` names the settings and the stacks that use them.

    READ is about a stack whose settings could not be read. `asked` of APPLY has `looks`, the steps that these settings
    need besides the others, of LIST `workspaces`, of PULL `revision`, and of
    KEPT `kept`: what the setting asks the store to keep, which `result` must be. WITHOUT_KEY is a GET of a state that
    was encrypted with a key of the client (SSE-C), without that key; `result.kept`: whether what came is a state.
    """

    READ = "settings of a stack"
    INIT = "init"
    APPLY = "apply"
    NEW = "workspace new"
    HOLD = "apply that holds the lock"
    MEET = "plan while the lock is held"
    LIST = "workspace list"
    SELECT = "workspace select"
    PULL = "state pull"
    PLAN = "plan"
    DELETE = "workspace delete"
    GONE = "state of a deleted workspace"
    KEPT = "what the store keeps of a setting"
    WITHOUT_KEY = "GET without the key of SSE-C"


_COMMANDS = (Step.INIT, Step.APPLY, Step.NEW, Step.HOLD, Step.LIST, Step.SELECT, Step.PULL, Step.DELETE)
_NEEDED = (*_COMMANDS, Step.MEET, Step.PLAN, Step.GONE)
_LOOKS = (Step.GONE, Step.KEPT, Step.WITHOUT_KEY)


def settings(seen: Seen) -> Finding:
    """P2.15. A stack whose settings are not known leaves it UNKNOWN."""
    unread = [unknown(one.why()) for one in seen.steps(Step.READ) if not one.ok]
    played = cases([one for one in seen.observations if one.client != PROVIDER or one.step != Step.READ])
    return merge([*unread, *(named(case, _case(rows)) for case, rows in played.items())])


def _case(rows: Sequence[Observation]) -> Finding:
    looks = [str(step) for one in of(rows, Step.APPLY) for step in one.asked["looks"]]  # type: ignore[union-attr]
    if found := decided(rows, list(dict.fromkeys(_violations(rows))), _LOOKS, (*_NEEDED, *looks)):
        return found
    if not any(refused(one) for one in of(rows, Step.MEET)):
        return unknown("no plan met the lock while it was held", observations=counted(rows))
    plans = merge(_plan(one) for one in of(rows, Step.PLAN))
    slowest = round(max(seconds(one) for one in of(rows, *_COMMANDS)), 2)
    return merge([plans, proved("served", counted(rows), slowest_s=slowest)])


def _violations(rows: Sequence[Observation]) -> list[str]:
    wrong = [f"{one.step} through {one.endpoint}: {one.why()}" for one in of(rows, *_COMMANDS) if not one.ok]
    for one in of(rows, Step.LIST):
        shown = result(one).get("workspaces")
        if one.ok and shown != one.asked["workspaces"]:
            wrong.append(f"{one.step} through {one.endpoint} shows {shown}, not {one.asked['workspaces']}")
    for one in of(rows, Step.PULL):
        held = result(one).get("revision")
        if one.ok and held != one.asked["revision"]:
            wrong.append(f"{one.step} through {one.endpoint} does not hold what was applied in the workspace")
    wrong += [f"{one.endpoint} still shows a {one.step}" for one in of(rows, Step.GONE) if one.ok]
    wrong += [why for one in of(rows, Step.KEPT) if (why := _not_kept(one))]
    wrong += [
        f"{one.endpoint} returns a state that was encrypted with the client's key to a client without the key"
        for one in of(rows, Step.WITHOUT_KEY)
        if one.ok and result(one).get("kept")
    ]
    return wrong


def _not_kept(one: Observation) -> str | None:
    if absent(one):
        return f"{one.endpoint} has no state after it was acknowledged"
    if not one.ok or result(one).get("kept") == one.asked["kept"]:
        return None
    shown = result(one).get("kept")
    return f"{one.endpoint} accepted {one.asked['setting']} and keeps {shown}, not {one.asked['kept']}"


def _plan(one: Observation) -> Finding:
    if one.ok:
        return proved("no-op plan", 1)
    return refuted(f"plan through {one.endpoint}: {wrong_answer(one) or one.why()}")
