"""P1.30: a multipart upload that is completed with `If-None-Match: *` creates only what is not there."""

from __future__ import annotations

from enum import StrEnum

from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, State, proved, unknown
from readiness.judges.observed import Rule, broken_rule, calls, fine, place

NOT_OFFERED = 501
"""How S3 answers a header that asks for what it does not offer (NotImplemented)."""


class Step(StrEnum):
    """What is asked, in this order, of two keys of each bucket through each endpoint. GET asks with `value`, what the
    body must say.
    """

    PUT = "PUT"
    UPLOAD = "multipart upload"
    MEET = "completion with If-None-Match over an existing object"
    AFTER_MEET = "GET after the completion over an existing object"
    CREATE = "completion with If-None-Match of a fresh key"
    AFTER_CREATE = "GET after the completion of a fresh key"


def creations(seen: Seen) -> Finding:
    """What exists is refused and stays as it is, and a fresh key is created. A store that answers 501 does not offer
    that, and overwrites nothing: it is neither right nor wrong.
    """
    rules: dict[str, Rule] = {
        Step.PUT: fine,
        Step.UPLOAD: fine,
        Step.MEET: _refused,
        Step.AFTER_MEET: _says("a refused completion changed the object"),
        Step.CREATE: _created,
        Step.AFTER_CREATE: _says("what was created is not what was uploaded"),
    }
    found = broken_rule(seen, rules)
    if found is not None and found.state is State.REFUTED:
        return found
    if declined := next((one for one in seen.steps(Step.MEET, Step.CREATE) if _declined(one)), None):
        return unknown(
            f"{declined.step} {declined.where}: not offered (HTTP {NOT_OFFERED}); nothing was overwritten"
        )
    return found or proved(
        "completions refused where an object exists, and only there, by every endpoint", calls(seen)
    )


def _declined(one: Observation) -> bool:
    return one.outcome == "error" and one.status == NOT_OFFERED


def _refused(one: Observation) -> str | None:
    """A refusal may be the body of a 200, as any error of a completion may (API reference, CompleteMultipartUpload)."""
    if one.outcome == "error" and (
        one.status in (412, NOT_OFFERED) or "PreconditionFailed" in (one.error or "")
    ):
        return None
    return (
        f"multipart: {one.step} {place(one)} {one.where}: {'HTTP 200' if one.ok else one.why()}, expected 412"
    )


def _says(what: str) -> Rule:
    def rule(one: Observation) -> str | None:
        if one.ok and one.result == one.asked["value"]:
            return None
        return f"multipart: {place(one)} {one.where}: {what}"

    return rule


def _created(one: Observation) -> str | None:
    return (
        None if one.ok or _declined(one) else f"multipart: {one.step} {place(one)} {one.where}: {one.why()}"
    )
