"""B.1 and B.2: the state authority is not a cache, and nothing in the run was one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pydantic import JsonValue

from readiness import contacts
from readiness.judges.boundary import CACHE_KEYS, Step
from readiness.load.rig import Rig
from readiness.providers.abilities import HasCaches
from readiness.recording import Recording
from readiness.s3.library import Answered, Unanswered
from readiness.subject import Subject
from readiness.tofu.peers import Peers

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOOPBACK = ("127.0.0.1", "::1")
"""Where the suite's own proxies and stand-ins listen."""
MOST = 100_000
"""Keys of a bucket that are looked at. One that has more is not looked through, and B.1 says so."""


def cache_addresses(subject: Subject) -> dict[contacts.Address, str]:
    """Addresses of the declared cache and executor endpoints, with their URL."""
    boundary = subject.candidate.boundary
    urls = (
        *boundary.cache_endpoints,
        *boundary.executor_endpoints,
        *(subject.provider.cache_endpoints if isinstance(subject.provider, HasCaches) else ()),
    )
    return {address: url for url in urls for address in contacts.addresses(url)}


def no_cache_objects(subject: Subject, see: Recording, rig: Rig) -> None:
    """B.1: which endpoints are a cache's too, which buckets are a cache's, and what the keys of the state bucket and
    of the scratch buckets look like.
    """
    boundary, front = subject.candidate.boundary, subject.front
    caches = cache_addresses(subject)
    for endpoint in subject.topology.all_endpoints():
        see.fact(Step.ADDRESS, endpoint.name, partial(_same_address, endpoint.url, caches), kept=str)
    client = subject.client(front)

    def found(names: list[str]) -> JsonValue:
        held: list[JsonValue] = [*sorted(set(names) & set(boundary.cache_buckets))]
        return {"buckets": len(names), "held": held, "state": boundary.state_bucket in names}

    listing = lambda: [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]  # noqa: E731
    buckets = see.ask(Step.BUCKETS, front, "boto3", listing, kept=found)
    if isinstance(buckets, Answered | Unanswered):
        return
    for bucket in (boundary.state_bucket, *rig.buckets.every()):
        if bucket in buckets:
            look = partial(_keys, client, bucket)
            see.ask(Step.KEYS, front, "boto3", look, asked={"bucket": bucket, "most": MOST}, kept=_looked_at)


def _same_address(url: str, caches: dict[contacts.Address, str]) -> str:
    shared = sorted(contacts.addresses(url) & caches.keys())
    return caches[shared[0]] if shared else ""


@dataclass(frozen=True)
class _Keys:
    """Some keys of a bucket. `more`: it has others."""

    keys: list[str]
    more: bool


def _keys(client: S3Client, bucket: str) -> _Keys:
    """The keys of a bucket, page after page, at most `MOST`."""
    keys: list[str] = []
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        keys += [entry["Key"] for entry in page.get("Contents", [])]
        if len(keys) >= MOST:
            return _Keys(keys[:MOST], more=len(keys) > MOST or bool(page.get("IsTruncated")))
    return _Keys(keys, more=False)


def _looked_at(found: _Keys) -> JsonValue:
    caches = [key for key in found.keys if CACHE_KEYS.search(key)]
    return {"keys": len(found.keys), "caches": [*caches[:5]], "more": found.more}


def no_cache_contacts(subject: Subject, see: Recording, tofu: Peers) -> None:
    """B.2: the connections that this process made, and those that `tofu`'s processes were seen to have."""
    see.fact(Step.CONNECTIONS, "this process", partial(_connections, subject), kept=dict)
    see.fact(Step.OF_TOFU, "tofu", partial(_of_tofu, subject, tofu), kept=dict)


def _of_tofu(subject: Subject, tofu: Peers) -> dict[str, JsonValue]:
    seen, caches = tofu.addresses(), cache_addresses(subject)
    ours = _own_addresses(subject)
    others = sorted(
        f"{host}:{port}" for host, port in seen if (host, port) not in ours and host not in LOOPBACK
    )
    return {
        "processes": tofu.processes,
        "looks": tofu.looks,
        "all": sum(seen.values()),
        "candidate": sum(count for address, count in seen.items() if address in ours),
        "caches": [*sorted({caches[address] for address in seen if address in caches})],
        "others": [*others[:20]],
    }


def _own_addresses(subject: Subject) -> set[contacts.Address]:
    return {address for e in subject.topology.all_endpoints() for address in contacts.addresses(e.url)}


def _connections(subject: Subject) -> dict[str, JsonValue]:
    made, caches = contacts.made(), cache_addresses(subject)
    ours = _own_addresses(subject)
    return {
        "all": sum(made.values()),
        "candidate": sum(count for address, count in made.items() if address in ours),
        "caches": [*sorted({caches[address] for address in made if address in caches})],
        "addresses": len(made),
        "cache_addresses": len(caches),
    }
