"""The scratch buckets of a session."""

from __future__ import annotations

from collections.abc import Callable

from readiness.load.context import Buckets
from readiness.plugin.run import Run
from readiness.s3.removal import Bounds
from readiness.s3.scratch import JOURNAL, Scratch
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
        """A plain and a versioned bucket, or two plain ones if the contract promises no versions."""
        subject, scratch = self._subject, self._scratch
        promised = subject.contract.durability.versioning
        plain = scratch.create("plain", versioned=False)
        versioned = scratch.create("versioned" if promised else "second", versioned=promised)
        clients = [subject.client(endpoint) for endpoint in subject.topology.all_endpoints()]
        if not scratch.warm_up((plain, versioned), clients):
            self._announce("a new scratch bucket does not take a write through every endpoint yet")
        return Buckets(plain, versioned, scratch.refused)

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
