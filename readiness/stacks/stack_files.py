"""What the ways in which a stack is initialised are made from, and what one of them is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from readiness.stacks import reading as readings
from readiness.stacks.environment import Environment
from readiness.stacks.functions import Value
from readiness.stacks.generated import WrittenFile
from readiness.stacks.hcl import Body
from readiness.stacks.reading import LoadedFile, Reading
from readiness.stacks.recipes.model import Init
from readiness.stacks.scope import StackScope
from readiness.text import Text


@dataclass(frozen=True)
class Variant:
    """One way in which the stack is initialised.

    `settings` are flattened and hold no secret; `sources` says where each comes from. `missing` is what is named and
    not there, or cannot be read: the settings may then be others. `chosen` are the values that tell this variant from
    the others (an environment). `command` is what a person types to initialise it so, "" where nothing is said, and
    `options` are the words after `init`.
    """

    where: str
    settings: Mapping[str, Text]
    sources: Mapping[str, str]
    missing: tuple[str, ...] = ()
    chosen: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    options: tuple[str, ...] = ()


@dataclass
class StackFiles:
    """What variants are made from. `given` are settings that Terragrunt gives, `written` the files that any recipe of
    the checkout writes."""

    reading: Reading
    folder: Path
    kind: str
    body: Body | None
    shown: str
    loaded: Sequence[LoadedFile]
    environment: Environment
    home: Path | None
    given: Mapping[str, Value] = field(default_factory=dict)
    given_where: str = ""
    written: Sequence[WrittenFile] = ()

    def scope(self, init: Init | None, variables: Mapping[str, Value]) -> StackScope:
        """The scope of the backend block, with the variables that this init is given."""
        return StackScope(self.reading, self.folder, self.loaded, variables, self.variables(init))

    def named_variables(self) -> tuple[str, ...]:
        """The variables that the backend block can name: where its file names one or a local value, all of them."""
        if self.body is None or not (self.reading.checkout / self.shown).is_file():
            return ()
        named = re.search(r"\b(var|local)\.", self.reading.text(self.reading.checkout / self.shown))
        return tuple(sorted(readings.variables(self.loaded))) if named else ()

    def variables(self, init: Init | None) -> dict[str, Text]:
        """The environment of this init."""
        return {**self.environment.values, **(init.environment if init else {})}
