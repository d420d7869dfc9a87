"""A candidate file proposed from nothing but the endpoints of a store. Pure: nothing is asked.

What needs no fault can be judged with it; for that alone `check --endpoint` needs no file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from readiness.candidate.credentials import resolve_url
from readiness.declare.writing import (
    ENVIRONMENT,
    NO_RULE,
    Heading,
    Promised,
    contract,
    heading,
    slug,
    taken_over,
    text,
)
from readiness.errors import UsageError


def proposal(
    urls: Sequence[str], profile: str | None, region: str | None, ca_bundle: Path | None, addressing: str
) -> str:
    """The file as text. `urls` may be references, and stay so. Raises UsageError for what is no URL of an endpoint."""
    resolved = [resolve_url(url, "--endpoint") for url in urls]
    if again := next((url for at, url in enumerate(resolved) if url in resolved[:at]), None):
        raise UsageError(f"--endpoint {again} is given twice")
    hosts = [str(urlsplit(url).hostname) for url in resolved]
    several = len(set(hosts)) > 1
    said = Heading(
        read=f"{len(urls)} endpoint{'s' if len(urls) > 1 else ''}",
        name=f"store-at-{slug(hosts[0])}",
        candidate_class="singleton",
        why="only endpoints are known, and this claims the least; dedicated-ha once you know that it is (P0.7)",
        summary=f"A store known by {', '.join(resolved)}.",
    )
    lines = [
        *heading(said),
        *_s3(region, ca_bundle, addressing),
        *(line for url, host in zip(urls, hosts, strict=True) for line in _endpoint(url, host, urls, hosts)),
        "# A name in front of all of them is the service endpoint: an entry without node and instance.",
        "",
        "# Nothing can be done to these instances: criteria that need a fault are NOT RUN until [[instances]] and",
        "# [[nodes]] have commands (candidates/TEMPLATE.toml).",
        "",
        *contract(_promised(profile, len(urls), several=several)),
    ]
    return "\n".join(lines) + "\n"


def _s3(region: str | None, ca_bundle: Path | None, addressing: str) -> Iterator[str]:
    yield "[s3]"
    if region:
        yield f"region = {text(region)}  # as given"
    if ca_bundle:
        yield f"ca_bundle = {text(str(ca_bundle.resolve()))}  # as given"
    yield f"addressing = {text(addressing)}  # as given, or the default"
    yield ""


def _endpoint(url: str, host: str, urls: Sequence[str], hosts: Sequence[str]) -> Iterator[str]:
    name = host if hosts.count(host) == 1 else f"{host}-{urls.index(url) + 1}"
    yield "[[endpoints]]"
    yield f"name = {text(name)}"
    yield f"url = {text(url)}  # as given"
    yield f"node = {text(host)}  # a guess: each host is a node of its own"
    yield f"instance = {text(name)}"
    yield ""


def _promised(profile: str | None, number: int, *, several: bool) -> Promised:
    admin = f'{{ source = "profile", profile = {text(profile)} }}' if profile else ENVIRONMENT
    hosts = "on hosts of their own" if several else "on one host"
    return Promised(
        shape=f"{number} endpoint{'s' if number > 1 else ''} {hosts}; path-style addressing",
        outages=taken_over(10, "10 s"),
        readiness=(NO_RULE,),
        admin=admin,
        admin_why="as given" if profile else "export these two",
    )
