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
_OTHER_FOLDERS = re.compile(r"atlantis|digger|spacelift|\.github/actions|(^|/)action\.ya?ml$")
"""Files whose commands run in a folder that something else chooses."""
_DEEPEST = 8
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
    away = _OTHER_FOLDERS.search(path.as_posix()) is not None
    for trail, script, folder, environment in _scripts(_with_before(loaded), (), None, {}):
        where = f"{shown}, {'.'.join(trail)}" if trail else shown
        found.append(
            Recipe(
                where,
                content,
                _caller(reading, path, script, folder, environment, away=away),
                _nothing,
                reading,
            )
        )
    return found


class _Loader(yaml.SafeLoader):
    """GitLab's `!reference` becomes a mapping of that name; other tags of CI systems (`!vault`) are nothing to read."""


def _tagged(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    if suffix == _REFERENCE.removeprefix("!") and isinstance(node, yaml.SequenceNode):
        return {_REFERENCE: loader.construct_sequence(node)}
    return None


_REFERENCE = "!reference"
_Loader.add_multi_constructor("!", _tagged)


def _caller(
    reading: Reading,
    path: Path,
    script: str,
    folder: str | None,
    environment: Mapping[str, Any],
    *,
    away: bool,
) -> Any:
    def inits(known: RecipeContext) -> Sequence[Init]:
        # GitHub's ${{ … }} and Azure's $(…) are decided elsewhere.
        cleaned = re.sub(
            r"\$\{\{\s*([\w.-]+)[^}]*\}\}",
            lambda m: f"${{{m[1].replace('.', '_').replace('-', '_')}}}",
            script,
        )
        where = folder_text(path.parent if path.name == "package.json" else reading.checkout)
        if folder is not None:
            where = _placed(reading.checkout, folder)
        elif away:
            where = Text((Open("the folder of the project"),))
        run = Script(cleaned, where, known, checkout=reading.checkout, files=files(reading))
        run.exported |= {
            str(name): Text((Open(str(name)),)) if isinstance(value, dict | list) else _named(str(value))
            for name, value in environment.items()
        }
        run.values |= {name: value for name, value in run.exported.items() if name not in known.fixed}
        return run.inits()

    return inits


def _placed(checkout: Path, folder: str) -> Text:
    """A folder that a CI file names; one of another machine is found by its end."""
    named = within(folder_text(checkout), _named(folder))
    if not folder.startswith(("/", "~")):
        return named
    parts = [part for part in folder.split("/") if part]
    ends = ("/".join(parts[at:]) for at in range(len(parts)))
    found = next((end for end in ends if (checkout / end).is_dir()), None)
    return Text((Open("a folder of another machine"),)) if found is None else folder_text(checkout / found)


def _with_before(loaded: Any) -> Any:
    """The jobs of GitLab with their `before_script`: it runs in the same shell."""
    if isinstance(loaded, list):
        return [_with_before(one) for one in loaded]
    if not isinstance(loaded, dict):
        return loaded
    default = loaded.get("default")
    shared = (default if isinstance(default, dict) else loaded).get("before_script", [])
    found = {}
    for name, job in loaded.items():
        if isinstance(job, dict) and "script" in job:
            before = job.get("before_script", shared)
            script = [*_lines(before, loaded), *_lines(job["script"], loaded)]
            found[name] = {**job, "script": script, "before_script": []}
        else:
            found[name] = job
    return found


def _lines(value: Any, jobs: Mapping[str, Any], depth: int = 0) -> list[str]:
    """The lines of a script, those that it refers to with it."""
    if isinstance(value, list):
        return [line for inner in value for line in _lines(inner, jobs, depth)]
    if isinstance(value, dict) and _REFERENCE in value and depth < _DEEPEST:
        found: Any = jobs
        for name in value[_REFERENCE]:
            found = found.get(name) if isinstance(found, dict) else None
        return _lines(found, jobs, depth + 1)
    return [value] if isinstance(value, str) else []


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
