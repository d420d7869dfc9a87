"""P1.15 of a store without versions: objects are backed up, lost and brought back by the contract's own commands."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from readiness.backup import ContractBackup
from readiness.judges.backups import STATE_BYTES, STATES, Step
from readiness.load.bodies import body_of, identify
from readiness.load.rig import Rig
from readiness.recording import Recording
from readiness.scratch.another import another_bucket
from readiness.scratch.later import versions_enabled_later
from readiness.scratch.versions import versions
from readiness.subject import Subject
from readiness.topology import Endpoint

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def kept_or_backed_up(subject: Subject, see: Recording, rig: Rig) -> None:
    """P1.15: versions where the contract promises them, else its backup and restore."""
    if subject.promises.versioning:
        versions(subject, see, rig)
        versions_enabled_later(subject, see, rig)
    elif subject.contract.durability.backup_command is not None:
        with tempfile.TemporaryDirectory(prefix="readiness-backup-") as folder:
            made = partial(another_bucket, rig)
            bucket = see.must(Step.MADE, subject.front, "boto3", made, kept=lambda name: name)
            _Story(subject, see, bucket or rig.buckets.plain, Path(folder)).play()


class _Story:
    """One object an endpoint that is lost, and one that is overwritten after the backup and left alone."""

    def __init__(self, subject: Subject, see: Recording, bucket: str, folder: Path) -> None:
        self._subject, self._see, self._bucket = subject, see, bucket
        self._commands = ContractBackup(subject, see, bucket, folder)
        self._endpoints = subject.topology.all_endpoints()

    def play(self) -> None:
        """Ends with the first command of the contract that does not end well."""
        lost = {endpoint: f"p1.15/{endpoint.name}" for endpoint in self._endpoints}
        kept = "p1.15/kept"
        self._see.must(
            Step.STATES, self._subject.front, "boto3", self._put_states, asked=self._asked("states")
        )
        for endpoint, key in (*lost.items(), (self._subject.front, kept)):
            self._put(Step.PUT, endpoint, key, f"{key}/backed up")
        if not self._commands.backup(Step.BACKUP).ok:
            return
        self._put(Step.OVERWRITE, self._subject.front, kept, f"{kept}/newer")
        for endpoint, key in lost.items():
            delete = partial(self._client(endpoint).delete_object, Bucket=self._bucket, Key=key)
            self._see.must(Step.DELETE, endpoint, "boto3", delete, asked=self._asked(key))
            self._get(Step.LOST, endpoint, key)
        for key in lost.values():
            if not self._commands.restore(Step.RESTORE, key).ok:
                return
        for endpoint in self._endpoints:
            for key in lost.values():
                self._get(Step.GET_BACK, endpoint, key, value=f"{key}/backed up")
            self._get(Step.GET_KEPT, endpoint, kept, value=f"{kept}/newer")

    def _put_states(self) -> None:
        client = self._client(self._subject.front)
        for number in range(STATES):
            key = f"states/{number}"
            client.put_object(Bucket=self._bucket, Key=key, Body=body_of(key, STATE_BYTES))

    def _put(self, step: Step, endpoint: Endpoint, key: str, value: str) -> None:
        put = partial(self._client(endpoint).put_object, Bucket=self._bucket, Key=key, Body=body_of(value))
        self._see.must(step, endpoint, "boto3", put, asked=self._asked(key))

    def _get(self, step: Step, endpoint: Endpoint, key: str, **asked: JsonValue) -> None:
        client = self._client(endpoint)
        read = lambda: identify(client.get_object(Bucket=self._bucket, Key=key)["Body"].read())  # noqa: E731
        self._see.ask(step, endpoint, "boto3", read, asked=self._asked(key, **asked), kept=str)

    def _client(self, endpoint: Endpoint) -> S3Client:
        return self._subject.client(endpoint)

    def _asked(self, key: str, **more: JsonValue) -> dict[str, JsonValue]:
        return {"bucket": self._bucket, "key": key, **more}
