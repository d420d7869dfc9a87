"""The scratch buckets of a session."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from readiness.judges.durability import SUSPENDED
from readiness.load.context import Buckets
from readiness.plugin.run import Run
from readiness.s3.library import Answered, Unanswered, translate
from readiness.s3.removal import Bounds
from readiness.s3.scratch import JOURNAL, Scratch
from readiness.s3.versioning import versioning_of
from readiness.subject import Subject


class ScratchBuckets:
    """Call `remove` when the session ends, also if `create` fails. It gives up once `ended` is true."""

    def __init__(
        self, run: Run, subject: Subject, ended: Callable[[], bool], announce: Callable[[str], None]
    ) -> None:
        self._run, self._subject, self._ended, self._announce = run, subject, ended, announce
        short = run.id.rsplit("-", 1)[-1]
        journal = subject.evidence.folder / JOURNAL
        client = lambda: subject.client(subject.front, 30)  # noqa: E731
        self._scratch = Scratch(short, client, journal, subject.loaded.bucket)

    def create(self) -> Buckets:
        """A plain and a versioned bucket, or two plain ones if the contract promises no versions. A third one, with
        suspended versioning, where the contract names it or the state bucket is such a bucket.
        """
        subject, scratch = self._subject, self._scratch
        plain = scratch.create("plain")
        promised = subject.contract.durability.versioning
        versioned = scratch.create("versioned", "Enabled") if promised else scratch.create("second")
        suspended = scratch.create("suspended", "Enabled", "Suspended") if self._suspended() else None
        named = subject.loaded.bucket is not None  # its settings are not changed
        another = None if named else self._another
        buckets = Buckets(plain, versioned, scratch.refused, suspended, another)
        self._warm_up(*buckets.every())
        return buckets

    def _suspended(self) -> bool:
        """Whether there is to be a bucket with suspended versioning. The state bucket is only read. None can be made
        where all of scratch is in one bucket.
        """
        subject = self._subject
        if subject.loaded.bucket is not None:
            return False
        if subject.contract.durability.versioning_suspended:
            return True
        bucket, client = subject.candidate.boundary.state_bucket, subject.client(subject.front)
        try:
            found = translate(partial(versioning_of, client, bucket))
        except (Answered, Unanswered):
            return False  # there is none, or P0.3 says why it cannot be read
        subject.evidence.event("versioning of the state bucket", bucket=bucket, found=found)
        return found == SUSPENDED

    def _another(self) -> str:
        name = self._scratch.create("another")
        self._warm_up(name)
        return name

    def _warm_up(self, *buckets: str) -> None:
        clients = [self._subject.client(endpoint) for endpoint in self._subject.topology.all_endpoints()]
        if not self._scratch.warm_up(buckets, clients):
            self._announce("a new scratch bucket does not take a write through every endpoint yet")

    def remove(self) -> None:
        """Removes them; those of a store that the suite started go with its disks, for the deletes can take minutes."""
        evidence = self._subject.evidence
        if self._subject.provider.owns_candidate:
            evidence.event("scratch goes with the store", buckets=self._scratch.buckets)
            return
        left = self._scratch.remove(Bounds(ended=self._ended, announce=self._announce))
        evidence.event("scratch removed", left=left)
        if left:
            self._announce(f"could not remove {'; '.join(left)}; remove it with: {self._run.clean_command}")
