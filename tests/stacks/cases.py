"""P1.8 and phase 3: healthy recordings, and what breaks them."""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue

from readiness.criteria import PROTECTED_STACKS
from readiness.evidence.observation import PROVIDER, Observation
from readiness.evidence.stacks import BackendRead, CandidateNames, Way
from readiness.judges.stacks import points
from readiness.text import Open, Text, text
from tests.support.observations import Case, Defect, Recorded, changed, lost, seen

URLS = {"a": "http://127.0.0.1:9000", "b": "http://10.0.0.5:9000"}


def json_of(one: Any) -> JsonValue:
    """As it is kept."""
    kept: JsonValue = one.model_dump(mode="json")
    return kept


def backend(name: str, kind: str = "s3", **more: Any) -> BackendRead:
    """A backend that is elsewhere; settings by `settings`, the rest as BackendRead has it."""
    settings: dict[str, Text] = {"bucket": text("b"), "endpoints.s3": text("http://store.example:9000")}
    way = Way(
        where="backend.tf",
        settings=more.pop("settings", settings),
        sources={},
        missing=more.pop("missing", ()),
    )
    given: dict[str, Any] = {"recorded": None, "problems": (), "other": ()} | more
    return BackendRead(name=name, backend=kind, variants=(way,), **given)


def candidate(**addresses: tuple[str, ...]) -> CandidateNames:
    """The names of a candidate behind two URLs; `addresses` of hosts, a dot as `__`."""
    hosts = {"store.example": ("192.0.2.7",), "127.0.0.1": (), "10.0.0.5": ()}
    given = {name.replace("__", "."): found for name, found in addresses.items()}
    return CandidateNames(urls=tuple(URLS.values()), buckets=("tofu-state",), addresses=hosts | given)


def read(name: str, kind: str = "s3", **more: Any) -> Observation:
    return seen(points.Step.BACKEND, name, PROVIDER, result=json_of(backend(name, kind, **more)))


def _elsewhere() -> list[Observation]:
    made = [seen(points.Step.BUCKETS, end, url=url, result=["scratch"]) for end, url in URLS.items()]
    made += [read(name) for name in PROTECTED_STACKS]
    return [*made, seen(points.Step.NAMES, "embedded", PROVIDER, result=json_of(candidate()))]


def reads(**more: Any) -> Defect:
    """The first stack's backend is another."""
    return changed(points.Step.BACKEND, result=json_of(backend(PROTECTED_STACKS[0], **more)))


def to(url: Text | str, **more: Text) -> Defect:
    """The first stack's endpoint is this one."""
    given = text(url) if isinstance(url, str) else url
    return reads(settings={"bucket": text("b"), "endpoints.s3": given} | more)


def named(names: CandidateNames) -> Defect:
    return changed(points.Step.NAMES, result=json_of(names))


def without_one(recorded: Recorded) -> Recorded:
    """The last stack was not read."""
    at = max(place for place, one in enumerate(recorded) if one.step == points.Step.BACKEND)
    return [*recorded[:at], *recorded[at + 1 :]]


def _recorded(url: str) -> Way:
    return Way(where="the last init", settings={"endpoints.s3": text(url)}, sources={}, missing=())


OPEN = Text((Open("var.url"),))
POINTS = Case(
    "P1.8",
    _elsewhere(),
    {
        "an endpoint of the candidate": to("http://10.0.0.5:9000"),
        "loopback under another name": to("http://localhost:9000"),
        "a host that leads there": named(candidate(store__example=("10.0.0.5",))),
        "the last init": reads(recorded=_recorded("http://10.0.0.5:9000")),
        "its lock only": reads(
            kind="http",
            settings={"address": text("http://store.example"), "lock_address": text("http://10.0.0.5:9000")},
        ),
        "one of several values": to(
            Text((Open("ENV", ("http://x.example", "http://10.0.0.5:9000"), closed=True),))
        ),
        "files that cannot be understood": changed(
            points.Step.BACKEND, outcome="malformed", error="attic: main.tf, line 1", result=None
        ),
        "no such stack": changed(points.Step.BACKEND, outcome="error", error="no such folder", result=None),
    },
    unknown={
        "an endpoint that did not answer": lost(points.Step.BUCKETS),
        "files that were not read": lost(points.Step.BACKEND),
        "a stack that was not read": without_one,
        "an open address": to(OPEN),
        "an address without a host": to("http://[secret]:9000"),
        "a host that was not looked up": to("http://other.example:9000"),
        "no endpoint, and a bucket that the candidate holds": reads(settings={"bucket": text("scratch")}),
        "no endpoint, and a bucket that is declared": reads(settings={"bucket": text("tofu-state")}),
        "something missing": reads(missing=("dev.hcl is not there",)),
        "a file that cannot be read": reads(problems=("Justfile: cannot be read",)),
        "another stack's backend": changed(points.Step.BACKEND, result=json_of(backend("another"))),
        "endpoints that are not among the names": changed(
            points.Step.BUCKETS, asked={"url": "http://else.example"}
        ),
        "names without a URL": changed(
            points.Step.NAMES, result={"urls": [], "buckets": [], "addresses": {}}
        ),
    },
    proved={
        "a bucket elsewhere on AWS": reads(settings={"bucket": text("other")}),
        "a database": reads(kind="pg", settings={"schema_name": text("x")}),
        "a last init elsewhere": reads(recorded=_recorded("http://store.example:9000")),
    },
)
CASES = (POINTS,)
