"""A private copy of one protected stack, in which tofu runs: first against its source backend, then against the
candidate."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from readiness.judges.stacks.workspaces import DEFAULT
from readiness.stacks import live
from readiness.stacks.config import StackConfig
from readiness.stacks.encryption import VARIABLE
from readiness.stacks.reading import Reading, load_folder, variables
from readiness.stacks.stack import Stack
from readiness.stacks.standins import Source
from readiness.stacks.values import placeholder
from readiness.stacks.wall import Wall
from readiness.stacks.workspaces import WITHOUT
from readiness.tofu.env import UnpreparedError
from readiness.tofu.run import TofuRun
from readiness.tofu.workspace import DISPOSABLE, LEFT_OUT, StatePlace, TofuClient, Tools
from readiness.topology import Endpoint

OVERRIDE = "zzzz_readiness_override.tf"
"""Overrides are merged in the order of their names: this one is the last, whatever the stack's own say."""

_TAKEN_OVER = re.compile(
    r"bucket|key|region|endpoints?(\.s3)?|\w*path_style|skip_\w+|profile|access_key|secret_key|token|shared_\w+|"
    r"use_lockfile|max_retries|retry_\w+|(lock_|unlock_|update_)?(address|method)|username|password|path|conn_str|"
    r"schema_name|workspace_dir|secret_suffix|namespace|host|insecure|config_\w+|cluster_ca_certificate|client_\w+|"
    r"in_cluster_config|load_config_file|exec(\..*)?"
)
"""Settings that a stand-in has a value of its own for, or that say only how to get to the store."""
SETTINGS = DISPOSABLE / "state.s3.tfbackend"


