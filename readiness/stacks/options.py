"""The options of `tofu init` and `tofu plan` that decide a backend, as a recipe or TF_CLI_ARGS gives them."""

from __future__ import annotations

import glob
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from readiness.stacks import hcl
from readiness.stacks.evaluate import evaluate
from readiness.stacks.flat import is_secret
from readiness.stacks.functions import Value
from readiness.stacks.recipes.model import Init, folder_text, within, words_of
from readiness.stacks.scope import NoNames
from readiness.text import Open, Text, joined, text

_SETTINGS_FILE = re.compile(r".*\.tfbackend(\.json)?|.*backend.*\.(hcl|tfvars|conf|config|json)")


def options_of(init: Init, variables: Mapping[str, Text]) -> Iterator[tuple[str, Text]]:
    """The options that decide a backend, in order: ("file", path), ("pair", NAME=VALUE), ("var-file", path),
    ("var", NAME=VALUE). Those of TF_CLI_ARGS in `variables`, the environment of the init, come first, as tofu puts
    them.
    """
    words: list[Text] = []
    for name in ("TF_CLI_ARGS", "TF_CLI_ARGS_init"):
        given = variables.get(name)
        if given is not None and given.literal is not None:
            try:
                words += [text(word) for word in shlex.split(given.literal)]
            except ValueError:
                words.append(Text((Open(name),)))
        elif given is not None:
            words += list(words_of(given))
    words += init.words
    at = 0
    while at < len(words):
        word = words[at]
        first = word.parts[0] if word.parts and isinstance(word.parts[0], str) else ""
        at += 1
        found = re.match(r"--?(backend-config|var-file|var)(=|$)", first)
        if found is None:
            continue
        value = joined([first[found.end() :], *word.parts[1:]])
        if not found[2]:
            if at >= len(words):
                return
            value, at = words[at], at + 1
        if found[1] != "backend-config":
            yield found[1], value
            continue
        head = value.parts[0] if value.parts and isinstance(value.parts[0], str) else ""
        yield ("pair" if "=" in head else "file"), value


def as_shown(kind: str, value: Text) -> str:
    """An option for people: the value of a variable that is called like a secret is left out."""
    name = name_and_value(value)[0]
    return f"{name}=…" if kind == "var" and is_secret(name) else str(value.assumed())


def name_and_value(value: Text) -> tuple[str, str, Text]:
    """NAME, "=" or nothing, and VALUE."""
    head = str(value.parts[0]) if value.parts else ""
    name, equals, rest = head.partition("=")
    return name.strip(), equals, joined([rest, *value.parts[1:]])


def typed(name: str, value: Text) -> Value:
    """A value of the command line: an object or a list is an HCL expression, everything else is text."""
    head = value.parts[0] if value.parts else ""
    if not isinstance(head, str) or not head.startswith(("{", "[")):
        return value
    marks = {f"OPEN__{at}__": part for at, part in enumerate(value.opens)}
    names = {part: mark for mark, part in marks.items()}
    content = "".join(names[part] if isinstance(part, Open) else part for part in value.parts)
    found = evaluate(hcl.parse_expression(content, f"-backend-config={name}"), NoNames())
    return _unmarked(found, marks)


def _unmarked(value: Value, marks: Mapping[str, Open]) -> Value:
    if isinstance(value, dict):
        return {name: _unmarked(inner, marks) for name, inner in value.items()}
    if isinstance(value, list):
        return [_unmarked(inner, marks) for inner in value]
    if isinstance(value, Text) and marks and value.literal is not None:
        pieces = re.split(f"({'|'.join(map(re.escape, marks))})", value.literal)
        return joined(marks.get(piece, piece) for piece in pieces)
    return value


def files_named(folder: Path, value: Text) -> list[tuple[str, dict[str, str]]]:
    """The files that are there of those that the value of an option may name, the likeliest first, each with the values
    of its open parts.
    """
    whole = within(folder_text(folder), value)
    alone = len(value.parts) == 1
    pattern = "".join("*" if isinstance(part, Open) else glob.escape(part) for part in whole.parts)
    found = []
    for path in sorted(glob.glob(pattern, include_hidden=True)):  # noqa: PTH207 - the pattern is a whole path
        chosen = whole.matched(path)
        if chosen is None or not Path(path).is_file() or Path(path).name == ".terraform.lock.hcl":
            continue
        if alone and not _SETTINGS_FILE.fullmatch(Path(path).name):
            continue
        found.append((path, chosen))
    defaults = {part.name: part.options[0] for part in value.opens if part.options}
    return sorted(
        found, key=lambda row: sum(row[1].get(name) != default for name, default in defaults.items())
    )
