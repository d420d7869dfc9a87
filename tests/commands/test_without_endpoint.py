"""Instances that answer no client: what proves that one is silent, and what does not."""

from __future__ import annotations

import ssl
from types import SimpleNamespace
from typing import Any, cast

import pytest

from readiness.providers.commands import observe
from readiness.providers.commands.driver import CommandDriver
from readiness.providers.commands.observe import Incarnation, Inside, Sighting, paused
from readiness.topology import Endpoint, Instance, Topology

OLD = Incarnation("17 at noon")
NONE = Incarnation(None)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe, "SETTLE_SECONDS", 0.0)


def seen(
    after: Sighting, states: str = "", old: Incarnation = NONE, now: Incarnation | None = None
) -> tuple[bool, str]:
    inside = Inside(lambda: after, lambda: states, lambda: now or old)
    proof = paused("osd-0", Sighting.ANSWERED, old, inside, "pause")
    return proof.fired, proof.observed


@pytest.mark.parametrize(
    ("after", "states", "old", "says"),
    [
        (Sighting.ANSWERED, "T\nTsl\n", NONE, "its 2 processes are stopped"),
        (Sighting.SILENT, "", NONE, "silent"),
        (Sighting.REFUSED, "", OLD, "is still there"),
        (Sighting.REFUSED, "T", NONE, "its 1 processes are stopped"),
    ],
)
def test_it_is_silent(after: Sighting, states: str, old: Incarnation, says: str) -> None:
    fired, observed = seen(after, states, old)
    assert fired
    assert says in observed


@pytest.mark.parametrize(
    ("after", "states", "old", "now"),
    [
        (Sighting.ANSWERED, "", OLD, OLD),
        (Sighting.ANSWERED, "T\nSsl\n", OLD, OLD),
        (Sighting.REFUSED, "", NONE, NONE),
        (Sighting.REFUSED, "", OLD, Incarnation("")),
        (Sighting.REFUSED, "", OLD, Incarnation("18 at noon")),
    ],
)
def test_nothing_shows_that_it_is(after: Sighting, states: str, old: Incarnation, now: Incarnation) -> None:
    fired, observed = seen(after, states, old, now)
    assert not fired
    assert "declare `state`" in observed


def test_one_that_was_away_before_proves_nothing() -> None:
    proof = paused("osd-0", Sighting.REFUSED, OLD, Inside(lambda: Sighting.SILENT, str, lambda: OLD), "pause")
    assert not proof.fired


TOPOLOGY = Topology(
    nodes=("bumble", "honey"),
    instances=(
        Instance("rgw", "bumble", "rgw"),
        Instance("osd", "bumble", "osd"),
        Instance("mon", "honey", "mon"),
    ),
    endpoints=(Endpoint("bumble", "http://bumble", "bumble", "rgw"),),
    service=None,
)


def driver(monkeypatch: pytest.MonkeyPatch, seen_of: dict[str, list[Sighting]]) -> CommandDriver:
    """Of a candidate whose instances are seen in these ways, one after the other, the last one for ever."""

    def next_of(name: str) -> Sighting:
        rows = seen_of[name]
        return rows.pop(0) if len(rows) > 1 else rows[0]

    def ask(command: str) -> Any:
        code = {Sighting.ANSWERED: 0, Sighting.SILENT: None}.get(next_of(command), 1)
        return SimpleNamespace(code=code, ok=code == 0, stdout="")

    monkeypatch.setattr(observe, "look", lambda _url, _tls: next_of("rgw"))
    declared = {each.name: SimpleNamespace(name=each.name, probe=each.name) for each in TOPOLOGY.instances}
    candidate = SimpleNamespace(
        topology=TOPOLOGY,
        keys=None,
        instance=declared.__getitem__,
        endpoint_of=lambda name: TOPOLOGY.endpoints[0] if name == "rgw" else None,
    )
    runner = SimpleNamespace(ask=ask)
    return CommandDriver(cast(Any, candidate), cast(Any, runner), ssl.create_default_context(), lambda: True)


A, R, S = Sighting.ANSWERED, Sighting.REFUSED, Sighting.SILENT


def test_a_node_is_cut_off_if_what_answers_clients_is_silent_though_a_probe_over_ssh_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proof = driver(monkeypatch, {"rgw": [A, S], "osd": [A]}).watch_network("bumble").cut("unplug")
    assert proof.fired
    assert "osd" not in proof.observed


def test_a_node_is_not_cut_off_while_it_answers_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not driver(monkeypatch, {"rgw": [A], "osd": [A, S]}).watch_network("bumble").cut("unplug").fired
    refused = driver(monkeypatch, {"rgw": [A, R], "osd": [A]}).watch_network("bumble").cut("unplug")
    assert not refused.fired, "a connection that is refused was answered by a kernel"


@pytest.mark.parametrize(("after", "fired"), [(R, True), (S, True), (A, False)])
def test_a_node_without_an_endpoint_is_cut_off_if_its_probes_fail(
    monkeypatch: pytest.MonkeyPatch, after: Sighting, fired: bool
) -> None:
    proof = driver(monkeypatch, {"mon": [A, after]}).watch_network("honey").cut("unplug")
    assert proof.fired is fired
