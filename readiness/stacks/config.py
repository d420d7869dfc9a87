"""A protected stack's configuration as its checkout has it: which backend it uses, and what a migration plan is
written for.

Only read: nothing in the checkout is executed and nothing is written to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from readiness.errors import UsageError
from readiness.evidence.stacks import Clue
from readiness.stacks import environment as environments
from readiness.stacks import reading as readings
from readiness.stacks import terragrunt
from readiness.stacks.clues import Asked, clues
from readiness.stacks.encryption import Encryption, encryption
from readiness.stacks.evaluate import evaluate
from readiness.stacks.functions import NoValueError, as_text
from readiness.stacks.hcl import Expression, UnreadableError
from readiness.stacks.reading import Backend, LoadedFile, Reading
from readiness.stacks.recipes import find as recipes
from readiness.stacks.recipes.model import RecipeContext
from readiness.stacks.recorded import recorded
from readiness.stacks.scope import StackScope
from readiness.stacks.sources import Planned, planned, variants
from readiness.stacks.stack_files import StackFiles, Variant
from readiness.stacks.written import writers

_PLACES = ("tofu/stacks", "stacks", "terraform/stacks", ".")
_ENVIRONMENT_NAMES = ("ENV", "env", "ENVIRONMENT", "environment")
_BESIDE = ("*.tfvars.example", "*.tfbackend.example")


@dataclass(frozen=True)
class StackConfig:
    """What one stack's files say.

    `variants` are the ways in which it is initialised, the likeliest first; `settings` and `sources` are that one's,
    as text for people: flattened, secrets as "[set]", an open part by its name (`${ENV:-dev}`). `unresolved` are
    the settings with an open part. `problems` are files that may decide the backend and could not be read; `other`
    are such files elsewhere in the checkout, which matter only where the settings are not complete. `clues` are lines
    of files that nothing understands. `files` were
    read, relative to the checkout; `digest` covers all of them, and of a Justfile the init recipes.
    `configuration` are those that OpenTofu loads. `recorded` is what the last `init` here has noted.
    """

    name: str
    checkout: Path
    folder: str
    backend: str
    variants: tuple[Variant, ...]
    modules: Mapping[str, str]
    variables: tuple[str, ...]
    required: tuple[str, ...]
    workspaces: bool
    files: tuple[str, ...]
    digest: str
    environment: str = ""
    configuration: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    clues: tuple[Clue, ...] = ()
    encryption: Encryption | None = None
    planned: Planned | None = None
    variable_files: tuple[str, ...] = ()
    recorded: Variant | None = None

    @property
    def settings(self) -> Mapping[str, str]:
        return {name: str(value.assumed()) for name, value in self.variants[0].settings.items()}

    @property
    def sources(self) -> Mapping[str, str]:
        return self.variants[0].sources

    @property
    def unresolved(self) -> tuple[str, ...]:
        return tuple(name for name, value in self.variants[0].settings.items() if value.assumed().opens)

    @property
    def path(self) -> Path:
        return self.checkout / self.folder


def find(stacks: Path, name: str) -> tuple[Path, Path]:
    """The checkout and the folder of a stack in it. Raises UsageError if it is not there."""
    root = stacks.resolve()
    if not root.is_dir():
        raise UsageError(f"--stacks {stacks}: there is no such folder")
    for place in _PLACES:
        folder = root / place / name
        if folder.is_dir():
            return root, folder.resolve()
    raise UsageError(
        f"--stacks {stacks}: the stack {name} is in none of {', '.join(f'{p}/{name}' for p in _PLACES)}"
    )


def read(
    stacks: Path, name: str, environment: str = "", caller: Mapping[str, str] | None = None
) -> StackConfig:
    """The configuration of one stack. `caller` is the environment of the shell that would run tofu (the parts of it
    that decide a backend are used). Raises UsageError if the stack is not there, UnreadableError if it cannot be
    understood."""
    checkout, folder = find(stacks, name)
    try:
        return _read(checkout, folder, name, environment, caller or {})
    except NoValueError as error:
        raise UnreadableError(
            f"{folder.relative_to(checkout)}: an expression has no value ({error})"
        ) from error


def _read(checkout: Path, folder: Path, name: str, environment: str, shell: Mapping[str, str]) -> StackConfig:
    reading = Reading(checkout)
    loaded = readings.load_folder(reading, folder)
    if not loaded:
        raise UnreadableError(f"{reading.shown(folder)}: holds no .tf file")
    for pattern in _BESIDE:
        for path in sorted(folder.glob(pattern)):
            reading.bytes(path)
    known = RecipeContext(fixed=dict.fromkeys(_ENVIRONMENT_NAMES, environment) if environment else {})
    around = environments.read(reading, folder, shell, known)
    known = RecipeContext(around.values, known.fixed)
    block = readings.backend(loaded)
    given = terragrunt.generated(reading, folder, known)
    if given is not None and (given.writes or block.kind == "local"):
        block = Backend(given.kind, None, given.where)
    stack = StackFiles(
        reading,
        folder,
        block.kind,
        block.body,
        block.shown,
        loaded,
        around,
        Path(shell["HOME"]) if shell.get("HOME") else None,
        given.values if given is not None else {},
        given.where if given is not None else "",
    )
    found, problems = recipes.recipes(reading)
    ways = variants(stack, found, known, environment)
    modules, files = _modules(reading, loaded, folder)
    declared = readings.variables(loaded)
    plans = planned(stack, found, known)
    near, other = _near(problems, reading, folder)
    own = block.body is not None or given is not None
    if not own:
        near += tuple(writers(reading, folder, found))
    placed = own and all(map(_placed, ways))
    asked = Asked(folder, block.kind if own else "s3", own, placed, stack.named_variables())
    lines = tuple(clues(reading, asked, found, known))
    return StackConfig(
        name=name,
        checkout=checkout,
        folder=reading.shown(folder),
        backend=block.kind,
        variants=tuple(ways),
        modules=modules,
        variables=tuple(sorted(declared)),
        required=tuple(name for name, arguments in declared.items() if "default" not in arguments),
        workspaces="workspace_key_prefix" in ways[0].settings or _uses_workspace(reading, loaded),
        files=tuple(sorted(reading.digests)),
        digest=reading.digest(),
        environment=environment,
        configuration=files,
        problems=near,
        other=other,
        clues=lines,
        encryption=encryption(loaded, around.values),
        recorded=recorded(folder, block.kind),
        variable_files=_variable_files(folder, environment),
        planned=next(iter(plans), None),
    )


def _placed(variant: Variant) -> bool:
    """Whether its address stands in the files of the backend, where no variable of the environment changes it."""
    names = ("endpoints.s3", "endpoint", "address")
    where = [variant.sources.get(name, "") for name in names if name in variant.settings]
    return bool(where) and not any(re.match(r"(AWS|TF)_\w+ \(|.*profile ", one) for one in where)


def _modules(
    reading: Reading, loaded: Sequence[LoadedFile], folder: Path
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Module calls of the stack, and every file of its configuration; local modules are read too (and theirs), for
    they are part of what a plan was written for."""
    found: dict[str, str] = {}
    files: list[str] = []
    waiting = [(folder, loaded, True)]
    seen = {folder}
    while waiting:
        base, current, top = waiting.pop()
        files += [one.shown for one in current]
        scope = StackScope(reading, base, current)
        for one in current:
            for (label,), body in one.body.blocks("module", 1):
                source = _source(body.attributes().get("source"), scope)
                if top:
                    found[label] = source
                if not source.startswith(("./", "../")):
                    continue
                target = (base / source).resolve()
                if not target.is_dir():
                    raise UnreadableError(
                        f"{one.shown}: module {label} has the source {source}, which is not there"
                    )
                if target not in seen:
                    seen.add(target)
                    waiting.append((target, readings.load_folder(reading, target), False))
    return dict(sorted(found.items())), tuple(files)


