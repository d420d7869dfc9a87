"""What the tests share that need an engine: the candidate `containers`, started, and what is on the engine."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from readiness.candidate.load import Loaded, load
from readiness.candidate.model import Candidate
from readiness.obtain.container_engine import LABEL, ContainerEngine
from readiness.providers import create
from readiness.providers.containers.provider import Containers
from readiness.topology import Keys


def changed(change: Callable[[dict[str, Any]], object] | None = None) -> Loaded:
    """The candidate `containers`, with a change to what it declares."""
    loaded = load("containers")
    raw = tomllib.loads(loaded.path.read_text(encoding="utf-8"))
    if change is not None:
        change(raw)
    return replace(loaded, candidate=Candidate.model_validate(raw))


@contextmanager
def started(folder: Path, loaded: Loaded | None = None) -> Iterator[Containers]:
    """A provider that runs meanwhile; afterwards nothing of it is left."""
    provider = create(loaded or load("containers"), run_dir=folder)
    assert isinstance(provider, Containers)
    before = everything()
    try:
        provider.start()
        yield provider
    finally:
        provider.stop()
    assert everything() == before
    assert not list(folder.iterdir())


def everything() -> set[str]:
    """What bears the label of a run on the engine."""
    engine = ContainerEngine()
    try:
        client, ours = engine.client, {"label": LABEL}
        lists = (
            client.containers.list(all=True, sparse=True, filters=ours),
            client.networks.list(filters=ours),
            client.volumes.list(filters=ours),
            client.images.list(filters=ours),
        )
        return {f"{type(found).__name__} {found.id}" for each in lists for found in each}
    finally:
        engine.close()


def client(url: str, keys: Keys) -> Any:
    """A client that tries once."""
    return boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        region_name="us-east-1",
        config=Config(
            retries={"total_max_attempts": 1},
            connect_timeout=2,
            read_timeout=4,
            s3={"addressing_style": "path"},
        ),
    )
