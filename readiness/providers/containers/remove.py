"""Remove everything that a run made on a container engine: `python -m readiness.providers.containers.remove RUN`.

The supervisor starts it when a run ends without doing so itself, as after a SIGKILL of pytest.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from readiness.obtain.container_engine import LABEL, ContainerEngine

TRIES, PAUSE = 10, 0.3


def remove(client: Any, run: str) -> list[str]:
    """Remove what bears the label of that run; returns what is still there after several tries, and why."""
    for left in range(TRIES - 1, -1, -1):
        failures = []
        for name, act in _everything(client, run):
            try:
                act()
            except Exception as error:  # noqa: BLE001 - gone meanwhile, or busy: the next look tells
                failures.append(f"{name}: {error}")
        if not any(True for _ in _everything(client, run)):
            return []
        if left:
            time.sleep(PAUSE)
    return failures or [name for name, _ in _everything(client, run)]


def _everything(client: Any, run: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """What there is, in the order in which it can be removed: what shares a node's network goes before the node."""
    ours = {"label": f"{LABEL}={run}"}
    containers = client.containers.list(all=True, sparse=True, filters=ours)
    for container in sorted(containers, key=lambda c: _mode(c) != "shared"):
        yield f"container {container.id[:12]}", partial(_end, container)
    for network in client.networks.list(filters=ours):
        yield f"network {network.name}", network.remove
    for volume in client.volumes.list(filters=ours):
        yield f"volume {volume.name}", partial(volume.remove, force=True)
    for image in client.images.list(filters=ours):
        yield f"image {image.id}", partial(client.images.remove, image.id, force=True)


def _mode(container: Any) -> str:
    mode = str((container.attrs.get("HostConfig") or {}).get("NetworkMode", ""))
    return "shared" if mode.startswith("container:") else "own"


def _end(container: Any) -> None:
    with contextlib.suppress(Exception):
        container.unpause()  # not every engine can end what is paused
    container.remove(force=True, v=True)


def main(arguments: list[str]) -> int:
    """1: something is left, said on standard error."""
    (run,) = arguments
    client = ContainerEngine().client
    failures = remove(client, run)
    time.sleep(1)  # the engine may have been about to make something for the run that died
    failures = remove(client, run) or failures
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
