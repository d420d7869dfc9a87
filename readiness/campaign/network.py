"""Scenarios with a slow or resetting network between the clients and every endpoint."""

from __future__ import annotations

import random
import time
from dataclasses import replace

from readiness.campaign.record import Record
from readiness.campaign.stage import Stage
from readiness.faults import Fault
from readiness.load.proxy import Proxy
from readiness.plugin.live import Live
from readiness.providers.base import Provider
from readiness.s3.wire import Target
from readiness.topology import FaultKind, Proof

HELD = 4.0
BROKEN = {"slow": (0.25, 0.0, "delayed"), "resets": (0.0, 0.15, "answered with a reset")}
"""For each way the delay of a chunk in seconds, the share of chunks that are answered with a reset, and its word."""


def network_record(how: str) -> Record:
    """The empty record of `network:slow` or `network:resets`: safety is judged, availability is not."""
    return Record(f"network:{how}", None, judged_outage=False)


def broken_network(live: Live, how: str, record: Record) -> None:
    """Plays that record. `how` is one of BROKEN."""
    seconds, share, word = BROKEN[how]
    rng = random.Random(f"{live.run.options.seed}/{record.name}")
    proxies = {e.name: Proxy(e.url, rng) for e in live.topology.all_endpoints()}
    for proxy in proxies.values():
        live.loop.call(proxy.start())

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
    for endpoint in live.topology.all_endpoints():
        targets[endpoint.name] = replace(live.target(endpoint), via=proxies[endpoint.name].address)
    stage = Stage(live, record, targets)
    try:
        with stage.load():
            with stage.fault(fault):
                pass
            stage.recover(settle=1.0)
    finally:
        record.history = stage.context.recorder.history
        for proxy in proxies.values():
            live.loop.call(proxy.stop())
