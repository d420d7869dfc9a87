"""The two client libraries that people use, boto3 and minio, for one endpoint."""

from __future__ import annotations

from readiness.s3.boto3_library import Boto3Library
from readiness.s3.library import Library
from readiness.s3.minio_library import MinioLibrary
from readiness.s3.wire import Target


def libraries(target: Target, seconds: float) -> tuple[Library, Library]:
    """Both, for one endpoint."""
    return Boto3Library(target, seconds), MinioLibrary(target, seconds)
