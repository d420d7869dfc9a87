"""A provider without a store, for suites that judge hand-made findings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from readiness.errors import UsageError
from readiness.topology import Endpoint, Instance, Keys, Topology, VolumeFact

TOPOLOGY = Topology(
    nodes=("a", "b"),
    instances=(Instance("a-0", "a", "store"), Instance("b-0", "b", "store")),
    endpoints=(
        Endpoint("a", "http://127.0.0.1:9", "a", "a-0"),
        Endpoint("b", "http://127.0.0.1:19", "b", "b-0"),
    ),
    service=None,
)


class Fake:
    """Implements what a run needs of `readiness.providers.base.Provider` around its tests."""

    name = "fake"
    owns_candidate = True
    topology = TOPOLOGY

    def __init__(
        self, _loaded: object, *, run_dir: Path | None = None, progress: object = None, journal: object = None
    ) -> None:
        self.run_dir = run_dir

    def start(self) -> Topology:
        self._note("start")
        if os.environ.get("FAKE_FAILS"):
            raise UsageError("a-0 ends by itself")
        return TOPOLOGY

    def stop(self) -> None:
        self._note("stop")

    def keys(self, role: str) -> Keys:
        return Keys("AKFAKE000000", f"fake-secret-of-{role}")

    def in_service(self, _instance: str) -> bool:
        return True

    def whole(self) -> bool:
        return True

    def versions(self) -> Mapping[str, str]:
        return {"fake": "1"}

    def volumes(self) -> tuple[VolumeFact, ...]:
        return ()

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)

    def _note(self, what: str) -> None:
        if path := os.environ.get("FAKE_CALLS"):
            with Path(path).open("a") as out:
                out.write(what + "\n")
