"""Text of which a part may be open: what a file says, and what only a shell, a variable or a command decides."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

MOST = 64  # possible values that are looked at; more of them stay open


@dataclass(frozen=True)
class Open:
    """A part that no file settles.

    `name` is what decides it (a variable, a parameter, a command). `options` are the values that files give for it,
    a default first; `closed`: it can only be one of these. `parameter`: it is a recipe's, and without an argument
    its default is the value.
    """

    name: str
    options: tuple[str, ...] = ()
    closed: bool = False
    parameter: bool = False

    def __str__(self) -> str:
        if self.closed:
            return f"${{{self.name}: {' or '.join(self.options)}}}"
        return f"${{{self.name}:-{self.options[0]}}}" if self.options else f"${{{self.name}}}"


Part: TypeAlias = str | Open


@dataclass(frozen=True)
class Text:
    """Parts in order; adjacent strings are one part."""

    parts: tuple[Part, ...] = ()

    @property
    def literal(self) -> str | None:
        """The text if no part of it is open."""
        return "".join(str(part) for part in self.parts) if not self.opens else None

    @property
    def opens(self) -> tuple[Open, ...]:
        """The open parts, each once."""
        return tuple(dict.fromkeys(part for part in self.parts if isinstance(part, Open)))

    def __str__(self) -> str:
        """For people: an open part by its name, with its default, as a shell spells it."""
        return "".join(str(part) for part in self.parts)

    def possible(self) -> Iterator[Text]:
        """Every text that the files allow. A part that is not closed stays open in one more of them."""
        opens = self.opens
        choices: list[tuple[Part, ...]] = [
            part.options if part.closed else (*part.options, Open(part.name)) for part in opens
        ]
        for values in itertools.islice(itertools.product(*choices), MOST):
            yield self.replaced(dict(zip(opens, values, strict=True)))
        if len(list(itertools.islice(itertools.product(*choices), MOST + 1))) > MOST:
            yield self.replaced({part: Open(part.name) for part in opens})

    def replaced(self, values: Mapping[Open, Part]) -> Text:
        """With these values for these open parts."""
        return joined(values.get(part, part) if isinstance(part, Open) else part for part in self.parts)

    def assumed(self) -> Text:
        """With the defaults of recipes' parameters, as when the recipe is called without arguments."""
        return self.replaced(
            {part: part.options[0] for part in self.opens if part.parameter and part.options}
        )

    def matched(self, actual: str) -> dict[str, str] | None:
        """The values by which this text is `actual`, by name; None if it cannot be."""
        pattern = ""
        names: list[str] = []
        for part in self.parts:
            if isinstance(part, Open):
                if part.name in names:
                    pattern += f"(?P=_{names.index(part.name)})"
                    continue
                allowed = "|".join(map(re.escape, part.options)) if part.closed else ".*"
                pattern += f"(?P<_{len(names)}>{allowed})"
                names.append(part.name)
            else:
                pattern += re.escape(part)
        found = re.fullmatch(pattern, actual, re.DOTALL)
        return None if found is None else {name: found[f"_{at}"] for at, name in enumerate(names)}


def joined(parts: Iterable[Part | Text]) -> Text:
    """One text of these parts."""
    flat: list[Part] = []
    for part in parts:
        for piece in part.parts if isinstance(part, Text) else (part,):
            if isinstance(piece, str) and flat and isinstance(flat[-1], str):
                flat[-1] += piece
            elif piece != "":
                flat.append(piece)
    return Text(tuple(flat))


def text(value: str) -> Text:
    """A text without open parts."""
    return Text((value,) if value else ())


def one_of(name: str, texts: Iterable[Text]) -> Text:
    """The only text there is, or an open part with these options."""
    different = list(dict.fromkeys(texts))
    if len(different) == 1:
        return different[0]
    options: dict[str, None] = {}
    closed = True
    for one in different:
        for possible in one.possible():
            literal = possible.literal
            if literal is None:
                closed = False
            else:
                options[literal] = None
    return Text((Open(name, tuple(options), closed and bool(options)),))


class Placeholders:
    """Open parts as words that a parser of shell takes for plain ones, and back."""

    def __init__(self) -> None:
        self._opens: list[Open] = []

    def encode(self, value: Text) -> str:
        return "".join(part if isinstance(part, str) else self._word(part) for part in value.parts)

    def decode(self, content: str) -> Text:
        pieces = re.split(r"__OPEN(\d+)__", content)
        return joined(self._opens[int(piece)] if at % 2 else piece for at, piece in enumerate(pieces))

    def _word(self, part: Open) -> str:
        if part not in self._opens:
            self._opens.append(part)
        return f"__OPEN{self._opens.index(part)}__"
