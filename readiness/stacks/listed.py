"""Which workspaces a stack's state has: each of them is migrated, and each is rehearsed.

Fact (OpenTofu 1.12, internal/command/workspace_list.go): `tofu workspace list` prints one a line, after `* ` or two
blanks, `default` among them.
"""

from __future__ import annotations

import re

from readiness.judges.stacks.workspaces import DEFAULT
from readiness.stacks import live
from readiness.stacks.config import StackConfig
from readiness.stacks.stack import Stack
from readiness.stacks.workspaces import WITHOUT
from readiness.tofu.workspace import Tools

MADE = "readiness"
"""The second workspace of a state that is made for a rehearsal, where the configuration uses workspaces."""
_NAME = re.compile(r"(?=.*[^.])[\w.~$&+:=@-]+", re.ASCII)
"""OpenTofu takes what needs no escape in a path of a URL (internal/command/workspace_command.go)."""


class UnlistedError(Exception):
    """It is not known which workspaces a live state has; the message says why, and what to change."""


def workspaces(config: StackConfig, described: Stack | None, tools: Tools) -> tuple[str, ...]:
    """The workspaces to rehearse. Those of a live state are listed by the command that stack.toml names; a state that
    is made for the rehearsal has those that stack.toml names, or one beside the default where the configuration
    uses workspaces. Raises UnlistedError.
    """
    if config.backend in WITHOUT:
        return (DEFAULT,)
    if described is not None and described.read:
        return _listed(config, described, tools)
    if described is not None and described.workspaces:
        return described.workspaces
    return (DEFAULT, MADE) if config.workspaces else (DEFAULT,)


def _listed(config: StackConfig, described: Stack, tools: Tools) -> tuple[str, ...]:
    place = f"{config.name}/stack.toml of --plans"
    if not described.list_workspaces:
        raise UnlistedError(
            f"only the workspace {DEFAULT} was rehearsed; which others its state has is not known: name the command "
            f'that lists them in {place}, for example list_workspaces = ["tofu", "workspace", "list"]'
        )
    try:
        run, printed = live.read(tools, config, described.list_workspaces)
    except OSError as error:
        raise UnlistedError(
            f"the command that lists its workspaces ({place}) does not start: {error}"
        ) from error
    if not run.ok:
        raise UnlistedError(f"the command that lists its workspaces ({place}): {run.why()}")
    names = parsed(printed.decode(errors="replace"))
    if DEFAULT not in names:
        raise UnlistedError(
            f"the command that lists its workspaces ({place}) does not print what `tofu workspace list` prints"
        )
    if strange := [name for name in names if not _NAME.fullmatch(name)]:
        raise UnlistedError(
            f"the command that lists its workspaces ({place}) prints {strange[0]!r}, which is no name"
        )
    return names


def parsed(printed: str) -> tuple[str, ...]:
    """The names in what `tofu workspace list` has printed; every other line is passed over."""
    lines = (re.fullmatch(r"[* ] (\S+)", line.rstrip()) for line in printed.splitlines())
    return tuple(dict.fromkeys(found[1] for found in lines if found))
