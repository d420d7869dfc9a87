"""MinIO: on every node one `minio server`."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from minio.crypto import encrypt

from readiness.providers.stores.erasure import Erasure


class Minio(Erasure):
    """Kind `minio`. In a container (and with the option `pod`) it refuses loopback addresses."""

    kind = program = "minio"
    reserved = "minio"
    ready = "/minio/health/ready"

    def argv(self, node: str) -> tuple[str | Path, ...]:
        certificates = self.site.folder / "certificates"
        certificates.mkdir(exist_ok=True)
        return (
            *(self._program, "server", "--address", self.listen(node), "--certs-dir", certificates),
            *self.volumes(),
        )

    def environment(self) -> Mapping[str, str]:
        admin = self.site.keys["admin"]
        return {
            "MINIO_ROOT_USER": admin.access_key,
            "MINIO_ROOT_PASSWORD": admin.secret_key,
            "MINIO_BROWSER": "off",
            "MINIO_UPDATE": "off",
            "MINIO_PROMETHEUS_AUTH_TYPE": "public",
            # It refuses drives on the file system of /; with a threshold, only smaller ones.
            "MINIO_ROOTDRIVE_THRESHOLD_SIZE": "1B",
        }

    def sealed(self, body: bytes) -> bytes:
        return encrypt(body, self.site.keys["admin"].secret_key)

    def versions(self) -> Mapping[str, str]:
        output = subprocess.run(
            [self._program, "--version"], capture_output=True, text=True, timeout=20, check=False
        ).stdout
        return {"minio": output.split("\n", 1)[0].removeprefix("minio version ").strip()}
