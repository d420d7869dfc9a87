"""HCL as OpenTofu reads it, in both spellings (native and JSON): blocks and unevaluated attributes, with errors that
name file and line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import hcl2
from lark import Token, Tree
from lark.exceptions import LarkError

Node: TypeAlias = "Tree[Token] | Token"


class UnreadableError(Exception):
    """A configuration that cannot be read; the message names the file (relative to the checkout), the line, and
    what is wrong."""


@dataclass(frozen=True)
class Expression:
    """The value of an attribute, not evaluated: a node of the native syntax, or a JSON value."""

    node: Any
    json: bool = False


class Body(Protocol):
    """What is between the braces of a block, or in a file."""

    def blocks(self, kind: str, labels: int = 0) -> Iterator[tuple[tuple[str, ...], Body]]:
        """Every block of this kind, with its labels."""
        ...

    def attributes(self) -> Mapping[str, Expression]:
        """Every attribute. In JSON nothing tells blocks from attributes: all names are given."""
        ...

    def kinds(self) -> tuple[str, ...]:
        """The names of its blocks, each once."""
        ...


def load(path: Path, shown: str) -> Body:
    """The body of one file, in the syntax that its name says. Raises UnreadableError."""
    try:
        content = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"{shown}: cannot be read ({type(error).__name__})") from error
    return parse_json(content, shown) if path.name.endswith(".json") else parse(content, shown)


def parse(content: str, shown: str) -> Body:
    """The body of a text in the native syntax. Raises UnreadableError, also for what python-hcl2 lets pass and
    OpenTofu does not (two arguments on a line, a block in a block on one line, an argument given twice)."""
    content = content.removeprefix("\ufeff").replace("\r\n", "\n")
    if not content.endswith("\n"):
        content += "\n"
    try:
        tree = hcl2.parses_to_tree(content)
    except LarkError as error:
        line = getattr(error, "line", None)
        line = line if isinstance(line, int) and line > 0 else content.count("\n") + 1
        reason = str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
        raise UnreadableError(f"{shown}, line {line}: not valid HCL ({reason})") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableError(f"{shown}: not valid HCL ({type(error).__name__})") from error
    body = NativeBody(tree.children[0], shown)
    body.check()
    return body


def parse_expression(content: str, shown: str) -> Expression:
    """One expression of the native syntax. Raises UnreadableError."""
    return parse(f"value = {content}\n", shown).attributes()["value"]


def parse_json(content: str, shown: str) -> Body:
    """The body of a text in the JSON syntax. Raises UnreadableError."""
    try:
        document = json.loads(content, object_pairs_hook=_unique)
    except ValueError as error:
        line = getattr(error, "lineno", None)
        where = f", line {line}" if line else ""
        raise UnreadableError(f"{shown}{where}: not valid JSON ({error})") from error
    rows = document if isinstance(document, list) else [document]
    if not all(isinstance(row, dict) for row in rows):
        raise UnreadableError(f"{shown}: not an object of blocks")
    return JsonBody(tuple(rows), shown)


@dataclass(frozen=True)
class NativeBody:
    """A body of the native syntax."""

    tree: Any
    shown: str

    def blocks(self, kind: str, labels: int = 0) -> Iterator[tuple[tuple[str, ...], Body]]:
        for block in self._children("block"):
            name, *named = _head(block)
            if name == kind:
                yield tuple(named[:labels]), NativeBody(_inner(block), self.shown)

    def attributes(self) -> Mapping[str, Expression]:
        return {
            str(child.children[0].children[0]): Expression(child.children[-1])
            for child in self._children("attribute")
        }

    def kinds(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(_head(block)[0] for block in self._children("block")))

    def check(self) -> None:
        """Raises UnreadableError for what OpenTofu's parser refuses and python-hcl2's does not."""
        self._check_lines()
        seen: set[str] = set()
        for child in self._children("attribute"):
            name = str(child.children[0].children[0])
            if name in seen:
                raise self._refused(child, f"the argument {name} is set twice")
            seen.add(name)
        for block in self._children("block"):
            inner = NativeBody(_inner(block), self.shown)
            items = [child for child in inner.tree.children if child.data != "new_line_or_comment"]
            if items and inner.tree.children[0] is items[0]:
                if inner.tree.children != [items[0]] or items[0].data == "block":
                    raise self._refused(items[0], "a block on one line holds one argument and no block")
            elif items and not _ends_line(inner.tree):
                raise self._refused(block, "no new line after its last argument or block")
            inner.check()

    def _check_lines(self) -> None:
        ended = True
        for child in self.tree.children:
            if child.data == "new_line_or_comment":
                ended = ended or any("\n" in token for token in child.children)
                continue
            if not ended:
                raise self._refused(child, "a second argument or block on one line")
            # A comment, a heredoc or an operator's operand may have taken the end of the line with it.
            ended = _ends_line(child)

    def _refused(self, node: Any, why: str) -> UnreadableError:
        return UnreadableError(f"{self.shown}, line {_line(node)}: not valid HCL ({why})")

    def _children(self, data: str) -> Iterator[Any]:
        return (child for child in self.tree.children if isinstance(child, Tree) and child.data == data)


@dataclass(frozen=True)
class JsonBody:
    """A body of the JSON syntax: an object, or several that are read as one."""

    rows: tuple[dict[str, Any], ...]
    shown: str

    def blocks(self, kind: str, labels: int = 0) -> Iterator[tuple[tuple[str, ...], Body]]:
        for row in self.rows:
            yield from self._labelled(row.get(kind), labels, ())

    def attributes(self) -> Mapping[str, Expression]:
        return {
            name: Expression(value, json=True)
            for row in self.rows
            for name, value in row.items()
            if name != "//"
        }

    def kinds(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for row in self.rows for name in row if name != "//"))

    def _labelled(
        self, value: Any, labels: int, before: tuple[str, ...]
    ) -> Iterator[tuple[tuple[str, ...], Body]]:
        for row in value if isinstance(value, list) else [value]:
            if not isinstance(row, dict):
                continue
            if not labels:
                yield before, JsonBody((row,), self.shown)
                continue
            for label, inner in row.items():
                if label != "//":
                    yield from self._labelled(inner, labels - 1, (*before, label))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found and name != "//":
            raise ValueError(f"the name {name} is there twice")
        found[name] = value
    return found


def _head(block: Any) -> list[str]:
    head = []
    for child in block.children:
        if isinstance(child, Token):
            break
        if child.data == "string":
            head.append("".join(str(token) for part in child.children[1:-1] for token in part.children))
        elif child.data != "new_line_or_comment":
            head.append(str(child.children[0]))
    return head


def _inner(block: Any) -> Any:
    return next(child for child in block.children if isinstance(child, Tree) and child.data == "body")


def _tokens(node: Any) -> Iterator[Token]:
    for child in node.children:
        if isinstance(child, Token):
            yield child
        else:
            yield from _tokens(child)


def _line(node: Any) -> int:
    return next((token.line for token in _tokens(node) if token.line), 0)


def _ends_line(node: Any) -> bool:
    last = ""
    for token in _tokens(node):
        last = str(token)
    return last.endswith("\n") or ("\n" in last and not last.strip())
