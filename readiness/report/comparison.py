"""What changed between two runs, as Markdown for a review: criteria, outages, latencies, versions and the contract.

Only numbers of the two evidence folders are compared; nothing is started.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from readiness.evidence.folder import BrokenSeal, verify_seal
from readiness.evidence.scenario import ScenarioRecord
from readiness.evidence.stored import Unreadable, from_row, read_run, rows
from readiness.history import Verb
from readiness.report.html.lanes import Lane, lanes
from readiness.report.words import MARKS, short

TOLD_VERBS = {
    Verb.READ: "GET",
    Verb.HEAD: "HEAD",
    Verb.WRITE: "PUT",
    Verb.CREATE: "create",
    Verb.LIST: "LIST",
}
Latency = dict[tuple[str, str], list[float]]
Outage = dict[str, tuple[str, list[Lane]]]


@dataclass(frozen=True)
class Side:
    """One run, read from its folder."""

    about: Mapping[str, Any]
    verdict: Mapping[str, Any]
    sealed: bool
    latency: Latency
    outages: Outage

    @property
    def criteria(self) -> dict[str, Mapping[str, Any]]:
        """The criteria by id."""
        return {row["id"]: row for row in self.verdict["criteria"]}


def read(folder: Path) -> Side:
    """One side. Raises Unreadable."""
    try:
        run = read_run(folder)
        response = run.promises.response_seconds
    except Unreadable as error:
        raise Unreadable(f"{folder} cannot be compared: {error}") from None
    try:
        verify_seal(folder)
        sealed = True
    except BrokenSeal:
        sealed = False
    latency: Latency = {}
    outages: Outage = {}
    for row in rows(folder):
        record = from_row(row, folder)
        _collect(record, latency)
        if record.judged_outage and record.kind and not record.unsupported:
            outages[record.name] = (str(record.kind), lanes(record, response))
    return Side(run.about, run.verdict, sealed, latency, outages)


def _collect(record: ScenarioRecord, latency: Latency) -> None:
    """Latencies without a fault in the way: before the first one, of answers in service."""
    until = record.events[0].injecting if record.events else math.inf
    for op in record.history:
        if (
            op.ok
            and op.in_service
            and op.verb in TOLD_VERBS
            and op.completed < until
            and op.library == "wire"
        ):
            latency.setdefault((op.endpoint, TOLD_VERBS[op.verb]), []).append(
                (op.completed - op.invoked) * 1000
            )


def compare(a: Side, b: Side) -> str:
    """The comparison as Markdown."""
    parts = [*_head(a, b), *_criteria(a, b), *_outages(a, b), *_latencies(a, b), *_declared(a, b)]
    return "\n".join(parts) + "\n"


def _head(a: Side, b: Side) -> Iterator[str]:
    yield f"# {a.verdict['run']} and {b.verdict['run']}\n"
    yield from _table(
        ("", "A", "B"),
        [
            ("verdict", *(f"**{side.verdict['verdict']}**" for side in (a, b))),
            ("candidate", *(str(side.verdict["candidate"]) for side in (a, b))),
            ("counts", *(_counts(side) for side in (a, b))),
            ("mode, seed", *(f"{side.verdict['mode']}, {side.verdict['seed']}" for side in (a, b))),
            ("suite", *(str(side.about["suite"]) for side in (a, b))),
            ("versions", *(_versions(side) for side in (a, b))),
            ("machine", *(str(side.about["machine"]) for side in (a, b))),
            ("took", *(f"{side.verdict['seconds']['total']:g} s" for side in (a, b))),
            ("seal", *("intact" if side.sealed else "**broken or missing**" for side in (a, b))),
        ],
    )


def _counts(side: Side) -> str:
    return ", ".join(f"{count} {state}" for state, count in side.verdict["counts"].items() if count)


def _versions(side: Side) -> str:
    facts = side.verdict["facts"]
    found = {**facts.get("versions", {}), "tofu": facts.get("tofu"), "Python": side.about["python"]}
    return ", ".join(f"{name} {version}" for name, version in found.items() if version)


def _criteria(a: Side, b: Side) -> Iterator[str]:
    yield "## Criteria that changed\n"
    changed: dict[str, tuple[str, ...]] = {}
    ids: dict[str, list[str]] = {}
    same = 0
    missing = {"state": "NOT RUN", "reason": "not in the manifest"}
    for id_, row in (a.criteria | b.criteria).items():
        before, after = (side.criteria.get(id_, missing) for side in (a, b))
        if before["state"] == after["state"]:
            same += 1
            continue
        states = tuple(f"{MARKS[each['state']].glyph} {each['state']}" for each in (before, after))
        side, worse = ("B", after) if after["state"] != "PROVED" else ("A", before)
        why = f"{side}: {short(worse['reason'], 200)}"
        one = f"{states} {why}" if worse["state"] == "NOT RUN" else id_
        ids.setdefault(one, []).append(id_)
        name = f"{id_} {row['title']}" if len(ids[one]) == 1 else ", ".join(ids[one])
        changed[one] = (name, *states, why)
    yield from _table(("criterion", "A", "B", "why"), changed.values())
    yield f"{same} criteria are in the same state in both.\n"


def _outages(a: Side, b: Side) -> Iterator[str]:
    yield "## Longest outage per fault\n"
    yield "Bounds in seconds over the endpoints that had to serve; “–”: that run did not play it.\n"
    table = [(name, _worst(a, name), _worst(b, name)) for name in dict.fromkeys([*a.outages, *b.outages])]
    yield from _table(("fault", "A", "B"), table)


def _worst(side: Side, name: str) -> str:
    if name not in side.outages:
        return "–"
    kind, every = side.outages[name]
    back = [lane for lane in every if lane.back is not None]
    if kind == "restart" and back:
        slowest = max(back, key=lambda lane: lane.back or 0)
        return f"{slowest.endpoint} back after {slowest.back:.2f} s"
    hit = [(lane.lower, lane) for lane in every if lane.must_serve and lane.window]
    if hit:
        _, worst = max(hit, key=lambda each: each[0])
        return f"{worst.outage} ({worst.endpoint})"
    return "none" if any(lane.must_serve for lane in every) else "no endpoint was left"


def _latencies(a: Side, b: Side) -> Iterator[str]:
    yield "## Latency before the faults\n"
    yield "Median / 99th percentile in milliseconds, under load, of answers in service.\n"
    keys = sorted(a.latency.keys() | b.latency.keys(), key=lambda key: (key[0] == "service", key))
    table = [
        (f"{endpoint} {verb}", _both(a, (endpoint, verb)), _both(b, (endpoint, verb)))
        for endpoint, verb in keys
    ]
    yield from _table(("endpoint and verb", "A", "B"), table)


def _both(side: Side, key: tuple[str, str]) -> str:
    took = sorted(side.latency.get(key, ()))
    if not took:
        return "–"
    return f"{median(took):.1f} / {took[max(0, math.ceil(len(took) * 0.99) - 1)]:.1f} ({len(took)})"


def _declared(a: Side, b: Side) -> Iterator[str]:
    yield "## Contract and declaration\n"
    if a.verdict["fingerprint"] == b.verdict["fingerprint"]:
        yield "The same.\n"
        return
    one, two = dict(_flat(a.about["declared"])), dict(_flat(b.about["declared"]))
    names = [n for n in dict.fromkeys([*one, *two]) if (one.get(n) or None) != (two.get(n) or None)]
    table = [(f"`{name}`", *(short(str(each.get(name, "–")), 120) for each in (one, two))) for name in names]
    yield from _table(("field", "A", "B"), table)


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}".strip("."))
    elif isinstance(value, list) and any(isinstance(inner, dict | list) for inner in value):
        for index, inner in enumerate(value):
            yield from _flat(inner, f"{name}[{index}]")
    else:
        yield name, ", ".join(map(str, value)) if isinstance(value, list) else value


def _table(headings: Sequence[str], body: Iterable[Sequence[str]]) -> Iterator[str]:
    lines = list(body)
    if not lines:
        yield "None.\n"
        return
    yield "| " + " | ".join(headings) + " |"
    yield "|" + "---|" * len(headings)
    for line in lines:
        yield "| " + " | ".join(_cell(cell) for cell in line) + " |"
    yield ""


def _cell(text: str) -> str:
    """What a store answered is untrusted: it must not end a cell or start markup."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
