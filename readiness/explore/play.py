"""One segment: its faults under one load, each injected and healed when its step says."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

from readiness import faults
from readiness.campaign.stage import Stage
from readiness.explore.kinds import POWER_CUTS, SPLITS, fault_of
from readiness.explore.locks import take_again
from readiness.explore.schedule import OF_ALL, Kind, Segment, Step, When
from readiness.topology import Unsupported

SETTLE_BETWEEN, SETTLE = 0.3, 2.0
"""Seconds of reading after the candidate is whole, between two faults and at the end."""


class CannotDo(Exception):
    """The provider cannot do faults of this kind; the message says why."""

    def __init__(self, kind: Kind, why: str) -> None:
        super().__init__(why)
        self.kind = kind


@dataclass
class _Held:
    until: float
    fault: contextlib.ExitStack


def play(segment: Segment, stage: Stage) -> None:
    """Plays it inside the stage's load, and ends once the candidate is whole, or was not in time (then the record says
    so). Everything is healed also if it raises.

    Raises CannotDo for a fault that the provider cannot do, Unjudged for one that did not fire or was not undone.
    """
    held: list[_Held] = []
    insisted: set[str] = set()
    with contextlib.ExitStack() as everything:
        for step in segment.steps:
            if not _may_begin(step, held, stage):
                return
            one = everything.enter_context(contextlib.ExitStack())
            _inject(step, one, stage, insisted)
            held.append(_Held(time.monotonic() + step.held, one))
        _heal(held, float("inf"))
    stage.recover(settle=SETTLE)
    if stage.record.whole:
        stage.rig.loop.call(take_again(stage.context))
    _prove_power_cuts(segment, stage)


def _may_begin(step: Step, held: list[_Held], stage: Stage) -> bool:
    """Waits for what the step waits for. False if the candidate was not whole in time."""
    if step.when is not When.MEANWHILE:
        _heal(held, float("inf"))
    if step.when is When.WHOLE and stage.record.events:
        stage.recover(settle=SETTLE_BETWEEN)
        if not stage.record.whole:
            return False
    _heal(held, time.monotonic() + step.pause)
    return True


def _heal(held: list[_Held], until: float) -> None:
    """Waits until that moment, or until nothing is held if it is infinite, and heals meanwhile what is due."""
    while due := [each for each in held if each.until <= until]:
        first = min(due, key=lambda each: each.until)
        _sleep_until(first.until)
        held.remove(first)
        first.fault.close()
    if until != float("inf"):
        _sleep_until(until)


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


def _inject(step: Step, one: contextlib.ExitStack, stage: Stage, insisted: set[str]) -> None:
    try:
        one.enter_context(stage.fault(fault_of(step, stage.subject.topology)))
    except Unsupported as error:
        raise CannotDo(step.kind, str(error)) from error
    if step.kind in SPLITS and step.target not in insisted:
        insisted.add(step.target)
        stage.insist(step.target)
    if step.kind is Kind.FULL_DISK:
        stage.write_bulk()
    if step.kind in POWER_CUTS:
        stage.keep_recent()


def _prove_power_cuts(segment: Segment, stage: Stage) -> None:
    """A power cut that took nothing was none: then the record proves nothing."""
    nodes = stage.subject.topology.nodes
    for step in segment.steps:
        if step.kind in POWER_CUTS and stage.record.whole:
            cut = nodes if step.kind in OF_ALL else (step.target,)
            seen = faults.power_was_cut(stage.subject.provider, cut)
            stage.record.notes[f"after {step.name}"] = "; ".join(seen)
