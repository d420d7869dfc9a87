"""What every kind of recipe yields: the `init` commands in it, as far as text decides them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from readiness.stacks.reading import Reading
from readiness.text import Open, Text, joined, text

Command: TypeAlias = Callable[[Mapping[str, str]], str]

CALLED_FROM = "the folder it is called in"


Files = Callable[[str, Sequence[str]], Text | None]
"""What a program that only reads a file would print (`yq`, `jq`, `cat`), None where that is not known."""


@dataclass(frozen=True)
class RecipeContext:
    """What is known outside of a recipe.

    `environment` are variables that files or the caller's shell give; `fixed` are values that have been chosen for
    open names (an environment, a stack), which win.
    """

    environment: Mapping[str, Text] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)

    def value(self, name: str, *options: str) -> Text:
        """The value of a variable, or an open part of that name with these options."""
        if name in self.fixed:
            return text(self.fixed[name])
        if name in self.environment:
            return self.environment[name]
        return Text((Open(name, options),))

    def choosing(self, chosen: Mapping[str, str]) -> RecipeContext:
        """The same with more names fixed."""
        return RecipeContext(self.environment, {**self.fixed, **chosen})


@dataclass(frozen=True)
class Init:
    """One command of a recipe, as `verb` says: an `init` or a `plan` with the folder it runs in, the words after it,
    and variables set for it; or a `write`: its only word is the path of a file that the recipe writes, `content` what
    is in it, None where that is not known.
    """

    folder: Text
    words: tuple[Text, ...]
    environment: Mapping[str, Text]
    verb: str = "init"
    content: Text | None = None


@dataclass(frozen=True)
class Recipe:
    """Something people run.

    `inits` gives its commands in order, given what is known; `text` is what a digest covers, with the files
    that `reading` has read meanwhile; `command` is what a person types, with the values that were chosen.
    """

    where: str
    text: str
    inits: Callable[[RecipeContext], Sequence[Init]]
    command: Command
    reading: Reading
    _known: dict[tuple[object, ...], Sequence[Init]] = field(default_factory=dict, repr=False, compare=False)

    def run(self, known: RecipeContext) -> Sequence[Init]:
        """Its commands, worked out once for what is known."""
        key = (frozenset(known.environment.items()), tuple(sorted(known.fixed.items())))
        if key not in self._known:
            self._known[key] = self.inits(known)
        return self._known[key]


def words_of(value: Text) -> Iterator[Text]:
    """The words of an unquoted expansion."""
    current: list[str | Open] = []
    for part in value.parts:
        if isinstance(part, Open):
            current.append(part)
            continue
        for at, piece in enumerate(re.split(r"\s+", part)):
            if at and current:
                yield joined(current)
                current = []
            if piece:
                current.append(piece)
    if current:
        yield joined(current)


def within(folder: Text, path: Text) -> Text:
    """The path, seen from that folder; dots are resolved by name alone."""
    first = path.parts[0] if path.parts else ""
    whole = path if isinstance(first, str) and first.startswith("/") else joined([folder, "/", path])
    if whole.literal is not None:
        return text(os.path.normpath(whole.literal))
    kept: list[Text] = []
    for segment in _segments(whole):
        if segment.literal == ".." and kept and kept[-1].opens:
            kept = [Text((Open(f"{joined(_between(kept))}/.."),))]
        elif segment.literal == ".." and kept and kept[-1].literal != "..":
            kept.pop()
        elif segment.literal not in ("", "."):
            kept.append(segment)
    rooted = isinstance(whole.parts[0], str) and whole.parts[0].startswith("/")
    return joined(([] if not rooted else ["/"]) + _between(kept))


def folder_text(folder: Path) -> Text:
    """An absolute folder."""
    return text(str(folder))


def _segments(value: Text) -> list[Text]:
    rows: list[list[str | Open]] = [[]]
    for part in value.parts:
        if isinstance(part, Open):
            rows[-1].append(part)
            continue
        for at, piece in enumerate(part.split("/")):
            if at:
                rows.append([])
            rows[-1].append(piece)
    return [joined(row) for row in rows]


def _between(segments: Sequence[Text]) -> list[str | Open | Text]:
    rows: list[str | Open | Text] = []
    for at, segment in enumerate(segments):
        rows += ["/", segment] if at else [segment]
    return rows
