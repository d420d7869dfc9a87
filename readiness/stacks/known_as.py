"""Every name by which a candidate may be called in a stack's configuration."""

from __future__ import annotations

import concurrent.futures
import contextlib
import functools
import ipaddress
import socket
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TypeAlias

from readiness.candidate.declared_kubernetes import DeclaredCluster
from readiness.candidate.model import Candidate
from readiness.evidence.stacks import BackendRead, CandidateNames
from readiness.judges.stacks.addresses import kubernetes_urls
from readiness.judges.stacks.points import hosts

Resolve: TypeAlias = Callable[[str], Collection[str]]
SECONDS = 2.0
"""How long one host name may take to be resolved."""


def names(
    candidate: Candidate, urls: Iterable[str], held: Iterable[str], read: Iterable[BackendRead]
) -> CandidateNames:
    """The candidate's names: `urls` of its endpoints, `held` the buckets that it lists, and what its file declares:
    the bucket of the state, its Services by their names in the cluster. Every host that these backends name is
    looked up."""
    known = [*urls, *(_declared(candidate.kubernetes) if candidate.kubernetes else ())]
    return looked_up(known, {*held, candidate.boundary.state_bucket}, read, resolver())


def looked_up(
    urls: Iterable[str], buckets: Iterable[str], read: Iterable[BackendRead], resolve: Resolve
) -> CandidateNames:
    """These names, with the addresses of every host that decides whether these backends point at one."""
    known = tuple(dict.fromkeys(urls))
    named = {host for one in read for host in hosts(one, known)}
    addresses = {host: tuple(sorted(resolve(host))) for host in sorted(named)}
    return CandidateNames(urls=known, buckets=tuple(sorted(buckets)), addresses=addresses)


def _declared(cluster: DeclaredCluster) -> Iterator[str]:
    if cluster.service is not None:
        yield from kubernetes_urls(
            cluster.service.name, cluster.namespace, cluster.service.port, cluster.service.scheme
        )
        if cluster.service.url:
            yield cluster.service.url
    for pods in cluster.pods:
        if pods.service and pods.port and "{" not in pods.service:
            yield from kubernetes_urls(pods.service, cluster.namespace, pods.port, pods.scheme)


def resolver(seconds: float = SECONDS) -> functools._lru_cache_wrapper[Collection[str]]:
    """The addresses of a host name, none where they are not known within that time. Each name is asked once."""

    @functools.lru_cache(maxsize=256)
    def resolve(host: str) -> Collection[str]:
        name = host.strip("[]").partition("%")[0]
        with contextlib.suppress(ValueError):
            ipaddress.ip_address(name)
            return ()
        # Not a `with`: that would wait for a resolver that does not answer.
        pool = concurrent.futures.ThreadPoolExecutor(max_workers=1)
        try:
            found = pool.submit(socket.getaddrinfo, name, None).result(timeout=seconds)
        except (OSError, UnicodeError, TimeoutError):
            return ()
        finally:
            pool.shutdown(wait=False)
        return frozenset(str(row[4][0]) for row in found)

    return resolve
