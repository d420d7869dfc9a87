"""The syntax tree of an HCL expression: what its nodes hold."""

from __future__ import annotations

import re
from typing import Any

from lark import Tree

from readiness.stacks.functions import Value
from readiness.text import Text

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


def trees(node: Any) -> list[Any]:
    """The children that are no text: neither line breaks nor comments."""
    return [
        child for child in node.children if isinstance(child, Tree) and child.data != "new_line_or_comment"
    ]


def is_a(node: Any, data: str) -> bool:
    """Whether it is a node of this rule."""
    return isinstance(node, Tree) and node.data == data


def identifier_of(node: Any) -> str | None:
    """The name, where the expression is nothing but one."""
    while is_a(node, "expr_term") and len(node.children) == 1:
        node = node.children[0]
    return str(node.children[0]) if is_a(node, "identifier") else None


def number_of(value: Value) -> float:
    """The number that this value is, or says. Raises TypeError, ValueError."""
    if isinstance(value, Text) and value.literal is not None:
        return float(value.literal)
    if isinstance(value, bool | int | float):
        return value
    raise TypeError("not a number")


def unescaped(match: re.Match[str]) -> str:
    """What an escape in a string stands for."""
    code = match[1]
    if code[0] in "uU" and len(code) > 1:
        return chr(int(code[1:], 16))
    return _ESCAPES.get(code, match[0])
