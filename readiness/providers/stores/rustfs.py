"""RustFS: on every node one `rustfs server`; on one node with one drive the singleton."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from readiness.providers.stores.erasure import Erasure
from readiness.topology import Instance


class Rustfs(Erasure):
    """Kind `rustfs`."""

    kind = program = "rustfs"
    reserved = "rustfs"
    ready = "/health/ready"

    def argv(self, node: str) -> tuple[str | Path, ...]:
        return (self._program, "server", "--address", self.listen(node), *self.volumes())

    def environment(self) -> Mapping[str, str]:
        admin = self.site.keys["admin"]
        return {
            "RUSTFS_ACCESS_KEY": admin.access_key,
            "RUSTFS_SECRET_KEY": admin.secret_key,
            "RUSTFS_CONSOLE_ENABLE": "false",
            "RUSTFS_CHECK_UPDATE": "false",
            # It refuses drives that lie on one device.
            "RUSTFS_UNSAFE_BYPASS_DISK_CHECK": "true",
        }

    def metrics_url(self, instance: Instance) -> str | None:
        """None: it pushes metrics to an OpenTelemetry collector and offers none to be read."""
        return None

    def versions(self) -> Mapping[str, str]:
        output = subprocess.run(
            [self._program, "--version"], capture_output=True, text=True, timeout=20, check=False
        ).stdout
        return {"rustfs": output.split("\n", 1)[0].removeprefix("rustfs ").strip()}
