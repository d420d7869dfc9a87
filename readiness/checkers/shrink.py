"""A short witness: fewer acts of one object that still have no order, left out only where that proves it.

A step from `acts` to fewer acts is *sound* if an order of `acts` would give an order of the fewer. Then no
order of the fewer means no order of `acts`, and so none of the whole history:

- an observation may always go;
- what completed after the moment at which the search failed may go (observations) or become unknown
  (effects): a history with an order has one for each of its prefixes;
- an effect may go if no act left over can have happened while its result stood and have needed it: an act
  that needs it is harmless if it completed before the effect was called, or was called after another
  acknowledged effect that was itself called after this one had completed (that one has replaced the result by
  then).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from readiness.checkers.register import Act, Kind


def prefix(acts: Sequence[Act], until: float) -> list[Act]:
    """What is needed of `acts` to see that they have no order, when the search failed at the return `until`."""
    kept = []
    for act in acts:
        if act.call > until:
            continue
        if act.ret <= until or not act.definite:
            kept.append(act)
        elif act.effect:
            kept.append(act.relaxed())
    return kept


def _needs(act: Act, effect: Act) -> bool:
    """`act` may need what `effect` leaves in the register."""
    if effect.kind is Kind.DELETE:
        return act.kind in (Kind.ABSENT, Kind.CREATE, Kind.DIFFERS)
    if act.kind in (Kind.SEES, Kind.CAS):
        return (act.value if act.kind is Kind.SEES else act.expected) == effect.value
    if act.kind is Kind.DIFFERS:
        return act.expected != effect.value
    return act.kind is Kind.PRESENT


def removable(effect: Act, rest: Sequence[Act]) -> bool:
    """Taking `effect` away from `rest` plus `effect` is sound."""
    replaced = min(
        (act.ret for act in rest if act.effect and act.definite and effect.ret < act.call),
        default=None,
    )
    for act in rest:
        if _needs(act, effect) and not (
            act.ret < effect.call or (replaced is not None and replaced < act.call)
        ):
            return False
    return True


def _without(acts: list[Act], chosen: Sequence[Act], *, effects: bool) -> list[Act]:
    """`acts` without those of `chosen` that may go."""
    gone = {id(act) for act in chosen if not act.effect}
    left = [act for act in acts if id(act) not in gone]
    if effects:
        for act in chosen:
            if act.effect:
                rest = [other for other in left if other is not act]
                if removable(act, rest):
                    left = rest
    return left


def _plainest(acts: list[Act]) -> list[Act]:
    """The last answer, the last effect known before it, and what cannot go: what an operator would look at first."""
    last = max((act for act in acts if act.definite), key=lambda act: (act.ret, act.kind))
    known = [act for act in acts if act.effect and act.ret < last.call]
    latest = max(known, key=lambda act: act.call, default=last)
    return _without(acts, [act for act in acts if act is not last and act is not latest], effects=True)


def shrink(acts: Sequence[Act], refuted: Callable[[list[Act]], bool], *, tries: int = 600) -> list[Act]:
    """A refuted subset of `acts` that no single sound removal makes smaller, or what `tries` tries came to."""
    left = list(acts)
    plain = _plainest(left)
    if refuted(plain):
        left = plain
    for effects in (False, True):
        size = len(left)
        while size and tries > 0:
            start, changed = 0, False
            while start < len(left) and tries > 0:
                trial = _without(left, left[start : start + size], effects=effects)
                if len(trial) < len(left):
                    tries -= 1
                    if refuted(trial):
                        left, changed = trial, True
                        continue
                start += size
            size = size // 2 if size > 1 else int(changed)
            size = min(size, len(left))
    return left
