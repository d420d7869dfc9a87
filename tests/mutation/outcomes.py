"""What mutmut left behind: each mutant, how it ended, and what it changed, in words that outlive its number."""

from __future__ import annotations

import ast
import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_KILLED = (1, 3)
_TIMEOUT = (-24, 24, 36, 152, 255)
_UNTESTED = (5, 33)


@dataclass(frozen=True)
class Mutant:
    """One mutant. `module` is its file below readiness/, without `.py`; `change` is old line → new line."""

    module: str
    function: str
    change: str
    exit_code: int | None

    @property
    def name(self) -> str:
        """What tests/mutation/explained.toml calls it: mutmut's numbers move with every edit."""
        return f"{self.module} {self.function}: {self.change}"

    @property
    def ended(self) -> str:
        """killed by a test; else timeout, survived, untested (no test reaches it) or not run."""
        if self.exit_code in _KILLED:
            return "killed"
        if self.exit_code in _TIMEOUT:
            return "timeout"
        if self.exit_code in _UNTESTED:
            return "untested"
        return "not run" if self.exit_code is None else "survived"


def mutants(clone: Path) -> Iterator[Mutant]:
    """All mutants of the clone, in the order of modules and functions."""
    made = clone / "mutants" / "readiness"
    for meta in sorted(made.rglob("*.py.meta")):
        codes: dict[str, int | None] = json.loads(meta.read_text("utf-8"))["exit_code_by_key"]
        source = meta.with_suffix("").read_text("utf-8")
        spans = _spans(source)
        module = str(meta.with_suffix("").relative_to(made).with_suffix(""))
        for key, code in sorted(codes.items(), key=_place):
            short = key.rpartition(".")[2]
            mangled, _, _ = short.rpartition("__mutmut_")
            change = _change(spans[f"{mangled}__mutmut_orig"], spans[short])
            yield Mutant(module, _plain(mangled), change, code)


def _place(item: tuple[str, object]) -> tuple[str, int]:
    function, _, number = item[0].rpartition("__mutmut_")
    return function, int(number)


def _plain(mangled: str) -> str:
    """`_by` of `x__by`, `Verdict.sentence` of `xǁVerdictǁsentence`."""
    return mangled.removeprefix("xǁ").replace("ǁ", ".") if "ǁ" in mangled else mangled.removeprefix("x_")


def _spans(source: str) -> dict[str, list[str]]:
    """The lines of each function."""
    lines = source.splitlines()
    nodes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef))
    return {node.name: lines[node.lineno - 1 : node.end_lineno] for node in nodes}


def _change(old: list[str], new: list[str]) -> str:
    """The lines that differ. The first differs in the function's name always, and counts only if it is all."""
    message = [line for line in difflib.ndiff(old[1:], new[1:]) if line[0] in "-+"]
    if not message:
        before, after = (line.partition("(")[2] for line in (old[0], new[0]))
        message = [f"- ({before}", f"+ ({after}"]
    gone = " ".join(line[1:].strip() for line in message if line[0] == "-")
    come = " ".join(line[1:].strip() for line in message if line[0] == "+")
    return f"{gone} → {come}"
