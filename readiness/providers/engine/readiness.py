"""The contract's readiness rule, asked once."""

from __future__ import annotations

import ssl
import time

from readiness.candidate.model import Readiness
from readiness.providers.engine import probe
from readiness.topology import Endpoint

PROBE_SECONDS = 0.5


class ReadinessRule:
    """`tls`: whom https endpoints must be certified by. `through_proxy`: connections are made to something that accepts
    them for the instance, so that only an answer shows that it is there.
    """

    def __init__(
        self, declared: Readiness, tls: ssl.SSLContext | None = None, *, through_proxy: bool = False
    ) -> None:
        self._declared, self._tls, self._through_proxy = declared, tls, through_proxy

    @property
    def waits(self) -> bool:
        """Whether an instance must have run for a while before it counts as ready."""
        return self._declared.seconds_after_start > 0

    def ran_long_enough(self, started_at: float | None) -> bool:
        """`started_at`: monotonic time of the last start; None: it does not run."""
        if not self.waits:
            return True
        return started_at is not None and time.monotonic() - started_at >= self._declared.seconds_after_start

    def answers(self, endpoint: Endpoint) -> bool:
        """Whether that endpoint answers as the contract says, within PROBE_SECONDS."""
        declared = self._declared
        if declared.path is not None:
            base = endpoint.url if declared.target == "s3" else endpoint.admin_url
            return probe.status(f"{base}{declared.path}", PROBE_SECONDS, self._tls) == declared.status
        if self._through_proxy:
            return probe.status(endpoint.url, PROBE_SECONDS, self._tls) is not None
        return probe.answers(*probe.address_of(endpoint.url), PROBE_SECONDS) == "accepted"
