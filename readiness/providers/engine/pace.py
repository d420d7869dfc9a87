"""The proof that a node limps: it answers as it did before, and takes many times as long."""

from __future__ import annotations

import ssl
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from readiness.providers.engine import probe
from readiness.providers.engine.driver import PaceWatch
from readiness.topology import Proof

REQUESTS, INTERVAL, ANSWER_SECONDS = 12, 0.085, 3.0
"""So many requests, sent at fixed times whatever became of the earlier ones: a client that waits for each answer would
fill the moments in which the node is fast.
"""
SLOWER = 20.0
"""By at least this factor. A node that runs for a tenth of the time answers in a fifth of a second, in the median:
hundreds of times later than an idle machine, and still this much later than a busy one.
"""


class RequestWatch(PaceWatch):
    """Asks an endpoint of the node. `tls`: whom an https URL must be able to prove to be."""

    def __init__(self, node: str, url: str, tls: ssl.SSLContext | None = None) -> None:
        self._node, self._url, self._tls = node, url, tls
        self._before = self._look()

    def slowed(self, how: str) -> Proof:
        after = self._look()
        fired = _most(self._before) and _most(after) and median(after) >= SLOWER * median(self._before)
        return Proof(fired, f"{self._node} {how}: {_words(self._before)} before, {_words(after)} now")

    def _look(self) -> list[float]:
        """How long each request took that was answered, in seconds."""
        began = time.monotonic()

        def one(number: int) -> float | None:
            time.sleep(max(0.0, began + number * INTERVAL - time.monotonic()))
            sent = time.monotonic()
            answered = probe.status(self._url, ANSWER_SECONDS, self._tls) is not None
            return time.monotonic() - sent if answered else None

        with ThreadPoolExecutor(REQUESTS) as pool:
            return [took for took in pool.map(one, range(REQUESTS)) if took is not None]


def _most(took: Sequence[float]) -> bool:
    return len(took) > REQUESTS / 2


def _words(took: Sequence[float]) -> str:
    answered = f"{len(took)} of {REQUESTS} requests answered"
    return (
        f"{answered}, {median(took) * 1000:.1f} ms in the median, {max(took) * 1000:.0f} ms at most"
        if took
        else answered
    )
