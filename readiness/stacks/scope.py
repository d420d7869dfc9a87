"""What the expressions of a stack's backend can name: variables, local values, the workspace, files of the checkout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from readiness.stacks import hcl
from readiness.stacks.evaluate import NotHere, Scope, evaluate
from readiness.stacks.functions import NoValueError, Value, as_text, unknown
from readiness.stacks.hcl import Body, Expression, UnreadableError
from readiness.stacks.reading import LoadedFile, Reading, local_values, variables
from readiness.text import Open, Text, text

_AUTOMATIC = ("terraform.tfvars", "terraform.tfvars.json")


class StackScope:
    """The scope of a stack's root module.

    `given` are variables of the command line (`-var`, `-var-file`), which win; `environment` holds TF_VAR_NAME.
    """

    def __init__(
        self,
        reading: Reading,
        folder: Path,
        loaded: Sequence[LoadedFile],
        given: Mapping[str, Value] | None = None,
        environment: Mapping[str, Text] | None = None,
        workspace: Text | None = None,
    ) -> None:
        self._reading, self._folder = reading, folder
        self._variables = variables(loaded)
        self._locals = local_values(loaded)
        self._values: dict[str, Value] = {}
        for name, value in (environment or {}).items():
            if name.startswith("TF_VAR_"):
                self._values[name.removeprefix("TF_VAR_")] = value
        self._values |= automatic(reading, folder)
        self._values |= given or {}
        self._workspace = workspace or Text((Open("terraform.workspace", ("default",)),))
        self._known: dict[str, Value] = {}
        self._waiting: set[str] = set()

    def lookup(self, root: str, name: str) -> Value:
        if root == "var":
            return self._variable(name)
        if root == "local" and name in self._locals:
            return self._local(name)
        if (root, name) == ("terraform", "workspace"):
            return self._workspace
        if root == "path" and name in ("module", "root"):
            return text(".")
        if (root, name) == ("path", "cwd"):
            return text(str(self._folder))
        return unknown(name=f"{root}.{name}")

    def call(self, name: str, arguments: Sequence[Value]) -> Value | NotHere:
        if name in ("file", "fileexists") and arguments:
            literal = as_text(arguments[0]).literal
            if literal is None:
                return unknown(*arguments)
            path = self._folder / literal
            if name == "fileexists":
                return path.is_file()
            if not path.is_file():
                raise NoValueError(f"file: {literal} is not there")
            return text(self._reading.text(path))
        if name in ("abspath", "pathexpand") and arguments:
            return as_text(arguments[0])
        return NotHere()

    def _variable(self, name: str) -> Value:
        if name in self._values:
            return self._values[name]
        declared = self._variables.get(name)
        if declared is None or "default" not in declared:
            return unknown(name=f"var.{name}")
        return evaluate(declared["default"], self)

    def _local(self, name: str) -> Value:
        if name not in self._known:
            if name in self._waiting:
                raise NoValueError(f"local.{name} refers to itself")
            self._waiting.add(name)
            try:
                self._known[name] = evaluate(self._locals[name], self)
            finally:
                self._waiting.discard(name)
        return self._known[name]


class NoNames:
    """A scope in which nothing has a name: that of files of variables."""

    def lookup(self, root: str, name: str) -> Value:
        return unknown(name=f"{root}.{name}")

    def call(self, name: str, arguments: Sequence[Value]) -> Value | NotHere:
        return NotHere()


def automatic(reading: Reading, folder: Path) -> dict[str, Value]:
    """The variables of the files that are read by themselves: terraform.tfvars, then *.auto.tfvars by name."""
    found: dict[str, Value] = {}
    more = sorted(
        path.name
        for path in folder.iterdir()
        if path.is_file() and path.name.endswith((".auto.tfvars", ".auto.tfvars.json"))
    )
    for name in (*_AUTOMATIC, *more):
        if (folder / name).is_file():
            found |= variables_file(reading, folder / name)
    return found


def variables_file(reading: Reading, path: Path) -> dict[str, Value]:
    """The values in a file of variables. Raises UnreadableError."""
    reading.bytes(path)
    return values(hcl.load(path, reading.shown(path)).attributes(), NoNames())


def values(attributes: Mapping[str, Expression], scope: Scope) -> dict[str, Value]:
    """The values of these arguments; one that OpenTofu would refuse is open, called after its argument."""
    found: dict[str, Value] = {}
    for name, expression in attributes.items():
        try:
            found[name] = evaluate(expression, scope)
        except NoValueError as error:
            found[name] = unknown(name=f"{name}: {error}")
    return found


def body_values(body: Body, scope: Scope) -> dict[str, Value]:
    """The values of a block's arguments, its blocks as objects (`assume_role {…}`)."""
    found = values(body.attributes(), scope)
    for kind in body.kinds():
        if kind not in found:
            inner = [body_values(block, scope) for _, block in body.blocks(kind)]
            found[kind] = inner[0] if len(inner) == 1 else inner
    return found


__all__ = ["NoNames", "StackScope", "UnreadableError", "automatic", "body_values", "values", "variables_file"]
