"""`<stack>/stack.toml` of --plans: where a protected stack lives, and how its state is read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from readiness.errors import UsageError
from readiness.judges.stacks.workspaces import DEFAULT
from readiness.paths import STACKS
from readiness.stacks import plan as plans
from readiness.stacks.config import StackConfig, read
from readiness.stacks.draft import draft
from readiness.stacks.hcl import UnreadableError

PROTECTED = STACKS / "protected"
EXAMPLES = STACKS / "examples"


class Stack(BaseModel):
    """One protected stack.

    `read` and `list_workspaces` are the only commands that are ever run against the live state, in the stack's folder,
    with the operator's environment. `read` prints the state (`tofu state pull`, or a recipe that does). Empty: there
    is no live state, as for the examples; one is then made by applying the configuration to a stand-in of the same
    backend kind. `list_workspaces` lists the workspaces of the live state as `tofu workspace list` does; `read` is run
    for each, with TF_WORKSPACE. `workspaces` are those of a state that is made. `variables` and `var_files` (relative
    to the stack's folder) are the plan's. `pass_environment` names what the plan needs of the operator's environment,
    such as KUBECONFIG.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = Field(alias="schema")
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    configuration: str
    backend: Literal["http", "s3", "local", "pg", "kubernetes"]
    environment: str = ""
    read: tuple[str, ...] = ()
    list_workspaces: tuple[str, ...] = ()
    workspaces: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.~-]*$")], ...] = ()
    variables: dict[str, str] = {}
    var_files: tuple[str, ...] = ()
    pass_environment: tuple[str, ...] = ()

    @property
    def several(self) -> bool:
        """Whether its state may have other workspaces than the default one."""
        return bool(self.list_workspaces) or self.workspaces not in ((), (DEFAULT,))

    @model_validator(mode="after")
    def _workspaces_of_one_kind(self) -> Self:
        if self.read and self.workspaces:
            raise ValueError(
                "workspaces are those of a state that is made: list_workspaces lists a live one's"
            )
        if self.list_workspaces and not self.read:
            raise ValueError(
                "list_workspaces is for a live state: name the command that reads it as `read`, too"
            )
        return self


@dataclass(frozen=True)
class Examined:
    """Everything that is known of a stack without running anything. What could not be read is an exception, with
    its message."""

    name: str
    config: StackConfig | UnreadableError
    stack: Stack | None
    plan: plans.MigrationPlan | plans.BadPlanError | None
    draft: str = ""


def load(folder: Path) -> Stack:
    """The stack.toml in this folder. Raises UsageError, which names the field."""
    path = folder / "stack.toml"
    try:
        return Stack.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not valid TOML ({error})") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{path}: {field}: {first['msg']}") from error


def examine(
    name: str,
    stacks: Path = EXAMPLES,
    protected: Path = PROTECTED,
    environment: str = "",
    caller: Mapping[str, str] | None = None,
) -> Examined:
    """The stack's configuration, its stack.toml and its plan; for a stack without a plan, the draft of one.

    `stacks` is a checkout, by default the examples; `caller` the environment of the shell. Raises UsageError if
    the stack is in neither.
    """
    folder = protected / name
    stack = load(folder) if (folder / "stack.toml").is_file() else None
    environment = environment or (stack.environment if stack else "")
    config: StackConfig | UnreadableError
    try:
        config = read(stacks, name, environment, caller)
    except UnreadableError as error:
        config = error
    plan: plans.MigrationPlan | plans.BadPlanError | None = None
    if (folder / plans.FILE).is_file():
        try:
            plan = plans.load(folder / plans.FILE)
        except plans.BadPlanError as error:
            plan = error
    several = stack is not None and stack.several
    written = draft(config, several=several) if plan is None and isinstance(config, StackConfig) else ""
    return Examined(name, config, stack, plan, written)
