"""The contract's own backup and restore, as an operator runs them: on scratch, for a store without versions.

A command finds in its environment READINESS_BUCKET, READINESS_ENDPOINT (the URL of the service endpoint, or of the
first one), READINESS_ADDRESSING (path or virtual), READINESS_BACKUP (a folder where the backup may be put) and the
credential (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_CA_BUNDLE); the restore also READINESS_KEY, the
one object that it brings back. The suite's own Python comes first in PATH.
"""

from __future__ import annotations

from pathlib import Path

from readiness.candidate.declared import Command
from readiness.contract_command import run
from readiness.evidence.observation import PROVIDER, Observation, Outcome
from readiness.recording import Recording
from readiness.subject import Subject


class ContractBackup:
    """Runs the commands about one bucket, and records how they end."""

    def __init__(self, subject: Subject, see: Recording, bucket: str, folder: Path) -> None:
        self._subject, self._see, self._bucket, self._folder = subject, see, bucket, folder

    def backup(self, step: str) -> Observation:
        """Copy the bucket. Its observation lasts as long as the command."""
        return self._run(step, self._subject.contract.durability.backup_command)

    def restore(self, step: str, key: str) -> Observation:
        """Bring this object back."""
        return self._run(step, self._subject.contract.durability.restore_command, key)

    def _run(self, step: str, command: Command | None, key: str = "") -> Observation:
        assert command is not None, "the caller asks whether the contract names it"
        began = self._subject.now()
        redactor = self._subject.evidence.redactor
        ended = run(command, self._subject.loaded, redactor, command.seconds, self._environment(key))
        outcome: Outcome = "ok"
        problem = ended.cannot_run
        if ended.code or problem:
            outcome, problem = "error", problem or f"exit code {ended.code}: {ended.said}"
        elif ended.code is None:
            outcome, problem = "unanswered", f"it had not ended after {command.seconds:g} s"
        return self._see.keep(
            step,
            self._subject.front.name,
            PROVIDER,
            began,
            outcome,
            ended.code,
            problem,
            asked={"bucket": self._bucket, **({"key": key} if key else {})},
        )

    def _environment(self, key: str) -> dict[str, str]:
        keys = self._subject.provider.keys("admin")
        bundle = self._subject.loaded.ca_bundle
        return {
            "HOME": str(self._folder),
            "READINESS_BUCKET": self._bucket,
            "READINESS_ENDPOINT": self._subject.front.url,
            "READINESS_ADDRESSING": self._subject.candidate.s3.addressing,
            "READINESS_BACKUP": str(self._folder),
            "AWS_ACCESS_KEY_ID": keys.access_key,
            "AWS_SECRET_ACCESS_KEY": keys.secret_key,
            "AWS_REGION": self._subject.candidate.s3.region,
            "AWS_DEFAULT_REGION": self._subject.candidate.s3.region,
            **({"AWS_CA_BUNDLE": bundle} if bundle else {}),
            **({"READINESS_KEY": key} if key else {}),
        }
