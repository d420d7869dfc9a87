"""The recipes of a Justfile, as `just --dump --dump-format json` gives them: that parses and runs nothing."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from readiness.stacks.reading import Reading
from readiness.stacks.recipes import commands
from readiness.stacks.recipes.just_dump import dump
from readiness.stacks.recipes.model import CALLED_FROM, Init, Recipe, RecipeContext, folder_text, within
from readiness.stacks.recipes.queries import files
from readiness.stacks.recipes.shell import Script
from readiness.text import Open, Placeholders, Text, joined, one_of, text

_DEEPEST = 8
_TRIMS = {"trim": str.strip, "trim_start": str.lstrip, "trim_end": str.rstrip}
_CASES = {"lowercase": str.lower, "uppercase": str.upper}


def recipes(reading: Reading, path: Path) -> list[Recipe]:
    """The recipes of this Justfile, its imports and its modules. Raises UnreadableError where just refuses it."""
    shown = reading.shown(path)
    document = dump(path, shown)
    found = []
    for module in _modules(document):
        file = Justfile(reading, module, Path(module["source"]).parent, path.parent)
        for name in _called(module["recipes"]):
            prefix = f"{module['module_path']}::" if module["module_path"] else ""
            content = file.digest_text(name)
            command = commands.just(
                shown,
                path.parent == reading.checkout,
                prefix + name,
                module["recipes"][name]["parameters"],
                content,
            )
            found.append(
                Recipe(f"{shown}, recipe {prefix}{name}", content, file.caller(name), command, reading)
            )
    return found


class Justfile:
    """One Justfile or module, evaluated as far as text decides."""

    def __init__(self, reading: Reading, module: Mapping[str, Any], folder: Path, root: Path) -> None:
        self._module, self._folder, self._root = module, folder, root
        self._checkout = reading.checkout
        self._files = files(reading)

    def caller(self, name: str) -> Any:
        """The `init` commands of this recipe, given what is known."""

        def inits(known: RecipeContext) -> Sequence[Init]:
            return self._run(name, [], known, 0)

        return inits

    def digest_text(self, name: str) -> str:
        """The recipe, the recipes it depends on, and every assignment they use."""
        recipe_names, waiting = {name}, [name]
        while waiting:
            recipe = self._module["recipes"].get(waiting.pop())
            for dependency in recipe["dependencies"] if recipe else ():
                if dependency["recipe"] not in recipe_names:
                    recipe_names.add(dependency["recipe"])
                    waiting.append(dependency["recipe"])
        used = [
            {key: recipe[key] for key in ("attributes", "body", "dependencies", "parameters")}
            for other in sorted(recipe_names)
            if (recipe := self._module["recipes"].get(other))
        ]
        variables: dict[str, Any] = {}
        fresh = _variables(used)
        while fresh := [one for one in fresh if one in self._module["assignments"] and one not in variables]:
            for one in fresh:
                variables[one] = self._module["assignments"][one]["value"]
            fresh = _variables([variables[one] for one in fresh])
        return json.dumps([used, variables], sort_keys=True)

    def _run(self, name: str, arguments: Sequence[Text], known: RecipeContext, depth: int) -> list[Init]:
        recipe = self._module["recipes"].get(name)
        if recipe is None or depth > _DEEPEST:
            return []
        names = self._parameters(recipe, arguments, known)
        found: list[Init] = []
        for dependency in recipe["dependencies"]:
            given = [self._value(argument, names, known) for argument in dependency["arguments"]]
            found += self._run(dependency["recipe"], given, known, depth + 1)
        places = Placeholders()
        for script in self._scripts(recipe, names, known, places):
            run = Script(
                script,
                self._where(recipe, names, known),
                known,
                checkout=self._checkout,
                placeholders=places,
                files=self._files,
                arguments=[names[one["name"]] for one in recipe["parameters"]],
            )
            run.exported |= self._exported(recipe, names, known)
            run.values |= run.exported
            found += run.inits()
        return found

    def _parameters(
        self, recipe: Mapping[str, Any], arguments: Sequence[Text], known: RecipeContext
    ) -> dict[str, Text]:
        names: dict[str, Text] = {}
        for at, parameter in enumerate(recipe["parameters"]):
            name = parameter["name"]
            if at < len(arguments):
                names[name] = arguments[at]
            elif name in known.fixed:
                names[name] = text(known.fixed[name])
            elif parameter["default"] is not None:
                default = self._value(parameter["default"], names, known)
                literal = default.literal
                names[name] = default if literal is None else Text((Open(name, (literal,), parameter=True),))
            else:
                names[name] = Text() if parameter["kind"] == "star" else Text((Open(name),))
        return names

    def _exported(
        self, recipe: Mapping[str, Any], names: Mapping[str, Text], known: RecipeContext
    ) -> dict[str, Text]:
        everything = bool(self._module["settings"].get("export"))
        found = {
            name: self._variable(name, {}, known)
            for name, assignment in self._module["assignments"].items()
            if everything or assignment["export"]
        }
        return found | {
            one["name"]: names[one["name"]] for one in recipe["parameters"] if everything or one["export"]
        }

    def _where(self, recipe: Mapping[str, Any], names: Mapping[str, Text], known: RecipeContext) -> Text:
        """The folder the recipe runs in."""
        folder = folder_text(self._folder)
        setting = self._module["settings"].get("working_directory")
        if setting:
            folder = within(folder, self._value(setting, names, known))
        for attribute in recipe["attributes"]:
            if attribute == "no-cd":
                return known.value(CALLED_FROM)
            if isinstance(attribute, dict) and "working-directory" in attribute:
                folder = within(folder, self._value(attribute["working-directory"], names, known))
        return folder

    def _scripts(
        self, recipe: Mapping[str, Any], names: Mapping[str, Text], known: RecipeContext, places: Placeholders
    ) -> Iterator[str]:
        """The recipe as shell: one script if it has a shebang, else one for each line (and its continuations)."""
        lines = [
            "".join(
                piece.replace("{{{{", "{{")
                if isinstance(piece, str)
                else "".join(places.encode(self._value(one, names, known)) for one in piece)
                for piece in line
            )
            for line in recipe["body"]
        ]
        if recipe["shebang"]:
            first = lines[0] if lines else ""
            interpreter = " ".join(
                str(one["script"])
                for one in recipe["attributes"]
                if isinstance(one, dict) and "script" in one
            )
            if re.search(r"\b(ba|z|da|k)?sh\b", f"{first if first.startswith('#!') else ''} {interpreter}"):
                yield "\n".join(lines)
            return
        waiting = ""
        for line in lines:
            waiting += line
            if line.endswith("\\"):
                waiting += "\n"
                continue
            yield waiting.lstrip().lstrip("@-")
            waiting = ""
        if waiting:
            yield waiting.lstrip().lstrip("@-")

    # -- expressions

    def _variable(self, name: str, names: Mapping[str, Text], known: RecipeContext) -> Text:
        if name in names:
            return names[name]
        if name in known.fixed:
            return text(known.fixed[name])
        assignment = self._module["assignments"].get(name)
        return Text((Open(name),)) if assignment is None else self._value(assignment["value"], {}, known)

    def _value(self, expression: Any, names: Mapping[str, Text], known: RecipeContext) -> Text:
        if isinstance(expression, str):
            return text(expression)
        if not isinstance(expression, list) or not expression:
            return Text((Open("an expression"),))
        kind, *rest = expression
        if kind == "variable":
            return self._variable(rest[0], names, known)
        if kind == "if":
            return self._conditional(rest, names, known)
        if kind == "evaluate":
            return self._backtick(rest[0])
        if kind == "call":
            return self._call(rest[0], [self._value(one, names, known) for one in rest[1:]], known)
        if kind in ("concatenate", "format"):
            return joined(self._value(one, names, known) for one in rest)
        if kind == "join":
            parts = [self._value(one, names, known) for one in rest if one is not None]
            return joined([parts[0], "/", parts[1]]) if len(parts) == 2 else joined(["/", *parts])
        return Text((Open(f"{kind}(…)"),))

    def _conditional(self, rest: Sequence[Any], names: Mapping[str, Text], known: RecipeContext) -> Text:
        (operator, left, right), yes, no = rest
        one, two = self._value(left, names, known), self._value(right, names, known)
        first, second = self._value(yes, names, known), self._value(no, names, known)
        if one.literal is None or two.literal is None:
            return one_of((*one.opens, *two.opens)[0].name, [first, second])
        if operator in ("==", "!="):
            return first if (one.literal == two.literal) is (operator == "==") else second
        try:
            matches = re.search(two.literal, one.literal) is not None
        except re.error:
            return one_of("a regular expression", [first, second])
        return first if matches is (operator == "=~") else second

    def _backtick(self, command: str) -> Text:
        try:
            words = shlex.split(command)
        except ValueError:
            words = []
        printed = self._files(folder_text(self._folder))(words[0], words[1:]) if words else None
        return printed or Text((Open(f"`{words[0] if words else 'a command'} …`"),))

    def _call(self, name: str, arguments: Sequence[Text], known: RecipeContext) -> Text:
        literals = [argument.literal for argument in arguments]
        if name in ("env", "env_var", "env_var_or_default") and literals and literals[0] is not None:
            options = (
                tuple(one.literal for one in arguments[1].possible() if one.literal is not None)
                if len(arguments) > 1
                else ()
            )
            return known.value(literals[0], *options)
        if name in ("justfile_directory", "justfile_dir"):
            return folder_text(self._root)
        if name in ("source_directory", "source_dir", "module_directory", "module_dir"):
            return folder_text(self._folder)
        if name == "read" and len(literals) == 1 and literals[0] is not None:
            printed = self._files(folder_text(self._folder))("cat", [literals[0]])
            return printed or Text((Open(f"read({literals[0]})"),))
        if name in _TRIMS | _CASES and literals[0] is not None:
            return text((_TRIMS | _CASES)[name](literals[0]))
        if name == "replace" and None not in literals:
            return text(str(literals[0]).replace(str(literals[1]), str(literals[2])))
        if name == "quote" and arguments:
            return joined(["'", arguments[0], "'"])
        return Text((Open(f"{name}(…)"),))


def _called(recipes: Mapping[str, Any]) -> list[str]:
    """The recipes that people call: not those that are private and only work for another."""
    needed = {dependency["recipe"] for recipe in recipes.values() for dependency in recipe["dependencies"]}
    return [name for name, recipe in recipes.items() if not (recipe["private"] and name in needed)]


def _modules(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield document
    for inner in document["modules"].values():
        yield from _modules(inner)


def _variables(value: Any) -> list[str]:
    if isinstance(value, list):
        own = [value[1]] if len(value) == 2 and value[0] == "variable" and isinstance(value[1], str) else []
        return [*own, *(name for inner in value for name in _variables(inner))]
    if isinstance(value, dict):
        return [name for inner in value.values() for name in _variables(inner)]
    return []
