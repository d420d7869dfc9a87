"""P1.3 and P1.10: what was written is read back, whole and at once; what was deleted is gone."""

from __future__ import annotations

from enum import StrEnum

from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, proved
from readiness.judges.observed import Rule, absent, broken_rule, calls, fine, place


class Step(StrEnum):
    """What is asked. `asked` of each has `bucket` and `key`."""

    PUT = "put"
    HEAD = "head"
    GET = "get"
    LIST = "list"
    DELETE = "delete"
    HEAD_DELETED = "head after delete"
    GET_DELETED = "get after delete"
    LIST_DELETED = "list after delete"


def cycles(seen: Seen) -> Finding:
    """P1.3. PUT asks with `size` in bytes and `sha256`; GET and HEAD come back with them, LIST with whether it shows
    the key.
    """
    rules: dict[str, Rule] = {
        Step.PUT: fine,
        Step.HEAD: _size,
        Step.GET: _body,
        Step.LIST: _shown,
        Step.DELETE: fine,
        Step.HEAD_DELETED: absent("HEAD after DELETE of"),
        Step.LIST_DELETED: _hidden,
    }
    if wrong := broken_rule(seen, rules):
        return wrong
    written = sum(int(str(one.asked["size"])) for one in seen.steps(Step.PUT))
    reason = f"{calls(seen)} calls, {written >> 20} MiB written and compared"
    return proved(reason, calls(seen), bytes=written)


def _size(one: Observation) -> str | None:
    return None if one.result == one.asked["size"] else f"HEAD of {_sized(one)} says {one.result} B"


def _body(one: Observation) -> str | None:
    found = one.result if isinstance(one.result, dict) else {}
    if found.get("sha256") == one.asked["sha256"] and found.get("size") == one.asked["size"]:
        return None
    found_body = f"{found.get('size')} B, {str(found.get('sha256'))[:12]}"
    return f"the body of {_sized(one)} came back different: {found_body}"


def _shown(one: Observation) -> str | None:
    return None if one.result is True else f"LIST omits {_sized(one)}"


def _hidden(one: Observation) -> str | None:
    return None if one.result is False else f"LIST still shows {_sized(one)} after its delete"


def _sized(one: Observation) -> str:
    size = f" ({one.asked['size']} B)" if "size" in one.asked else ""
    return f"{place(one)}{size} {one.where}"


def at_once(seen: Seen) -> Finding:
    """P1.10. `asked.writer` is the endpoint through which it was written, `asked.value` what was written."""
    rules: dict[str, Rule] = {
        Step.PUT: fine,
        Step.GET: _same_value,
        Step.HEAD: _new_value,
        Step.LIST: _listed,
        Step.DELETE: fine,
        Step.GET_DELETED: _gone,
    }
    if wrong := broken_rule(seen, rules):
        return wrong
    rounds = sum(1 for _ in seen.steps(Step.PUT))
    reason = f"{rounds} writes and deletes seen at once through every pair of endpoints"
    return proved(reason, calls(seen), rounds=rounds)


def _pair(one: Observation) -> str:
    return f"{place(one)} written through {one.asked['writer']}, read through {one.endpoint}"


def _same_value(one: Observation) -> str | None:
    if one.ok and one.result == one.asked["value"]:
        return None
    return f"{_pair(one)}: expected {one.asked['value']}, came back {one.result if one.ok else one.why()}"


def _new_value(one: Observation) -> str | None:
    return None if one.result == one.asked["value"] else f"HEAD of {_pair(one)} shows an older object"


def _listed(one: Observation) -> str | None:
    return None if one.result is True else f"LIST of {_pair(one)} omits the key"


def _gone(one: Observation) -> str | None:
    if one.status == 404 and one.outcome == "error":
        return None
    answer = "" if one.ok else f": {one.why()}"
    return f"{place(one)} deleted through {one.asked['writer']} is still there through {one.endpoint}{answer}"
