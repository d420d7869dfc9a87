"""The recipes of a Makefile, read as text: variables, targets and their lines. Nothing is run, `$(shell …)` neither."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from readiness.stacks.reading import Reading
from readiness.stacks.recipes import commands
from readiness.stacks.recipes.model import Init, Recipe, RecipeContext, folder_text
from readiness.stacks.recipes.queries import files
from readiness.stacks.recipes.shell import Script
from readiness.text import Open, Placeholders, Text, joined, text

_ASSIGNMENT = re.compile(r"(?:export\s+|override\s+)*([\w.-]+)\s*(\?=|:{1,3}=|\+=|=)\s*(.*)")
_TARGET = re.compile(r"([^\s:#=][^:#=]*?)\s*::?(?!=)\s*([^#]*)")
_DEEPEST = 16


@dataclass
class _Makefile:
    variables: dict[str, tuple[str, str]] = field(default_factory=dict)
    exported: set[str] = field(default_factory=set)
    targets: dict[str, list[str]] = field(default_factory=dict)

    def assign(self, name: str, how: str, value: str, *, exported: bool) -> None:
        if exported:
            self.exported.add(name)
        if how == "+=" and name in self.variables:
            value = f"{self.variables[name][1]} {value}"
        if how != "?=" or name not in self.variables:
            self.variables[name] = (how, value.partition(" #")[0].rstrip())

    def target(self, names: str, first: str) -> list[str]:
        current = [name for name in names.split() if not name.startswith(".")]
        for name in current:
            self.targets.setdefault(name, []).extend([first] if first else [])
        return current


def recipes(reading: Reading, path: Path) -> list[Recipe]:
    """The targets of this Makefile. Raises UnreadableError."""
    content = reading.text(path)
    parsed = _parse(content)
    shown = reading.shown(path)
    return [
        Recipe(
            f"{shown}, target {name}",
            content,
            _caller(reading, parsed, path, name),
            commands.make(reading.shown(path.parent), name, content),
            reading,
        )
        for name in parsed.targets
    ]


def _caller(reading: Reading, parsed: _Makefile, path: Path, name: str) -> Any:
    def inits(known: RecipeContext) -> Sequence[Init]:
        found: list[Init] = []
        automatic = {"@": text(name), "*": Text((Open("*"),))}
        if "%" in name:
            automatic = {
                "@": joined([Text((Open("*"),)) if one == "%" else one for one in re.split("(%)", name)])
            }
            automatic["*"] = Text((Open("*"),))
        places = Placeholders()
        for line in parsed.targets[name]:
            expanded = _expand(line, parsed, known, automatic, 0, path.parent)
            script = Script(
                places.encode(expanded).lstrip("@-+ "),
                folder_text(path.parent),
                known,
                checkout=reading.checkout,
                placeholders=places,
                files=files(reading),
            )
            script.exported |= {
                one: _expand(parsed.variables[one][1], parsed, known, {}, 0, path.parent)
                for one in parsed.exported & parsed.variables.keys()
            }
            found += script.inits()
        return found

    return inits


def _parse(content: str) -> _Makefile:
    parsed = _Makefile()
    current: list[str] = []
    for line in re.sub(r"\\\r?\n[ \t]*", " ", content).splitlines():
        if line.startswith("\t"):
            for name in current:
                parsed.targets[name].append(line.strip())
            continue
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if re.match(r"\s*export\s*$", line):
            parsed.exported |= set(parsed.variables)
        if assignment := _ASSIGNMENT.fullmatch(line.strip()):
            parsed.assign(*assignment.groups(), exported=line.lstrip().startswith("export"))
            current = []
        elif target := _TARGET.fullmatch(line.partition("#")[0].rstrip()):
            current = parsed.target(target[1], target[2].partition(";")[2].strip())
    return parsed


def _expand(
    content: str,
    parsed: _Makefile,
    known: RecipeContext,
    automatic: Mapping[str, Text],
    depth: int,
    folder: Path,
) -> Text:
    """`$(NAME)`, `${NAME}` and `$@` replaced; `$$` is a dollar of the shell."""
    if depth > _DEEPEST:
        return Text((Open("a variable that refers to itself"),))
    parts: list[str | Text] = []
    for piece in re.split(r"(\$\$|\$\([^()]*(?:\([^()]*\)[^()]*)*\)|\$\{[^{}]*\}|\$[@*<^?])", content):
        if piece == "$$":
            parts.append("$")
        elif len(piece) == 2 and piece[0] == "$":
            parts.append(automatic.get(piece[1], Text((Open(piece),))))
        elif piece.startswith(("$(", "${")):
            parts.append(_variable(piece[2:-1].strip(), parsed, known, automatic, depth, folder))
        else:
            parts.append(piece)
    return joined(parts)


def _variable(
    name: str,
    parsed: _Makefile,
    known: RecipeContext,
    automatic: Mapping[str, Text],
    depth: int,
    folder: Path,
) -> Text:
    if name in ("CURDIR", "PWD"):
        return folder_text(folder)
    if name == "@D":
        return Text((Open(name),))
    if name in known.fixed:
        return text(known.fixed[name])
    if not re.fullmatch(r"[\w.-]+", name):
        return Text((Open(f"$({name.split()[0] if name.split() else ''} …)"),))
    if name not in parsed.variables:
        return known.value(name)
    how, value = parsed.variables[name]
    own = _expand(value, parsed, known, automatic, depth + 1, folder)
    if how != "?=":
        # A command line (make ENV=prod) changes it all the same; that is said by the choice of a file only.
        return own if own.literal is None else Text((Open(name, (own.literal,), parameter=True),))
    outside = known.environment.get(name)
    if outside is not None:
        return outside
    return own if own.literal is None else Text((Open(name, (own.literal,), parameter=True),))
