"""Hosts and ports of addresses, however they are spelt: which of them are the candidate's."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from readiness.evidence.stacks import CandidateNames
from readiness.text import Placeholders, Text

LOOPBACK = "loopback"
_LOOPBACK_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})
_PORTS = {"http": 80, "https": 443}


def kubernetes_urls(service: str, namespace: str, port: int, scheme: str = "http") -> tuple[str, ...]:
    """The URLs by which a Service is known inside of its cluster (Kubernetes, DNS for Services and Pods)."""
    names = (
        f"{service}.{namespace}",
        f"{service}.{namespace}.svc",
        f"{service}.{namespace}.svc.cluster.local",
    )
    return tuple(f"{scheme}://{name}:{port}" for name in (service, *names))


def place(value: Text) -> tuple[Text, int | None]:
    """Host and port of an address, either of which may be open: no port is known then."""
    places = Placeholders()
    host, port = split(places.encode(value))
    return places.decode(host), port


def may_be(host: Text, ours: Iterable[tuple[str, int]]) -> bool:
    """Whether an open host can be one of the candidate's, or the virtual host of a bucket on it."""
    return any(
        host.matched(name) is not None or _tail(host).endswith(f".{name}") or f".{name}".endswith(_tail(host))
        for name, _ in ours
    )


def _tail(host: Text) -> str:
    last = host.parts[-1]
    return last.lower().rstrip(".") if isinstance(last, str) else ""


def own_places(names: CandidateNames) -> Iterator[tuple[str, int]]:
    """Host and port of every endpoint of the candidate, by its names and by its addresses."""
    for url in names.urls:
        host, port = split(url)
        if host and port is not None:
            yield canonical(host), port
            for address in names.addresses.get(host, ()):
                yield canonical(address), port


def split(url: str) -> tuple[str, int | None]:
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


def canonical(host: str) -> str:
    """One spelling for a host: without case and final dot, every loopback name and address as LOOPBACK."""
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


def same(theirs: set[tuple[str, int]], ours: set[tuple[str, int]]) -> bool:
    """Whether one of these places is one of those, or the virtual host of a bucket on it."""
    return any(
        port == our_port and (host == our_host or host.endswith(f".{our_host}"))
        for host, port in theirs
        for our_host, our_port in ours
    )
