"""The commands of stack.toml that touch a live state: they only read it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from readiness.stacks.config import StackConfig
from readiness.tofu.run import Job, Running, TofuRun
from readiness.tofu.workspace import Tools

SELECTED = "TF_WORKSPACE"
"""Selects a workspace for one command and writes nothing (OpenTofu 1.12, internal/command/meta.go)."""


def read(
    tools: Tools,
    config: StackConfig,
    command: tuple[str, ...],
    *,
    workspace: str | None = None,
    secrets: Iterable[str] = (),
    streams: Path | None = None,
) -> tuple[TofuRun, bytes]:
    """Runs one of them in the stack's folder of the operator's checkout, with the operator's environment and this
    workspace selected; None leaves what is selected there. Returns the record, which holds no state, and what was
    printed. `streams` is where the output lies meanwhile, by default the run's private folder.
    """
    environment = dict(os.environ)
    if workspace is not None:
        environment[SELECTED] = workspace
    job = Job(
        program=Path(shutil.which(command[0], path=environment.get("PATH")) or command[0]),
        arguments=command[1:],
        folder=config.path,
        environment=environment,
        endpoint="live",
        client=config.name,
        secret_output=True,
        streams=streams or tools.folder,
    )
    running = Running(job, tools.redactor(secrets), tools.clock, tools.on_spawn)
    run = tools.record(running.wait(tools.limit))
    return run, running.output
