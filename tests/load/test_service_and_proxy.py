"""The service watch never shows a leftover of before a fault; the proxy delays, resets, and else changes nothing."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from readiness.load.proxy import Proxy
from readiness.load.runner import LoopThread
from readiness.load.service import ServiceWatch
from readiness.s3.wire import NoReply, Target, Wire
from readiness.topology import Endpoint, Keys
from tests.load.servers import Server, ok, serving
from tests.plugin.fake import TOPOLOGY, Fake

A, B = TOPOLOGY.endpoints


class Probed(Fake):
    """Ready as `ready` says; a probe of `slow` waits for `go` before it answers what was true when it began."""

    def __init__(self) -> None:
        super().__init__(None)
        self.ready: dict[str, object] = {"a-0": True, "b-0": True}
        self.slow: str | None = None
        self.probing, self.go = threading.Event(), threading.Event()
        self.probes = 0

    def in_service(self, instance: str) -> bool:
        answer = self.ready[instance]
        self.probes += 1
        if instance == self.slow:
            self.probing.set()
            assert self.go.wait(5)
        if isinstance(answer, Exception):
            raise answer
        return bool(answer)


@pytest.fixture
def provider() -> Probed:
    return Probed()


@pytest.fixture
def watch(provider: Any) -> Iterator[ServiceWatch]:
    made = ServiceWatch(provider, TOPOLOGY, interval=0.01)
    made.start()
    yield made
    provider.go.set()
    made.stop()


def soon(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 3
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_nothing_is_in_service_before_a_probe_said_so(provider: Any) -> None:
    made = ServiceWatch(provider, TOPOLOGY)
    assert not made.in_service(A)
    assert not made.all_in_service()
    assert made.in_service(Endpoint("service", "http://x"))


def test_the_probe_decides_and_one_that_throws_is_not_ready(provider: Probed, watch: ServiceWatch) -> None:
    soon(watch.all_in_service)
    provider.ready["a-0"] = False
    soon(lambda: not watch.in_service(A))
    assert watch.in_service(B)
    provider.ready["b-0"] = OSError("no route")
    soon(lambda: not watch.in_service(B))
    provider.ready = {"a-0": True, "b-0": True}
    soon(watch.all_in_service)


def test_held_out_is_out_at_once_whatever_the_probe_says(provider: Probed, watch: ServiceWatch) -> None:
    soon(watch.all_in_service)
    watch.hold_out(["a-0", "not-an-instance"])
    assert not watch.in_service(A)
    seen = provider.probes
    soon(lambda: provider.probes > seen + 10)
    assert not watch.in_service(A)
    watch.hold_out(["a-0"])
    watch.readmit(["a-0"])
    time.sleep(0.05)
    assert not watch.in_service(A), "held out twice, readmitted once"
    watch.readmit(["a-0"])
    soon(lambda: watch.in_service(A))


def test_a_probe_that_began_before_the_fault_says_nothing_after_it(
    provider: Probed, watch: ServiceWatch
) -> None:
    soon(watch.all_in_service)
    provider.slow = "a-0"
    assert provider.probing.wait(3)  # this probe found it ready, and its answer comes after the whole fault
    watch.hold_out(["a-0"])
    provider.ready["a-0"] = False
    watch.readmit(["a-0"])
    provider.go.set()
    until = time.monotonic() + 0.2
    while time.monotonic() < until:
        assert not watch.in_service(A), "an answer of before the fault put it back in service"
        time.sleep(0.001)
    provider.ready["a-0"] = True
    soon(lambda: watch.in_service(A))


def test_a_probe_that_began_while_held_out_says_nothing_after_the_heal(
    provider: Probed, watch: ServiceWatch
) -> None:
    soon(watch.all_in_service)
    watch.hold_out(["a-0"])
    provider.slow = "a-0"
    assert provider.probing.wait(3)
    provider.ready["a-0"] = False
    watch.readmit(["a-0"])
    provider.go.set()
    time.sleep(0.1)
    assert not watch.in_service(A)


KEYS = Keys("AKTEST000000", "secret-of-the-test")


def proxied(steps: Callable[[Proxy, Wire, Server], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        async with serving(ok("200 OK", "body")) as server:
            proxy = Proxy(server.url, random.Random(1))
            await proxy.start()
            wire = Wire(Target(server.url, KEYS, via=proxy.address))
            try:
                await steps(proxy, wire, server)
            finally:
                wire.close()
                await proxy.stop()
                await asyncio.sleep(0.02)

    asyncio.run(run())


def test_the_proxy_passes_on_delays_and_resets() -> None:
    async def steps(proxy: Proxy, wire: Wire, server: Server) -> None:
        assert (await wire.request("PUT", "b", "k", body=b"x" * 200_000)).body == b"body"
        assert server.bodies == [b"x" * 200_000]
        assert (proxy.delayed, proxy.resets) == (0, 0)
        proxy.delay = 0.1
        begun = time.monotonic()
        await wire.request("GET", "b", "k")
        assert time.monotonic() - begun >= 0.2, "the request and the answer"
        assert proxy.delayed >= 2
        proxy.delay, proxy.reset = 0.0, 1.0
        with pytest.raises(NoReply):
            await wire.request("GET", "b", "k", fresh=True)
        assert proxy.resets >= 1
        proxy.reset = 0.0
        assert (await wire.request("GET", "b", "k", fresh=True)).status == 200

    proxied(steps)


def test_the_proxy_of_an_endpoint_that_is_gone_resets() -> None:
    async def run() -> None:
        proxy = Proxy("http://127.0.0.1:1", random.Random(1))
        await proxy.start()
        with pytest.raises(NoReply):
            await Wire(Target("http://127.0.0.1:1", KEYS, via=proxy.address)).request(
                "GET", "b", "k", seconds=2
            )
        await proxy.stop()
        await asyncio.sleep(0.02)

    asyncio.run(run())


def test_the_loop_thread_gives_results_errors_and_time_outs() -> None:
    loop = LoopThread()

    async def give(value: int) -> int:
        if value < 0:
            raise ValueError("negative")
        await asyncio.sleep(0)
        return value

    assert loop.call(give(3)) == 3
    with pytest.raises(ValueError, match="negative"):
        loop.call(give(-1))
    with pytest.raises(TimeoutError):
        loop.call(asyncio.sleep(0.2), seconds=0.01)
    time.sleep(0.25)
    loop.close()
