"""The functions of OpenTofu that backends are written with, over values of which parts may be open."""

from __future__ import annotations

import base64
import itertools
import json
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import yaml

from readiness.text import Open, Text, joined, one_of, text

Value: TypeAlias = "bool | int | float | Text | list[Any] | dict[str, Any] | None"
"""A value of HCL: text is always a `Text`; a value of which nothing is known is a Text of one open part."""


class NoValueError(Exception):
    """An expression that OpenTofu would refuse, with these values."""


def opens(value: Value) -> Iterator[Open]:
    """The open parts anywhere in this value."""
    if isinstance(value, Text):
        yield from value.opens
    elif isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from opens(inner)


def unknown(*values: Value, name: str = "") -> Text:
    """A value that is open, called after the first open part of these."""
    first = next((part for value in values for part in opens(value)), None)
    return Text((Open(first.name if first else name or "an expression"),))


def as_text(value: Value) -> Text:
    """What the value is in a template."""
    if isinstance(value, Text):
        return value
    if value is None or isinstance(value, list | dict):
        raise NoValueError("not a text")
    return text(plain_number(value))


def plain_number(value: bool | float) -> str:
    """A boolean or number as HCL spells it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if float(value).is_integer() else repr(value)


def plain(value: Value) -> Any:
    """The value for Python, text as str. Every part must be known."""
    if isinstance(value, Text):
        return value.literal
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    return value


def value_of(data: Any) -> Value:
    """The value of plain data, as JSON and YAML give it."""
    if isinstance(data, list | tuple):
        return [value_of(inner) for inner in data]
    if isinstance(data, dict):
        return {str(name): value_of(inner) for name, inner in data.items()}
    if data is None or isinstance(data, bool | int | float):
        return data
    return text(str(data))


def call(name: str, arguments: Sequence[Value]) -> Value:
    """The value of `name(arguments)`. Open where the function or an argument is. Raises NoValueError."""
    if name in _WITH_OPENS:
        return _WITH_OPENS[name](*arguments)
    if name not in _PLAIN:
        return unknown(*arguments, name=f"{name}(…)")
    results: list[Value] = []
    for row in itertools.islice(_rows(arguments), 32):
        if any(True for value in row for _ in opens(value)):
            results.append(unknown(*row))
            continue
        try:
            results.append(value_of(_PLAIN[name](*(plain(value) for value in row))))
        except (
            TypeError,
            ValueError,
            KeyError,
            IndexError,
            AttributeError,
            re.error,
            yaml.YAMLError,
        ) as error:
            raise NoValueError(f"{name}: {error}") from error
    return choose(next((part.name for a in arguments for part in opens(a)), name), results)


def choose(name: str, values: Sequence[Value]) -> Value:
    """One of these, where nothing says which."""
    if all(value == values[0] for value in values):
        return values[0]
    if any(isinstance(value, list | dict) or value is None for value in values):
        return unknown(*values, name=name)
    return one_of(name, (as_text(value) for value in values))


def _rows(arguments: Sequence[Value]) -> Iterable[tuple[Value, ...]]:
    """The arguments with every text that is partly open replaced by what it may be."""
    choices: list[list[Value]] = [
        list(value.possible()) if isinstance(value, Text) and value.opens else [value] for value in arguments
    ]
    return itertools.product(*choices)


def _format(pattern: Value, *values: Value) -> Value:
    literal = as_text(pattern).literal
    if literal is None:
        return unknown(pattern)
    rest = list(values)
    parts: list[str | Text] = []
    for piece in re.split(r"(%%|%[svdq]|%0?\d+d)", literal):
        if piece == "%%":
            parts.append("%")
        elif re.fullmatch(r"%[svdq]", piece):
            parts.append(as_text(rest.pop(0)) if rest else "")
        elif re.fullmatch(r"%0?\d+d", piece):
            number = as_text(rest.pop(0)).literal if rest else None
            parts.append(Text((Open("format"),)) if number is None else piece % int(number))
        elif "%" in piece:
            return unknown(*values, name="format(…)")
        else:
            parts.append(piece)
    return joined(parts)


def _join(separator: Value, *lists: Value) -> Value:
    parts: list[Text] = []
    for one in lists:
        if not isinstance(one, list):
            return unknown(*lists, name="join(…)")
        for item in one:
            parts += [as_text(separator)] if parts else []
            parts.append(as_text(item))
    return joined(parts)


def _coalesce(*values: Value) -> Value:
    for at, value in enumerate(values):
        if isinstance(value, Text) and value.parts and value.opens and len(value.parts) == 1:
            return choose(next(opens(value)).name, values[at:])
        if value is not None and value != Text():
            return value
    raise NoValueError("coalesce: nothing is set")


def _lookup(mapping: Value, key: Value, *default: Value) -> Value:
    name = as_text(key).literal
    if not isinstance(mapping, dict):
        return unknown(mapping, name="lookup(…)")
    if name is None:
        return choose(next(opens(key)).name, [*mapping.values(), *default])
    if name in mapping:
        return mapping[name]  # type: ignore[no-any-return]
    if default:
        return default[0]
    raise NoValueError(f"lookup: no {name}")


def _merge(*values: Value) -> Value:
    found: dict[str, Any] = {}
    for value in values:
        if value is None:
            continue
        if not isinstance(value, dict):
            return unknown(value, name="merge(…)")
        found |= value
    return found


def _concat(*values: Value) -> Value:
    if not all(isinstance(value, list) for value in values):
        return unknown(*values, name="concat(…)")
    return [inner for value in values if isinstance(value, list) for inner in value]


def _same(value: Value, *_: Value) -> Value:
    return value


def _to_text(value: Value) -> Value:
    return None if value is None else as_text(value)


def _replace(value: str, old: str, new: str) -> str:
    if len(old) > 1 and old.startswith("/") and old.endswith("/"):
        return re.sub(old[1:-1], re.sub(r"\$\{?(\w+)\}?", r"\\g<\1>", new), value)
    return value.replace(old, new)


def _regex(pattern: str, value: str) -> Any:
    found = re.search(pattern, value)
    if found is None:
        raise ValueError("no match")
    return found.groupdict() or list(found.groups()) or found[0]


def _flatten(rows: list[Any]) -> list[Any]:
    return [inner for row in rows for inner in (_flatten(row) if isinstance(row, list) else [row])]


_WITH_OPENS: dict[str, Callable[..., Value]] = {
    "format": _format,
    "join": _join,
    "coalesce": _coalesce,
    "lookup": _lookup,
    "merge": _merge,
    "concat": _concat,
    "tostring": _to_text,
    "nonsensitive": _same,
    "sensitive": _same,
    "tolist": _same,
    "toset": _same,
    "tomap": _same,
}

_PLAIN: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "base64decode": lambda value: base64.b64decode(value).decode(),
    "base64encode": lambda value: base64.b64encode(value.encode()).decode(),
    "basename": posixpath.basename,
    "compact": lambda rows: [row for row in rows if row],
    "contains": lambda rows, value: value in rows,
    "dirname": lambda value: posixpath.dirname(value) or ".",
    "distinct": lambda rows: list(dict.fromkeys(rows)),
    "element": lambda rows, at: rows[int(at) % len(rows)],
    "endswith": str.endswith,
    "flatten": _flatten,
    "jsondecode": json.loads,
    "jsonencode": lambda value: json.dumps(value, separators=(",", ":")),
    "keys": lambda value: sorted(value),
    "length": len,
    "lower": str.lower,
    "max": max,
    "min": min,
    "one": lambda rows: rows[0] if rows else None,
    "regex": _regex,
    "replace": _replace,
    "reverse": lambda rows: rows[::-1],
    "sort": sorted,
    "split": lambda separator, value: value.split(separator),
    "startswith": str.startswith,
    "strcontains": lambda value, part: part in value,
    "substr": lambda value, at, size: value[at:] if size < 0 else value[at : at + size],
    "title": str.title,
    "tobool": lambda value: (
        value if value is None or isinstance(value, bool) else {"true": True, "false": False}[value]
    ),
    "tonumber": lambda value: None if value is None else float(value),
    "trim": lambda value, chars: value.strip(chars),
    "trimprefix": str.removeprefix,
    "trimspace": str.strip,
    "trimsuffix": str.removesuffix,
    "upper": str.upper,
    "urlencode": lambda value: re.sub(r"[^\w.~-]", lambda m: f"%{ord(m[0]):02X}", value),
    "values": lambda value: [value[name] for name in sorted(value)],
    "yamldecode": yaml.safe_load,
    "zipmap": lambda names, values: dict(zip(names, values, strict=True)),
}
