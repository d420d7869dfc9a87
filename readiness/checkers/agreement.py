"""Agreement of all views of the same objects while nothing changes.

A view is what LIST, HEAD, GET and VERSIONS say through one endpoint with one client library.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from readiness.checkers.tally import Tally
from readiness.finding import Finding
from readiness.grounds import Doubt, DoubtKind, Summary, SummaryKind, Violation, ViolationKind
from readiness.history import READS, WRITES, Op, Outcome, Verb

_Key = tuple[str, str]


@dataclass(slots=True)
class _View:
    """What one client library was told through one endpoint, in one snapshot."""

    endpoint: str
    library: str
    objects: dict[_Key, list[Op]] = field(default_factory=dict)
    lists: list[Op] = field(default_factory=list)
    versions: list[Op] = field(default_factory=list)
    unanswered: set[str] = field(default_factory=set)

    def answered(self) -> bool:
        """Whether it gave any answer."""
        return bool(self.objects or self.lists or self.versions)

    def listed(self, key: _Key) -> list[tuple[bool, Op]]:
        """What each of its listings that covers the object says: whether it is there."""
        covering = [op for op in self.lists if op.bucket == key[0] and key[1].startswith(op.key)]
        return [(key[1] in (op.keys or ()), op) for op in covering]

    def of(self, key: _Key) -> frozenset[str] | None:
        """The versions it shows of the object; None if no answer covers it."""
        covering = [op for op in self.versions if op.bucket == key[0] and key[1].startswith(op.key)]
        if not covering:
            return None
        shown = (each for op in covering for each in op.keys or ())
        return frozenset(each for each in shown if each.rpartition("@")[0] == key[1])


def check_agreement(history: Sequence[Op]) -> Finding:
    """Whether all views agree in each snapshot of the workload "matrix" (`process` names the snapshot).

    In a snapshot, each object is 200 on HEAD and GET and listed everywhere, or none of it anywhere; its body
    is the same everywhere; its versions are the same everywhere, and there are some if it is there. Objects
    that someone wrote to meanwhile, or that have a write of unknown outcome (it may surface any time), are
    left out and counted. A view that gave no answer at all (a lost endpoint) is left out and counted; one
    that gave some but not all makes the snapshot UNKNOWN, as does a snapshot with fewer than two views.
    """
    tally = Tally("disagreements")
    snapshots: dict[str, list[Op]] = {}
    for op in history:
        if op.workload == "matrix":
            snapshots.setdefault(op.process, []).append(op)
    writes = [op for op in history if op.verb in WRITES and op.outcome is not Outcome.FAIL]
    doubts: list[Doubt] = []
    counts: Counter[str] = Counter()
    for snapshot, ops in snapshots.items():
        _snapshot(snapshot, ops, writes, tally, counts, doubts)
    names = ("views", "views_lost", "objects_compared", "objects_disturbed", "cells", "outside_service")
    tally.measured |= {"snapshots": len(snapshots)} | {each: counts[each] for each in names}
    right = Summary(SummaryKind.AGREED, (counts["views"], len(snapshots), counts["cells"]))
    return tally.finding(right, counts["cells"], doubts)


def _views(ops: Iterable[Op], counts: Counter[str]) -> list[_View]:
    views: dict[tuple[str, str], _View] = {}
    for op in ops:
        if not op.in_service:
            counts["outside_service"] += 1
            continue
        view = views.setdefault((op.endpoint, op.library), _View(op.endpoint, op.library))
        cell = f"{op.verb} {op.bucket}/{op.key}"
        if op.verb in READS and op.ok and op.status in (200, 404):
            view.objects.setdefault((op.bucket, op.key), []).append(op)
        elif op.verb in (Verb.LIST, Verb.VERSIONS) and op.ok and op.status == 200 and op.keys is not None:
            (view.lists if op.verb is Verb.LIST else view.versions).append(op)
        else:
            view.unanswered.add(cell)
            continue
        view.unanswered.discard(cell)
    return list(views.values())


def _snapshot(
    snapshot: str,
    ops: list[Op],
    writes: list[Op],
    tally: Tally,
    counts: Counter[str],
    doubts: list[Doubt],
) -> None:
    begin, end = min(op.invoked for op in ops), max(op.completed for op in ops)
    disturbed = {
        (op.bucket, op.key)
        for op in writes
        if op.invoked <= end and (op.completed >= begin or op.outcome is Outcome.UNKNOWN or not op.in_service)
    }
    every = _views(ops, counts)
    views = [view for view in every if view.answered()]
    counts["views_lost"] += len(every) - len(views)
    counts["views"] += len(views)
    doubts += [
        Doubt(
            DoubtKind.VIEW_INCOMPLETE,
            snapshot,
            view.endpoint,
            view.library,
            names=tuple(sorted(view.unanswered)),
        )
        for view in views
        if view.unanswered
    ]
    if len(views) < 2:
        doubts.append(Doubt(DoubtKind.FEW_VIEWS, snapshot, counted=len(views)))
        return
    keys = {key for view in views for key in view.objects}
    keys |= {(op.bucket, key) for view in views for op in view.lists for key in op.keys or ()}
    counts["objects_disturbed"] += len(keys & disturbed)
    counts["objects_compared"] += len(keys - disturbed)
    if not keys - disturbed:
        doubts.append(Doubt(DoubtKind.NO_OBJECT, snapshot))
    for key in sorted(keys - disturbed):
        counts["cells"] += _compare(key, views, tally)


def _compare(key: _Key, views: list[_View], tally: Tally) -> int:
    """Notes how the views differ on one object; returns how many answers were compared."""
    there: list[Op] = []
    absent: list[Op] = []
    bodies: list[Op] = []
    versions: list[tuple[frozenset[str], Op]] = []
    for view in views:
        for op in view.objects.get(key, ()):
            (there if op.status == 200 else absent).append(op)
            if op.status == 200 and op.value is not None:
                bodies.append(op)
        for shows, op in view.listed(key):
            (there if shows else absent).append(op)
        shown = view.of(key)
        if shown is not None:
            versions.append((shown, view.versions[-1]))
    if there and absent:
        _contrast(key, there, absent, tally)
    differs = next((op for op in bodies if op.value != bodies[0].value), None)
    if differs is not None:
        _differ(ViolationKind.BODY_DIFFERS, key, differs, bodies[0], tally)
    _versions(versions, bool(there) and not absent, key, tally)
    return len(there) + len(absent) + len(versions)


def _contrast(key: _Key, there: list[Op], absent: list[Op], tally: Tally) -> None:
    """Notes the plainest contrast: within one view if there is one."""
    pairs = [(no, yes) for no in absent for yes in there]
    same = ((no, yes) for no, yes in pairs if (no.endpoint, no.library) == (yes.endpoint, yes.library))
    no, yes = next(same, pairs[0])
    _differ(ViolationKind.EXISTENCE_DIFFERS, key, no, yes, tally)


def _versions(versions: list[tuple[frozenset[str], Op]], exists: bool, key: _Key, tally: Tally) -> None:
    for shown, op in versions:
        if exists and not shown:
            _differ(ViolationKind.VERSIONS_MISSING, key, op, None, tally)
            return
        if shown != versions[0][0]:
            odd = tuple(sorted(shown ^ versions[0][0]))
            _differ(ViolationKind.VERSIONS_DIFFER, key, op, versions[0][1], tally, odd)
            return


def _differ(
    kind: ViolationKind, key: _Key, op: Op, other: Op | None, tally: Tally, names: tuple[str, ...] = ()
) -> None:
    tally.add(Violation(kind, op, other, listed=key[1], names=names, measure="disagreements"))
