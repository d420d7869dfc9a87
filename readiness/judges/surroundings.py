"""What the candidate can reach besides its nodes and the suite: S.1, S.2 and S.5 are proved only if nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, State, unknown

ANY = "*"


class Step(StrEnum):
    """What is asked."""

    WAY_OUT = "way out of the node's network"
    ISOLATED = "node isolated"
    SERVES = "write, read and delete beside the isolation"
    CONNECTIONS = "connections under load"


class When(StrEnum):
    """When an endpoint was asked whether it serves (`asked.when`)."""

    BEFORE = "before the nodes were isolated"
    ISOLATED = "while the nodes reached nothing but one another and the suite"
    AFTER = "after the nodes had rejoined"


@dataclass(frozen=True)
class _Look:
    """The sockets of an instance at one moment; `serves` are the addresses of its endpoints."""

    instance: str
    serves: frozenset[str]
    listens: frozenset[str]
    open: tuple[tuple[str, str], ...]


def only_isolated(found: Finding, seen: Seen) -> Finding:
    """The finding, but PROVED only if it was observed that the candidate reaches nothing that is not declared."""
    if found.state is not State.PROVED:
        return found
    problem, how = _surroundings(seen)
    if problem:
        return unknown(f"{problem}; besides this, {found.reason}")
    return replace(found, reason=f"{found.reason}; {how}")


def _surroundings(seen: Seen) -> tuple[str | None, str]:
    """What is wrong, or how it was observed that nothing is."""
    ways = list(seen.steps(Step.WAY_OUT))
    if ways and all(_closed(one) for one in ways):
        tried = sum(len(_strings(one, "tried")) for one in ways)
        return None, f"no node's network has a way out ({tried} connections tried from inside)"
    if any(True for _ in seen.steps(Step.ISOLATED)):
        return _isolated(seen)
    return _not_isolated(seen, ways)


def _isolated(seen: Seen) -> tuple[str | None, str]:
    """The answer for a provider that isolates nodes. Open connections to what is not declared are named, isolated or
    not: a rule may let those go on that were there before.
    """
    looks = list(seen.steps(Step.CONNECTIONS))
    seeing = [_look(one) for one in looks if one.ok]
    problem, how = _of_connections(seeing) if seeing else (None, "open connections cannot be seen")
    open_ends = next((one for one in seen.steps(Step.ISOLATED) if not _fired(one)), None)
    if open_ends is not None:
        why = _observed(open_ends) if open_ends.ok else open_ends.why()
        unseen = next((f"; {one.why()}" for one in looks if not one.ok), "")
        return f"{problem or 'the nodes were not isolated'}: {why}{unseen}", ""
    unserved = _unserved(seen)
    if unserved or problem:
        return unserved or problem, ""
    nodes = sum(1 for _ in seen.steps(Step.ISOLATED))
    return None, f"it served while its {nodes} nodes reached nothing but one another and the suite; {how}"


def _unserved(seen: Seen) -> str | None:
    """Why it was not seen that every endpoint served while the nodes were isolated."""
    asked = [one for one in seen.steps(Step.SERVES) if one.asked["when"] == When.ISOLATED]
    if not asked:
        return "whether it serves while its nodes are isolated was not tried"
    failed = next((one for one in asked if not _answered(one)), None)
    if failed is None:
        return None
    others = [one for one in seen.steps(Step.SERVES) if one.endpoint == failed.endpoint]
    well = [str(one.asked["when"]) for one in others if _answered(one)]
    beside = f", but did {' and '.join(well)}" if well else ", nor at any other time"
    what = failed.why() if not failed.ok else f"answered {failed.result} for {failed.asked['value']}"
    return (
        f"endpoint {failed.endpoint} did not serve {When.ISOLATED} ({what}){beside}: it depends on something that no "
        f"node declares, or an isolate command cuts the nodes from one another"
    )


def _answered(one: Observation) -> bool:
    return one.ok and one.result == one.asked["value"]


def _fired(one: Observation) -> bool:
    return one.ok and isinstance(one.result, dict) and one.result.get("fired") is True


def _observed(one: Observation) -> str:
    return str(one.result.get("observed")) if isinstance(one.result, dict) else ""


def _not_isolated(seen: Seen, ways: list[Observation]) -> tuple[str | None, str]:
    """The answer for a provider that cannot isolate nodes: its instances' connections decide."""
    looks = list(seen.steps(Step.CONNECTIONS))
    if not looks:
        return "it was not observed what the candidate reaches besides its nodes", ""
    if failed := next((one for one in looks if not one.ok), None):
        reached = next(
            (f"{one.endpoint} reaches {at}" for one in ways for at in _strings(one, "reached")), None
        )
        declared = "that the candidate reaches nothing but its nodes is declared, not observed"
        return f"{reached or declared}: {failed.why()}", ""
    return _of_connections([_look(one) for one in looks])


