"""The backend that Terragrunt gives a stack: `remote_state`, and `generate` blocks that write a backend block."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from readiness.stacks import hcl
from readiness.stacks.evaluate import NotHere, evaluate
from readiness.stacks.functions import NoValueError, Value, as_text, unknown
from readiness.stacks.generated import decoded
from readiness.stacks.hcl import Body, Expression, UnreadableError
from readiness.stacks.reading import Reading
from readiness.stacks.recipes.model import RecipeContext
from readiness.stacks.scope import NoNames, body_values
from readiness.text import Placeholders, Text, text

FILES = ("terragrunt.hcl", "terragrunt.hcl.json", "terragrunt.stack.hcl")


@dataclass(frozen=True)
class Generated:
    """What Terragrunt decides: the kind and the settings, and whether it writes the backend block or only passes the
    settings to `init`."""

    kind: str
    values: Mapping[str, Value]
    where: str
    writes: bool


def generated(reading: Reading, folder: Path, known: RecipeContext) -> Generated | None:
    """What the terragrunt.hcl of this folder and what it includes say of the backend. Raises UnreadableError."""
    path = next((folder / name for name in FILES[:2] if (folder / name).is_file()), None)
    if path is None:
        return None
    own = _File(reading, path, folder, known)
    found = None
    for file in (*own.included(), own):
        found = file.backend() or found
    return found


class _File:
    """One file of Terragrunt, and the scope of its expressions."""

    def __init__(
        self, reading: Reading, path: Path, stack: Path, known: RecipeContext, depth: int = 0
    ) -> None:
        self.reading, self.path, self.stack, self.known, self.depth = reading, path, stack, known, depth
        if depth > 8:
            raise UnreadableError(f"{reading.shown(path)}: includes itself")
        reading.bytes(path)
        self.body = hcl.load(path, reading.shown(path))
        self.locals: dict[str, Expression] = {}
        for _, block in self.body.blocks("locals"):
            self.locals |= block.attributes()
        self._waiting: set[str] = set()

    def included(self) -> list[_File]:
        """The files that this one includes."""
        found = []
        for _, block in self._includes():
            given = block.attributes().get("path")
            literal = as_text(self.evaluate(given)).literal if given is not None else None
            if literal is None:
                raise UnreadableError(f"{self.reading.shown(self.path)}: what it includes is not literal")
            target = Path(os.path.normpath(self.path.parent / literal))
            if not target.is_file():
                raise UnreadableError(
                    f"{self.reading.shown(self.path)}: includes {self.reading.shown(target)}, which is not there"
                )
            file = _File(self.reading, target, self.stack, self.known, self.depth + 1)
            found += [*file.included(), file]
        return found

    def _includes(self) -> list[tuple[tuple[str, ...], Body]]:
        return list(self.body.blocks("include", 1))

    def backend(self) -> Generated | None:
        """What this file alone says."""
        where = self.reading.shown(self.path)
        for (_,), block in self.body.blocks("generate", 1):
            contents = block.attributes().get("contents")
            literal = as_text(self.evaluate(contents)) if contents is not None else Text()
            if "backend" not in str(literal):
                continue
            places = Placeholders()
            written = hcl.parse(places.encode(literal), f"{where}, generate")
            for _, terraform in written.blocks("terraform"):
                for (kind,), body in terraform.blocks("backend", 1):
                    found = body_values(body, NoNames())
                    values = {name: decoded(value, places) for name, value in found.items()}
                    return Generated(kind, values, f"{where}, generate", writes=True)
        for _, block in self.body.blocks("remote_state"):
            return self._remote_state(body_values(block, self), where)
        given = self.body.attributes().get("remote_state")
        value = self.evaluate(given) if given is not None and not given.json else None
        return self._remote_state(value, where) if isinstance(value, dict) else None

    def _remote_state(self, found: Mapping[str, Value], where: str) -> Generated:
        config = found.get("config")
        if config is not None and not isinstance(config, dict):
            raise UnreadableError(f"{where}: the config of its remote_state is not literal")
        return Generated(
            str(as_text(found.get("backend") or text("local"))),
            config or {},
            f"{where}, remote_state",
            writes=bool(found.get("generate")),
        )

    def evaluate(self, expression: Expression) -> Value:
        """The value of an expression of this file."""
        try:
            return evaluate(expression, self)
        except NoValueError as error:
            return unknown(name=str(error))

    # -- the scope

    def lookup(self, root: str, name: str) -> Value:
        if root == "local" and name in self.locals and name not in self._waiting:
            self._waiting.add(name)
            try:
                return evaluate(self.locals[name], self)
            finally:
                self._waiting.discard(name)
        if root == "include":
            for labels, block in self._includes():
                if labels == (name,):
                    given = block.attributes().get("path")
                    literal = as_text(self.evaluate(given)).literal if given else None
                    if literal:
                        return self._exposed(Path(os.path.normpath(self.path.parent / literal)))
        return unknown(name=f"{root}.{name}")

    def _exposed(self, path: Path) -> Value:
        if not path.is_file():
            raise NoValueError(f"{path.name} is not there")
        file = _File(self.reading, path, self.stack, self.known, self.depth + 1)
        values: dict[str, Value] = {
            name: file.evaluate(expression) for name, expression in file.locals.items()
        }
        return {"locals": values}

    def call(self, name: str, arguments: Sequence[Value]) -> Value | NotHere:
        folders = {
            "get_terragrunt_dir": str(self.stack),
            "get_original_terragrunt_dir": str(self.stack),
            "get_parent_terragrunt_dir": str(self.path.parent),
            "get_repo_root": str(self.reading.checkout),
            "get_working_dir": str(self.stack),
            "path_relative_to_include": os.path.relpath(self.stack, self.path.parent),
            "path_relative_from_include": os.path.relpath(self.path.parent, self.stack),
        }
        if name in folders:
            return text(folders[name])
        if name == "find_in_parent_folders":
            return self._parent(arguments)
        if name not in ("get_env", "read_terragrunt_config", "file", "fileexists") or not arguments:
            return NotHere()
        literal = as_text(arguments[0]).literal
        return unknown(*arguments) if literal is None else self._read(name, literal, arguments[1:])

    def _read(self, name: str, literal: str, rest: Sequence[Value]) -> Value:
        if name == "get_env":
            options = [as_text(one).literal for one in rest]
            return self.known.value(literal, *(one for one in options if one is not None))
        path = Path(os.path.normpath(self.path.parent / literal))
        if name == "read_terragrunt_config":
            return self._exposed(path)
        return path.is_file() if name == "fileexists" else text(self.reading.text(path))

    def _parent(self, arguments: Sequence[Value]) -> Value:
        wanted = as_text(arguments[0]).literal if arguments else "terragrunt.hcl"
        if wanted is None:
            return unknown(*arguments)
        for folder in self.stack.parents:
            if (folder / wanted).exists():
                return text(str(folder / wanted))
            if folder == self.reading.checkout:
                break
        if len(arguments) > 1:
            return arguments[1]
        raise UnreadableError(f"{self.reading.shown(self.path)}: {wanted} is in no folder above the stack")
