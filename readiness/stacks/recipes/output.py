"""What commands of a shell script print, and which files they write, as far as text decides it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from readiness.stacks.recipes.expansion import Shell, expand
from readiness.text import Text, joined, text

_GROUPS = ("compound_statement", "subshell", "list", "program")
_VARIABLE = re.compile(r"(\$\{\w+\}|\$\w+)")
_IN_PLACE = re.compile(r"-i(\..*)?|--in-?place(=.*)?|-[a-zA-Z]*i")


def written_by(words: Sequence[Text], script: Shell) -> Iterator[tuple[Text, Text | None]]:
    """The files that a command writes by its own arguments, with what is in them, None where that is not known."""
    name = Path(words[0].literal or "").name
    plain = [word for word in words[1:] if not str(word).startswith("-")]
    if name == "tee":
        yield from ((word, None) for word in plain)
    elif name in ("cp", "mv", "ln", "install") and len(plain) > 1:
        yield from _copied(plain, script)
    elif name in ("sed", "yq", "perl", "crudini") and any(_IN_PLACE.fullmatch(str(word)) for word in words):
        yield from ((word, None) for word in plain[-1:])
    for at, word in enumerate(words[1:-1], start=1):
        if word.literal in ("-o", "-O", "--output", "--out", "--output-file", "--dest", "-out"):
            yield words[at + 1], None
    for word in words[1:]:
        head = str(word)
        if re.match(r"--(output|out|output-file|dest)=", head):
            yield joined([str(word.parts[0]).partition("=")[2], *word.parts[1:]]), None


def _copied(plain: Sequence[Text], script: Shell) -> Iterator[tuple[Text, Text | None]]:
    *sources, target = plain
    for source in sources:
        content = _of_file(source, script)
        into = str(target).endswith("/") or target.literal in (".", "..")
        name = str(source.parts[-1]).rpartition("/")[2] if source.parts else ""
        yield (joined([target, "/", name]) if into else target), content


def redirects(node: Any, script: Shell) -> Iterator[tuple[Text, Text | None, bool]]:
    """The files that the output of a statement goes to, what is in them, and whether it is appended."""
    body = node.child_by_field_name("body")
    heredoc = next((child for child in node.named_children if child.type == "heredoc_redirect"), None)
    given = _heredoc(heredoc, script) if heredoc is not None else None
    inner = heredoc.named_children if heredoc is not None else ()
    files = [child for child in (*node.named_children, *inner) if child.type == "file_redirect"]
    if given is None:
        given = next((found for one in files if (found := _read(one, script)) is not None), None)
    content = given if body is None and heredoc is None else printed(body, script, given)
    for one in files:
        how = next((child.type for child in one.children if not child.is_named), "")
        descriptor = next((child.text for child in one.children if child.type == "file_descriptor"), b"1")
        target = one.child_by_field_name("destination")
        if how in (">", ">>", ">|", "&>", "&>>") and descriptor == b"1" and target is not None:
            yield script.value(target), content, how.endswith(">>")
    if body is not None and body.type == "command":
        words = [word for child in body.named_children for word in script.words(child)]
        if words and words[0].literal == "tee":
            yield from ((word, given, "-a" in map(str, words)) for word in words[1:] if str(word)[:1] != "-")


def printed(node: Any, script: Shell, given: Text | None = None) -> Text | None:
    """What a statement prints; `given` is its standard input. None where that is not known."""
    if node is None:
        return None
    if node.type in _GROUPS:
        rows = [printed(child, script, given) for child in node.named_children if child.type != "comment"]
        return None if any(row is None for row in rows) else joined(row for row in rows if row is not None)
    if node.type != "command":
        return None
    words = [word for child in node.named_children for word in script.words(child)]
    name = Path(words[0].literal or "").name if words else ""
    if name == "echo":
        return _echo(words[1:])
    if name == "printf":
        return _printf(words[1:])
    if name == "cat":
        names = [word for word in words[1:] if word.literal not in ("-", "/dev/stdin")]
        if not names:
            return given
        rows = [_of_file(word, script) for word in names]
        return None if any(row is None for row in rows) else joined(row for row in rows if row is not None)
    if name == "envsubst" and given is not None:
        return joined(
            expand(piece, script) if at % 2 and isinstance(piece, str) else piece
            for part in given.parts
            for at, piece in enumerate(_VARIABLE.split(part) if isinstance(part, str) else [part])
        )
    return None


def _echo(words: Sequence[Text]) -> Text | None:
    options = [word.literal for word in words if re.fullmatch(r"-[neE]+", word.literal or "")]
    kept = list(words[len(options) :])
    parts: list[str | Text] = []
    for at, word in enumerate(kept):
        parts += [" ", word] if at else [word]
    end = "" if any("n" in str(option) for option in options) else "\n"
    whole = joined([*parts, end])
    return _escaped(whole) if any("e" in str(option) for option in options) else whole


def _printf(words: Sequence[Text]) -> Text | None:
    if not words or words[0].literal is None or words[0].literal.startswith("-"):
        return None
    shape, values = words[0].literal, list(words[1:])
    pieces = re.split(r"(%s|%%)", shape)
    if any("%" in piece for piece in pieces[::2]):
        return None
    parts: list[str | Text] = []
    while True:
        for piece in pieces:
            if piece == "%s":
                parts.append(values.pop(0) if values else "")
            else:
                parts.append("%" if piece == "%%" else _escaped(text(piece)))
        if not values or "%s" not in pieces:
            return joined(parts)


def _escaped(value: Text) -> Text:
    found = {"\\n": "\n", "\\t": "\t", '\\"': '"', "\\\\": "\\"}
    return joined(
        re.sub(r'\\[nt"\\]', lambda one: found[one[0]], part) if isinstance(part, str) else part
        for part in value.parts
    )


def _heredoc(node: Any, script: Shell) -> Text | None:
    """What a here-document says; in a quoted one nothing is expanded, and `<<-` drops leading tabs."""
    start = next((child for child in node.children if child.type == "heredoc_start"), None)
    body = next((child for child in node.children if child.type == "heredoc_body"), None)
    if start is None or body is None:
        return None
    quoted = start.text.decode()[:1] in "'\"\\"
    content = script.decoded(body.text.decode()) if quoted else script.between(body)
    if any(child.type == "<<-" for child in node.children):
        content = joined(
            re.sub(r"(?m)^\t+", "", part) if isinstance(part, str) else part for part in content.parts
        )
    return content


def _read(node: Any, script: Shell) -> Text | None:
    """The file that `< FILE` reads."""
    target = node.child_by_field_name("destination")
    if target is None or not any(child.type == "<" for child in node.children):
        return None
    return _of_file(script.value(target), script)


def _of_file(path: Text, script: Shell) -> Text | None:
    if path.literal is None or script.files is None:
        return None
    found = script.files(script.folder)("cat", [path.literal])
    return None if found is None else joined([found, "\n"])
