"""P1.8: whether a stack's backend points at the candidate."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from readiness.finding import Finding, merge, proved, refuted, unknown
from readiness.stacks.config import StackConfig
from readiness.stacks.hcl import UnreadableError
from readiness.stacks.recipes.model import Placeholders
from readiness.stacks.sources import Variant
from readiness.stacks.text import Text

Resolve = Callable[[str], Collection[str]]
LOOPBACK = "loopback"
_LOOPBACK_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})
_PORTS = {"http": 80, "https": 443}
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


@dataclass(frozen=True)
class Names:
    """Every name by which the candidate is known: URLs of its endpoints (the service endpoint and the names of its
    Kubernetes Service among them), and the buckets it holds. `resolve` gives the addresses of a host; nothing is
    looked up unless it is given."""

    urls: tuple[str, ...]
    buckets: frozenset[str] = frozenset()
    resolve: Resolve = field(default=lambda host: ())


def kubernetes_urls(service: str, namespace: str, port: int, scheme: str = "http") -> tuple[str, ...]:
    """The URLs by which a Service is known inside of its cluster (Kubernetes, DNS for Services and Pods)."""
    names = (
        f"{service}.{namespace}",
        f"{service}.{namespace}.svc",
        f"{service}.{namespace}.svc.cluster.local",
    )
    return tuple(f"{scheme}://{name}:{port}" for name in (service, *names))


def what_it_is(kind: str) -> str:
    """What a backend of this kind keeps its state in."""
    return _KINDS.get(kind, f"a backend of the kind {kind}")


def points_at(config: StackConfig, names: Names) -> Pointing:
    """Whether any way in which this stack is initialised leads to an endpoint of the candidate: the same host and
    port, however they are spelt.

    Names are compared without case and final dot, a missing port is the scheme's, all loopback addresses and
    names are one host, and a bucket's virtual host is the endpoint's. An S3 backend without an endpoint is AWS, or
    what a variable said in somebody's shell: unclear if it names a bucket of the candidate, or none.
    """
    found = [_variant(config, variant, names) for variant in config.variants]
    if config.recorded is not None:
        last = _variant(config, config.recorded, names)
        found += [last] if last.points is Points.YES else []
    yes = next((one for one in found if one.points is Points.YES), None)
    if yes is not None:
        return yes
    unclear = [one.reason for one in found if one.points is Points.UNCLEAR]
    unclear += [f"{config.name}: {problem}" for problem in config.problems]
    if unclear:
        unclear += [f"{config.name}: {problem}" for problem in config.other]
        return Pointing(Points.UNCLEAR, "; ".join(dict.fromkeys(unclear)))
    return Pointing(Points.NO, found[0].reason)


def _variant(config: StackConfig, variant: Variant, names: Names) -> Pointing:
    ours = set(_ours(names))
    unclear = [f"{config.name}: {missing}" for missing in variant.missing]
    for name in _ADDRESSES:
        value = variant.settings.get(name)
        if value is None or not value.parts:
            continue
        where = f"{config.name}: {name} = {value.assumed()} ({variant.sources.get(name) or variant.where})"
        if _of_a_profile(value) and not _may_hold(variant, names):
            continue
        points, why = _address(value, ours, names.resolve, http=config.backend == "http")
        if points is Points.YES:
            return Pointing(Points.YES, f"{where} {why}")
        if points is Points.UNCLEAR and config.backend in ("s3", "http"):
            unclear.append(f"{where} {why}")
    unclear += [f"{config.name}: {reason}" for reason in _incomplete(config.backend, variant, names)]
    if unclear:
        return Pointing(Points.UNCLEAR, "; ".join(unclear))
    return Pointing(
        Points.NO,
        f"{config.name}: backend {config.backend} elsewhere ({_elsewhere(config.backend, variant)})",
    )


def _elsewhere(kind: str, variant: Variant) -> str:
    address = next((str(variant.settings[name]) for name in _ADDRESSES if name in variant.settings), "")
    if kind == "s3" and (not address or _of_a_profile(variant.settings.get("endpoints.s3") or Text())):
        return f"AWS, bucket {variant.settings['bucket']}, which the candidate does not hold"
    return f"{what_it_is(kind)}{f', {address}' if address else ''}"


def _incomplete(kind: str, variant: Variant, names: Names) -> Iterator[str]:
    """Why the settings do not say where the state is."""
    if kind == "http" and not variant.settings.get("address"):
        yield "the address of its http backend is not in its files"
    if kind != "s3" or any(name in variant.settings for name in ("endpoints.s3", "endpoint", "endpoints")):
        return
    if _may_hold(variant, names):
        yield f"the s3 backend names no endpoint; bucket {variant.settings.get('bucket') or '(not given)'}"


def _may_hold(variant: Variant, names: Names) -> bool:
    """Whether the bucket of this variant may be one of the candidate's."""
    bucket = variant.settings.get("bucket") or Text()
    return not bucket.parts or any(
        possible.literal is None or possible.literal in names.buckets for possible in bucket.possible()
    )


