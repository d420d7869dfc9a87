"""A backend's settings as rows of names and texts, without a secret in any of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from readiness.stacks.functions import Value, as_text
from readiness.text import Placeholders, Text, joined, text

SET = "[set]"
_SECRET = re.compile(
    r"(?i)password|secret|token|access_key|private_key|sse_customer|conn_str|passphrase|credential(?!s_validation)|"
    r"http_auth|encryption_key|client_key|^headers\.|^exec\.|authorization"
)
_NOT_SECRET = re.compile(
    r"(?i)skip_\w+|shared_credentials_files?|secret_suffix|\w+_method|workspaces?(\.\w+)?"
)
_USERINFO = re.compile(r"(?i)(://)[^/@\s]*@")
_QUERY = re.compile(r"([?&][\w.-]+=)[^&\s#]*")


def is_secret(name: str) -> bool:
    """Whether a setting of this name holds a secret."""
    return bool(_SECRET.search(name)) and not _NOT_SECRET.fullmatch(name)


def flatten(values: Mapping[str, Value], prefix: str = "") -> dict[str, Text]:
    """Objects become dotted names, lists one row; what is null is not there; secrets are shown as `[set]`."""
    found: dict[str, Text] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            found |= flatten(value, f"{name}.")
        elif isinstance(value, list):
            found[name] = cleaned(name, _list(value))
        elif value is not None:
            found[name] = cleaned(name, as_text(value))
    return found


def cleaned(name: str, value: Text) -> Text:
    """The value, or `[set]` for a secret; a URL keeps its host and loses its user, its password and its query."""
    if is_secret(name):
        return text(SET) if value.parts else value
    places = Placeholders()
    shown = _QUERY.sub(r"\1***", _USERINFO.sub(r"\1***@", places.encode(value)))
    return places.decode(shown)


def _list(rows: list[Value]) -> Text:
    parts: list[str | Text] = ["["]
    for at, row in enumerate(rows):
        parts += [", "] if at else []
        if isinstance(row, Text):
            parts += ['"', row, '"']
        elif isinstance(row, list):
            parts.append(_list(row))
        elif isinstance(row, dict):
            inner = flatten(row)
            parts.append(f"{{{', '.join(f'{name} = {value}' for name, value in inner.items())}}}")
        else:
            parts.append(as_text(row) if row is not None else "null")
    return joined([*parts, "]"])
