"""The command line of a readiness run."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from readiness.cli.check import CHECK, Check
from readiness.criteria import DECIDING, Level
from readiness.errors import UsageError


@dataclass(frozen=True)
class Options:
    """The options of one run, checked. `by_name`: single tests were named, by their ids or with -k.
    `levels`: criteria of these decide the verdict. `check`: what is checked, if it is a check.
    """

    candidate: str
    interim: bool
    allow_faults: bool
    faults_on_state: str | None
    stacks: Path | None
    plans: Path | None
    state_without_tls: bool
    evidence: tuple[Path, ...]
    sign: Path | None
    require_signature: Path | None
    runs: Path
    seed: int
    tofu: Path | None
    keep_going: bool
    junit: Path | None
    arguments: tuple[str, ...]
    by_name: bool
    levels: frozenset[Level] = DECIDING
    check: Check | None = None
    watch: bool = False


def read_options(config: pytest.Config) -> Options:
    """The options of this invocation. Raises UsageError for a folder or program that is not there."""
    get, check = config.getoption, config.stash.get(CHECK, None)
    stacks, plans, tofu = get("--stacks"), get("--plans"), get("--tofu")
    if stacks is not None and not stacks.is_dir():
        raise UsageError(
            f"--stacks {stacks}: no such folder; give a checkout that holds tofu/stacks/NAME/backend.tf"
        )
    if plans is not None and not plans.is_dir():
        raise UsageError(
            f"--plans {plans}: no such folder; give one that holds NAME/stack.toml of the protected stacks"
        )
    if tofu is not None and not tofu.is_file():
        raise UsageError(f"--tofu {tofu}: no such file")
    for folder in get("--evidence"):
        if not folder.is_dir():
            raise UsageError(
                f"--evidence {folder}: no such folder; give an evidence folder below {get('--runs')}"
            )
    seed = get("--seed")
    junit = config.option.xmlpath
    return Options(
        candidate=get("--candidate"),
        interim=get("--expect-interim"),
        allow_faults=get("--allow-faults"),
        faults_on_state=get("--faults-on-state"),
        stacks=stacks.resolve() if stacks else None,
        plans=plans.resolve() if plans else None,
        state_without_tls=get("--state-without-tls"),
        evidence=tuple(folder.resolve() for folder in get("--evidence")),
        sign=get("--sign"),
        require_signature=get("--require-signature"),
        runs=get("--runs").resolve(),
        seed=random.SystemRandom().randrange(1, 1 << 31) if seed is None else seed,
        tofu=tofu.resolve() if tofu else None,
        keep_going=get("--keep-going"),
        junit=Path(junit).resolve() if junit else None,
        arguments=check.arguments if check else tuple(config.invocation_params.args),
        by_name=bool(config.option.keyword) or all("::" in str(argument) for argument in config.args),
        levels=DECIDING | {Level(level) for level in get("--require")},
        check=check,
        watch=get("--watch"),
    )
