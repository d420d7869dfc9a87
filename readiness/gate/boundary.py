"""B.1 and B.2: the state authority is not a cache, and the run contacted none."""

from __future__ import annotations

import re
from functools import partial

from readiness import contacts
from readiness.finding import Finding, merge, proved, refuted, unknown
from readiness.load.rig import Rig
from readiness.providers.abilities import HasCaches
from readiness.recording import Recording
from readiness.s3.library import Answered, Malformed, Unanswered, translate
from readiness.subject import Subject

_CACHE_KEYS = re.compile(
    r"(^|/)(nar/|[a-z0-9]{32}\.narinfo$|nix-cache-info$|cas/[0-9a-f]{64}|ac/[0-9a-f]{64}|blobs/sha256/)"
)
SAMPLE = 1000


def cache_addresses(subject: Subject) -> dict[contacts.Address, str]:
    """Addresses of the declared cache and executor endpoints, with their URL."""
    boundary = subject.candidate.boundary
    urls = (
        *boundary.cache_endpoints,
        *boundary.executor_endpoints,
        *(subject.provider.cache_endpoints if isinstance(subject.provider, HasCaches) else ()),
    )
    return {address: url for url in urls for address in contacts.addresses(url)}


def no_cache_objects(subject: Subject, _see: Recording, rig: Rig) -> Finding:
    """B.1: no bucket of the candidate is a cache's, the state bucket holds no cache object, no endpoint is a
    cache's too.
    """
    boundary = subject.candidate.boundary
    caches = cache_addresses(subject)
    for endpoint in subject.topology.all_endpoints():
        shared = contacts.addresses(endpoint.url) & caches.keys()
        if shared:
            return refuted(f"endpoint {endpoint.name} is the cache endpoint {caches[shared.pop()]} too")
    client = subject.client(subject.front)
    ours = rig.buckets.both()
    try:
        buckets = translate(lambda: [b["Name"] for b in client.list_buckets()["Buckets"]])
        held = sorted(set(buckets) & set(boundary.cache_buckets))
        if held:
            return refuted(f"the candidate holds cache buckets: {', '.join(held)}")
        wanted = [name for name in (boundary.state_bucket, *ours) if name in buckets]
        parts = [_holds_no_cache(subject, name) for name in wanted]
    except Malformed as error:
        return refuted(f"buckets cannot be read: {error}")
    except (Answered, Unanswered) as error:
        return unknown(f"buckets cannot be read: {error}")
    state = "" if boundary.state_bucket in buckets else f"; {boundary.state_bucket} does not exist yet"
    reason = f"{len(buckets)} buckets, none of a cache; {len(caches)} cache addresses apart from the endpoints{state}"
    return merge([*parts, proved(reason, len(buckets))])


def _holds_no_cache(subject: Subject, bucket: str) -> Finding:
    client = subject.client(subject.front)
    listed = partial(client.list_objects_v2, Bucket=bucket, MaxKeys=SAMPLE)
    keys = translate(lambda: [o["Key"] for o in listed().get("Contents", [])])
    found = [key for key in keys if _CACHE_KEYS.search(key)]
    if found:
        return refuted(f"bucket {bucket} holds cache objects, for example {found[0]}")
    return proved(f"{len(keys)} keys of {bucket} looked at", 1)


def no_cache_contacts(subject: Subject, _see: Recording) -> Finding:
    """B.2: of all connections that this process made, none went to a cache or executor endpoint, and those
    that were made went to the candidate. `tofu` gets no other address than the candidate's: its
    environment holds no proxy, no mirror and no remote executor.
    """
    made = contacts.made()
    caches = cache_addresses(subject)
    touched = sorted(caches[address] for address in made if address in caches)
    if touched:
        return refuted(f"the run contacted {', '.join(touched)}")
    ours = {address for e in subject.topology.all_endpoints() for address in contacts.addresses(e.url)}
    toward = sum(count for address, count in made.items() if address in ours)
    if not toward:
        return unknown("no connection to the candidate was seen: nothing was measured")
    reason = f"{sum(made.values())} connections, {toward} to the candidate's endpoints, none to a cache or executor"
    return proved(reason, toward, addresses=len(made), cache_addresses=len(caches))
