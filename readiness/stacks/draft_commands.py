"""The commands of a drafted migration plan: the repository's own where it has some, for each workspace of the state.

Where there are several workspaces, the default one is handled first and the others in a loop of the shell, in which
`$w` is the workspace. `init -migrate-state` is not used for them: it wants to be asked, and then overwrites.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from readiness.stacks.config import StackConfig
from readiness.stacks.raw import customer_key, fetch, store
from readiness.stacks.stack_files import Variant

WORKSPACE = "$w"
"""A workspace in a loop of the shell."""


@dataclass(frozen=True)
class Commands:
    """What a plan says to do. `several`: for each workspace of the state."""

    config: StackConfig
    several: bool

    @property
    def encrypted(self) -> bool:
        """Whether the state is encrypted by OpenTofu: it is copied as it is stored."""
        return self.config.encryption is not None and self.config.encryption.state

    @property
    def init(self) -> str:
        """How this repository initialises the stack: its recipe, or what tofu is given."""
        variant: Variant = self.config.variants[0]
        if variant.command:
            return variant.command
        files = (
            [f"-backend-config={shlex.quote(variant.where.rpartition('/')[2])}"]
            if variant.where.endswith(".tfbackend")
            else []
        )
        return " ".join([f"{self._tofu} init -reconfigure", *files])

    @property
    def pull(self) -> str:
        """The state into a private file; of another workspace into a folder of its name."""
        if self.encrypted:
            start = f"umask 077; {self.init} && " if self.several else "umask 077; "
            first, others = (fetch(self.config, self._file(w), w) for w in ("default", WORKSPACE))
        else:
            start = f"umask 077; {self.init} && "
            first = f"{self._tofu} state pull > {self._file()}"
            others = f"TF_WORKSPACE={WORKSPACE} {self._tofu} state pull > {self._file(WORKSPACE)}"
        folder = f'mkdir -p "../{WORKSPACE}"'
        return f"{start}{self._each(first, f'{folder} && {others}')}"

    @property
    def migrate(self) -> str:
        """The state to the new key, create-only; then OpenTofu moves over."""
        put = f"aws s3api put-object{customer_key(self.config)} --if-none-match '*'"
        put_default = f"{put} --body {self._file()} --bucket … --key …"
        if not self.several:
            moved = f"{self._tofu} init -migrate-state -input=false -backend-config=state.s3.tfbackend …"
            return f"{put_default} && {moved}"
        others = f'{put} --body {self._file(WORKSPACE)} --bucket … --key "env:/{WORKSPACE}/…"'
        moved = f"{self._tofu} init -reconfigure -input=false -backend-config=state.s3.tfbackend …"
        return " && ".join([self._each(self._held(put_default), others), *self._aside(), moved])

    @property
    def plan(self) -> str:
        """A plan with what the repository gives it."""
        return self._each(self._held(self._plan()), f"TF_WORKSPACE={WORKSPACE} {self._plan()}")

    @property
    def rollback(self) -> Sequence[str]:
        """The way back to where the state was."""
        before = "restore the backend block and settings of this stack from git"
        if self.config.backend == "s3":
            key = customer_key(self.config, copied=True)
            copy = f"aws s3api copy-object{key} of version:before-migration over the same key"
            copies = f"{copy}, and over the key of each other workspace" if self.several else copy
            return (before, copies, self.init, self.plan)
        back = [f"mv {self._before}/terraform.tfstate* {self.config.folder}/"] if [*self._aside()] else []
        return (before, *back, self.init, self._put_back(), self.plan)

    @property
    def _tofu(self) -> str:
        return f"tofu -chdir={shlex.quote(self.config.folder)}"

    @property
    def _before(self) -> str:
        return f"../{self.config.name}.before"

    def _file(self, workspace: str = "default") -> str:
        folder = ".." if workspace == "default" else f'"../{workspace}"'
        return f"{folder}/{self.config.name}.pulled.tfstate"

    def _put_back(self) -> str:
        if self.encrypted:
            first, others = (store(self.config, self._file(w), w) for w in ("default", WORKSPACE))
        else:
            first = f"{self._tofu} state push -force - < {self._file()}"
            pushed = f"{self._tofu} state push -force - < {self._file(WORKSPACE)}"
            others = f"TF_WORKSPACE={WORKSPACE} {pushed}"
        return self._each(self._held(first), others)

    def _aside(self) -> Sequence[str]:
        """States beside the configuration are migrated by every `init`, -reconfigure too
        (internal/command/meta_backend.go: backend_C_r_s): they are put elsewhere.
        """
        beside = self.several and self.config.backend == "local" and "path" not in self.config.settings
        moved = f"mv {self.config.folder}/terraform.tfstate* {self._before}/"
        return (f"mkdir -p {self._before}", moved) if beside else ()

    def _plan(self) -> str:
        config = self.config
        if config.planned is not None:
            given = list(config.planned.options)
        else:
            given = [f"-var-file={name}" for name in config.variable_files]
        named = {
            option.removeprefix("-var=").partition("=")[0] for option in given if option.startswith("-var=")
        }
        missing = (
            []
            if any(option.startswith("-var-file") for option in given)
            else [f"-var {name}=…" for name in config.required if name not in named]
        )
        return " ".join(
            [f"{self._tofu} plan -detailed-exitcode", *(shlex.quote(one) for one in given), *missing]
        )

    def _held(self, command: str) -> str:
        """What is done for the default workspace, which of several may have no state."""
        return f"{{ [ ! -s {self._file()} ] || {command}; }}" if self.several else command

    def _each(self, first: str, others: str) -> str:
        """What is done for the default workspace, and for every other one."""
        if not self.several:
            return first
        names = "$(echo \"$all\" | tr -d '* ' | grep -vx default)"
        return f"{first} && all=$({self._tofu} workspace list) && (for w in {names}; do {others} || exit 1; done)"
