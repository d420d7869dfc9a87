"""What is needed of HCL: blocks and literal values, with errors that name file and line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2
from lark.exceptions import LarkError


class UnreadableError(Exception):
    """A configuration that cannot be read; the message names the file (relative to the checkout), the line, and
    what is wrong."""


def load(path: Path, shown: str) -> dict[str, Any]:
    """The blocks of one file. Raises UnreadableError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"{shown}: cannot be read ({type(error).__name__})") from error
    return parse(text, shown)


def parse(text: str, shown: str) -> dict[str, Any]:
    """The blocks in this text. Raises UnreadableError."""
    try:
        document: dict[str, Any] = hcl2.loads(text if text.endswith("\n") else text + "\n")
    except LarkError as error:
        line = getattr(error, "line", None)
        last = text.count("\n") + 1
        where = f"line {line}" if isinstance(line, int) and line > 0 else f"line {last}"
        said = str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
        raise UnreadableError(f"{shown}, {where}: not valid HCL ({said})") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableError(f"{shown}: not valid HCL ({type(error).__name__})") from error
    return document


def blocks(document: dict[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every labelled block of this kind: its first label and its body (`backend "s3" {…}` gives "s3")."""
    for entry in _listed(document.get(kind)):
        for label, body in entry.items():
            if isinstance(body, dict):
                yield unquote(label), body


def bodies(document: dict[str, Any], kind: str) -> Iterator[dict[str, Any]]:
    """Every block of this kind without a label (`terraform {…}`)."""
    yield from _listed(document.get(kind))


def values(body: dict[str, Any]) -> dict[str, str]:
    """The attributes of a block as text; objects are flattened (`endpoints.s3`). Comments and nested marks are
    left out."""
    found: dict[str, str] = {}
    for name, value in body.items():
        if name.startswith("__"):
            continue
        if isinstance(value, dict):
            found |= {f"{unquote(name)}.{inner}": text for inner, text in values(value).items()}
        elif not isinstance(value, list):
            found[unquote(name)] = plain(value)
    return found


def plain(value: object) -> str:
    """A literal as text: quotes removed, booleans as HCL spells them; an expression stays as it is, with its
    `${…}`."""
    if isinstance(value, bool):
        return str(value).lower()
    return unquote(str(value))


def unquote(text: str) -> str:
    """Text without the quotes that the parser keeps."""
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] == '"' else text


def is_literal(text: str) -> bool:
    """Whether nothing in this value waits for a shell, for just or for tofu."""
    return not re.search(r"\$\{|\$\(|\$[A-Za-z_]|\{\{|^var\.|^local\.", text)


def _listed(value: object) -> list[dict[str, Any]]:
    rows = value if isinstance(value, list) else [value]
    return [row for row in rows if isinstance(row, dict)]
