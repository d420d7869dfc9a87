"""What runs beside the nodes, on none of them: the service endpoint, and the stand-in for caches."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from signal import SIGKILL

from readiness.errors import UsageError
from readiness.paths import IMPORTS
from readiness.providers.auxiliary import balancer
from readiness.providers.engine import probe
from readiness.providers.stores.base import Health, StartCommand
from readiness.providers.supervisor.client import Status, Supervised
from readiness.topology import Endpoint

SERVICE, CACHE = "service", "cache-stand-in"
WaitUntil = Callable[[Callable[[], bool], str, float], None]


def spawn(supervised: Supervised, name: str, command: StartCommand, node: str | None = None) -> Status:
    """Start a supervised process, its log in the run's folder. Raises UsageError."""
    folder = supervised.folder
    environment = {"PATH": os.defpath, "TMPDIR": str(folder)} | dict(command.env)
    log = folder / "logs" / f"{name}.log"
    log.parent.mkdir(exist_ok=True)
    try:
        return supervised.spawn(name, command.argv, env=environment, cwd=folder, log=log, node=node)
    except RuntimeError as error:
        raise UsageError(f"{name} cannot be started: {error}") from error


class Auxiliaries:
    """Supervised processes at `address`, each on a free port. `wait_until` raises UsageError in vain."""

    def __init__(
        self,
        supervised: Supervised,
        address: str,
        free_port: Callable[[], int],
        program: Callable[[str], Path],
        wait_until: WaitUntil,
    ) -> None:
        self._supervised, self._address, self._free_port = supervised, address, free_port
        self._program, self._wait_until = program, wait_until
        self.service: Endpoint | None = None
        self.cache_endpoints: tuple[str, ...] = ()

    def start_service(self, upstreams: Sequence[str], health: Health) -> None:
        """The load balancer in front of the nodes' S3 ports (address:port)."""
        listen = f"{self._address}:{self._free_port()}"
        wanted = balancer.command(self._program("caddy"), self._supervised.folder, listen, upstreams, health)
        spawn(self._supervised, SERVICE, wanted)
        url = f"http://{listen}"
        self._wait_until(lambda: (probe.status(url, 0.5) or 599) < 500, "the service endpoint", 15)
        self.service = Endpoint(SERVICE, url)

    def start_cache(self) -> None:
        """The stand-in for caches. Started again, it has the same address; if it runs, nothing happens."""
        status = self._supervised.status(CACHE)
        if status is not None and status.running:
            return
        port = int(self.cache_endpoints[0].rsplit(":", 1)[1]) if self.cache_endpoints else self._free_port()
        argv = (
            sys.executable,
            "-m",
            "readiness.providers.auxiliary.cache_stand_in",
            self._address,
            str(port),
        )
        spawn(
            self._supervised, CACHE, StartCommand(argv, {"PYTHONPATH": str(IMPORTS), "PYTHONSAFEPATH": "1"})
        )
        self.cache_endpoints = (f"http://{self._address}:{port}",)
        self._wait_until(lambda: probe.status(self.cache_endpoints[0], 0.5) == 200, "the cache stand-in", 10)

    def stop_cache(self) -> None:
        """The stand-in goes away."""
        self._supervised.signal(CACHE, SIGKILL)
        self._supervised.wait(CACHE, 5)
