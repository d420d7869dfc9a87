"""P2.14: applies race for one lock, on both sides of a split."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, State, merge, proved_by, unknown
from readiness.judges.opentofu.commands import FAULT, Measured, cases, last, named, of, result
from readiness.judges.opentofu.contention import Step, of_case


def split_raced(seen: Seen) -> Finding:
    """P2.14: each case: as in P2.8, and while the split held there were applies on both of its sides. The fault asks
    with `cut`, the endpoints on the side of the node that only its clients reach.
    """
    found = [named(case, _case(some)) for case, some in cases(seen.observations).items()]
    return merge(found or [unknown("no applies contended")])


def _case(observations: Sequence[Observation]) -> Finding:
    contest = of_case(observations)
    if contest.state is not State.PROVED:
        return contest
    return merge([contest, _both_sides(observations)])


def _both_sides(observations: Sequence[Observation]) -> Finding:
    fault = last(observations, FAULT)
    cut = fault.asked.get("cut") if fault is not None else None
    if fault is None or not isinstance(cut, list):
        return unknown("nothing is known about the split")
    fired, healing = float(result(fault)["fired"]), float(result(fault)["healing"])
    held = [one for one in of(observations, Step.APPLY) if one.invoked < healing and one.completed > fired]
    there, elsewhere = _side(held, cut, inside=True), _side(held, cut, inside=False)
    measured: Measured = {
        "applies_on_the_side_cut_off": len(there),
        "applies_on_the_other_side": len(elsewhere),
        "acknowledged_on_the_other_side_meanwhile": sum(
            one.ok and one.completed < healing for one in elsewhere
        ),
    }
    if not there or not elsewhere:
        return unknown("while the split held there were applies on one side only", measured=measured)
    return proved_by("there were applies on both sides of the split", len(held), measured)


def _side(applies: Sequence[Observation], cut: Collection[object], *, inside: bool) -> list[Observation]:
    return [one for one in applies if (one.endpoint in cut) is inside]
