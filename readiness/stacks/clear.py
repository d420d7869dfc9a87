"""Whether copies of real state would go over a network in the clear."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from readiness.topology import Endpoint

OPTION = "--state-without-tls"


def addresses(host: str) -> list[str]:
    """What the host resolves to now; empty where it does not."""
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except OSError:
        return []


def in_the_clear(
    endpoints: Iterable[Endpoint], resolved: Callable[[str], list[str]] = addresses
) -> Endpoint | None:
    """The first endpoint that is reached without TLS and is not on loopback. A name that does not resolve is not."""
    return next((each for each in endpoints if _clear(each.url, resolved)), None)


def why_not(endpoint: Endpoint) -> str:
    """What to change about it."""
    return (
        f"endpoint {endpoint.name} at {endpoint.url} is reached without TLS, and is not on this machine: phase 3 would "
        f"send copies of your stacks' state, secrets in it, over the network in the clear; give it an https URL, leave "
        f'out phase 3 (-m "not phase3"), or allow it with {OPTION}'
    )


def _clear(url: str, resolved: Callable[[str], list[str]]) -> bool:
    split = urlsplit(url)
    if split.scheme == "https":
        return False
    found = resolved(split.hostname or "")
    return not found or not all(ipaddress.ip_address(each.partition("%")[0]).is_loopback for each in found)