def _source(expression: Expression | None, scope: StackScope) -> str:
    try:
        return "" if expression is None else str(as_text(evaluate(expression, scope)))
    except NoValueError:
        return ""


def _variable_files(folder: Path, environment: str) -> tuple[str, ...]:
    """The files of variables that a person names on the command line: those of this environment, or the only one."""
    names = [
        path.relative_to(folder).as_posix()
        for pattern in ("*.tfvars", "*/*.tfvars")
        for path in sorted(folder.glob(pattern))
        if not path.name.endswith(".auto.tfvars")
        and path.name != "terraform.tfvars"
        and "backend" not in path.name
    ]
    named = [name for name in names if environment and environment in name]
    return tuple(named or (names if len(names) == 1 else ()))


def _uses_workspace(reading: Reading, loaded: Sequence[LoadedFile]) -> bool:
    return any("terraform.workspace" in reading.text(reading.checkout / one.shown) for one in loaded)


def _near(problems: Sequence[str], reading: Reading, folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The problems with files of the stack's folder and above it, and those elsewhere that may concern it: not those of
    another stack."""
    near, other = [], []
    for problem in problems:
        path = reading.checkout / problem.partition(": ")[0].partition(" gives ")[0]
        if path.parent == folder or (path.parent in folder.parents and path.suffix in ("", ".mk", ".just")):
            near.append(problem)
        elif folder.parent == reading.checkout or folder.parent not in path.parents:
            other.append(problem)
    return tuple(near), tuple(other)
