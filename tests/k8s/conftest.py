"""One cluster for the whole lane. READINESS_CLUSTER names the folder of one that runs already, for quick tries."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from readiness.candidate.load import load
from readiness.providers.kubernetes.provider import Kubernetes
from tests.k8s import control
from tests.k8s.cluster import Cluster
from tests.k8s.control import candidate_file, environment
from tests.k8s.look import schedulable

Make = Callable[..., Kubernetes]


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


@pytest.fixture
def make(
    cluster: Cluster, keys: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Make]:
    """Providers of the lane's candidate file with these texts replaced; stopped at the end."""
    for name, value in environment(cluster, keys).items():
        monkeypatch.setenv(name, value)
    made: list[Kubernetes] = []

    def build(*changes: tuple[str, str]) -> Kubernetes:
        path = candidate_file(cluster, tmp_path)
        text = path.read_text("utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path.write_text(text, "utf-8")
        made.append(Kubernetes(load(str(path)), run_dir=tmp_path))
        return made[-1]

    yield build
    for provider in made:
        provider.stop()
    assert schedulable(cluster)


@pytest.fixture
def provider(make: Make) -> Kubernetes:
    """Started."""
    started = make()
    started.start()
    return started
