"""Files that recipes write themselves: settings that an `init` names, and what OpenTofu loads from the folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from readiness.stacks import hcl
from readiness.stacks.functions import Value
from readiness.stacks.hcl import UnreadableError
from readiness.stacks.reading import SUFFIXES
from readiness.stacks.recipes.model import Init, folder_text, within
from readiness.stacks.scope import NoNames, body_values
from readiness.text import Placeholders, Text, text

_VARIABLES = re.compile(r"terraform\.tfvars(\.json)?|.+\.auto\.tfvars(\.json)?")
_DECIDES = re.compile(r"\b(backend|cloud|encryption)\b")
_TELLING = re.compile(r"override|backend|state")


@dataclass(frozen=True)
class WrittenFile:
    """A file that the recipe `where` writes; `content` is None where it is not known."""

    path: Text
    content: Text | None
    where: str

    @property
    def name(self) -> str:
        """Its last part, "" where that is open."""
        last = self.path.parts[-1] if self.path.parts else ""
        return last.rpartition("/")[2] if isinstance(last, str) and ("/" in last or self.path.literal) else ""

    def is_at(self, path: Text) -> bool:
        """Whether it is this file."""
        if self.path == path:
            return True
        return bool(self.name) and path.literal is not None and self.path.matched(path.literal) is not None

    def lies_in(self, folder: Path) -> bool:
        return bool(self.name) and within(self.path, text("..")).matched(str(folder)) is not None

    def values(self) -> Mapping[str, Value]:
        """The settings or variables in it. Raises UnreadableError where they are not known."""
        if self.content is None:
            raise UnreadableError(f"{self.where} writes {self.shown}, and no file says what")
        places = Placeholders()
        read = hcl.parse_json if self.name.endswith(".json") else hcl.parse
        body = read(places.encode(self.content), f"{self.shown}, which {self.where} writes")
        return {name: decoded(value, places) for name, value in body_values(body, NoNames()).items()}

    @property
    def shown(self) -> str:
        """For people: its name, no folder of this machine."""
        return self.name or str(self.path).rpartition("/")[2]


def decoded(value: Value, places: Placeholders) -> Value:
    """The value with its open parts in it again."""
    if isinstance(value, Text):
        return value if value.literal is None else places.decode(value.literal)
    if isinstance(value, dict):
        return {name: decoded(inner, places) for name, inner in value.items()}
    return [decoded(inner, places) for inner in value] if isinstance(value, list) else value


def written(inits: Sequence[Init], where: str) -> list[WrittenFile]:
    """The files that these commands write, the last first."""
    return [WrittenFile(one.words[0], one.content, where) for one in reversed(inits) if one.verb == "write"]


def named(files: Sequence[WrittenFile], folder: Path, value: Text) -> WrittenFile | None:
    """The one of these files that an option names, seen from this folder."""
    path = within(folder_text(folder), value)
    return next((one for one in files if one.path == value or one.is_at(path)), None)


def loaded(files: Sequence[WrittenFile], folder: Path) -> Iterator[str]:
    """What is not known of the backend because these files are written into the stack's folder, a sentence each."""
    for one in files:
        if not one.name.endswith(SUFFIXES) or not one.lies_in(folder):
            continue
        if one.content is not None and not _DECIDES.search(str(one.content)):
            continue
        if one.content is None and one.path.literal is None and not _TELLING.search(one.name):
            continue
        yield f"{one.where} writes {one.name}, which OpenTofu loads: the backend may be another"


def variables(files: Sequence[WrittenFile], folder: Path) -> Iterator[WrittenFile]:
    """Those that OpenTofu reads variables from by itself, in the order of their writing."""
    for one in reversed(files):
        if _VARIABLES.fullmatch(one.name) and one.lies_in(folder):
            yield one
