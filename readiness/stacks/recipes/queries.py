"""What programs that only read a file would print, without running them: `yq`, `jq` and `cat` on files of the
checkout."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from readiness.stacks.hcl import UnreadableError
from readiness.stacks.reading import Reading
from readiness.text import Text, text

_PATH = re.compile(r"(?:\.[\w-]+|\[\d+\]|\.\[?\"[^\"]+\"\]?)+|\.")
_STEP = re.compile(r"\.\[?\"([^\"]+)\"\]?|\.([\w-]+)|\[(\d+)\]")


def files(reading: Reading) -> Callable[[Text], Callable[[str, Sequence[str]], Text | None]]:
    """The reader of files for a folder, as recipes take it."""

    def at(folder: Text) -> Callable[[str, Sequence[str]], Text | None]:
        def printed(program: str, arguments: Sequence[str]) -> Text | None:
            base = folder.literal
            return None if base is None else _printed(reading, Path(base), program, arguments)

        return printed

    return at


def _printed(reading: Reading, base: Path, program: str, arguments: Sequence[str]) -> Text | None:
    words = [
        word for word in arguments if word not in ("e", "eval") and not re.fullmatch(r"-[\w-]+(=\S*)?", word)
    ]
    if program == "cat" and len(words) == 1:
        content = _content(reading, base / words[0])
        return None if content is None else text(content.strip())
    if program not in ("yq", "jq") or len(words) != 2 or not _PATH.fullmatch(words[0]):
        return None
    content = _content(reading, base / words[1])
    if content is None:
        return None
    try:
        value = yaml.safe_load(content) if program == "yq" else json.loads(content)
        for quoted, name, index in _STEP.findall(words[0]):
            value = value[int(index)] if index else value[quoted or name]
    except (yaml.YAMLError, ValueError, KeyError, IndexError, TypeError):
        return None
    return _shown(value)


def _shown(value: Any) -> Text | None:
    if isinstance(value, bool):
        return text(str(value).lower())
    return text(str(value)) if isinstance(value, str | int | float) else None


def _content(reading: Reading, path: Path) -> str | None:
    if not path.is_file():
        return None
    try:
        return reading.text(path)
    except UnreadableError:
        return None
