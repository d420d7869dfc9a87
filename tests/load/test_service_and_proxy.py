"""The service watch never shows a leftover of before a fault; the proxy delays, resets, and else changes nothing."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from readiness.load.proxy import Proxy
from readiness.load.runner import LoopThread
from readiness.load.service import ServiceWatch
from readiness.s3.wire import NoReply, Target, Wire
from readiness.topology import Endpoint, Keys
from tests.plugin.fake import TOPOLOGY, Fake
from tests.support.eventually import eventually
from tests.support.http_server import Server, ok, serving

A, B = TOPOLOGY.endpoints


class Probed(Fake):
    """Ready as `ready` says; a probe of `slow` waits for `go` before it answers what was true when it began.

    `at_probe` is called with the instance as each probe begins, when the watch has noted the answer of the one before.
    """

    def __init__(self) -> None:
        super().__init__(None)
        self.ready: dict[str, object] = {"a-0": True, "b-0": True}
        self.slow: str | None = None
        self.probing, self.go = threading.Event(), threading.Event()
        self.at_probe: Callable[[str], object] = lambda _instance: None
        self._begun: Counter[str] = Counter()
        self._one_more = threading.Condition()

    def in_service(self, instance: str) -> bool:
        answer = self.ready[instance]
        self.at_probe(instance)
        with self._one_more:
            self._begun[instance] += 1
            self._one_more.notify_all()
        if instance == self.slow:
            self.probing.set()
            assert self.go.wait(5)
        if isinstance(answer, Exception):
            raise answer
        return bool(answer)

    def probed(self, instance: str, times: int = 1) -> None:
        """Waits until so many probes began from now on, and the watch noted their answers."""
        with self._one_more:
            enough = self._begun[instance] + times + 1
            assert self._one_more.wait_for(lambda: self._begun[instance] >= enough, 5)


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


def test_nothing_is_in_service_before_a_probe_said_so(provider: Any) -> None:
    made = ServiceWatch(provider, TOPOLOGY)
    assert not made.in_service(A)
    assert not made.all_in_service()
    assert made.in_service(Endpoint("service", "http://x"))


def test_the_probe_decides_and_one_that_throws_is_not_ready(provider: Probed, watch: ServiceWatch) -> None:
    eventually(watch.all_in_service)
    provider.ready["a-0"] = False
    eventually(lambda: not watch.in_service(A))
    assert watch.in_service(B)
    provider.ready["b-0"] = OSError("no route")
    eventually(lambda: not watch.in_service(B))
    provider.ready = {"a-0": True, "b-0": True}
    eventually(watch.all_in_service)


def test_held_out_is_out_at_once_whatever_the_probe_says(provider: Probed, watch: ServiceWatch) -> None:
    eventually(watch.all_in_service)
    watch.hold_out(["a-0", "not-an-instance"])
    assert not watch.in_service(A)
    provider.probed("a-0", times=5)
    assert not watch.in_service(A)
    watch.hold_out(["a-0"])
    watch.readmit(["a-0"])
    provider.probed("a-0")
    assert not watch.in_service(A), "held out twice, readmitted once"
    watch.readmit(["a-0"])
    eventually(lambda: watch.in_service(A))


def test_a_probe_that_began_before_the_fault_says_nothing_after_it(
    provider: Probed, watch: ServiceWatch
) -> None:
    eventually(watch.all_in_service)
    provider.slow = "a-0"
    assert provider.probing.wait(3)  # this probe found it ready, and its answer comes after the whole fault
    watch.hold_out(["a-0"])
    provider.ready["a-0"] = False
    watch.readmit(["a-0"])
    noted: list[bool] = []
    provider.at_probe = lambda _instance: noted.append(watch.in_service(A))
    provider.go.set()
    provider.probed("a-0", times=3)
    assert noted
    assert not any(noted), "an answer of before the fault put it back in service"
    provider.ready["a-0"] = True
    eventually(lambda: watch.in_service(A))


def test_a_probe_that_began_while_held_out_says_nothing_after_the_heal(
    provider: Probed, watch: ServiceWatch
) -> None:
    eventually(watch.all_in_service)
    watch.hold_out(["a-0"])
    provider.slow = "a-0"
    assert provider.probing.wait(3)
    provider.ready["a-0"] = False
    watch.readmit(["a-0"])
    noted: list[bool] = []
    provider.at_probe = lambda _instance: noted.append(watch.in_service(A))
    provider.go.set()
    provider.probed("a-0", times=3)
    assert noted
    assert not any(noted)


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
        loop.call(asyncio.sleep(60), seconds=0.01)
    loop.close()
