"""Data lies where it is said to lie: what was written is found again in the bytes that the nodes store."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, proved, refuted, unknown

MIB = 1 << 20


class Step(StrEnum):
    """What is asked."""

    BEFORE = "bytes stored before"
    WRITE = "put of bytes that cannot be compressed"
    AFTER = "bytes stored after"
    MOST = "most bytes stored meanwhile"


def enough(written: int, nodes: int) -> int:
    """Bytes by which a node that holds a copy or a share has grown at least: half of an even share of what was written.
    Erasure coding over all nodes gives each node more than an even share.
    """
    return written // (2 * nodes)


def stored(seen: Seen) -> Finding:
    """The bytes stored grew on as many nodes as the contract claims copies (`contract.durability.copies`).

    A log that is rotated takes and gives back tens of MiB, so that a node has grown if it has at any look. One that has
    not grown and held as much before may have reused what was free: only of one that holds less it is certain.
    Where the nodes are only declared (`asked.declared`), those with the same numbers at both looks are one place.
    """
    copies = int(seen.contract["durability"].get("copies", 2))
    before, after = ({one.endpoint: one for one in seen.steps(step)} for step in (Step.BEFORE, Step.AFTER))
    if not before:
        return unknown("where the data lies is declared, not observed: the bytes stored were not measured")
    if failed := next((one for one in (*before.values(), *after.values()) if not one.ok), None):
        return unknown(f"where the data lies is declared, not observed: {failed.why()}")
    written = sum(_number(one.asked.get("bytes")) for one in seen.steps(Step.WRITE) if one.ok)
    if not written or before.keys() != after.keys():
        return unknown("not tried: writing, and measuring the bytes stored before and after")
    most = {node: _number(one.result) for node, one in after.items()}
    for one in seen.steps(Step.MOST):
        most[one.endpoint] = max(most[one.endpoint], _number(one.result))
    return _judged(before, after, most, written, copies)


def _judged(
    before: Mapping[str, Observation],
    after: Mapping[str, Observation],
    most: Mapping[str, int],
    written: int,
    copies: int,
) -> Finding:
    grew = {node: most[node] - _number(before[node].result) for node in before}
    wanted = enough(written, len(grew))
    there = [node for node in grew if grew[node] >= wanted]
    listed = ", ".join(f"{node} {grew[node] / MIB:+.1f} MiB" for node in grew)
    reason = f"{written / MIB:.0f} MiB written: the bytes stored grew on {len(there)} of {len(grew)} nodes ({listed})"
    places = {
        (before[node].result, after[node].result) if before[node].asked.get("declared") else (node, node)
        for node in there
    }
    if len(there) > len(places) < copies:
        return unknown(f"{reason}, but the same numbers at both looks: that may be one disk")
    if not there:
        return unknown(f"{reason}: the data lies elsewhere, or in space that was taken before")
    full = [node for node in grew if node not in there and _number(before[node].result) >= wanted]
    if len(places) < copies <= len(places) + len(full):
        return unknown(f"{reason}; {' and '.join(full)} may have reused space that was taken before")
    if len(places) < copies:
        return refuted(f"{reason}, not on {copies}", measured={"nodes": len(places), "written": written})
    return proved(reason, len(places), written=written)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
