"""A load on a store that holds objects in a dictionary."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from readiness.evidence.folder import Evidence
from readiness.load.context import Buckets, Context
from readiness.redact import Redactor
from readiness.s3.wire import NotSent, Reply
from readiness.topology import Endpoint, Topology

END = Endpoint("one", "http://127.0.0.1:9", "node", "node-0")


class Store:
    """The wire to a store that holds objects in a dictionary; `refuses` writes, or all is `away`."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.objects: dict[tuple[str, str], tuple[bytes, dict[str, str]]] = {}
        self.refuses = self.away = False

    async def request(self, method: str, bucket: str, key: str, **more: Any) -> Reply:
        self.asked.append((method, key))
        if self.away:
            raise NotSent("refused")
        if method == "PUT":
            if self.refuses:
                return Reply(503, {}, b"")
            self.objects[bucket, key] = (more["body"], dict(more["headers"]))
        if method == "DELETE":
            self.objects.pop((bucket, key), None)
            return Reply(204, {}, b"")
        body, headers = self.objects.get((bucket, key), (b"", {}))
        return Reply(200 if (bucket, key) in self.objects else 404, headers, body)


class InService:
    def in_service(self, _endpoint: Endpoint) -> bool:
        return True


def play(tmp_path: Path, steps: Callable[[Context, Store], Awaitable[None]]) -> Context:
    store, evidence, watch = Store(), Evidence(tmp_path / "run", Redactor()), InService()
    context = Context(
        scope="cut",
        topology=Topology(("node",), (), (END,), None),
        wires={"one": store},  # type: ignore[dict-item]
        watch=watch,  # type: ignore[arg-type]
        recorder=evidence.recorder("cut"),
        buckets=Buckets("plain", "versioned"),
        rng=random.Random(1),
        response_seconds=1.0,
    )
    asyncio.run(_played(steps, context, store))
    evidence.close()
    return context


async def _played(steps: Callable[[Context, Store], Awaitable[None]], context: Context, store: Store) -> None:
    await steps(context, store)
