"""The ways in which a stack is initialised: its backend block, completed by what recipes, settings files and the
environment give. Several files, or a recipe here and one at the root, are alternatives."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from readiness.stacks import generated
from readiness.stacks.applied import Applied, applicable
from readiness.stacks.init_settings import variant
from readiness.stacks.options import as_shown, options_of
from readiness.stacks.recipes.model import Init, Recipe, RecipeContext, folder_text
from readiness.stacks.stack_files import StackFiles, Variant
from readiness.text import Text, text

_MOST = 40


@dataclass(frozen=True)
class Planned:
    """A recipe that plans this stack: what a person types, and its `-var` and `-var-file` options."""

    where: str
    command: str
    options: tuple[str, ...]


def variants(
    stack: StackFiles, recipes: Sequence[Recipe], known: RecipeContext, environment: str
) -> list[Variant]:
    """Every way in which this stack is initialised, the likeliest first. There is always one."""
    found: list[Variant] = []
    used: set[Path] = set()
    stack.written = [one for recipe in recipes for one in generated.written(recipe.run(known), recipe.where)]
    for recipe in recipes:
        mine = [
            (variant(stack, recipe.where, one, used), one) for one in applicable(stack, recipe, known, "init")
        ]
        fitting = [
            dataclasses.replace(
                way,
                command=recipe.command(one.chosen),
                chosen={name: value for name, value in one.chosen.items() if name not in known.fixed},
                options=tuple(str(word) for word in one.init.words),
            )
            for way, one in mine
            if way is not None
        ]
        if fitting:
            _note(stack, recipe)
        found += fitting
    for path in sorted(stack.folder.glob("*.tfbackend")):
        if path not in used and not (environment and found):
            option = text(f"-backend-config={path.name}")
            init = Init(folder_text(stack.folder), (option,), {})
            loose = variant(stack, stack.reading.shown(path), Applied(init, written=stack.written), used)
            found += [loose] if loose is not None else []
    if not found:
        bare = variant(stack, stack.shown or "no backend block", None, used)
        found = [bare] if bare is not None else []
    found = _merged(found)
    if environment:
        named = [
            one
            for one in found
            if any(
                re.search(rf"\b{re.escape(environment)}\b", value)
                for value in (one.where, *one.chosen.values())
            )
        ]
        found = named or found
    return found[:_MOST]


def _note(stack: StackFiles, recipe: Recipe) -> None:
    """The recipe counts, and what it has read."""
    stack.reading.note(recipe.where, recipe.text)
    stack.reading.digests |= recipe.reading.digests


def planned(stack: StackFiles, recipes: Sequence[Recipe], known: RecipeContext) -> list[Planned]:
    """The recipes that plan this stack."""
    found = []
    for recipe in recipes:
        for one in applicable(stack, recipe, known, "plan"):
            options = tuple(
                f"-{kind}={as_shown(kind, value)}"
                for kind, value in options_of(one.init, stack.variables(one.init))
                if kind in ("var", "var-file")
            )
            _note(stack, recipe)
            found.append(Planned(recipe.where, recipe.command(one.chosen), options))
    return sorted(found, key=lambda one: not one.options)


def _merged(found: Sequence[Variant]) -> list[Variant]:
    """Variants with the same settings are one."""
    rows: dict[tuple[tuple[str, Text], ...], Variant] = {}
    for way in found:
        key = tuple(sorted(way.settings.items(), key=lambda row: row[0]))
        if key not in rows or len(way.missing) < len(rows[key].missing):
            rows[key] = way
    return list(rows.values())
