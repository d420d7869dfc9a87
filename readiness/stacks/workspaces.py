"""The workspaces that a backend has, and where each keeps its state.

Facts (OpenTofu 1.12, internal/backend): every backend but `http` has workspaces; an S3 backend keeps those beside the
default one at `PREFIX/NAME/KEY`, and finds them there.
"""

from __future__ import annotations

from dataclasses import dataclass

from readiness.judges.stacks.workspaces import DEFAULT
from readiness.stacks.keyed import Keyed
from readiness.tofu.workspace import StatePlace

WITHOUT = frozenset({"http"})
"""The kinds of backends that have no workspaces."""


_PREFIX = "env:"
"""Where an S3 backend keeps the states of other workspaces, by default (`workspace_key_prefix`)."""


def in_workspace(place: StatePlace, workspace: str) -> StatePlace:
    """Where the state of this workspace lies, for a backend that was given that place."""
    return place if workspace == DEFAULT else place.at(f"{_PREFIX}/{workspace}/{place.key}")


@dataclass(frozen=True)
class Workspace:
    """One of a stack's workspaces; `names` are all of them. `keyed` is that of all: their states can be compared."""

    name: str
    names: tuple[str, ...]
    keyed: Keyed

    @property
    def several(self) -> bool:
        """Whether the state has another than the default one."""
        return self.names != (DEFAULT,)


class EmptyWorkspaceError(Exception):
    """One of several workspaces has no state: it is not migrated."""
