"""What was promised and what was measured, in one line: it stands beside the verdict wherever that is printed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence

from readiness.evidence.seen import RTO, Promises
from readiness.finding import Measured
from readiness.report.writes import count_writes
from readiness.topology import FaultKind
from readiness.verdict import Result

_OUTAGE = re.compile(r"^(?P<scenario>[^:]+)(:[^ ]*)?: (\d+: )?outage_.*_at_most_s$")
_KINDS = {
    "restart": FaultKind.RESTART,
    "drain": FaultKind.DRAIN,
    "rolling-restart": FaultKind.DRAIN,
    "crash": FaultKind.CRASH,
    "kill": FaultKind.CRASH,
    "silence": FaultKind.SILENCE,
    "freeze": FaultKind.SILENCE,
    "unplug": FaultKind.SILENCE,
    "split": FaultKind.SILENCE,
    "split-outgoing": FaultKind.SILENCE,
    "split-incoming": FaultKind.SILENCE,
    "limp": FaultKind.SILENCE,
}
"""The kind of fault whose promise counts, by the name of the scenario."""


def promises_kept(results: Sequence[Result], promises: Promises) -> str:
    """For example `longest outage: crash 1.5 s (5 s promised); whole again after 0.8 s at most (600 s promised);
    lost of 23,412 acknowledged writes: 0`.

    Empty if nothing was measured. Outages are upper bounds, in seconds (P1.14); recovery is that of every fault but
    a repair, which has a promise of its own; writes are those of every scenario that was read back at the end.
    """
    measured = {result.criterion.id: result.finding.measured for result in results}
    parts = [
        _outages(measured.get("P1.14", {}), promises.rto),
        _recovery(measured.values(), promises.recovery_seconds),
        _writes(measured),
    ]
    return "; ".join(filter(None, parts))


def _outages(measured: Measured, rto: RTO) -> str:
    longest: dict[FaultKind, float] = {}
    for name, value in measured.items():
        found = _OUTAGE.match(name)
        kind = _KINDS.get(found["scenario"]) if found else None
        if kind is not None and (value is None or isinstance(value, int | float)):
            longest[kind] = max(longest.get(kind, 0.0), math.inf if value is None else float(value))
    parts = [
        f"{kind} {_seconds(longest[kind])} ({rto[kind]:g} s promised)"
        for kind in FaultKind
        if kind in longest
    ]
    return f"longest outage: {', '.join(parts)}" if parts else ""


def _seconds(upper: float) -> str:
    return "not seen whole" if upper == math.inf else f"{upper:.1f} s"


def _recovery(measured: Iterable[Measured], promised: float) -> str:
    took = [
        float(value)
        for values in measured
        for name, value in values.items()
        if name.endswith(": recovered_s")
        and not name.startswith("repair:")
        and isinstance(value, int | float)
    ]
    return f"whole again after {max(took):.1f} s at most ({promised:g} s promised)" if took else ""


def _writes(measured: Mapping[str, Measured]) -> str:
    found = count_writes(measured)
    if found is None or not found.acknowledged:
        return ""
    return f"lost of {found.acknowledged:,} acknowledged writes: {found.lost:,}"
