"""A candidate that is started for a reproduction, written to, and taken down after it."""

from __future__ import annotations

import contextlib
import itertools
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from readiness.candidate.load import load
from readiness.errors import UsageError
from readiness.providers import create
from readiness.providers.base import Provider
from readiness.s3.boto3_library import boto3_client
from readiness.s3.wire import Target

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SECONDS = 3.0
BUCKET = "reproduce"


def reproduce(candidate: str, show: Callable[[Provider, dict[str, S3Client]], int]) -> int:
    """Start it, make a versioned bucket, and call `show` with the provider and a client for each endpoint.

    Returns what `show` does, or 4 for bad input, with one message.
    """
    with tempfile.TemporaryDirectory(prefix="reproduce-") as folder:
        try:
            provider = create(load(candidate), run_dir=Path(folder))
            try:
                ends = provider.start().all_endpoints()
                keys = provider.keys("admin")
                clients = {end.name: boto3_client(Target(end.url, keys), SECONDS) for end in ends}
                any_one = next(iter(clients.values()))
                any_one.create_bucket(Bucket=BUCKET)
                any_one.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
                return show(provider, clients)
            finally:
                provider.stop()
        except UsageError as error:
            print(error, file=sys.stderr)
            return 4


@contextlib.contextmanager
def writing(
    clients: Mapping[str, S3Client], writers: int, done: Callable[[str, str], None]
) -> Iterator[None]:
    """New objects are put through every endpoint by so many writers each, while inside.

    `done` is called with the endpoint and the key of each that is acknowledged, in its writer's thread.
    """
    over = threading.Event()

    def write(through: str, writer: int) -> None:
        for number in itertools.count():
            if over.wait(0.05):
                return
            key = f"{through}/{writer}/{number}"
            if acknowledged(clients[through].put_object, key, key.encode()):
                done(through, key)

    threads = [
        threading.Thread(target=write, args=pair) for pair in itertools.product(clients, range(writers))
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def acknowledged(put: Callable[..., object], key: str, body: bytes, **condition: str) -> bool:
    """Whether this `put_object` was."""
    try:
        put(Bucket=BUCKET, Key=key, Body=body, **condition)
    except (BotoCoreError, ClientError):
        return False
    return True
