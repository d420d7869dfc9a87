"""Evaluating HCL expressions as far as files decide them (OpenTofu's early evaluation); what they do not decide stays
open, by name."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from lark import Token, Tree

from readiness.stacks.functions import NoValueError, Value, as_text, call, choose, opens, unknown, value_of
from readiness.stacks.hcl import Expression, UnreadableError, parse_expression
from readiness.stacks.syntax import identifier_of, is_a, number_of, trees, unescaped
from readiness.text import Open, Text, joined, text

_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}


class Scope(Protocol):
    """What an expression can name."""

    def lookup(self, root: str, name: str) -> Value:
        """`root.name`, such as `var.bucket` or `local.host`."""
        ...

    def call(self, name: str, arguments: Sequence[Value]) -> Value | NotHere:
        """A function that reads files, or that is not OpenTofu's own; NotHere if it is none of those."""
        ...


class NotHere:
    """A function that a scope does not have."""


def evaluate(expression: Expression, scope: Scope) -> Value:
    """The value of this expression. Raises NoValueError where OpenTofu would end with an error."""
    if expression.json:
        return _json(expression.node, scope)
    return _Evaluation(scope, {}).of(expression.node)


def template(content: str, scope: Scope) -> Value:
    """The value of a text as a template, as JSON strings are."""
    if "${" not in content and "%{" not in content:
        return text(content)
    quoted = content.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
    # Quotes inside of ${…} are the expression's own.
    quoted = re.sub(r"\$\{[^}]*\}", lambda match: match[0].replace('\\"', '"'), quoted)
    try:
        return evaluate(parse_expression(f'"{quoted}"', "template"), scope)
    except UnreadableError:
        return Text((Open("a template"),))


def _json(value: Any, scope: Scope) -> Value:
    if isinstance(value, str):
        return template(value, scope)
    if isinstance(value, list):
        return [_json(inner, scope) for inner in value]
    if isinstance(value, dict):
        return {name: _json(inner, scope) for name, inner in value.items() if name != "//"}
    return value_of(value)


