"""The tasks of a Taskfile: variables and templates of go-task, read as text. Nothing is run, also not `sh:`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from readiness.stacks.hcl import UnreadableError
from readiness.stacks.reading import Reading
from readiness.stacks.recipes import commands
from readiness.stacks.recipes.model import CALLED_FROM, Init, Recipe, RecipeContext, folder_text, within
from readiness.stacks.recipes.queries import files
from readiness.stacks.recipes.shell import Script
from readiness.text import Open, Placeholders, Text, joined, text

NAMES = ("taskfile.yml", "taskfile.yaml", "taskfile.dist.yml", "taskfile.dist.yaml")
_TEMPLATE = re.compile(r"(\{\{-?.*?-?\}\})", re.DOTALL)
_DEEPEST = 8


def recipes(reading: Reading, path: Path) -> list[Recipe]:
    """The tasks of this Taskfile. Raises UnreadableError."""
    content, shown = reading.text(path), reading.shown(path)
    try:
        document = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise UnreadableError(f"{shown}: not valid YAML") from error
    tasks = document.get("tasks") if isinstance(document, dict) else None
    if not isinstance(tasks, dict):
        return []
    shared = {**_mapping(document.get("env")), **_mapping(document.get("vars"))}
    exported = _mapping(document.get("env"))
    return [
        Recipe(
            f"{shown}, task {name}",
            content,
            _caller(reading, path, task, shared, exported),
            commands.task(reading.shown(path.parent), str(name), content),
            reading,
        )
        for name, task in tasks.items()
    ]


def _caller(
    reading: Reading, path: Path, task: Any, shared: Mapping[str, Any], exported: Mapping[str, Any]
) -> Any:
    def inits(known: RecipeContext) -> Sequence[Init]:
        body = task if isinstance(task, dict) else {"cmds": task}
        names = {**shared, **_mapping(body.get("env")), **_mapping(body.get("vars"))}
        names = {name: value for name, value in names.items() if name not in known.fixed}
        folder = folder_text(path.parent)
        if isinstance(body.get("dir"), str):
            folder = within(folder, _fill(body["dir"], names, known, path, 0))
        places = Placeholders()
        commands = "\n".join(
            places.encode(_fill(command, names, known, path, 0))
            for command in _commands(body.get("cmds") or body.get("cmd"))
        )
        script = Script(
            commands, folder, known, checkout=reading.checkout, placeholders=places, files=files(reading)
        )
        environment = {**exported, **_mapping(body.get("env"))}
        script.exported |= {name: _value(value, names, known, path, 0) for name, value in environment.items()}
        script.values |= script.exported
        return script.inits()

    return inits


def _commands(value: Any) -> Iterator[str]:
    for row in value if isinstance(value, list) else [value]:
        if isinstance(row, str):
            yield row
        elif isinstance(row, dict) and isinstance(row.get("cmd"), str):
            yield row["cmd"]


def _fill(content: str, names: Mapping[str, Any], known: RecipeContext, path: Path, depth: int) -> Text:
    """The templates in this text filled in."""
    if depth > _DEEPEST:
        return Text((Open("a variable that refers to itself"),))
    return joined(
        _template(piece.strip("{}- "), names, known, path, depth) if at % 2 else piece
        for at, piece in enumerate(_TEMPLATE.split(content))
    )


def _template(inner: str, names: Mapping[str, Any], known: RecipeContext, path: Path, depth: int) -> Text:
    if found := re.fullmatch(r"\.(\w+)", inner):
        return _name(found[1], names, known, path, depth)
    default = re.fullmatch(r"\.(\w+)\s*\|\s*default\s+[\"'`]([^\"'`]*)[\"'`]", inner)
    turned = re.fullmatch(r"default\s+[\"'`]([^\"'`]*)[\"'`]\s+\.(\w+)", inner)
    if default or turned:
        name = default[1] if default else turned[2] if turned else ""
        option = default[2] if default else turned[1] if turned else ""
        if name in known.fixed or name in known.environment:
            return known.value(name)
        return Text((Open(name, (option,), parameter=True),))
    return Text((Open(f"{{{{{inner}}}}}"),))


def _name(name: str, names: Mapping[str, Any], known: RecipeContext, path: Path, depth: int) -> Text:
    if name in ("ROOT_DIR", "TASKFILE_DIR"):
        return folder_text(path.parent)
    if name == "USER_WORKING_DIR":
        return known.value(CALLED_FROM)
    if name in known.fixed:
        return text(known.fixed[name])
    if name in names:
        return _value(names[name], {k: v for k, v in names.items() if k != name}, known, path, depth + 1)
    return Text() if name == "CLI_ARGS" else known.value(name)


def _value(value: Any, names: Mapping[str, Any], known: RecipeContext, path: Path, depth: int) -> Text:
    if isinstance(value, dict):
        return Text((Open("sh: …" if "sh" in value else "a variable"),))
    if isinstance(value, bool):
        return text(str(value).lower())
    return _fill(str(value), names, known, path, depth)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
