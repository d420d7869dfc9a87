"""Values for the variables that a stack asks for and nobody gives, where its state is made for the rehearsal anyway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lark import Token, Tree

from readiness.stacks.hcl import Expression

_PLACEHOLDERS = {
    "string": "placeholder",
    "number": "0",
    "bool": "false",
    "list": "[]",
    "set": "[]",
    "map": "{}",
}


def placeholder(arguments: Mapping[str, Expression]) -> str | None:
    """A value of the type that the variable declares, as `TF_VAR_NAME` takes it; None where none is simple."""
    declared = arguments.get("type")
    return _PLACEHOLDERS["string"] if declared is None else _PLACEHOLDERS.get(_first(declared.node))


def _first(node: Any) -> str:
    """The first word of a type: `list` of `list(string)`."""
    if isinstance(node, str) and not isinstance(node, Token):
        return node.strip("${}").partition("(")[0]
    while isinstance(node, Tree):
        if not node.children:
            return ""
        node = node.children[0]
    return str(node)
