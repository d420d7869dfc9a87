"""Variables of the environment that decide a backend, from the files that set them and from the caller's shell."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

from readiness.stacks.flat import SET
from readiness.stacks.hcl import UnreadableError
from readiness.stacks.reading import Reading
from readiness.stacks.recipes.model import RecipeContext, folder_text
from readiness.stacks.recipes.shell import Script
from readiness.text import Open, Text, one_of, text

_DECIDES = re.compile(
    r"AWS_(ENDPOINT_URL(_S3)?|S3_ENDPOINT|PROFILE|DEFAULT_PROFILE|CONFIG_FILE|REGION|DEFAULT_REGION)|"
    r"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS|AWS_SSE_CUSTOMER_KEY|TF_HTTP_(?!PASSWORD|CLIENT)\w+|TF_CLI_ARGS(_init)?|TF_VAR_\w+|TF_WORKSPACE|TF_ENCRYPTION|"
    r"TF_CLOUD_(HOSTNAME|ORGANIZATION)|PG_SCHEMA_NAME|CONSUL_HTTP_ADDR|KUBE_\w+"
)
CUSTOMER_KEY = "AWS_SSE_CUSTOMER_KEY"
"""A secret: that it is set is known, and never its value."""
_FILES = (".env", ".envrc", ".env.local", ".envrc.local")


@dataclass(frozen=True)
class Environment:
    """`values` by name; `sources` says where each comes from."""

    values: Mapping[str, Text] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)


def decides(name: str) -> bool:
    """Whether a variable of this name can decide a backend."""
    return bool(_DECIDES.fullmatch(name))


def read(
    reading: Reading, folder: Path, caller: Mapping[str, str], known: RecipeContext | None = None
) -> Environment:
    """The environment of a stack's folder. Where files and the caller's shell differ, each value is possible."""
    found: dict[str, list[tuple[str, Text]]] = {}
    for name, value in caller.items():
        if decides(name) and value:
            setting = text(SET if name == CUSTOMER_KEY else value)
            found.setdefault(name, []).append(("the environment", setting))
    for place in (folder, *folder.parents):
        for file in _FILES:
            path = place / file
            if path.is_file():
                for name, setting in _without_secrets(_file(reading, path, known or RecipeContext())).items():
                    found.setdefault(name, []).append((reading.shown(path), setting))
        if place == reading.checkout:
            break
    return Environment(
        {name: one_of(name, [setting for _, setting in rows]) for name, rows in found.items()},
        {name: " and ".join(dict.fromkeys(where for where, _ in rows)) for name, rows in found.items()},
    )


def _without_secrets(found: Mapping[str, Text]) -> dict[str, Text]:
    return {name: text(SET) if name == CUSTOMER_KEY else value for name, value in found.items()}


def _file(reading: Reading, path: Path, known: RecipeContext) -> dict[str, Text]:
    content = reading.text(path)
    if path.name.startswith(".envrc"):
        script = Script(content, folder_text(path.parent), known, path=path, checkout=reading.checkout)
        script.inits()
        found = {name: value for name, value in script.exported.items() if value.parts}
    else:
        try:
            rows = dotenv_values(stream=io.StringIO(content), interpolate=False)
        except ValueError as error:
            raise UnreadableError(f"{reading.shown(path)}: cannot be read") from error
        found = {name: _value(value) for name, value in rows.items() if value}
    return found


def _value(value: str) -> Text:
    if value.startswith(("op://", "vault:")) or re.search(r"\$[({\w]", value):
        return Text((Open(value.split("/", maxsplit=1)[0].split("(")[0].strip("${}")),))
    return text(value)
