"""The parts of a proposed candidate file that are alike wherever a store runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from readiness.judges.contract import TO_BE_WRITTEN

SILENCE_SECONDS = 60
MOST_SECONDS = 30
TAKEOVER_SECONDS = 10
ENVIRONMENT = '{ source = "environment", access_key = "STORE_ACCESS_KEY", secret_key = "STORE_SECRET_KEY" }'


def text(value: str) -> str:
    """The value as a TOML string."""
    return json.dumps(value, ensure_ascii=False)


def command(*argv: str, seconds: int | None = None) -> str:
    """A command that no shell reads, as TOML."""
    words = json.dumps(list(argv), ensure_ascii=False)
    return words if seconds is None else f"{{ run = {words}, seconds = {seconds} }}"


def shell(line: str) -> str:
    """A command that is a line for /bin/sh, as TOML."""
    return f"{{ run = {json.dumps([line], ensure_ascii=False)}, shell = true }}"


def slug(name: str) -> str:
    """A name as candidate files take it: lowercase letters, digits and dashes."""
    return re.sub(r"[^a-z0-9-]+", "-", name.lower())[:41].strip("-") or "store"


@dataclass(frozen=True)
class Heading:
    """What the file says first. `read`: where it was proposed from; `why`: of the class; `page`: of the documentation,
    which says how it goes on; `recognised`: by what the store was known, where the file says it here.
    """

    read: str
    name: str
    candidate_class: str
    why: str
    summary: str
    provider: str = 'kind = "commands"  # the store runs already'
    page: str = "docs/declare-a-candidate.md"
    recognised: str = ""


@dataclass(frozen=True)
class Outages:
    """The longest outages that are proposed, in seconds. `because`: the lines that say where they come from; `away`:
    what may be away at a time.
    """

    restart: int
    crash: int
    silence: int
    because: tuple[str, ...]
    away: str = "one instance or one node"


@dataclass(frozen=True)
class Promised:
    """What the contract is proposed from. `admin`: the credential as TOML, and `admin_why`. `read_only`, `readiness`,
    `alert_rules`: whole lines, an entry or a comment. `repair`: how an emptied node is usually made whole, `by` whom.
    """

    shape: str
    outages: Outages
    readiness: tuple[str, ...]
    admin: str
    admin_why: str
    repair: str = "none"
    by: str = "an emptied node is usually made whole"
    read_only: tuple[str, ...] = ()
    alert_rules: str = "# alert_rules names a Prometheus rule file beside this one (P0.5)"


def taken_over(stop_seconds: float, stop: str) -> Outages:
    """Outages of a store of which only the time of a graceful stop is known; `stop` says where from."""
    restart = max(1, round(min(MOST_SECONDS, stop_seconds + TAKEOVER_SECONDS)))
    because = (
        f"restart, drain: {stop}, and {TAKEOVER_SECONDS} s for a takeover; crash: the takeover;",
        f"each at most {MOST_SECONDS} s, which OpenTofu bridges. silence: the ceiling, for nothing here says when",
        "clients are led away from a silent node.",
    )
    return Outages(restart, TAKEOVER_SECONDS, SILENCE_SECONDS, because)


def ready_at(path: str, why: str, target: str = "s3") -> str:
    """The line of the readiness rule."""
    return f"readiness = {{ path = {text(path)}, target = {text(target)} }}  # {why}"


NO_RULE = "# no readiness rule is known: an instance is in service when it accepts a TCP connection"


def heading(said: Heading) -> Iterator[str]:
    """The first lines, as far as the provider."""
    yield f"# Proposed from {said.read}. Check each guess, and write what is {TO_BE_WRITTEN}: phase 0"
    yield f"# refuses it until then ({said.page}). No value of a secret was read."
    yield "schema = 1"
    yield f"name = {text(slug(said.name))}"
    yield f"class = {text(said.candidate_class)}  # {said.why}"
    yield f"summary = {text(said.summary)}"
    if said.recognised:
        yield f"# recognised by {said.recognised}"
    yield ""
    yield "[provider]"
    yield said.provider
    yield ""


def volumes(found: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    """Where data lies: node, kind, and where that is said."""
    for node, kind, why in found:
        yield "[[volumes]]"
        yield f"node = {text(node)}"
        yield f"kind = {text(kind)}  # {why}"
        yield ""


def contract(promised: Promised) -> Iterator[str]:
    """The contract and what follows it."""
    yield "[contract]"
    yield f"endpoint_shape = {text(promised.shape)}  # as found"
    yield f"audience = {text(f'{TO_BE_WRITTEN}: who may use the endpoints, from where')}"
    yield f"cache_statement = {text(f'{TO_BE_WRITTEN}: that no cache uses the state bucket as authority')}"
    yield ""
    yield "[contract.credentials]"
    yield f"rotation_owner = {text(f'{TO_BE_WRITTEN}: who rotates the credentials')}"
    yield "rotation_days = 90  # a proposal"
    yield f"admin = {promised.admin}  # {promised.admin_why}"
    yield from promised.read_only
    yield ""
    yield "[contract.durability]"
    yield "versioning = true  # a proposal: P1.15 tries it; without versions see docs/declare-a-candidate.md"
    yield "retention_days = 0  # how long old versions are kept, in days"
    yield 'restore = "previous-version"'
    yield ""
    yield from _failure(promised)
    yield "[contract.observability]"
    yield promised.alert_rules
    yield "metrics = []  # the metrics that the alert rules name: { name, path, target } (P0.5)"
    yield ""
    yield "[contract.divergence]"
    yield 'response = "none"  # S.4 needs a read-only command that finds a diverging bucket index'
    yield ""
    yield "[contract.repair]"
    yield f"kind = {text(promised.repair)}  # how {promised.by} (P1.19)"
    yield ""
    yield "[boundary]"
    yield "cache_endpoints = []  # of Attic and Bazel caches: nothing in a run may contact them"


def _failure(promised: Promised) -> Iterator[str]:
    outages = promised.outages
    yield "[contract.failure]"
    yield f"statement = {text(f'{TO_BE_WRITTEN}: what is served while {outages.away} is away')}"
    yield "# Proposals, in seconds. A tighter number is a harder test, not a better score."
    yield from (f"# {line}" for line in outages.because)
    yield (
        f"rto_seconds = {{ restart = {outages.restart}, drain = {outages.restart}, crash = {outages.crash}, "
        f"silence = {outages.silence} }}"
    )
    yield "rpo_acknowledged_writes = 0"
    yield from promised.readiness
    yield ""
