"""Failure capture: it read, and changed nothing (P1.7)."""

from __future__ import annotations

from readiness.evidence.calls import changing
from readiness.evidence.scenario import ScenarioRecord
from readiness.finding import Finding, proved, refuted, unknown


def capture(record: ScenarioRecord) -> Finding:
    """The failure capture read, and changed nothing: only read verbs, the objects and their versions as
    before, no secret in it.
    """
    captured = record.captured
    if captured is None or not captured.texts:
        return unknown("no failure was captured")
    writes = changing(captured.calls)
    if writes:
        return refuted(f"failure capture did more than read: {'; '.join(writes[:5])}")
    if not captured.before or not captured.after:
        when = "before" if not captured.before else "after"
        return unknown(f"which objects and versions there were {when} the failure capture is not known")
    if captured.before != captured.after:
        changed = sorted(set(captured.before) ^ set(captured.after))
        return refuted(f"objects changed during failure capture: {', '.join(changed[:5])}")
    if captured.secrets_found:
        return refuted(f"{captured.secrets_found} captured texts held a secret")
    reason = (
        f"{captured.texts} texts captured while the node was away; {len(captured.before)} objects as before"
    )
    return proved(reason, captured.texts + len(captured.before), calls=len(captured.calls))
