"""What a Justfile's init recipe says about a backend: its `-backend-config` options, read as text and never run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

INIT_RECIPES = ("tofu-init", "init")
_OPTION = re.compile(r"-backend-config(?:=|\s+)(\"[^\"]*\"|'[^']*'|[^\s\\]+)")


@dataclass(frozen=True)
class InitRecipe:
    """`settings` are NAME=VALUE options, with what just itself can fill in filled in; `files` are options that
    name a file.

    `text` is the recipe and the assignments that it uses: what a digest covers, so that other recipes may change.
    """

    name: str
    text: str
    settings: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    workspace: str = ""


def read(text: str, stack: str, environment: str, folder: Path) -> InitRecipe | None:
    """The init recipe of a Justfile (in `folder`) for this stack; None if it has none that gives a backend
    configuration."""
    recipes = _recipes(text)
    for name in INIT_RECIPES:
        if name not in recipes:
            continue
        head, body = recipes[name]
        known = _assignments(text, environment, folder)
        parameters = re.findall(r"[A-Za-z_][\w-]*", head.partition(":")[0])[1:]
        known |= dict.fromkeys(parameters[:1], stack)
        known |= _shell(body, known, stack)
        settings, files = {}, []
        for option in _OPTION.findall(re.sub(r"\\\n\s*", " ", body)):
            value = fill(option.strip("\"'"), known)
            key, equals, rest = value.partition("=")
            if equals and re.fullmatch(r"[a-z0-9_.]+", key):
                settings[key] = rest
            else:
                files.append(value)
        used = "".join(f"{key}={known[key]}\n" for key in sorted(known) if key in body)
        selected = re.search(r"workspace select\s+(?:-or-create\s+)?(\S+)", body)
        workspace = fill(selected[1].strip("\"'"), known) if selected else ""
        return InitRecipe(name, f"{head}\n{body}\n{used}", settings, tuple(files), workspace)
    return None


def fill(text: str, known: Mapping[str, str]) -> str:
    """`{{name}}` and `${name}` replaced where the name is known; the rest stays, and is then no literal."""

    def value(match: re.Match[str]) -> str:
        return known.get(match[1], match[0])

    for _ in range(4):
        filled = re.sub(r"\{\{\s*([\w-]+)\s*\}\}", value, text)
        filled = re.sub(r"\$\{(\w+)(?::-[^}]*)?\}", value, filled)
        if filled == text:
            break
        text = filled
    return text


def _recipes(text: str) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    name = ""
    for line in text.splitlines():
        head = re.match(r"@?([A-Za-z_][\w-]*)(?:\s[^:=]*)?:(?!=)", line)
        if head:
            name = head[1]
            found[name] = (line, "")
        elif name and (line.startswith((" ", "\t")) or not line.strip()):
            found[name] = (found[name][0], f"{found[name][1]}{line.rstrip()}\n")
        elif line.strip() and not line.startswith("#"):
            name = ""
    return found


def _assignments(text: str, environment: str, checkout: Path) -> dict[str, str]:
    """Variables whose value just could only give one way: literals, defaults of the environment, sums of those,
    and `yq` on a file."""
    known: dict[str, str] = {}
    for name, expression in re.findall(r"^(?:export\s+)?([A-Za-z_][\w-]*)\s*:=\s*(.+)$", text, re.MULTILINE):
        terms = [_term(term.strip(), known, environment, checkout) for term in expression.split(" + ")]
        if all(term is not None for term in terms):
            known[name] = "".join(term or "" for term in terms)
    return known


def _term(term: str, known: Mapping[str, str], environment: str, checkout: Path) -> str | None:
    if literal := re.fullmatch(r"\"([^\"]*)\"|'([^']*)'", term):
        return literal[1] if literal[1] is not None else literal[2]
    if default := re.fullmatch(
        r"env(?:_var_or_default)?\(\s*[\"'](\w+)[\"']\s*,\s*[\"']([^\"']*)[\"']\s*\)", term
    ):
        return environment if default[1] == "ENV" and environment else default[2]
    if query := re.fullmatch(r"`yq\s+(?:-r\s+)?'?\.([\w.]+)'?\s+([\w./-]+)`", term):
        return _yaml(checkout / query[2], query[1].split("."))
    return known.get(term)


def _yaml(path: Path, names: Sequence[str]) -> str | None:
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name in names:
            value = value[name]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError):
        return None
    return str(value) if isinstance(value, str | int) else None


def _shell(body: str, known: Mapping[str, str], stack: str) -> dict[str, str]:
    """Shell variables of the recipe that have one plain value: directly, or in the branch of a `case` that this
    stack takes."""
    found: dict[str, str] = {}
    plain = re.compile(
        r"^\s*([A-Z_]+)=[\"']?([^\"'$()]*(?:\$\{\w+\}|\{\{[^}]*\}\}|[^\"'$()])*)[\"']?\s*$", re.MULTILINE
    )
    branches = re.findall(r"^\s*([\w*|-]+)\)\s*\n(.*?);;", body, re.MULTILINE | re.DOTALL)
    outside = re.sub(r"\bcase\b.*?\besac\b", "", body, flags=re.DOTALL)
    for name, value in plain.findall(outside):
        found[name] = fill(value.strip(), known)
    for pattern, text in branches:
        if pattern == "*" or stack in pattern.split("|"):
            for name, value in plain.findall(text):
                found[name] = fill(value.strip(), known)
            break
    return found
