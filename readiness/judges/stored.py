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


def enough(written: int, nodes: int) -> int:
    """Bytes by which a node that holds a copy or a share has grown at least: half of an even share of what was written.
    Erasure coding over all nodes gives each node more than an even share.
    """
    return written // (2 * nodes)


def stored(seen: Seen) -> Finding:
    """The bytes stored grew on as many nodes as the contract claims copies (`contract.durability.copies`).

    Where the nodes are only declared (`asked.declared`), those with the same numbers at both looks are one place.
    """
    copies = int(seen.contract["durability"].get("copies", 2))
    before, after = ({one.endpoint: one for one in seen.steps(step)} for step in (Step.BEFORE, Step.AFTER))
    if not before:
        return unknown("where the data lies is declared, not observed: nobody looked at the bytes stored")
    if failed := next((one for one in (*before.values(), *after.values()) if not one.ok), None):
        return unknown(f"where the data lies is declared, not observed: {failed.why()}")
    written = sum(_number(one.asked.get("bytes")) for one in seen.steps(Step.WRITE) if one.ok)
    if not written or before.keys() != after.keys():
        return unknown("not tried: to write, and to look at the bytes stored before and after")
    return _judged(before, after, written, copies)


def _judged(
    before: Mapping[str, Observation], after: Mapping[str, Observation], written: int, copies: int
) -> Finding:
    grew = {node: _number(after[node].result) - _number(before[node].result) for node in before}
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
    if len(places) < copies:
        return refuted(f"{reason}, not on {copies}", measured={"nodes": len(places), "written": written})
    return proved(reason, len(places), written=written)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
