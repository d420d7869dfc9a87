"""Scenarios with a slow or resetting network between the clients and every endpoint."""

from __future__ import annotations

import time
from dataclasses import replace

from readiness.campaign.stage import Stage
from readiness.evidence.scenario import ScenarioRecord
from readiness.faults import Fault
from readiness.load.proxy import Proxy
from readiness.load.rig import Rig
from readiness.providers.base import Provider
from readiness.s3.wire import Target
from readiness.subject import Subject
from readiness.topology import FaultKind, Proof

HELD = 4.0
BROKEN = {"slow": (0.25, 0.0, "delayed"), "resets": (0.0, 0.15, "answered with a reset")}
"""For each way the delay of a chunk in seconds, the share of chunks that are answered with a reset, and its word."""


def network_record(how: str) -> ScenarioRecord:
    """The empty record of `network:slow` or `network:resets`: safety is judged, availability is not."""
    return ScenarioRecord(f"network:{how}", None, judged_outage=False)


def broken_network(subject: Subject, rig: Rig, how: str, record: ScenarioRecord, whole_within: float) -> None:
    """Plays that record. `how` is one of BROKEN."""
    seconds, share, word = BROKEN[how]
    rng = subject.random(record.name)
    proxies = {e.name: Proxy(e.url, rng) for e in subject.topology.all_endpoints()}
    for proxy in proxies.values():
        rig.loop.call(proxy.start())

    def change(delay: float, reset: float) -> None:
        for proxy in proxies.values():
            proxy.delay, proxy.reset = delay, reset

    def inject(_provider: Provider) -> list[Proof]:
        change(seconds, share)
        time.sleep(HELD)
        done = sum(proxy.delayed + proxy.resets for proxy in proxies.values())
        return [Proof(done > 0, f"{done} chunks {word}")]

    fault = Fault(record.name, FaultKind.SILENCE, (), (), inject, lambda _provider: change(0.0, 0.0))
    targets: dict[str, Target] = {}
    for endpoint in subject.topology.all_endpoints():
        targets[endpoint.name] = replace(subject.target(endpoint), via=proxies[endpoint.name].address)
    stage = Stage(subject, rig, record, targets=targets, whole_within=whole_within)
    try:
        with stage.load():
            with stage.fault(fault):
                pass
            stage.recover(settle=1.0)
    finally:
        record.history = stage.context.recorder.history
        for proxy in proxies.values():
            rig.loop.call(proxy.stop())
