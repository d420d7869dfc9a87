"""What `${…}` and `$(…)` of a shell become, as far as text decides it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from readiness.stacks.recipes.model import Files, RecipeContext, within
from readiness.text import Open, Text, joined, text

_EXPANSION = re.compile(r"\$\{?(\w+|[@*#?$!-])(?:(:?[-=+?]|%%?|##?|\^\^?|,,?|//?|:)(.*))?\}?", re.DOTALL)


class Shell(Protocol):
    """What an expansion asks of the script that it stands in."""

    @property
    def folder(self) -> Text: ...
    @property
    def known(self) -> RecipeContext: ...
    @property
    def checkout(self) -> Path | None: ...
    @property
    def files(self) -> Callable[[Text], Files] | None: ...
    def variable(self, name: str) -> Text | None: ...
    def words(self, node: Any) -> Iterator[Text]: ...
    def value(self, node: Any) -> Text: ...
    def between(self, node: Any) -> Text: ...
    def decoded(self, content: str) -> Text: ...


def expand(content: str, script: Shell) -> Text:
    """The value of `$NAME` or `${NAME…}`."""
    if content in ("$PWD", "${PWD}"):
        return script.folder
    if re.fullmatch(r"\$\{?BASH_SOURCE(\[0\])?\}?", content):
        content = "$0"
    found = _EXPANSION.fullmatch(content.removesuffix("}") if content.startswith("${") else content)
    if found is None:
        return Text((Open(content.strip("${}")),))
    name, how, rest = found[1], found[2] or "", found[3] or ""
    own = script.variable(name)
    if how in (":-", "-", ":=", "="):
        return _default(name, own, _quoted(rest, script), script)
    value = script.known.value(name) if own is None else own
    if how in ("", ":?", "?"):
        return value
    if how in (":+", "+"):
        return _quoted(rest, script) if value.literal else Text()
    return _changed(name, value, how, rest)


def substitution(node: Any, script: Shell) -> Text:
    """The value of `$(command …)`: known for what only names a folder or reads a file."""
    commands = [child for child in node.named_children if child.type != "comment"]
    if len(commands) == 1 and commands[0].type == "list":
        return _changed_to(commands[0], script) or _unknown(node)
    if len(commands) != 1 or commands[0].type != "command":
        return _unknown(node)
    words = _words(commands[0], script)
    name = words[0].literal if words else None
    if name is None:
        return _unknown(node)
    known = _place(name, words, script)
    if known is None and script.files is not None and all(word.literal is not None for word in words):
        known = script.files(script.folder)(name, [str(word) for word in words[1:]])
    return known or _unknown(node)


def _changed_to(node: Any, script: Shell) -> Text | None:
    """`$(cd FOLDER && pwd)`."""
    inner = node.named_children
    if (
        len(inner) != 2
        or inner[1].text.decode().strip() not in ("pwd", "pwd -P")
        or inner[0].type != "command"
    ):
        return None
    words = _words(inner[0], script)
    if len(words) < 2 or words[0].literal != "cd":
        return None
    return within(script.folder, next((word for word in words[1:] if word.literal != "--"), words[-1]))


def _place(name: str, words: list[Text], script: Shell) -> Text | None:
    """What a program prints that knows nothing but names."""
    if name == "pwd":
        return script.folder
    if name in ("dirname", "realpath", "readlink") and len(words) > 1:
        target = within(script.folder, words[-1])
        return within(target, text("..")) if name == "dirname" else target
    if name == "basename" and len(words) == 2 and words[1].literal is not None:
        return text(Path(words[1].literal).name)
    if name == "echo" and len(words) == 2:
        return words[1]
    if name == "git" and script.checkout and "--show-toplevel" in [word.literal for word in words]:
        return text(str(script.checkout))
    return None


def _default(name: str, own: Text | None, default: Text, script: Shell) -> Text:
    if own is not None:
        if own.literal == "":
            return default
        if own.literal is not None or len(own.parts) > 1:
            return own
        part = own.parts[0]
        options = tuple(option for one in default.possible() if (option := one.literal) is not None)
        return Text((Open(part.name, (*part.options, *options)),)) if isinstance(part, Open) else own
    value = script.known.value(name)
    if value.literal:
        return value
    options = tuple(option for one in default.possible() if (option := one.literal) is not None)
    return Text((Open(name, options),))


def _quoted(content: str, script: Shell) -> Text:
    """The word after `:-`, with the expansions in it."""
    content = content.strip("\"'")
    pieces = re.split(r"(\$\{[^{}]*\}|\$\w+)", content)
    if len(pieces) == 1:
        return script.decoded(content)
    return joined(
        expand(piece, script) if at % 2 else script.decoded(piece) for at, piece in enumerate(pieces)
    )


def _changed(name: str, value: Text, how: str, rest: str) -> Text:
    literal = value.literal
    if literal is None:
        return Text((Open(name),))
    if how in (",,", ","):
        return text(literal.lower())
    if how in ("^^", "^"):
        return text(literal.upper())
    if how in ("%", "%%") and not re.search(r"[*?\[]", rest):
        return text(literal.removesuffix(rest))
    if how in ("#", "##") and rest == "*/":
        return text(literal.rpartition("/")[2])
    if how in ("#", "##") and not re.search(r"[*?\[]", rest):
        return text(literal.removeprefix(rest))
    return Text((Open(name),))


def _words(command: Any, script: Shell) -> list[Text]:
    return [word for child in command.named_children for word in script.words(child)]


def _unknown(node: Any) -> Text:
    """Open, called after the command and its first bare words: options may hold a secret."""
    words = node.text.decode().removeprefix("$(").strip("`()").split()
    bare = []
    for word in words[:3]:
        if not re.fullmatch(r"[\w./-]+", word) or word.startswith("-"):
            break
        bare.append(word)
    return Text((Open(f"$({' '.join(bare) or 'a command'} …)"),))
