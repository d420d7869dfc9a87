"""The recipes of a Makefile, read as text: variables, targets and their lines. Nothing is run, `$(shell …)` neither."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
_SPECIFIC = re.compile(
    r"([^\s:#=][^:#=]*?)\s*::?\s*(export\s+|override\s+)*([\w.-]+)\s*(\?=|:{1,3}=|\+=|=)\s*(.*)"
)
_INCLUDE = re.compile(r"(?:-|s)?include\s+(.+)")
_DEFINE = re.compile(r"(?:override\s+|export\s+)*define\s+([\w.-]+)\s*=?\s*")
_DEEPEST = 16


@dataclass
class _Makefile:
    variables: dict[str, tuple[str, str]] = field(default_factory=dict)
    exported: set[str] = field(default_factory=set)
    targets: dict[str, list[str]] = field(default_factory=dict)
    specific: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)

    def of(self, target: str) -> _Makefile:
        """With the variables that this target has for itself."""
        own = self.specific.get(target, {})
        exported = {name for name, (how, _) in own.items() if how == "export"}
        plain = {name: ("=", value) for name, (_, value) in own.items()}
        return _Makefile({**self.variables, **plain}, self.exported | exported, self.targets)

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


@dataclass(frozen=True)
class _Expansion:
    """Variables replaced: `$(NAME)`, `${NAME}` and `$@`. `automatic` are those of a target and the arguments of a call;
    `depth` is how many variables are being replaced.
    """

    parsed: _Makefile
    known: RecipeContext
    folder: Path
    automatic: Mapping[str, Text] = field(default_factory=dict)
    depth: int = 0

    def of(self, content: str) -> Text:
        """This text; `$$` is a dollar of the shell."""
        if self.depth > _DEEPEST:
            return Text((Open("a variable that refers to itself"),))
        parts: list[str | Text] = []
        for piece in re.split(r"(\$\$|\$\([^()]*(?:\([^()]*\)[^()]*)*\)|\$\{[^{}]*\}|\$[@*<^?])", content):
            if piece == "$$":
                parts.append("$")
            elif len(piece) == 2 and piece[0] == "$":
                parts.append(self.automatic.get(piece[1], Text((Open(piece),))))
            elif piece.startswith(("$(", "${")):
                parts.append(self._reference(piece[2:-1].strip()))
            else:
                parts.append(piece)
        return joined(parts)

    def _reference(self, name: str) -> Text:
        if name in ("CURDIR", "PWD"):
            return folder_text(self.folder)
        if name in self.automatic:
            return self.automatic[name]
        if name.startswith("call "):
            return self._called(name.removeprefix("call "))
        if name == "@D":
            return Text((Open(name),))
        if name in self.known.fixed:
            return text(self.known.fixed[name])
        if not re.fullmatch(r"[\w.-]+", name):
            return Text((Open(f"$({name.split()[0] if name.split() else ''} …)"),))
        if name not in self.parsed.variables:
            return self.known.value(name)
        return self._variable(name)

    def _variable(self, name: str) -> Text:
        """A variable of the Makefile. A command line (`make ENV=prod`) changes it all the same: only the choice of a
        file shows that.
        """
        how, value = self.parsed.variables[name]
        outside = self.known.environment.get(name) if how == "?=" else None
        if outside is not None:
            return outside
        own = self._deeper().of(value)
        return own if own.literal is None else Text((Open(name, (own.literal,), parameter=True),))

    def _called(self, content: str) -> Text:
        """`$(call NAME,ARGUMENTS)`."""
        name, *arguments = content.split(",")
        if name.strip() not in self.parsed.variables:
            return Text((Open(f"$(call {name.strip()} …)"),))
        deeper = self._deeper()
        given = {str(at): deeper.of(argument.strip()) for at, argument in enumerate(arguments, start=1)}
        body = self.parsed.variables[name.strip()][1]
        return replace(deeper, automatic={**self.automatic, **given}).of(body)

    def _deeper(self) -> _Expansion:
        return replace(self, depth=self.depth + 1)


def recipes(reading: Reading, path: Path) -> list[Recipe]:
    """The targets of this Makefile. Raises UnreadableError."""
    content = reading.text(path)
    parsed = _Makefile()
    _parse(content, parsed, path.parent, reading, 0)
    shown = reading.shown(path)
    return [
        Recipe(
            f"{shown}, target {name}",
            content,
            _caller(reading, parsed.of(name), path, name),
            commands.make(reading.shown(path.parent), name, content),
            reading,
        )
        for name in parsed.targets
    ]


def _caller(reading: Reading, parsed: _Makefile, path: Path, name: str) -> Any:
    def inits(known: RecipeContext) -> Sequence[Init]:
        found: list[Init] = []
        plain = _Expansion(parsed, known, path.parent)
        here = replace(plain, automatic=_automatic(name))
        places = Placeholders()
        for line in parsed.targets[name]:
            script = Script(
                places.encode(here.of(line)).lstrip("@-+ "),
                folder_text(path.parent),
                known,
                checkout=reading.checkout,
                placeholders=places,
                files=files(reading),
            )
            script.exported |= {
                one: plain.of(parsed.variables[one][1]) for one in parsed.exported & parsed.variables.keys()
            }
            found += script.inits()
        return found

    return inits


def _automatic(target: str) -> dict[str, Text]:
    """`$@` and `$*` in the lines of this target."""
    stem = Text((Open("*"),))
    whole = joined([stem if one == "%" else one for one in re.split("(%)", target)])
    return {"@": whole if "%" in target else text(target), "*": stem}


def _parse(content: str, parsed: _Makefile, folder: Path, reading: Reading, depth: int) -> None:
    current: list[str] = []
    defined = ""
    for line in re.sub(r"\\\r?\n[ \t]*", " ", content).splitlines():
        if defined:
            if line.strip() == "endef":
                defined = ""
            else:
                how, value = parsed.variables.get(defined, ("=", ""))
                parsed.variables[defined] = (how, f"{value}\n{line.strip()}")
        elif line.startswith("\t"):
            for name in current:
                parsed.targets[name].append(line.strip())
        elif define := _DEFINE.fullmatch(line.strip()):
            defined = define[1]
        elif line.strip() and not line.lstrip().startswith("#"):
            current = _statement(line, parsed, folder, reading, depth)


def _statement(line: str, parsed: _Makefile, folder: Path, reading: Reading, depth: int) -> list[str]:
    """A line that is no command; the targets that it begins."""
    if re.match(r"\s*export\s*$", line):
        parsed.exported |= set(parsed.variables)
    elif include := _INCLUDE.fullmatch(line.strip()):
        _included(include[1], parsed, folder, reading, depth)
    elif assignment := _ASSIGNMENT.fullmatch(line.strip()):
        parsed.assign(*assignment.groups(), exported=line.lstrip().startswith("export"))
    elif specific := _SPECIFIC.fullmatch(line.strip()):
        for name in specific[1].split():
            own = parsed.specific.setdefault(name, {})
            own[specific[3]] = ("export" if "export" in (specific[2] or "") else "=", specific[5])
    elif target := _TARGET.fullmatch(line.partition("#")[0].rstrip()):
        return parsed.target(target[1], target[2].partition(";")[2].strip())
    return []


def _included(names: str, parsed: _Makefile, folder: Path, reading: Reading, depth: int) -> None:
    """The files that are included, as if they stood here. Their targets run in the folder of the first Makefile."""
    for name in names.split():
        whole = _Expansion(parsed, RecipeContext(), folder).of(name).assumed().literal
        path = folder / whole if whole is not None else None
        if path is not None and path.is_file() and depth < _DEEPEST:
            _parse(reading.text(path), parsed, folder, reading, depth + 1)
