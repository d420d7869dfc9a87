"""The ways in which a stack is initialised: its backend block, completed by what recipes, settings files and the
environment give. Several files, or a recipe here and one at the root, are alternatives."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from readiness.stacks import effective, generated, hcl
from readiness.stacks import reading as readings
from readiness.stacks.environment import Environment, decides
from readiness.stacks.flat import flatten
from readiness.stacks.functions import Value
from readiness.stacks.generated import WrittenFile
from readiness.stacks.hcl import Body, UnreadableError
from readiness.stacks.options import as_shown, files_named, name_and_value, options_of, typed
from readiness.stacks.reading import LoadedFile, Reading
from readiness.stacks.recipes.model import Init, Recipe, RecipeContext, folder_text, within
from readiness.stacks.scope import StackScope, body_values, variables_file
from readiness.text import Text, text

_HTTP = re.compile(
    r"(lock_|unlock_|update_)?(address|method)|username|password|skip_cert_verification|retry_(max|wait_min|wait_max)|"
    r"client_\w+|headers"
)
_MOST = 40


@dataclass(frozen=True)
class Variant:
    """One way in which the stack is initialised.

    `settings` are flattened and hold no secret; `sources` says where each comes from. `missing` is what is named and
    not there, or cannot be read: the settings may then be others. `chosen` are the values that tell this variant from
    the others (an environment). `command` is what a person types to initialise it so, "" where nothing is said, and
    `options` are the words after `init`.
    """

    where: str
    settings: Mapping[str, Text]
    sources: Mapping[str, str]
    missing: tuple[str, ...] = ()
    chosen: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Planned:
    """A recipe that plans this stack: what a person types, and its `-var` and `-var-file` options."""

    where: str
    command: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class _Applied:
    """An `init` of this stack: the values that were chosen for open names, the files that were chosen for open options,
    and what recipes write, the last first."""

    init: Init
    chosen: Mapping[str, str] = field(default_factory=dict)
    literal: Mapping[str, str] = field(default_factory=dict)
    written: Sequence[WrittenFile] = ()


@dataclass
class StackFiles:
    """What variants are made from. `given` are settings that Terragrunt gives, `written` the files that any recipe of
    the checkout writes."""

    reading: Reading
    folder: Path
    kind: str
    body: Body | None
    shown: str
    loaded: Sequence[LoadedFile]
    environment: Environment
    home: Path | None
    given: Mapping[str, Value] = field(default_factory=dict)
    given_where: str = ""
    written: Sequence[WrittenFile] = ()

    def scope(self, init: Init | None, variables: Mapping[str, Value]) -> StackScope:
        """The scope of the backend block, with the variables that this init is given."""
        return StackScope(self.reading, self.folder, self.loaded, variables, self.variables(init))

    def named_variables(self) -> tuple[str, ...]:
        """The variables that the backend block can name: where its file names one or a local value, all of them."""
        if self.body is None or not (self.reading.checkout / self.shown).is_file():
            return ()
        named = re.search(r"\b(var|local)\.", self.reading.text(self.reading.checkout / self.shown))
        return tuple(sorted(readings.variables(self.loaded))) if named else ()

    def variables(self, init: Init | None) -> dict[str, Text]:
        """The environment of this init."""
        return {**self.environment.values, **(init.environment if init else {})}


def variants(
    stack: StackFiles, recipes: Sequence[Recipe], known: RecipeContext, environment: str
) -> list[Variant]:
    """Every way in which this stack is initialised, the likeliest first. There is always one."""
    found: list[Variant] = []
    used: set[Path] = set()
    stack.written = [one for recipe in recipes for one in generated.written(recipe.run(known), recipe.where)]
    for recipe in recipes:
        mine = [
            (_variant(stack, recipe.where, one, used), one)
            for one in _applicable(stack, recipe, known, "init")
        ]
        fitting = [
            dataclasses.replace(
                variant,
                command=recipe.command(one.chosen),
                chosen={name: value for name, value in one.chosen.items() if name not in known.fixed},
                options=tuple(str(word) for word in one.init.words),
            )
            for variant, one in mine
            if variant is not None
        ]
        if fitting:
            _note(stack, recipe)
        found += fitting
    for path in sorted(stack.folder.glob("*.tfbackend")):
        if path not in used and not (environment and found):
            option = text(f"-backend-config={path.name}")
            init = Init(folder_text(stack.folder), (option,), {})
            loose = _variant(stack, stack.reading.shown(path), _Applied(init, written=stack.written), used)
            found += [loose] if loose is not None else []
    if not found:
        bare = _variant(stack, stack.shown or "no backend block", None, used)
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
        for one in _applicable(stack, recipe, known, "plan"):
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
    for variant in found:
        key = tuple(sorted(variant.settings.items(), key=lambda row: row[0]))
        if key not in rows or len(variant.missing) < len(rows[key].missing):
            rows[key] = variant
    return list(rows.values())


# -- from recipes to inits of this stack


def _applicable(stack: StackFiles, recipe: Recipe, known: RecipeContext, verb: str) -> Iterator[_Applied]:
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
) -> Iterator[_Applied]:
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
    yield _Applied(init, known.fixed, literal, written)


# -- from an init to settings


def _variant(stack: StackFiles, where: str, applied: _Applied | None, used: set[Path]) -> Variant | None:
    """The settings of one init, None if they are none that this kind of backend has, or if it adds nothing."""
    init = applied.init if applied else None
    written = applied.written if applied else stack.written
    options = list(options_of(init or Init(Text(), (), {}), stack.variables(init)))
    missing = list(generated.loaded(written, stack.folder))
    if not _adds(init, options, missing):
        return None
    applied = applied or _Applied(Init(Text(), (), {}), written=written)
    scope = stack.scope(init, _given_variables(stack, where, options, applied, missing))
    values: dict[str, Value] = {} if stack.body is None else body_values(stack.body, scope)
    values |= stack.given
    sources = dict.fromkeys(values, stack.shown) | dict.fromkeys(stack.given, stack.given_where)
    for kind, value in options:
        if kind == "pair":
            name, _, rest = name_and_value(value)
            given, source = {name: typed(name, rest)}, where
        elif kind == "file":
            given, source = _file_settings(stack, where, value, applied, scope, used, missing)
        else:
            continue
        if not all(_fits(stack.kind, name) for name in given):
            return None
        values |= given
        sources |= dict.fromkeys(given, source)
    settings = flatten(values)
    shown = {name: sources.get(name, sources.get(name.partition(".")[0], "")) for name in settings}
    for one in effective.added(
        stack.kind, settings, stack.variables(init), stack.environment.sources, stack.folder, stack.home
    ):
        settings[one.name], shown[one.name] = one.value, one.where
    return Variant(
        where, dict(sorted(settings.items())), shown, tuple(dict.fromkeys(missing)), dict(applied.chosen)
    )


def _adds(init: Init | None, options: Sequence[tuple[str, Text]], missing: Sequence[str]) -> bool:
    """Whether there is more to this init than the backend block."""
    return init is None or bool(options or missing) or any(decides(name) for name in init.environment)


def _file_settings(
    stack: StackFiles,
    where: str,
    value: Text,
    applied: _Applied,
    scope: StackScope,
    used: set[Path],
    missing: list[str],
) -> tuple[dict[str, Value], str]:
    """What a file of settings gives, and where it stands; what cannot be known is added to `missing`."""
    written = generated.named(applied.written, stack.folder, value)
    if written is not None:
        try:
            return dict(written.values()), f"{written.shown}, which {written.where} writes"
        except UnreadableError as error:
            missing.append(f"-backend-config={written.shown} ({where}): {error}")
            return {}, ""
    path = _file(stack, value, applied.literal)
    if path is None:
        missing.append(f"-backend-config={value} ({where}): there is no such file")
        return {}, ""
    used.add(path)
    return _settings_file(stack, path, scope), stack.reading.shown(path)


def _given_variables(
    stack: StackFiles,
    where: str,
    options: Sequence[tuple[str, Text]],
    applied: _Applied,
    missing: list[str],
) -> dict[str, Value]:
    """The variables that this init is given; a file that is not there is added to `missing`."""
    variables: dict[str, Value] = {}
    for one in generated.variables(applied.written, stack.folder):
        _read_variables(stack, one, variables, missing)
    for kind, value in options:
        if kind == "var":
            name, _, rest = name_and_value(value)
            variables[name] = rest
        elif kind == "var-file":
            written = generated.named(applied.written, stack.folder, value)
            path = _file(stack, value, applied.literal)
            if written is not None:
                _read_variables(stack, written, variables, missing)
            elif path is None:
                missing.append(f"-var-file={value} ({where}): there is no such file")
            else:
                variables |= variables_file(stack.reading, path)
    return variables


def _read_variables(
    stack: StackFiles, file: WrittenFile, variables: dict[str, Value], missing: list[str]
) -> None:
    """Those of a file that a recipe writes; they matter where the backend block names one."""
    try:
        variables |= file.values()
    except UnreadableError as error:
        if stack.named_variables():
            missing.append(str(error))


def _settings_file(stack: StackFiles, path: Path, scope: StackScope) -> dict[str, Value]:
    stack.reading.bytes(path)
    return body_values(hcl.load(path, stack.reading.shown(path)), scope)


def _file(stack: StackFiles, value: Text, literal: Mapping[str, str]) -> Path | None:
    known = literal.get(str(value)) or value.literal
    if known is None:
        return None
    path = Path(within(folder_text(stack.folder), text(known)).literal or known)
    return path if path.is_file() else None


def _fits(kind: str, name: str) -> bool:
    """Whether this kind of backend has such a setting: tofu refuses one that it does not know, and a recipe at the root
    serves stacks of several kinds."""
    if kind == "http":
        return bool(_HTTP.fullmatch(name))
    return kind != "s3" or not _HTTP.fullmatch(name)


__all__ = ["StackFiles", "UnreadableError", "Variant", "variants"]