def _closed(one: Observation) -> bool:
    return one.ok and bool(_strings(one, "tried")) and not _strings(one, "reached")


def _of_connections(looks: list[_Look]) -> tuple[str | None, str]:
    instances = list(dict.fromkeys(look.instance for look in looks))
    for name in instances:
        if problem := _not_its_own([look for look in looks if look.instance == name]):
            return problem, ""
    known = {address for look in looks for address in _reached_at(look)}
    for look in looks:
        if strangers := sorted(
            {peer for local, peer in look.open if not _declared(look, local, peer, known)}
        ):
            listed = ", ".join(strangers[:5])
            return f"{look.instance} has open connections to {listed}, which no node declares", ""
    number = sum(len(look.open) for look in looks)
    return (
        None,
        f"none of {number} open TCP connections of {len(instances)} instances led to what is not declared",
    )


def _not_its_own(looks: list[_Look]) -> str | None:
    """Sockets among which there is no request that the instance was sent are another process's."""
    serves = looks[0].serves
    answered = {local for look in looks for local, _ in look.open}
    if not serves or any(_matches(address, serves) for address in answered):
        return None
    where = ", ".join(sorted(serves))
    return (
        f"the connections of {looks[0].instance} show no request to {where}, which was asked meanwhile: "
        "list those of the process that answers there"
    )


def _reached_at(look: _Look) -> Iterator[str]:
    """Where that instance is reached: a wildcard stands for the hosts of its endpoints and of its own ends."""
    hosts = {_host(address) for address in (*look.serves, *(local for local, _ in look.open))}
    yield from look.serves
    for address in look.listens:
        yield address
        if _host(address) == ANY:
            yield from (f"{host}:{_port(address)}" for host in hosts)


def _declared(look: _Look, local: str, peer: str, known: set[str]) -> bool:
    """Whether the connection was made to the instance, or to another one that is declared."""
    return _matches(local, look.listens | look.serves) or peer in known


def _matches(address: str, among: frozenset[str]) -> bool:
    return address in among or f"{ANY}:{_port(address)}" in among


def _look(one: Observation) -> _Look:
    result: Mapping[str, object] = one.result if isinstance(one.result, dict) else {}
    listens, pairs, serves = result.get("listens"), result.get("open"), one.asked.get("serves")
    return _Look(
        one.endpoint,
        frozenset(map(str, serves if isinstance(serves, list) else ())),
        frozenset(map(str, listens if isinstance(listens, list) else ())),
        tuple((str(pair[0]), str(pair[1])) for pair in (pairs if isinstance(pairs, list) else ())),
    )


def _strings(one: Observation, name: str) -> list[str]:
    found = one.result.get(name) if isinstance(one.result, dict) else None
    return [str(each) for each in found] if isinstance(found, list) else []


def _host(address: str) -> str:
    return address.rpartition(":")[0]


def _port(address: str) -> str:
    return address.rpartition(":")[2]
