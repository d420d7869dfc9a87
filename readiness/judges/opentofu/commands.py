"""What a recorded `tofu` command, or a recorded look at a state or lock object, says.

A command: `client` is "tofu", `status` its exit code (none: cut off, so that it may have had any effect), and `result`
holds `wall` (Unix time of its start), and where they apply `refused` (it did not get the lock), `vanished`, `lock`,
`to_create`, and `unreadable` (what OpenTofu said of a state that it could not read). A look at a state: `result` holds
`serial`, `lineage`, `digest`, `size`, `revision`, `members`, `payload`; at a lock: `id` and `created` (Unix time).
Status 404: there is none. `asked.case` is the part of a criterion that an observation belongs to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from readiness.evidence.observation import PROVIDER, Observation
from readiness.evidence.scenario import NOT_SELECTED
from readiness.finding import Finding, State, impossible, refuted, unknown

TOFU = "tofu"
PREPARE = "prepare"
"""The step of a command that has to succeed before anything can be judged: without it nothing is proved or refuted."""
FAULT = "fault"
"""The step of a fault. Outcome error: not done (the provider cannot, or it was not selected); unanswered: it did not
fire, or the candidate was not whole again. `result`: `kind`, and the times `injecting`, `fired`, `healing`, `healed`.
"""
NOT_A_STATE = ("Unsupported state file format", "could not be parsed")

Measured = dict[str, float | int | str | bool | None]


def result(one: Observation) -> Mapping[str, Any]:
    """Its result, as a mapping."""
    return one.result if isinstance(one.result, dict) else {}


def seconds(one: Observation) -> float:
    """How long it took."""
    return one.completed - one.invoked


def command(one: Observation) -> str:
    """The subcommand, for messages."""
    return f"tofu {one.asked.get('command', '')} through {one.endpoint}".replace("  ", " ")


def refused(one: Observation) -> bool:
    """The command ended because it did not get the lock: it changed nothing."""
    return bool(result(one).get("refused"))


def lock_id(one: Observation) -> str | None:
    """The lock that it shows."""
    shown = result(one).get("lock")
    return str(shown["id"]) if isinstance(shown, dict) else None


def absent(one: Observation) -> bool:
    """The store answered that there is no such object."""
    return one.outcome == "error" and one.status == 404


def wrong_answer(one: Observation) -> str | None:
    """Why this plan shows a violation rather than an outage: the state that it read is not the one that was
    written.
    """
    if one.status == 2:
        lost = result(one).get("to_create", 0)
        return f"a no-op plan wants changes ({lost} to create): the state it read is not the one that was written"
    unreadable = result(one).get("unreadable")
    return f"the state cannot be read ({unreadable})" if unreadable else None


def counted(observations: Iterable[Observation]) -> int:
    """How many of them are direct observations of the candidate: commands that ended, and requests that were
    answered.
    """
    return sum(1 for one in observations if one.answered and one.client != PROVIDER)


def cases(observations: Iterable[Observation]) -> dict[str, list[Observation]]:
    """The observations by case, in the order of their first ones."""
    found: dict[str, list[Observation]] = {}
    for one in observations:
        found.setdefault(str(one.asked.get("case", "")), []).append(one)
    return found


def of(observations: Iterable[Observation], *steps: str) -> list[Observation]:
    """The observations of these steps."""
    return [one for one in observations if one.step in steps]


def last(observations: Iterable[Observation], step: str) -> Observation | None:
    """The last one of that step."""
    return next(reversed(of(observations, step)), None)


def trouble(observations: Iterable[Observation], *looks: str) -> Finding | None:
    """What kept the rest from being seen: a preparation that failed, or a look (of these steps) that was not
    answered. An answer that is not a state refutes.
    """
    seen = list(observations)
    for one in seen:
        if one.step == PREPARE and not one.ok:
            return _unprepared(one, counted(seen))
        if one.step in looks and one.outcome == "malformed":
            return refuted(_no_state(f"{one.endpoint}: {one.why()}"), observations=counted(seen))
        if one.step in looks and not one.answered:
            return unknown(f"the store did not answer: {one.why()}", observations=counted(seen))
    return None


def _unprepared(one: Observation, seen: int) -> Finding:
    if result(one).get("unreadable") in NOT_A_STATE:
        return refuted(_no_state(f"{command(one)}: {one.why()}"), observations=max(seen, 1))
    what = f"{command(one)}: " if one.client == TOFU else ""
    return unknown(f"could not be prepared: {what}{one.why()}", observations=seen)


def _no_state(what: str) -> str:
    return f"the store returned something that is not a state: {what}"


def decided(
    observations: Sequence[Observation],
    violations: Sequence[str],
    looks: Sequence[str],
    needed: Sequence[str],
) -> Finding | None:
    """REFUTED by these violations; else what kept the rest from being seen; else UNKNOWN for a step of `needed` that
    was never tried; None if everything was seen and nothing is wrong.
    """
    if violations:
        return refuted("; ".join(violations), observations=max(counted(observations), 1))
    if found := trouble(observations, *looks):
        return found
    done = {one.step for one in observations}
    missing = [step for step in needed if step not in done]
    return unknown(f"not tried: {', '.join(missing)}") if missing else None


def fault_undone(observations: Iterable[Observation]) -> Finding | None:
    """Why the fault of this case says nothing: NOT RUN where it was not done, UNKNOWN where it did not fire or the
    candidate was not whole again. None without a fault, and for one that was done and healed.
    """
    fault = last(observations, FAULT)
    if fault is None or fault.ok:
        return None
    if fault.outcome == "error":
        not_selected = fault.error == NOT_SELECTED
        return Finding(State.NOT_RUN, fault.why()) if not_selected else impossible(fault.why())
    return unknown(fault.why())


def named(case: str, found: Finding) -> Finding:
    """The finding of one case, named in its reason and its measured values."""
    measured = {f"{case}: {key}": value for key, value in found.measured.items()}
    return replace(found, reason=f"{case}: {found.reason}", measured=measured)
