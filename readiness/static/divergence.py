"""S.4: the contract's response to bucket-index divergence, carried out, and tried on a divergence that was planted."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import partial

from pydantic import JsonValue

from readiness.evidence.calls import changing
from readiness.judges.stops import Step
from readiness.load.bodies import body_of, identify
from readiness.load.rig import Rig
from readiness.providers.abilities import PlantsDivergence, PlantsInScratch
from readiness.recording import Recording
from readiness.s3.clients import libraries
from readiness.s3.library import Answered, Library
from readiness.static.isolation import Leave, must_be_allowed
from readiness.subject import Subject
from readiness.topology import Planted, Unsupported

CANDIDATE = "the candidate"


def divergence_response(subject: Subject, see: Recording, rig: Rig, leave: Leave) -> None:
    """S.4: carry out the contract's response to bucket-index divergence, and see that it changed nothing."""
    if subject.contract.divergence.response == "none":
        return
    bucket, front, seconds = rig.buckets.versioned, subject.front, subject.response_seconds
    library = libraries(subject.target(front), seconds)[0]
    prefix = f"s4/{uuid.uuid4().hex[:8]}/"
    for number in range(5):
        value = f"{prefix}{number}"
        put = partial(library.put, bucket, value, body_of(value, 500), value)
        see.must(Step.PLANT, front, library.name, put, asked={"bucket": bucket, "key": value})
    _picture(subject, see, Step.BEFORE, bucket, prefix)
    calls = len(subject.provider.recorded_calls())
    answer = see.fact(Step.RESPONSE, CANDIDATE, subject.provider.divergence_check, kept=_as_kept)
    if answer is None:
        return
    done = changing(subject.provider.recorded_calls()[calls:])
    see.fact(Step.CALLS, CANDIDATE, lambda: done, kept=list)
    _picture(subject, see, Step.AFTER, bucket, prefix)
    provider = subject.provider
    if isinstance(provider, PlantsDivergence):
        see.fact(Step.PLANTED, CANDIDATE, provider.planted_divergence, kept=_kept_planted)
    else:
        planted = partial(_planted_in_scratch, subject, library, bucket, f"{prefix}planted", leave)
        see.fact(Step.PLANTED, CANDIDATE, planted, kept=_kept_planted)


def _planted_in_scratch(subject: Subject, library: Library, bucket: str, key: str, leave: Leave) -> Planted:
    """Raises Unsupported, RuntimeError, OSError, and what a library raises."""
    provider = subject.provider
    if not isinstance(provider, PlantsInScratch):
        raise Unsupported(f'the provider "{provider.name}" can plant no divergence')
    must_be_allowed(subject, leave)
    library.put(bucket, key, body_of(key, 500), key)
    before = _views(subject, bucket, key)
    try:
        provider.plant_divergence(bucket, key)
        visible = _views(subject, bucket, key) != before
        answer = provider.divergence_check()
    finally:
        _remove(subject, provider, bucket, key)
    return Planted("in the scratch bucket, by commands.plant_divergence", key, answer, visible=visible)


def _remove(subject: Subject, provider: PlantsInScratch, bucket: str, key: str) -> None:
    try:
        provider.remove_divergence(bucket, key)
        if any(key in str(one) for one in divergences(subject.provider.divergence_check()) or ()):
            raise RuntimeError("the response still reports it")
    except Unsupported:
        return  # then nothing was planted
    except Exception as error:  # noqa: BLE001 - whatever it was, the candidate is not what it was before
        subject.not_undone.failed(f"plant_divergence {bucket}/{key}", error)


def _views(subject: Subject, bucket: str, key: str) -> list[tuple[bool, str]]:
    """Through every endpoint whether the object is listed, and what a GET of it is answered."""
    found = []
    for endpoint in subject.topology.all_endpoints():
        library = libraries(subject.target(endpoint), subject.response_seconds)[0]
        try:
            body = identify(library.get(bucket, key))
        except Answered as answered:
            body = str(answered.status)
        found.append((key in library.list_keys(bucket, key), str(body)))
    return found


def _kept_planted(planted: Planted) -> JsonValue:
    return {
        "what": planted.what,
        "key": planted.key,
        "divergences": _reported(planted.answer),
        "visible": planted.visible,
    }


def _as_kept(answer: Mapping[str, object]) -> JsonValue:
    return {"divergences": _reported(answer)}


def _reported(answer: Mapping[str, object]) -> JsonValue:
    found = divergences(answer)
    return None if found is None else [str(one)[:200] for one in found[:20]]


def divergences(answer: object) -> list[object] | None:
    """What an answer says that diverges, for the whole store or node by node; None if it does not say.

    A node that gave no answer says nothing, and then the answer as a whole does not.
    """
    if not isinstance(answer, Mapping):
        return None
    if "divergences" in answer:
        listed = answer["divergences"]
        return list(listed) if isinstance(listed, list | tuple) else [listed] if listed else []
    parts = [divergences(part) for part in answer.values()]
    found = [one for part in parts for one in part or ()]
    return found if found or (parts and None not in parts) else None


def _picture(subject: Subject, see: Recording, step: Step, bucket: str, prefix: str) -> None:
    """The versions and bodies of the planted objects through every endpoint."""
    for endpoint in subject.topology.all_endpoints():
        library = libraries(subject.target(endpoint), subject.response_seconds)[0]
        see.must(step, endpoint, library.name, partial(_bodies, library, bucket, prefix), kept=list)


def _bodies(library: Library, bucket: str, prefix: str) -> list[list[JsonValue]]:
    return [
        [f"{version.key}@{version.version}", identify(library.get(bucket, version.key))]
        for version in library.versions(bucket, prefix)
    ]
