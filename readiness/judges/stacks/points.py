"""P1.8: whether a stack's backend points at the candidate."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from readiness.evidence.seen import Seen
from readiness.evidence.stacks import BackendRead, CandidateNames, Clue, Way
from readiness.finding import Finding, merge, proved, refuted, unknown
from readiness.judges.stacks.addresses import canonical, may_be, own_places, place, same, split
from readiness.judges.stacks.typed import careful, typed
from readiness.text import Text, text

_ADDRESSES = (
    "endpoints.s3",
    "endpoint",
    "endpoints",
    "address",
    "lock_address",
    "unlock_address",
    "storage_custom_endpoint",
    "hostname",
    "host",
)
_KINDS = {
    "cloud": "HCP Terraform or a service of its kind (a cloud block)",
    "remote": "HCP Terraform or a service of its kind",
    "pg": "a PostgreSQL database",
    "kubernetes": "Secrets of a Kubernetes cluster",
    "gcs": "Google Cloud Storage",
    "azurerm": "Azure Blob Storage",
    "consul": "Consul",
    "cos": "Tencent Cloud Object Storage",
    "oss": "Alibaba Cloud OSS",
    "local": "a local file",
    "inmem": "memory",
    "etcdv3": "etcd",
    "http": "an HTTP server",
    "s3": "an S3 store",
}
"""What a backend of each kind keeps its state in. Only s3 speaks S3, and http is given a URL: the others cannot keep a
state in the candidate."""


class Points(StrEnum):
    """Whether a backend points at the candidate. UNCLEAR: its files do not say where it points."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Pointing:
    """What the files say, and why."""

    points: Points
    reason: str


class Step(StrEnum):
    """What is asked. NAMES comes back with CandidateNames, BACKEND (of one stack, its `endpoint`) with BackendRead;
    outcome error: the stack is not there; malformed: its files cannot be understood.
    """

    BUCKETS = "list-buckets"
    NAMES = "names of the candidate"
    BACKEND = "backend of a stack"


def what_it_is(kind: str) -> str:
    """What a backend of this kind keeps its state in."""
    return _KINDS.get(kind, f"a backend of the kind {kind}")


def points_at(read: BackendRead, names: CandidateNames) -> Pointing:
    """Whether any way in which this stack is initialised leads to an endpoint of the candidate: the same host and
    port, however they are spelt.

    Names are compared without case and final dot, a missing port is the scheme's, all loopback addresses and
    names are one host, and a bucket's virtual host is the endpoint's. An S3 backend without an endpoint is AWS, or
    what a variable said in somebody's shell: unclear if it names a bucket of the candidate, or none. So is a host
    that was not looked up.
    """
    found = [_way(read, way, names) for way in read.variants]
    if read.recorded is not None:
        last = _way(read, read.recorded, names)
        found += [last] if last.points is Points.YES else []
    yes = next((one for one in found if one.points is Points.YES), None)
    if yes is not None:
        return yes
    unclear = [one.reason for one in found if one.points is Points.UNCLEAR]
    unclear += [f"{read.name}: {problem}" for problem in read.problems]
    unclear += [f"{read.name}: {why}" for clue in read.clues if (why := _clue(clue, names))]
    if unclear:
        unclear += [f"{read.name}: {problem}" for problem in read.other]
        return Pointing(Points.UNCLEAR, "; ".join(dict.fromkeys(unclear)))
    return Pointing(Points.NO, found[0].reason)


def hosts(read: BackendRead, urls: Iterable[str]) -> Iterator[str]:
    """Every host whose addresses decide whether this stack points at a candidate with these URLs. Some come twice."""
    for url in urls:
        host, port = split(url)
        if host and port is not None:
            yield host
    for way in (*read.variants, *([read.recorded] if read.recorded else [])):
        for name in _ADDRESSES:
            for possible in (way.settings.get(name) or Text()).possible():
                named, port = place(possible)
                if named.literal and port is not None:
                    yield named.literal
    for clue in read.clues:
        for address in clue.addresses:
            host, port = split(address)
            if host and port is not None:
                yield host


def _clue(clue: Clue, names: CandidateNames) -> str:
    """Why a line that is not understood may lead to the candidate, "" if it cannot."""
    ours = set(own_places(names))
    for address in clue.addresses:
        points, why = _address(text(address), ours, names, http=False)
        if points is not Points.NO:
            return f"{clue.where} {clue.what}, and is not understood: {address} {why}"
    return f"{clue.where} {clue.what}, and is not understood" if clue.open else ""


