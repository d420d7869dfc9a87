"""Shell scripts, and the scripts inside of CI files and package files: every text in them that initialises."""

from __future__ import annotations

import json
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
from readiness.text import Open, Text, text

_FOLDERS = ("working-directory", "working_directory", "workingDirectory", "dir")
_INIT = re.compile(r"\b(init|plan)\b")
_TOOL = re.compile(r"(?i)tofu|terraform|terragrunt|\btf\b|backend-config")
_ENVIRONMENTS = ("env", "variables", "environment")


def shell(reading: Reading, path: Path) -> list[Recipe]:
    """The script in this file. It may be called from any folder."""
    content, shown = reading.text(path), reading.shown(path)

    def inits(known: RecipeContext) -> Sequence[Init]:
        script = Script(
            content,
            _called_from(known),
            known,
            path=path,
            checkout=reading.checkout,
            files=files(reading),
        )
        return script.inits()

    return [Recipe(shown, content, inits, commands.script(shown, content), reading)]


def document(reading: Reading, path: Path) -> list[Recipe]:
    """The scripts in a YAML or JSON file (CI, package.json): each text that holds an `init`."""
    content, shown = reading.text(path), reading.shown(path)
    try:
        loaded = json.loads(content) if path.suffix == ".json" else list(yaml.load_all(content, _Loader))
    except (yaml.YAMLError, ValueError) as error:
        raise UnreadableError(f"{shown}: not valid {'JSON' if path.suffix == '.json' else 'YAML'}") from error
    found = []
    for trail, script, folder, environment in _scripts(loaded, (), None, {}):
        where = f"{shown}, {'.'.join(trail)}" if trail else shown
        found.append(
            Recipe(where, content, _caller(reading, path, script, folder, environment), _nothing, reading)
        )
    return found


class _Loader(yaml.SafeLoader):
    """Tags of CI systems (`!reference`, `!vault`) are nothing to read."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: None)


def _caller(
    reading: Reading, path: Path, script: str, folder: str | None, environment: Mapping[str, Any]
) -> Any:
    def inits(known: RecipeContext) -> Sequence[Init]:
        # GitHub's ${{ … }} and Azure's $(…) are decided elsewhere.
        cleaned = re.sub(
            r"\$\{\{\s*([\w.-]+)[^}]*\}\}",
            lambda m: f"${{{m[1].replace('.', '_').replace('-', '_')}}}",
            script,
        )
        where = (
            folder_text(reading.checkout)
            if folder is None
            else within(folder_text(reading.checkout), _named(folder))
        )
        if path.name == "package.json":
            where = folder_text(path.parent)
        run = Script(cleaned, where, known, checkout=reading.checkout, files=files(reading))
        run.exported |= {
            name: _named(str(value))
            for name, value in environment.items()
            if not isinstance(value, dict | list)
        }
        run.values |= {name: value for name, value in run.exported.items() if name not in known.fixed}
        return run.inits()

    return inits


def _named(value: str) -> Text:
    """A text of a CI file: with a variable in it, it is open as a whole."""
    return Text((Open(value.strip("${} ")),)) if "$" in value else text(value)


def _scripts(
    value: Any, trail: tuple[str, ...], folder: str | None, environment: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, ...], str, str | None, Mapping[str, Any]]]:
    if isinstance(value, dict):
        folder, environment = _inside(value, folder, environment)
        for name, inner in value.items():
            yield from _scripts(inner, (*trail, str(name)), folder, environment)
    elif isinstance(value, list):
        if value and all(isinstance(inner, str) for inner in value):
            value = ["\n".join(value)]
        for inner in value:
            yield from _scripts(inner, trail, folder, environment)
    elif isinstance(value, str) and _INIT.search(value) and _TOOL.search(value):
        yield trail, value, folder, environment


def _inside(
    value: Mapping[str, Any], folder: str | None, environment: Mapping[str, Any]
) -> tuple[str | None, Mapping[str, Any]]:
    """The folder and the variables of what is in this mapping."""
    for name in _FOLDERS:
        if isinstance(value.get(name), str):
            folder = value[name]
    defaults = value.get("defaults")
    if isinstance(defaults, dict) and isinstance(defaults.get("run"), dict):
        folder = defaults["run"].get("working-directory", folder)
    for name in _ENVIRONMENTS:
        if isinstance(value.get(name), dict):
            environment = {**environment, **value[name]}
    return folder, environment


def _nothing(chosen: Mapping[str, str]) -> str:
    """What runs on a CI system is nothing to type."""
    return ""


def _called_from(known: RecipeContext) -> Text:
    return known.value(CALLED_FROM)
