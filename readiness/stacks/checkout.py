"""A private copy of one protected stack, in which tofu runs: first against its source backend, then against the
candidate."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from readiness.stacks.config import StackConfig
from readiness.stacks.stack import Stack
from readiness.stacks.standins import Source
from readiness.tofu.run import Job, Run, Running
from readiness.tofu.workspace import DISPOSABLE, LEFT_OUT, Client, Place, Tools
from readiness.topology import Endpoint

OVERRIDE = "readiness_override.tf"
SETTINGS = DISPOSABLE / "state.s3.tfbackend"


class Checkout(Client):
    """The stack's folder and its local modules, copied in their places; the operator's checkout is only read."""

    def __init__(
        self,
        tools: Tools,
        name: str,
        config: StackConfig,
        stack: Stack | None,
        source: Source,
        candidate: Endpoint,
        place: Place,
    ) -> None:
        self.config = config
        self.described = stack
        self.source = source
        super().__init__(tools, name, candidate, place, source=config.checkout)
        self.redact = tools.redactor(source.secrets())

    def copy(self, source: Path) -> Path:
        root = self.folder / "checkout"
        for folder in {self.config.folder, *(str(PurePosixPath(name).parent) for name in self.config.files)}:
            if folder != "." and not Path(folder).is_absolute():
                shutil.copytree(source / folder, root / folder, ignore=LEFT_OUT, dirs_exist_ok=True)
        return root / self.config.folder

    def extra(self) -> dict[str, str]:
        passed = self.described.pass_environment if self.described else ()
        kept = {name: os.environ[name] for name in passed if name in os.environ}
        return {**kept, **super().extra(), **self.source.environment(self.tools.home)}

    def variables(self) -> tuple[str, ...]:
        """What the stack's plan is given, as stack.toml says."""
        if self.described is None:
            return ()
        files = (f"-var-file={path}" for path in self.described.var_files)
        return (*files, *(f"-var={name}={value}" for name, value in self.described.variables.items()))

    def init_source(self, key: str, *, reconfigure: bool = False) -> Run:
        """`init` against the source, with the stack's own backend block."""
        (self.stack / OVERRIDE).unlink(missing_ok=True)
        options = ("-reconfigure",) if reconfigure else ()
        return self.run("init", "-no-color", *options, *self.source.options(key))

    def migrate(self) -> Run:
        """`init -migrate-state` to the candidate: the one change is the backend block, by an override file.

        The state has been put there before, byte for byte: tofu finds both equal and copies nothing. Without
        -force-copy and without input it ends with an error where they are not equal, and overwrites nothing.

        Why not let it copy: into an absent state, `init -migrate-state` (and `state push`, -force too) writes a
        *new lineage*. Seen with 1.12.6; internal/states/remote/state.go: PersistState refreshes first, which
        clears the lineage that was just imported. Then the pulled file can never be pushed back ("unrelated
        state").
        """
        (self.stack / OVERRIDE).write_text('terraform {\n  backend "s3" {}\n}\n', encoding="utf-8")
        place = self.place.backend_config(self.endpoint)
        return self.run("init", "-no-color", "-migrate-state", f"-backend-config={SETTINGS}", *place)

    def stack_plan(self) -> Run:
        return self.run("plan", "-no-color", "-detailed-exitcode", *self.variables())

    def stack_apply(self) -> Run:
        return self.run("apply", "-no-color", "-auto-approve", *self.variables())

    def read_live(self, command: tuple[str, ...], environment: Mapping[str, str]) -> tuple[Run, bytes]:
        """The only command that touches the live state: it reads. In the operator's checkout, with the operator's
        environment."""
        program = shutil.which(command[0], path=environment.get("PATH"))
        job = Job(
            program=Path(program or command[0]),
            arguments=command[1:],
            folder=self.config.path,
            environment=environment,
            endpoint="live",
            client=self.name,
            secret_output=True,
            streams=self.folder,
        )
        running = Running(job, self.redact, self.tools.clock, self.tools.on_spawn)
        run = self.finish(running)
        return run, running.output

    def remove(self) -> None:
        """Everything of this copy, state files among it, is gone."""
        shutil.rmtree(self.folder, ignore_errors=True)
