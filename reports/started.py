"""A candidate that is started for a reproduction, and taken down after it."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

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
