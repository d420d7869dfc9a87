"""Agreement of all views of the same objects while nothing changes.

A view is what LIST, HEAD, GET and VERSIONS say through one endpoint with one client library.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from readiness.checkers.tally import Tally
from readiness.checkers.words import count, some
from readiness.finding import Finding
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

    def __str__(self) -> str:
        return f"through {self.endpoint} with {self.library}"

    def answered(self) -> bool:
        """It says anything."""
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
    tally = Tally({"disagreements": "disagreement"})
    snapshots: dict[str, list[Op]] = {}
    for op in history:
        if op.workload == "matrix":
            snapshots.setdefault(op.process, []).append(op)
    writes = [op for op in history if op.verb in WRITES and op.outcome is not Outcome.FAIL]
    doubts: list[str] = []
    counts: Counter[str] = Counter()
    for snapshot, ops in snapshots.items():
        _snapshot(snapshot, ops, writes, tally, counts, doubts)
    names = ("views", "views_lost", "objects", "objects_disturbed", "cells", "outside_service")
    tally.measured |= {"snapshots": len(snapshots)} | {each: counts[each] for each in names}
    compared = f"{count(counts['views'], 'view')} in {count(len(snapshots), 'snapshot')}"
    right = f"{compared} agree on {counts['cells']} answers"
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
    doubts: list[str],
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
        f"{snapshot}: no answer {view} to {some(view.unanswered)}" for view in views if view.unanswered
    ]
    if len(views) < 2:
        doubts.append(f"{snapshot}: {count(len(views), 'view')} to compare")
        return
    keys = {key for view in views for key in view.objects}
    keys |= {(op.bucket, key) for view in views for op in view.lists for key in op.keys or ()}
    counts["objects_disturbed"] += len(keys & disturbed)
    counts["objects"] += len(keys - disturbed)
    if not keys - disturbed:
        doubts.append(f"{snapshot}: no object to compare")
    for key in sorted(keys - disturbed):
        counts["cells"] += _compare(snapshot, key, views, tally)


_Cell = tuple[str, str, Op]


def _compare(snapshot: str, key: _Key, views: list[_View], tally: Tally) -> int:
    """Notes how the views differ on one object; tells how many answers were compared."""
    there: list[_Cell] = []
    absent: list[_Cell] = []
    bodies: list[_Cell] = []
    versions: list[tuple[frozenset[str], str, Op]] = []
    for view in views:
        for op in view.objects.get(key, ()):
            verb = "GET" if op.verb is Verb.READ else "HEAD"
            (there if op.status == 200 else absent).append((f"{verb} {op.status}", str(view), op))
            if op.status == 200 and op.value is not None:
                bodies.append((op.value, f"on {verb} {view}", op))
        for shows, op in view.listed(key):
            (there if shows else absent).append((f"LIST {'shows' if shows else 'omits'} it", str(view), op))
        shown = view.of(key)
        if shown is not None:
            versions.append((shown, str(view), view.versions[-1]))
    where = f"{key[0]}/{key[1]} ({snapshot})"
    if there and absent:
        # the plainest contrast: within one view if there is one
        pairs = [(no, yes) for no in absent for yes in there]
        no, yes = next(((no, yes) for no, yes in pairs if no[1] == yes[1]), pairs[0])
        where_yes = "" if no[1] == yes[1] else f" {yes[1]}"
        told = f"{no[0]} {no[1]} where {yes[0]}{where_yes}, for {where}"
        tally.add("disagreements", no[2], told, [yes[2]])
    for body, how, op in bodies[1:]:
        if body != bodies[0][0]:
            told = f"{body} {how} where {bodies[0][0]} {bodies[0][1]}, for {where}"
            tally.add("disagreements", op, told, [bodies[0][2]])
            break
    _versions(versions, bool(there) and not absent, where, tally)
    return len(there) + len(absent) + len(versions)


def _versions(versions: list[tuple[frozenset[str], str, Op]], exists: bool, where: str, tally: Tally) -> None:
    for shown, view, op in versions:
        if exists and not shown:
            tally.add("disagreements", op, f"no version listed {view} where it exists, for {where}")
            return
        if shown != versions[0][0]:
            odd = some(shown ^ versions[0][0])
            told = f"versions {view} and {versions[0][1]} differ ({odd}), for {where}"
            tally.add("disagreements", op, told, [versions[0][2]])
            return
