"""A disposable copy of a store that the suite starts, in which a divergence is planted."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from readiness.candidate.load import Loaded
from readiness.providers.stores.base import Store
from readiness.s3.boto3_library import boto3_client
from readiness.s3.wire import Target
from readiness.topology import Planted

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET, SECONDS = "planted", 10.0


def disposable(loaded: Loaded) -> Loaded:
    """The candidate, to be started as a copy in which a divergence can be planted: at loopback addresses."""
    provider = loaded.candidate.provider
    options = {**provider.options, "plantable": True, "cache_stand_in": False}
    changed = provider.model_copy(update={"network": "loopback", "options": options})
    return replace(loaded, candidate=loaded.candidate.model_copy(update={"provider": changed}))


def planted_in(store: Store, region: str) -> Planted:
    """Plants one in that copy, and has it checked. Raises RuntimeError if it takes no object, and Unsupported."""
    key = f"planted-{uuid.uuid4().hex[:8]}"
    client: S3Client = boto3_client(Target(store.endpoints[0].url, store.site.keys["admin"], region), SECONDS)
    try:
        client.create_bucket(Bucket=BUCKET)
        client.put_object(Bucket=BUCKET, Key=key, Body=b"planted")
    except (BotoCoreError, ClientError) as error:
        raise RuntimeError(f"the copy of the store took no object: {error}") from None
    what = store.plant(BUCKET, key)
    return Planted(f"in a disposable copy, {what}", key, store.divergence())
