"""The service endpoint: Caddy in front of all nodes, set up so that it neither hides a fault nor adds one.

A request is sent to another node only if no connection could be made: one that may have reached a node is
never repeated, because a repeated conditional write would meet its own object (opentofu#4405). Connections to
nodes are not reused, so none can be dead.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

from readiness.providers.stores.base import Health, StartCommand

CHECK_SECONDS = 0.25
CHECK_TIMEOUT = "350ms"
# Where a node waits before it is sent clients again, one slow answer must not make it wait.
PATIENT_TIMEOUT = "2s"
DIAL_TIMEOUT = "300ms"
SILENCE = "1500ms"


def configuration(listen: str, upstreams: Sequence[str], health: Health) -> dict[str, object]:
    """Caddy's JSON configuration for one listener (address:port) and these nodes (address:port)."""
    proxy = {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": upstream} for upstream in upstreams],
        "flush_interval": -1,
        "load_balancing": {
            "selection_policy": {"policy": "round_robin"},
            # Until some node can be dialled: an election may take a moment.
            "try_duration": "2s",
            "try_interval": "100ms",
            # Of requests that were sent, those with this method may be repeated: none.
            "retry_match": [{"method": ["NONE"]}],
        },
        "health_checks": {
            "active": {
                "uri": health.path,
                **({"port": health.port} if health.port else {}),
                "interval": f"{CHECK_SECONDS * 1000:.0f}ms",
                "timeout": PATIENT_TIMEOUT if health.seconds else CHECK_TIMEOUT,
                "expect_status": 200,
                "passes": math.ceil(health.seconds / CHECK_SECONDS) + 1,
                "fails": 1,
            },
            "passive": {"fail_duration": "1s", "max_fails": 1},
        },
        "transport": {
            "protocol": "http",
            "dial_timeout": DIAL_TIMEOUT,
            "response_header_timeout": SILENCE,
            "read_timeout": "5s",
            "write_timeout": SILENCE,
            "compression": False,
            "keep_alive": {"enabled": False},
        },
    }
    server = {
        "listen": [listen],
        "automatic_https": {"disable": True},
        "protocols": ["h1"],
        "routes": [{"handle": [proxy]}],
    }
    return {
        "admin": {"disabled": True, "config": {"persist": False}},
        "logging": {"logs": {"default": {"level": "WARN"}}},
        "storage": {"module": "file_system", "root": "caddy"},
        "apps": {"http": {"grace_period": "1s", "servers": {"service": server}}},
    }


def command(
    program: Path, folder: Path, listen: str, upstreams: Sequence[str], health: Health
) -> StartCommand:
    """Write the configuration into the folder and say how Caddy is started with it. Its home is the folder, too."""
    path = folder / "balancer.json"
    path.write_text(json.dumps(configuration(listen, upstreams, health), indent=1), encoding="utf-8")
    home = str(folder)
    return StartCommand(
        (program, "run", "--config", path),
        {"HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home, "TMPDIR": home},
    )