class Checkout(TofuClient):
    """The stack's folder and its local modules, copied in their places; the operator's checkout is only read."""

    def __init__(
        self,
        tools: Tools,
        name: str,
        config: StackConfig,
        stack: Stack | None,
        source: Source,
        candidate: Endpoint,
        place: StatePlace,
        wall: Wall | None = None,
        workspace: str = DEFAULT,
    ) -> None:
        self.workspace = workspace
        self.config = config
        self.described = stack
        self.source = source
        self.candidate = candidate
        self._wall = wall
        super().__init__(tools, name, candidate, place, source=config.checkout)
        self.redact = tools.redactor((*source.secrets(), os.environ.get(VARIABLE, "")))

    def copy(self, source: Path) -> Path:
        root = self.folder / "checkout"
        for folder in {str(PurePosixPath(name).parent) for name in self.config.configuration}:
            shutil.copytree(source / folder, root / folder, ignore=LEFT_OUT, dirs_exist_ok=True)
        for name in self.config.files:  # what its expressions read
            path = source / name
            if path.is_file() and not path.name.startswith(".env") and path.is_relative_to(source):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, root / name)
        stack = root / self.config.folder
        for at, name in enumerate(self.described.var_files if self.described else ()):
            if not (stack / name).is_file():
                raise UnpreparedError(
                    f"stack.toml names the file of variables {name}, which is not in {self.config.folder}"
                )
            ending = ".auto.tfvars.json" if name.endswith(".json") else ".auto.tfvars"
            shutil.copyfile(stack / name, stack / f"zzzz_readiness_{at}{ending}")
        return stack

    def extra(self) -> dict[str, str]:
        passed = self.described.pass_environment if self.described else ()
        if self.config.encryption is not None and self.config.encryption.where == VARIABLE:
            passed = (*passed, VARIABLE)
        kept = {name: os.environ[name] for name in passed if name in os.environ}
        return {
            **kept,
            **self._variables(),
            **super().extra(),
            **self.source.environment(self.tools.home),
            **(self._wall.environment(self._hosts()) if self._wall else {}),
            **({} if self.workspace == DEFAULT else {live.SELECTED: self.workspace}),
        }

    def _hosts(self) -> Iterator[str]:
        """Who may be reached: the candidate and the source."""
        yield urlsplit(self.candidate.url).hostname or ""
        yield from self.source.hosts()

    def _variables(self) -> dict[str, str]:
        """Variables for every command, `init` too, by the environment. Where the state is made for the rehearsal
        anyway, a variable that nobody gives has a placeholder."""
        given = self.described.variables if self.described else {}
        values = {f"TF_VAR_{name}": value for name, value in given.items()}
        if self._wall is not None and not (self.described and self.described.read):
            declared = variables(load_folder(Reading(self.config.checkout), self.config.path))
            for name in self.config.required:
                value = placeholder(declared[name])
                if f"TF_VAR_{name}" not in values and value is not None:
                    values[f"TF_VAR_{name}"] = value
        return values

    def without(self) -> tuple[str, ...]:
        """The stack's own settings that its stand-in does not have: they are not rehearsed."""
        settings = self.config.variants[0].settings
        return tuple(
            dict.fromkeys(name.partition(".")[0] for name in settings if not _TAKEN_OVER.fullmatch(name))
        )

    def variables(self) -> tuple[str, ...]:
        """What the stack's plan is given, as stack.toml says."""
        if self.described is None:
            return ()
        files = (f"-var-file={path}" for path in self.described.var_files)
        return (*files, *(f"-var={name}={value}" for name, value in self.described.variables.items()))

    def init_source(self, key: str, *, reconfigure: bool = False) -> TofuRun:
        """`init` against the source: the stack's backend block is replaced by an empty one of the same kind, for the
        stack's own settings lead elsewhere (another store, DynamoDB, STS)."""
        self.endpoint = Endpoint(f"its source ({self.source.kind})", "")
        (self.stack / OVERRIDE).write_text(_block(self.source.kind), encoding="utf-8")
        options = ("-reconfigure",) if reconfigure else ()
        return self.run("init", "-no-color", *options, *self.source.options(key))

    def migrate(self, *, several: bool = False) -> TofuRun:
        """`init -migrate-state` to the candidate: the one change is the backend block, by an override file.

        With `several` workspaces `init -reconfigure`, which copies nothing: `-migrate-state` then asks whether to
        migrate all of them, ends without input, and once it has been answered overwrites what is not equal
        (internal/command/meta_backend_migrate.go: backendMigrateState_S_S).

        The state has been put there before, byte for byte: tofu finds both equal and copies nothing. Without
        -force-copy and without input it ends with an error where they are not equal, and overwrites nothing.

        Why not let it copy: into an absent state, `init -migrate-state` (and `state push`, -force too) writes a
        *new lineage*. Seen with 1.12.6; internal/states/remote/state.go: PersistState refreshes first, which
        clears the lineage that was just imported. Then the pulled file can never be pushed back ("unrelated
        state").
        """
        self.endpoint = self.candidate
        (self.stack / OVERRIDE).write_text(_block("s3"), encoding="utf-8")
        place = self.place.backend_config(self.endpoint)
        how = "-reconfigure" if several else "-migrate-state"
        return self.run("init", "-no-color", how, f"-backend-config={SETTINGS}", *place)

    def stack_plan(self) -> TofuRun:
        return self.run("plan", "-no-color", "-detailed-exitcode", *self.variables())

    def stack_apply(self) -> TofuRun:
        return self.run("apply", "-no-color", "-auto-approve", *self.variables())

    def read_live(self, command: tuple[str, ...]) -> tuple[TofuRun, bytes]:
        """What the operator's own command prints of the live state of this workspace."""
        selected = None if self.config.backend in WITHOUT else self.workspace
        secrets = (*self.source.secrets(), os.environ.get(VARIABLE, ""))
        return live.read(
            self.tools, self.config, command, workspace=selected, secrets=secrets, streams=self.folder
        )

    def remove(self) -> None:
        """Everything of this copy, state files among it, is gone."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _block(kind: str) -> str:
    return f'terraform {{\n  backend "{kind}" {{}}\n}}\n'
