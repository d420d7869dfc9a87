"""A command line that runs `init` or `plan`: which program, in which folder, with which words and environment."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from readiness.stacks.recipes.model import Init, within
from readiness.text import Open, Text, joined

_PROGRAMS = ("tofu", "terraform", "terragrunt", "tf", "opentofu")
_VARIABLE_PROGRAM = re.compile(r"(?i)(tf|tofu|terraform|terragrunt|opentofu)(_?(bin|cmd|binary|path|exe))?")


def invocation(
    words: Sequence[Text], environment: Mapping[str, Text], folder: Text, checkout: Path | None
) -> Init | None:
    """What the words of a command, given in that folder, run; None if it is neither. A script that is given backend
    settings runs `init`.
    """
    words, environment = _around(words, environment)
    at = _program(words)
    if at is None:
        backend = any(re.match(r"--?backend-config(=|$)", str(word)) for word in words)
        rest = tuple(words[1:]) if backend else ()
        return Init(folder, rest, dict(environment), "init") if rest else None
    folder, rest = _chosen_folder(words[at + 1 :], _container(words, folder, checkout))
    if not rest or not (rest[0].literal in ("init", "plan") or _open(rest[0])):
        return None
    verb = "init" if _open(rest[0]) else str(rest[0])
    return Init(folder, rest[1:], dict(environment), verb)


def _chosen_folder(words: Sequence[Text], folder: Text) -> tuple[Text, tuple[Text, ...]]:
    """The folder that the options before the verb choose, and what follows these."""
    rest = list(words)
    while rest and str(rest[0]).startswith("-"):
        option = str(rest[0])
        if option.startswith(("-chdir", "--chdir", "--working-dir", "--terragrunt-working-dir")):
            value = rest[0] if "=" in option else (rest[1] if len(rest) > 1 else Text())
            folder = within(folder, _after(value, "="))
            rest = rest[1:] if "=" in option else rest[2:]
        else:
            rest = rest[1:]
    return folder, tuple(rest)


def _container(words: Sequence[Text], folder: Text, checkout: Path | None) -> Text:
    """The folder of a command; what a container at the root of the checkout is given is not known."""
    runs = words[0].literal in ("docker", "podman", "nerdctl") and "run" in map(str, words[1:3])
    root = checkout is not None and folder.literal == str(checkout)
    return Text((Open("the folder of the container"),)) if runs and root else folder


def _open(word: Text) -> bool:
    return len(word.parts) == 1 and isinstance(word.parts[0], Open)


def _around(
    words: Sequence[Text], environment: Mapping[str, Text]
) -> tuple[Sequence[Text], Mapping[str, Text]]:
    """The words of a command with what `env`, a container's options and `xargs` around it give."""
    first = words[0].literal
    if first in ("xargs", "find", "parallel", "fd"):
        mark = Text((Open("{}"),))
        words = [
            joined(
                piece if at % 2 == 0 else mark
                for part in word.parts
                for at, piece in enumerate(re.split(r"(\{\})", part) if isinstance(part, str) else [part])
            )
            for word in words
        ]
    if first not in ("env", "docker", "podman", "nerdctl"):
        return words, environment
    at = _program(words)
    given = dict(environment)
    for word in words[1 : at if at is not None else len(words)]:
        head = word.parts[0] if word.parts else ""
        found = re.match(r"(?:--env=|-e)?([A-Z]\w*)=", head) if isinstance(head, str) else None
        if found and isinstance(head, str):
            given[found[1]] = joined([head[found.end() :], *word.parts[1:]])
    return words, given


def _program(words: Sequence[Text]) -> int | None:
    for at, word in enumerate(words):
        if word.literal is not None and re.split(r"[:@]", Path(word.literal).name)[0] in _PROGRAMS:
            return at
        if len(word.parts) == 1 and isinstance(word.parts[0], Open):
            part = word.parts[0]
            if _VARIABLE_PROGRAM.fullmatch(part.name) or any(Path(o).name in _PROGRAMS for o in part.options):
                return at
    return None


def _after(value: Text, separator: str) -> Text:
    first = value.parts[0] if value.parts else ""
    if isinstance(first, str) and separator in first:
        return joined([first.partition(separator)[2], *value.parts[1:]])
    return value