def _way(read: BackendRead, way: Way, names: CandidateNames) -> Pointing:
    ours = set(own_places(names))
    unclear = [f"{read.name}: {missing}" for missing in way.missing]
    for name in _ADDRESSES:
        value = way.settings.get(name)
        if value is None or not value.parts:
            continue
        where = f"{read.name}: {name} = {value.assumed()} ({way.sources.get(name) or way.where})"
        if _of_a_profile(value) and not _may_hold(way, names):
            continue
        points, why = _address(value, ours, names, http=read.backend == "http")
        if points is Points.YES:
            return Pointing(Points.YES, f"{where} {why}")
        if points is Points.UNCLEAR and read.backend in ("s3", "http"):
            unclear.append(f"{where} {why}")
    unclear += [f"{read.name}: {reason}" for reason in _incomplete(read.backend, way, names)]
    if unclear:
        return Pointing(Points.UNCLEAR, "; ".join(unclear))
    return Pointing(
        Points.NO, f"{read.name}: backend {read.backend} elsewhere ({_elsewhere(read.backend, way)})"
    )


def _elsewhere(kind: str, variant: Way) -> str:
    address = next((str(variant.settings[name]) for name in _ADDRESSES if name in variant.settings), "")
    if kind == "s3" and (not address or _of_a_profile(variant.settings.get("endpoints.s3") or Text())):
        return f"AWS, bucket {variant.settings['bucket']}, which the candidate does not hold"
    return f"{what_it_is(kind)}{f', {address}' if address else ''}"


def _incomplete(kind: str, variant: Way, names: CandidateNames) -> Iterator[str]:
    """Why the settings do not say where the state is."""
    if kind == "http" and not variant.settings.get("address"):
        yield "the address of its http backend is not in its files"
    if kind != "s3" or any(name in variant.settings for name in ("endpoints.s3", "endpoint", "endpoints")):
        return
    if _may_hold(variant, names):
        yield f"the s3 backend names no endpoint; bucket {variant.settings.get('bucket') or '(not given)'}"


def _may_hold(variant: Way, names: CandidateNames) -> bool:
    """Whether the bucket of this variant may be one of the candidate's."""
    bucket = variant.settings.get("bucket") or Text()
    return not bucket.parts or any(
        possible.literal is None or possible.literal in names.buckets for possible in bucket.possible()
    )


def _of_a_profile(value: Text) -> bool:
    """Whether only a profile that is not here could say another endpoint than AWS."""
    return all(part.name.startswith("profile ") for part in value.opens) and bool(value.opens)


def _address(
    value: Text, ours: set[tuple[str, int]], names: CandidateNames, *, http: bool
) -> tuple[Points, str]:
    """Whether one address is an endpoint of the candidate, in any of the values that it may have."""
    result = (Points.NO, "")
    for possible in value.possible():
        named, port = place(possible)
        if named.literal is None or port is None or not named.literal:
            if not named.opens or may_be(named, ours):
                result = (Points.UNCLEAR, _why_open(possible))
            continue
        if same({(canonical(named.literal), port)}, ours):
            return Points.YES, "is an endpoint of the candidate"
        found = names.addresses.get(named.literal)
        if found is None:
            result = (Points.UNCLEAR, "has a host that was not looked up")
        elif same({(canonical(address), port) for address in found}, ours):
            if not http:
                return Points.YES, "leads to an address of the candidate"
            result = (Points.UNCLEAR, "leads to an address of the candidate, under another name")
    return result


def _why_open(value: Text) -> str:
    names = ", ".join(part.name for part in value.opens)
    return f"is open: {names} decides it" if names else "cannot be read as an address"


@careful
def no_active_stack(seen: Seen, stacks: Collection[str]) -> Finding:
    """P1.8 over these stacks. What stands behind it are the candidate's own answers, of every endpoint that is named:
    files alone prove nothing.
    """
    listed = list(seen.steps(Step.BUCKETS))
    answered = [one for one in listed if one.ok]
    findings = [unknown(f"list-buckets {one.where}: {one.why()}") for one in listed if not one.ok]
    names = [typed(one, CandidateNames) for one in seen.steps(Step.NAMES)]
    if not names:
        return merge([*findings, unknown("the candidate's names were not gathered")])
    known = names[-1]
    if len(names) > 1 or not {one.asked.get("url") for one in listed} <= set(known.urls):
        return unknown("the names of the candidate are not those of its endpoints")
    if not answered:
        findings.append(unknown("no endpoint of the candidate was asked"))
    held = {str(name) for one in answered if isinstance(one.result, list) for name in one.result}
    known = known.model_copy(update={"buckets": tuple(sorted({*known.buckets, *held}))})
    read = {one.endpoint: one for one in seen.steps(Step.BACKEND)}
    for stack in stacks:
        one = read.get(stack)
        if one is None or not one.answered:
            findings.append(unknown(f"{stack}: its files were not read"))
        elif not one.ok:
            findings.append(refuted(one.why()))
        elif (backend := typed(one, BackendRead)).name != stack:
            findings.append(unknown(f"{stack}: what was read is that of {backend.name}"))
        else:
            findings.append(_pointing(backend, known, len(answered)))
    return merge(findings)


def _pointing(read: BackendRead, names: CandidateNames, observations: int) -> Finding:
    found = points_at(read, names)
    if found.points is Points.YES:
        return refuted(found.reason)
    if found.points is Points.UNCLEAR:
        return unknown(found.reason, observations=observations)
    return proved(found.reason, observations)
