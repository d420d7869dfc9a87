"""From recipes to the commands of one stack: which of them concern it, with every file that they name chosen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from readiness.stacks import generated
from readiness.stacks.generated import WrittenFile
from readiness.stacks.options import files_named, options_of
from readiness.stacks.recipes.model import Init, Recipe, RecipeContext
from readiness.stacks.stack_files import StackFiles
from readiness.text import Text


@dataclass(frozen=True)
class Applied:
    """An `init` of this stack: the values that were chosen for open names, the files that were chosen for open options,
    and what recipes write, the last first."""

    init: Init
    chosen: Mapping[str, str] = field(default_factory=dict)
    literal: Mapping[str, str] = field(default_factory=dict)
    written: Sequence[WrittenFile] = ()


def applicable(stack: StackFiles, recipe: Recipe, known: RecipeContext, verb: str) -> Iterator[Applied]:
    """Every command of this recipe with that verb (`init`, `plan`) that concerns this stack."""
    for at, init in enumerate(recipe.run(known)):
        bound = _bound(stack, init.folder)
        if (
            init.verb != verb
            or bound is None
            or any(re.fullmatch(r"--?backend=false", str(word)) for word in init.words)
        ):
            continue
        yield from _expanded(stack, recipe, at, known.choosing(bound), {}, 0)


def _bound(stack: StackFiles, folder: Text) -> Mapping[str, str] | None:
    """The values by which this is the stack's folder; one of another machine is by its end."""
    literal, shown = folder.literal, stack.reading.shown(stack.folder)
    if literal and shown != "." and literal.endswith(f"/{shown}") and not Path(literal).is_dir():
        return {}
    return folder.matched(str(stack.folder))


def _expanded(
    stack: StackFiles, recipe: Recipe, at: int, known: RecipeContext, literal: Mapping[str, str], depth: int
) -> Iterator[Applied]:
    """The init with every file that it names chosen: an open name is each of the files that are there."""
    inits = recipe.run(known)
    if at >= len(inits):
        return
    init = inits[at]
    written = [*generated.written(inits, recipe.where), *stack.written]
    for kind, value in options_of(init, stack.variables(init)):
        if (
            kind not in ("file", "var-file")
            or value.literal is not None
            or str(value) in literal
            or generated.named(written, stack.folder, value)
            or depth > 4
        ):
            continue
        matches = files_named(stack.folder, value)
        for path, chosen in matches:
            yield from _expanded(
                stack, recipe, at, known.choosing(chosen), {**literal, str(value): path}, depth + 1
            )
        if matches:
            return
    yield Applied(init, known.fixed, literal, written)
