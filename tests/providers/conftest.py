"""Fixtures of the providers' tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from readiness.candidate.load import Loaded
from readiness.providers import create, stores
from readiness.providers.processes.provider import Processes
from tests.providers.tiny import ENVIRONMENT, TinyStore


@pytest.fixture(autouse=True)
def recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    real = stores.recipe
    monkeypatch.setattr(
        "readiness.providers.processes.deployment.recipe",
        lambda name: TinyStore if name == "tiny" else real(name),
    )
    ENVIRONMENT.clear()


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Processes]]:
    """Makes providers that are stopped at the end."""
    made: list[Processes] = []

    def build(loaded: Loaded) -> Processes:
        provider = create(loaded, run_dir=tmp_path)
        assert isinstance(provider, Processes)
        made.append(provider)
        return provider

    yield build
    for provider in made:
        provider.stop()
    assert not list(tmp_path.iterdir())
