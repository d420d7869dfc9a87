"""From one `init` to the settings of the backend: its block, completed by options, files and the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from readiness.stacks import effective, generated, hcl
from readiness.stacks.applied import Applied
from readiness.stacks.environment import decides
from readiness.stacks.flat import flatten
from readiness.stacks.functions import Value
from readiness.stacks.generated import WrittenFile
from readiness.stacks.hcl import UnreadableError
from readiness.stacks.options import name_and_value, options_of, typed
from readiness.stacks.recipes.model import Init, folder_text, within
from readiness.stacks.scope import StackScope, body_values, variables_file
from readiness.stacks.stack_files import StackFiles, Variant
from readiness.text import Text, text

_HTTP = re.compile(
    r"(lock_|unlock_|update_)?(address|method)|username|password|skip_cert_verification|retry_(max|wait_min|wait_max)|"
    r"client_\w+|headers"
)


def variant(stack: StackFiles, where: str, applied: Applied | None, used: set[Path]) -> Variant | None:
    """The settings of one init, None if they are none that this kind of backend has, or if it adds nothing."""
    init = applied.init if applied else None
    written = applied.written if applied else stack.written
    options = list(options_of(init or Init(Text(), (), {}), stack.variables(init)))
    missing = list(generated.loaded(written, stack.folder))
    if not _adds(init, options, missing):
        return None
    applied = applied or Applied(Init(Text(), (), {}), written=written)
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
    applied: Applied,
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
    applied: Applied,
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
