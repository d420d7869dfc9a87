"""What a rehearsal saw of a state and of a migration plan, as it is kept.

Of a state no value is kept, only digests of values under a key that is made for one rehearsal and kept nowhere: they
are equal where the values are, and nobody can try values against them.
"""

from __future__ import annotations

from readiness.evidence.stacks import KeptResult


class Item(KeptResult):
    """A resource's instance or an output: its name, and the digest of everything that it says."""

    name: str
    digest: str


class StateRead(KeptResult):
    """What a state says, decrypted where it is encrypted. `checks`: the digests of its check results, sorted."""

    lineage: str
    serial: int
    resources: tuple[Item, ...]
    outputs: tuple[Item, ...]
    checks: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Whether it has neither a resource nor an output."""
        return not self.resources and not self.outputs


class StoredState(KeptResult):
    """A state as it is stored: `digest` is that of its bytes. `state` is what it says; None where it is encrypted and
    was not decrypted.
    """

    encrypted: bool
    digest: str
    state: StateRead | None


class Configured(KeptResult):
    """What a migration plan is written for. `encrypted`: the configuration has a method for the state. `without` are
    settings of its backend that the stand-in does not have: they are not rehearsed. `workspaces` are the state's.
    """

    name: str
    digest: str
    backend: str
    encrypted: bool
    without: tuple[str, ...]
    workspaces: tuple[str, ...]


class PlanRead(KeptResult):
    """A migration plan. `steps` are those that have a command, `rollback` is the number of commands of the way back;
    `decrypts`: a command handles the state decrypted. `workspaces`: its commands name a workspace.
    `reviewed_text` is the digest of the text that was reviewed.
    """

    stack: str
    configuration_digest: str
    backend: str
    steps: tuple[str, ...]
    decrypts: bool
    workspaces: bool
    returns_to: str
    rollback: int
    reviewed_by: str
    reviewed_on: str
    reviewed_text: str
    text_digest: str


class StandInUsed(KeptResult):
    """The kind of the backend that a stack is rehearsed from."""

    kind: str


class Workspaces(KeptResult):
    """The workspaces of a stack's state, `default` among them only where it is to be migrated."""

    names: tuple[str, ...]


class TurnTried(KeptResult):
    """Whether a stack got its turn to migrate, and whose turn it is."""

    taken: bool
    holder: str


class LockSeen(KeptResult):
    """Whether somebody holds the lock of a state."""

    held: bool


class Reached(KeptResult):
    """The hosts outside of this machine that the rehearsal asked for. `walled`: whether that was watched; else the
    stack's own providers may reach what they need.
    """

    hosts: tuple[str, ...]
    walled: bool


class Returned(KeptResult):
    """The version that a rollback returns to; None where the source has none, or where a file is returned to."""

    version: str | None