class _Evaluation:
    """One expression; `names` are the variables of the `for` expressions around it."""

    def __init__(self, scope: Scope, names: Mapping[str, Value]) -> None:
        self.scope, self.names = scope, names

    def of(self, node: Any) -> Value:
        if isinstance(node, Token):
            return text(str(node))
        method = _METHODS.get(node.data)
        return unknown(name=str(node.data)) if method is None else method(self, node)

    def term(self, node: Any) -> Value:
        return self.of(trees(node)[0])

    def literal(self, node: Any) -> Value:
        return {"true": True, "false": False, "null": None}[str(node.children[0])]

    def number(self, node: Any) -> Value:
        value = float(str(node.children[0]))
        return int(value) if value.is_integer() else value

    def identifier(self, node: Any) -> Value:
        name = str(node.children[0])
        return self.names[name] if name in self.names else unknown(name=name)

    def string(self, node: Any) -> Value:
        parts = [self.part(part) for part in trees(node) if part.data == "string_part"]
        if any(part is None for part in parts):
            return unknown(name="a template directive")
        if len(parts) == 1 and isinstance(node.children[1].children[0], Tree):
            return parts[0]  # "${var.x}" is the value itself
        return joined(as_text(part) for part in parts)

    def part(self, node: Any) -> Value:
        inner = node.children[0]
        if isinstance(inner, Tree):
            return self.of(trees(inner)[0]) if inner.data == "interpolation" else None
        if inner.type in ("ESCAPED_INTERPOLATION", "ESCAPED_DIRECTIVE"):
            return text(str(inner)[1:])
        return text(re.sub(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", unescaped, str(inner)))

    def heredoc(self, node: Any) -> Value:
        lines = str(node.children[0]).rstrip("\n").split("\n")
        body = lines[1:-1]
        if lines[0].startswith("<<-"):
            margin = min((len(line) - len(line.lstrip()) for line in body if line.strip()), default=0)
            body = [line[margin:] for line in body]
        return template("".join(f"{line}\n" for line in body), self.scope)

    def conditional(self, node: Any) -> Value:
        condition, yes, no = (self.of(child) for child in trees(node))
        if isinstance(condition, Text) and condition.literal in ("true", "false"):
            condition = condition.literal == "true"
        if isinstance(condition, bool):
            return yes if condition else no
        return choose(next((part.name for part in opens(condition)), "a condition"), [yes, no])

    def binary(self, node: Any) -> Value:
        left_node, term = trees(node)[:2]
        symbol = str(term.children[0].children[0])
        left, right = self.of(left_node), self.of(trees(term)[-1])
        if any(True for value in (left, right) for _ in opens(value)):
            return unknown(left, right)
        if symbol in ("==", "!="):
            return (left == right) is (symbol == "==")
        if symbol in ("&&", "||"):
            return bool(left and right) if symbol == "&&" else bool(left or right)
        try:
            return value_of(_COMPARISONS[symbol](number_of(left), number_of(right)))
        except (TypeError, ValueError, ZeroDivisionError) as error:
            raise NoValueError(str(error)) from error

    def unary(self, node: Any) -> Value:
        value = self.of(trees(node)[0])
        if any(True for _ in opens(value)):
            return unknown(value)
        return (not value) if str(node.children[0]) == "!" else value_of(-number_of(value))

    def row(self, node: Any) -> Value:
        return [self.of(child) for child in trees(node)]

    def mapping(self, node: Any) -> Value:
        found: dict[str, Any] = {}
        for element in trees(node):
            key, value = trees(element)
            found[str(self._key(key))] = self.of(value)
        return found

    def _key(self, node: Any) -> Text:
        inner = trees(node)
        if not inner:
            return text(str(node.children[0]))
        term = inner[0]
        while isinstance(term, Tree) and term.data == "expr_term" and len(term.children) == 1:
            term = term.children[0]
        if isinstance(term, Tree) and term.data in ("identifier", "keyword"):
            return text(str(term.children[0]))
        return as_text(self.of(term))

    def function(self, node: Any) -> Value:
        name = "::".join(str(child.children[0]) for child in node.children if is_a(child, "identifier"))
        given = next((child for child in node.children if is_a(child, "arguments")), None)
        rows = trees(given) if given is not None else []
        if name in ("try", "can"):
            return self._attempt(name, rows)
        arguments = [self.of(row) for row in rows]
        if given is not None and any(
            str(child) == "..." for child in given.children if isinstance(child, Token)
        ):
            last = arguments.pop()
            if not isinstance(last, list):
                return unknown(last, name=name)
            arguments += last
        here = self.scope.call(name, arguments)
        return call(name, arguments) if isinstance(here, NotHere) else here

    def _attempt(self, name: str, rows: Sequence[Any]) -> Value:
        for row in rows:
            try:
                value = self.of(row)
            except NoValueError:
                if name == "can":
                    return False
                continue
            return True if name == "can" else value
        raise NoValueError("try: no argument has a value")

    def attribute(self, node: Any) -> Value:
        base, access = trees(node)
        name = str(access.children[1].children[0])
        root = identifier_of(base)
        if root is not None and root not in self.names:
            return self.scope.lookup(root, name)
        return self._index(self.of(base), text(name))

    def index(self, node: Any) -> Value:
        base, access = trees(node)
        if access.data == "short_index":
            key: Value = int(str(access.children[1]))
        else:
            key = self.of(trees(access)[0])
        return self._index(self.of(base), key)

    def _index(self, value: Value, key: Value) -> Value:
        if isinstance(value, dict):
            return call("lookup", [value, key])
        if isinstance(value, list) and isinstance(key, int | float):
            try:
                return value[int(key)]  # type: ignore[no-any-return]
            except IndexError as error:
                raise NoValueError("an index that is not there") from error
        if isinstance(value, Text) and value.opens:
            named = as_text(key)
            return Text((Open(f"{value.opens[0].name}.{named}"),))
        raise NoValueError("not something with elements")

    def for_tuple(self, node: Any) -> Value:
        rows = self._loop(node)
        return (
            unknown(name="a for expression") if rows is None else [inner.of(made[0]) for inner, made in rows]
        )

    def for_object(self, node: Any) -> Value:
        rows = self._loop(node)
        if rows is None:
            return unknown(name="a for expression")
        return {str(as_text(inner.of(made[0]))): inner.of(made[1]) for inner, made in rows}

    def _loop(self, node: Any) -> list[tuple[_Evaluation, list[Any]]] | None:
        intro = next(child for child in node.children if is_a(child, "for_intro"))
        condition = next((child for child in node.children if is_a(child, "for_cond")), None)
        made = [child for child in trees(node) if child is not intro and child is not condition]
        *names, source = trees(intro)
        over = self.of(source)
        if not isinstance(over, list | dict):
            return None
        pairs = over.items() if isinstance(over, dict) else enumerate(over)
        rows = []
        for key, value in pairs:
            bound = [value_of(key), value][-len(names) :]
            called = dict(zip((str(name.children[0]) for name in names), bound, strict=True))
            inner = _Evaluation(self.scope, {**self.names, **called})
            if condition is None or inner.of(trees(condition)[0]) is True:
                rows.append((inner, made))
        return rows


_METHODS: dict[str, Callable[[_Evaluation, Any], Value]] = {
    "expr_term": _Evaluation.term,
    "literal_value": _Evaluation.literal,
    "int_lit": _Evaluation.number,
    "float_lit": _Evaluation.number,
    "identifier": _Evaluation.identifier,
    "string": _Evaluation.string,
    "heredoc_template": _Evaluation.heredoc,
    "heredoc_template_trim": _Evaluation.heredoc,
    "conditional": _Evaluation.conditional,
    "binary_op": _Evaluation.binary,
    "unary_op": _Evaluation.unary,
    "tuple": _Evaluation.row,
    "object": _Evaluation.mapping,
    "function_call": _Evaluation.function,
    "get_attr_expr_term": _Evaluation.attribute,
    "index_expr_term": _Evaluation.index,
    "for_tuple_expr": _Evaluation.for_tuple,
    "for_object_expr": _Evaluation.for_object,
}