def _of_a_profile(value: Text) -> bool:
    """Whether only a profile that is not here could say another endpoint than AWS."""
    return all(part.name.startswith("profile ") for part in value.opens) and bool(value.opens)


def _address(value: Text, ours: set[tuple[str, int]], resolve: Resolve, *, http: bool) -> tuple[Points, str]:
    """Whether one address is an endpoint of the candidate, in any of the values that it may have."""
    result = (Points.NO, "")
    for possible in value.possible():
        places = Placeholders()
        host, port = _split(places.encode(possible))
        named = places.decode(host)
        if named.opens or port is None or not host:
            if not named.opens or _may_be(named, ours):
                result = (Points.UNCLEAR, _why_open(possible))
            continue
        if _same({(_canonical(host), port)}, ours):
            return Points.YES, "is an endpoint of the candidate"
        addresses = {(_canonical(address), port) for address in resolve(host)}
        if _same(addresses, ours):
            if not http:
                return Points.YES, "leads to an address of the candidate"
            result = (Points.UNCLEAR, "leads to an address of the candidate, under another name")
    return result


def _why_open(value: Text) -> str:
    names = ", ".join(part.name for part in value.opens)
    return f"is open: {names} decides it" if names else "cannot be read as an address"


def _may_be(host: Text, ours: Iterable[tuple[str, int]]) -> bool:
    """Whether an open host can be one of the candidate's, or the virtual host of a bucket on it."""
    return any(
        host.matched(name) is not None or _tail(host).endswith(f".{name}") or f".{name}".endswith(_tail(host))
        for name, _ in ours
    )


def _tail(host: Text) -> str:
    last = host.parts[-1]
    return last.lower().rstrip(".") if isinstance(last, str) else ""


def _ours(names: Names) -> Iterator[tuple[str, int]]:
    for url in names.urls:
        host, port = _split(url)
        if host and port is not None:
            yield _canonical(host), port
            for address in names.resolve(host):
                yield _canonical(address), port


def _split(url: str) -> tuple[str, int | None]:
    """Host and port of a URL, "" or None where it has none. The port of a URL is its scheme's where none is named."""
    whole = url if "://" in url else f"https://{url}"
    try:
        parts = urlsplit(whole)
        host = parts.hostname or ""
        port = parts.port
    except ValueError:
        found = re.match(r"\w+://(?:[^@/]*@)?([^/:?#]*__OPEN\d+__[^/:?#]*)", whole)
        return (found[1] if found else ""), None
    if "__open" in host:
        found = re.match(r"\w+://(?:[^@/]*@)?([^/:?#]*)", whole)
        host = found[1] if found else host
    return host, port or _PORTS.get(parts.scheme, 443)


def no_active_stack(
    configs: Mapping[str, StackConfig | UnreadableError], names: Names, *, observations: int
) -> Finding:
    """P1.8 over all protected stacks.

    `observations` counts what stands behind the endpoints named here (the run's own answered requests to them):
    files alone prove nothing.
    """
    findings = []
    for name, config in configs.items():
        if isinstance(config, UnreadableError):
            findings.append(refuted(f"{name}: {config}"))
            continue
        found = points_at(config, names)
        if found.points is Points.YES:
            findings.append(refuted(found.reason))
        elif found.points is Points.UNCLEAR:
            findings.append(unknown(found.reason, observations=observations))
        else:
            findings.append(proved(found.reason, observations))
    return merge(findings)


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
