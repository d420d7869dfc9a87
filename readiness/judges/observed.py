"""Judging recorded calls one by one: the first that broke its rule refutes; what was not tried proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from readiness.evidence.observation import PROVIDER, Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, refuted, unknown

Rule = Callable[[Observation], str | None]
"""What is wrong with an observation of a step; None if nothing is."""


def broken_rule(seen: Seen, rules: Mapping[str, Rule]) -> Finding | None:
    """REFUTED for the first observation that breaks the rule of its step; UNKNOWN if a step was never tried; None if
    every rule was asked and held.

    A call that had to succeed and did not is left to `Criterion.judged`.
    """
    for one in seen.steps(*rules):
        if one.required and not one.ok:
            continue
        if wrong := rules[one.step](one):
            return refuted(wrong, observations=calls(seen))
    return untried(seen, rules)


def untried(seen: Seen, steps: Iterable[str]) -> Finding | None:
    """UNKNOWN if one of these steps was never tried."""
    done = {one.step for one in seen.observations}
    missing = [step for step in dict.fromkeys(steps) if step not in done]
    return unknown(f"not tried: {', '.join(missing)}") if missing else None


def calls(seen: Seen) -> int:
    """How many observations there are."""
    return len(seen.observations)


def requests(seen: Seen) -> int:
    """How many of them are calls of the store's S3 interface."""
    return sum(one.client != PROVIDER for one in seen.observations)


def fine(_one: Observation) -> str | None:
    """The rule of a step that only has to be there."""
    return None


def absent(what: str) -> Rule:
    """The rule of a call about something that is not there: HTTP 404."""

    def rule(one: Observation) -> str | None:
        if one.status == 404 and one.outcome == "error":
            return None
        return f"{what} {place(one)} {one.where}: {'found' if one.ok else one.why()}"

    return rule


def shows(what: str) -> Rule:
    """The rule of a GET that asks with `value`, what the body must say; `what`: what is wrong if it does not."""

    def rule(one: Observation) -> str | None:
        if one.ok and one.result == one.asked["value"]:
            return None
        return f"{place(one)} through {one.endpoint}: {what}{'' if one.ok else f' ({one.why()})'}"

    return rule


def place(one: Observation) -> str:
    """The bucket and the key that a call was about."""
    return "/".join(str(one.asked[name]) for name in ("bucket", "key") if name in one.asked)
