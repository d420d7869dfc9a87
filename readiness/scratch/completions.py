"""P1.30: multipart uploads that are completed on a condition."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypedDict

from pydantic import JsonValue

from readiness.judges.completions import Step
from readiness.load.bodies import body_of, identify
from readiness.load.rig import Rig
from readiness.recording import Recording
from readiness.s3.library import Answered, Unanswered
from readiness.subject import Subject
from readiness.topology import Endpoint

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def conditional_completions(subject: Subject, see: Recording, rig: Rig) -> None:
    """P1.30: what one endpoint wrote, a completion with `If-None-Match: *` through another one does not overwrite
    (412); a fresh key is created.
    """
    endpoints = subject.topology.all_endpoints()
    for bucket in rig.buckets.every():
        for number, here in enumerate(endpoints):
            there = endpoints[(number + 1) % len(endpoints)]
            _Key(subject, see, bucket, f"p1.30/{here.name}/existing", there, here).meet()
            _Key(subject, see, bucket, f"p1.30/{here.name}/fresh", there, here).create()


class _Where(TypedDict):
    Bucket: str
    Key: str


@dataclass(frozen=True)
class _Key:
    """One key, uploaded to through one endpoint, written and read through another."""

    subject: Subject
    see: Recording
    bucket: str
    key: str
    uploader: Endpoint
    other: Endpoint

    def meet(self) -> None:
        """An upload of a key that is there."""
        put = partial(self._client(self.other).put_object, Body=body_of(f"{self.key}/first"), **self._at)
        self.see.must(Step.PUT, self.other, "boto3", put, asked=self._asked())
        self._complete(Step.MEET, f"{self.key}/second")
        self._get(Step.AFTER_MEET, f"{self.key}/first")

    def create(self) -> None:
        """An upload of a key that is not."""
        value = f"{self.key}/uploaded"
        if self._complete(Step.CREATE, value):
            self._get(Step.AFTER_CREATE, value)

    def _complete(self, step: Step, value: str) -> bool:
        """Whether an upload of one part was completed. One that was not is aborted."""
        client = self._client(self.uploader)
        upload, etag = self.see.must(
            Step.UPLOAD, self.uploader, "boto3", partial(self._upload, client, value), asked=self._asked()
        )
        complete = partial(
            client.complete_multipart_upload,
            UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]},
            IfNoneMatch="*",
            **self._at,
        )
        answer = self.see.ask(step, self.uploader, "boto3", complete, asked=self._asked())
        if not isinstance(answer, Answered | Unanswered):
            return True
        abort = partial(client.abort_multipart_upload, UploadId=upload, **self._at)
        self.see.ask("abort the upload", self.uploader, "boto3", abort, asked=self._asked())
        return False

    def _upload(self, client: S3Client, value: str) -> tuple[str, str]:
        upload = client.create_multipart_upload(**self._at)["UploadId"]
        part = client.upload_part(UploadId=upload, PartNumber=1, Body=body_of(value), **self._at)
        return upload, part["ETag"]

    def _get(self, step: Step, value: str) -> None:
        client = self._client(self.other)
        read = lambda: identify(client.get_object(**self._at)["Body"].read())  # noqa: E731
        self.see.ask(step, self.other, "boto3", read, asked=self._asked(value=value), kept=str)

    def _client(self, endpoint: Endpoint) -> S3Client:
        return self.subject.client(endpoint)

    @property
    def _at(self) -> _Where:
        return {"Bucket": self.bucket, "Key": self.key}

    def _asked(self, **more: JsonValue) -> dict[str, JsonValue]:
        return {"bucket": self.bucket, "key": self.key, **more}
