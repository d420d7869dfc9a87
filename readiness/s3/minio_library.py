"""The minio client, as people use it."""

from __future__ import annotations

import io
from functools import partial
from urllib.parse import urlsplit

from minio import Minio

from readiness.s3.below import split
from readiness.s3.library import Answered, Head, Version, translate
from readiness.s3.transport import LimitedPools
from readiness.s3.wire import Target


class MinioLibrary:
    """The minio client."""

    name = "minio"

    def __init__(self, target: Target, seconds: float) -> None:
        split = urlsplit(target.url)
        pool = LimitedPools(seconds, target.ca_bundle)
        self.client = Minio(
            split.netloc,
            access_key=target.keys.access_key,
            secret_key=target.keys.secret_key,
            secure=split.scheme == "https",
            region=target.region,
            http_client=pool,
        )
        if target.virtual:
            self.client.enable_virtual_style_endpoint()
        else:
            self.client.disable_virtual_style_endpoint()

    def list_buckets(self) -> list[str]:
        return translate(lambda: [bucket.name for bucket in self.client.list_buckets()])

    def head_bucket(self, bucket: str) -> None:
        name, _ = split(bucket)
        if not translate(lambda: self.client.bucket_exists(name)):
            raise Answered(404, "NoSuchBucket", name)

    def put(self, bucket: str, key: str, body: bytes, value: str) -> str:
        name, below = split(bucket)
        put = partial(self.client.put_object, name, below + key, io.BytesIO(body), len(body))
        return translate(lambda: put(metadata={"v": value}).etag or "")

    def get(self, bucket: str, key: str) -> bytes:
        name, below = split(bucket)

        def read() -> bytes:
            response = self.client.get_object(name, below + key)
            try:
                return response.read()
            finally:
                response.close()
                response.release_conn()

        return translate(read)

    def head(self, bucket: str, key: str) -> Head:
        name, below = split(bucket)
        got = translate(lambda: self.client.stat_object(name, below + key))
        metadata = {field.lower(): value for field, value in (got.metadata or {}).items()}
        return Head(got.size or 0, got.etag or "", metadata.get("x-amz-meta-v"), got.version_id)

    def delete(self, bucket: str, key: str) -> None:
        name, below = split(bucket)
        translate(lambda: self.client.remove_object(name, below + key))

    def list_keys(self, bucket: str, prefix: str) -> list[str]:
        name, below = split(bucket)
        listing = partial(self.client.list_objects, name, prefix=below + prefix, recursive=True)
        return translate(lambda: [(o.object_name or "").removeprefix(below) for o in listing()])

    def versions(self, bucket: str, prefix: str) -> list[Version]:
        name, below = split(bucket)

        def read() -> list[Version]:
            listed = self.client.list_objects(
                name, prefix=below + prefix, recursive=True, include_version=True
            )
            return [
                Version(
                    (o.object_name or "").removeprefix(below),
                    o.version_id or "null",
                    bool(o.is_latest),
                    bool(o.is_delete_marker),
                )
                for o in listed
            ]

        return translate(read)

    def multipart(self, bucket: str, key: str, body: bytes, part_size: int, value: str) -> None:
        name, below = split(bucket)
        put = partial(self.client.put_object, name, below + key, io.BytesIO(body), -1)
        translate(lambda: put(metadata={"v": value}, part_size=part_size))
