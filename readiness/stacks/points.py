"""P1.8: whether a stack's backend points at the candidate."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from readiness.finding import Finding, merge, proved, refuted, unknown
from readiness.stacks import hcl
from readiness.stacks.config import StackConfig
from readiness.stacks.hcl import UnreadableError

Resolve = Callable[[str], Collection[str]]
LOOPBACK = "loopback"
_LOOPBACK_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})
_PORTS = {"http": 80, "https": 443}
_ADDRESSES = ("endpoints.s3", "endpoint", "address", "lock_address", "unlock_address")


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


def points_at(
    config: StackConfig,
    endpoint_urls: Iterable[str],
    buckets: Collection[str] = (),
    resolve: Resolve = lambda host: (),
) -> Pointing:
    """Whether any address of this backend is an endpoint of the candidate: the same host and port, however they
    are spelt.

    Names are compared without case and final dot, a missing port is the scheme's, all loopback addresses and
    names are one host, and a bucket's virtual host is the endpoint's. `resolve` may tell a name's addresses
    (nothing is looked up unless it is given). An S3 backend without an endpoint is AWS, or what
    AWS_ENDPOINT_URL_S3 said in somebody's shell: unclear if it names a bucket of the candidate.
    """
    ours = {place for url in endpoint_urls for place in _places(url, resolve)}
    theirs = {name: config.settings[name] for name in _ADDRESSES if config.settings.get(name)}
    unclear = []
    for name, value in theirs.items():
        where = f"{config.name}: {name} = {value} ({config.sources.get(name, 'command line')})"
        places = _places(value, resolve)
        if not places:
            unclear.append(f"{where} cannot be read as an address")
        elif _same(places, ours):
            return Pointing(Points.YES, f"{where} is an endpoint of the candidate")
    bucket = config.settings.get("bucket", "")
    if (
        config.backend == "s3"
        and not theirs.keys() & {"endpoints.s3", "endpoint"}
        and (bucket in buckets or not bucket)
    ):
        unclear.append(f"{config.name}: the s3 backend names no endpoint; bucket {bucket or '(not given)'}")
    if config.backend == "http" and "address" not in theirs:
        unclear.append(f"{config.name}: the address of its http backend is not in its files")
    if unclear:
        return Pointing(Points.UNCLEAR, "; ".join(unclear))
    return Pointing(Points.NO, f"{config.name}: backend {config.backend} elsewhere")


def no_active_stack(
    configs: Mapping[str, StackConfig | UnreadableError],
    endpoint_urls: Iterable[str],
    buckets: Collection[str] = (),
    *,
    observations: int,
    resolve: Resolve = lambda host: (),
) -> Finding:
    """P1.8 over all protected stacks.

    `observations` counts what stands behind the endpoints named here (the run's own answered requests to them):
    files alone prove nothing.
    """
    urls = tuple(endpoint_urls)
    findings = []
    for name, config in configs.items():
        if isinstance(config, UnreadableError):
            findings.append(refuted(f"{name}: {config}"))
            continue
        found = points_at(config, urls, buckets, resolve)
        if found.points is Points.YES:
            findings.append(refuted(found.reason))
        elif found.points is Points.UNCLEAR:
            findings.append(unknown(found.reason, observations=observations))
        else:
            findings.append(proved(found.reason, observations))
    return merge(findings)


def _places(url: str, resolve: Resolve) -> set[tuple[str, int]]:
    """The (host, port) pairs that a URL names; empty if its host or port is not literal."""
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return set()
    if not host or not hcl.is_literal(parts.netloc):
        return set()
    number = port or _PORTS.get(parts.scheme, 443)
    return {(_canonical(name), number) for name in (host, *resolve(host))}


def _canonical(host: str) -> str:
    name = host.lower().rstrip(".")
    if name in _LOOPBACK_NAMES or name.endswith(".localhost"):
        return LOOPBACK
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return name
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return LOOPBACK if address.is_loopback or address.is_unspecified else str(address)


def _same(theirs: set[tuple[str, int]], ours: set[tuple[str, int]]) -> bool:
    return any(
        port == our_port and (host == our_host or host.endswith(f".{our_host}"))
        for host, port in theirs
        for our_host, our_port in ours
    )
