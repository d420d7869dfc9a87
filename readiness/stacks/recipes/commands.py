"""What a person types to run a recipe, from the root of the checkout."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

from readiness.stacks.recipes.model import CALLED_FROM, Command


def assigned(chosen: Mapping[str, str], text: str, without: Sequence[str] = ()) -> list[str]:
    """The chosen variables that this text names, as NAME=VALUE."""
    return [
        f"{name}={shlex.quote(value)}"
        for name, value in chosen.items()
        if name not in (*without, CALLED_FROM)
        and re.fullmatch(r"[A-Za-z_]\w*", name)
        and re.search(rf"\b{re.escape(name)}\b", text)
    ]


def _exported(chosen: Mapping[str, str], text: str, without: Sequence[str] = ()) -> list[str]:
    """Those that are variables of the environment, which are written in capitals."""
    return [one for one in assigned(chosen, text, without) if one.partition("=")[0].isupper()]


def just(where: str, root: bool, name: str, parameters: Sequence[Mapping[str, object]], text: str) -> Command:
    """`just NAME VALUES`, with the variables before it."""
    names = [str(one["name"]) for one in parameters]
    program = "just" if root else f"just --justfile {shlex.quote(where)}"

    def command(chosen: Mapping[str, str]) -> str:
        given = [name for name in names if name in chosen]
        last = names.index(given[-1]) + 1 if given else 0
        needed = [one for one in parameters if one["default"] is None and one["kind"] != "star"]
        last = max([last, *(names.index(str(one["name"])) + 1 for one in needed)])
        values = [
            shlex.quote(chosen[one]) if one in chosen else _default(parameters[at])
            for at, one in enumerate(names[:last])
        ]
        return " ".join([*_exported(chosen, text, names), program, name, *values])

    return command


def _default(parameter: Mapping[str, object]) -> str:
    default = parameter["default"]
    return shlex.quote(default) if isinstance(default, str) else "…"


def make(folder: str, name: str, text: str) -> Command:
    """`make TARGET NAME=VALUE`."""
    program = "make" if folder in (".", "") else f"make -C {shlex.quote(folder)}"

    def command(chosen: Mapping[str, str]) -> str:
        return " ".join([program, name.replace("%", chosen.get("*", "%")), *assigned(chosen, text)])

    return command


def task(folder: str, name: str, text: str) -> Command:
    """`task NAME VARIABLE=VALUE`."""
    program = "task" if folder in (".", "") else f"task -d {shlex.quote(folder)}"

    def command(chosen: Mapping[str, str]) -> str:
        return " ".join([program, name, *assigned(chosen, text)])

    return command


def script(path: str, text: str) -> Command:
    """The script with its arguments, in the folder it was chosen for."""

    def command(chosen: Mapping[str, str]) -> str:
        last = max([int(name) for name in chosen if name.isdecimal()], default=0)
        values = [shlex.quote(chosen.get(str(at), "…")) for at in range(1, last + 1)]
        line = " ".join([*_exported(chosen, text), f"./{path}", *values])
        if CALLED_FROM in chosen:
            return f"cd {shlex.quote(chosen[CALLED_FROM])} && " + line.replace(
                f"./{path}", f'"$OLDPWD"/{path}'
            )
        return line

    return command
