"""What writes a backend block that is not in the checkout: a template, or a script."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from readiness.stacks.hcl import UnreadableError
from readiness.stacks.reading import Reading
from readiness.stacks.recipes.model import Recipe

_BLOCK = re.compile(r"backend\s+\\*[\"'][\w{$(]")
_TEMPLATE = re.compile(r".*\.(tf|tofu)(\.json)?\.\w+|.*\.(tftpl|tpl|tmpl|j2)")


def writers(reading: Reading, folder: Path, recipes: Sequence[Recipe]) -> Iterator[str]:
    """What may give the stack in this folder a backend block that the checkout does not hold, one sentence each."""
    for path in sorted(folder.iterdir()):
        if path.is_file() and _TEMPLATE.fullmatch(path.name):
            try:
                content = reading.text(path)
            except UnreadableError:
                continue
            if _BLOCK.search(content):
                yield f"{reading.shown(path)} is a template of a backend block: something else fills it in"
    for recipe in recipes:
        place = (reading.checkout / recipe.where.partition(", ")[0]).parent
        if place in (folder, *folder.parents) and _BLOCK.search(recipe.text):
            yield f"{recipe.where}: writes a backend block"
