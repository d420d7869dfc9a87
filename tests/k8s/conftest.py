"""One cluster for the whole lane. READINESS_CLUSTER names the folder of one that runs already, for quick tries."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.k8s import control
from tests.k8s.cluster import Cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    if running := os.environ.get("READINESS_CLUSTER"):
        yield Cluster.running(Path(running))
        return
    with Cluster() as started:
        yield started


@pytest.fixture(scope="session")
def keys(cluster: Cluster) -> Mapping[str, str]:
    """The control is deployed and ready; what its Secret holds."""
    return control.install(cluster)


@pytest.fixture
def whole(cluster: Cluster, keys: Mapping[str, str]) -> Iterator[None]:
    """The control is whole before and after the test."""
    control.wait_ready(cluster, "statefulset/state", 3)
    yield
    control.wait_ready(cluster, "statefulset/state", 3)
