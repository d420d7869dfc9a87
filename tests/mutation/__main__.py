"""`./just mutants`: break the checkers and the verdict in thousands of small ways; each must fail a test.

Runs mutmut in a clone of the last commit, so that nothing here is touched. Exit 0: every mutant was killed or is
explained in tests/mutation/explained.toml; 1: some survived; 4: it could not run. See docs/mutation-testing.md.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from pathlib import Path

from readiness.command_line import Parser
from readiness.errors import UsageError
from tests.mutation.outcomes import Mutant, mutants

ROOT = Path(__file__).parents[2]
TOOL = ROOT / ".mutmut"
EXPLAINED = Path(__file__).with_name("explained.toml")
MUTMUT = f"import sys; sys.path.append({str(TOOL)!r}); from mutmut.__main__ import cli; cli()"
_PROPERTY = re.compile(r"    @property\n    def (\w+)\(self\)")


def main(arguments: list[str]) -> int:
    """Runs and tells."""
    parser = Parser(prog="./just mutants", description=__doc__)
    parser.add_argument(
        "--module",
        action="append",
        default=[],
        metavar="NAME",
        help="only this one, for example checkers/races",
    )
    parser.add_argument(
        "--work", type=Path, metavar="DIR", help="keep the clone there; given again, it goes on where it was"
    )
    options = parser.parse_args(arguments)
    try:
        modules = [_module(name) for name in options.module]
        if options.work:
            return _run(options.work.resolve(), modules)
        with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
            return _run(Path(folder), modules)
    except UsageError as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 4


def _module(name: str) -> str:
    """Its name below readiness/. Raises UsageError if it is none that can be mutated."""
    plain = name.removesuffix(".py").removeprefix("readiness/")
    known = _mutated(ROOT)
    if ROOT / "readiness" / f"{plain}.py" not in known:
        names = ", ".join(str(path.relative_to(ROOT / "readiness").with_suffix("")) for path in known)
        raise UsageError(f"--module {name} is not mutated: give one of {names}")
    return plain


def _settings(root: Path) -> dict[str, list[str]]:
    with (root / "pyproject.toml").open("rb") as handle:
        settings: dict[str, list[str]] = tomllib.load(handle)["tool"]["mutmut"]
    return settings


def _mutated(root: Path) -> list[Path]:
    """The files that pyproject.toml names."""
    settings = _settings(root)
    without = {root / name for name in settings["do_not_mutate"]}
    found = {path for pattern in settings["only_mutate"] for path in root.glob(pattern)} - without
    return sorted(path for path in found if path.name != "__init__.py")


def _git(*arguments: str, at: Path = ROOT) -> str:
    done = subprocess.run(["git", "-C", str(at), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise UsageError(f"git {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout.strip()


def _run(work: Path, modules: list[str]) -> int:
    commit = _git("rev-parse", "HEAD")
    clone = work / "clone"
    if not clone.exists():
        _git("clone", "--quiet", str(ROOT), str(clone))
        for path in _mutated(clone):
            _spell_out_properties(path)
    elif _git("rev-parse", "HEAD", at=clone) != commit:
        raise UsageError(f"{work} holds mutants of another commit: give another --work")
    _narrow(clone / "pyproject.toml", modules)
    done = subprocess.run(
        [sys.executable, "-c", MUTMUT, "run", "--max-children", "1"],
        cwd=clone,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )
    if done.returncode:
        raise UsageError(f"mutmut could not run (exit {done.returncode}): what it printed says why")
    made = [mutant for mutant in mutants(clone) if not modules or mutant.module in modules]
    return _reported(made, commit)


def _narrow(settings: Path, modules: list[str]) -> None:
    """Lets mutmut make only the mutants that are asked for; what it made before stays."""
    only = json.dumps([f"readiness/{module}.py" for module in modules])
    if modules:
        message = settings.read_text("utf-8")
        settings.write_text(re.sub(r"(?m)^only_mutate = .*$", f"only_mutate = {only}", message), "utf-8")


def _spell_out_properties(path: Path) -> None:
    """mutmut leaves decorated functions alone: a property becomes a method that a property calls."""
    message = path.read_text("utf-8")
    path.write_text(
        _PROPERTY.sub(r"    \1 = property(lambda self: self._\1_())\n\n    def _\1_(self)", message), "utf-8"
    )


def explained() -> dict[str, str]:
    """The reason for each mutant that may survive, by its name."""
    with EXPLAINED.open("rb") as handle:
        rows = tomllib.load(handle)["because"]
    return {name: row["reason"] for row in rows for name in row["mutants"]}


def _reported(made: list[Mutant], commit: str) -> int:
    """Prints the table and what is neither killed nor explained: a time limit may have ended for the machine's load."""
    reasons = explained()
    ends = ("killed", "timeout", "explained", "survived", "untested", "not run")
    table: dict[str, Counter[str]] = {}
    left: list[Mutant] = []
    for mutant in made:
        ended = mutant.ended
        if ended != "killed" and mutant.name in reasons:
            ended = "explained"
        elif ended != "killed":
            left.append(mutant)
        table.setdefault(mutant.module, Counter())[ended] += 1
    table["all"] = sum(table.values(), Counter[str]())
    print(
        f"\ncommit {commit[:12]}\n\n| module | mutants | {' | '.join(ends)} |\n|---|{'---|' * (len(ends) + 1)}"
    )
    for module, counts in table.items():
        row = " | ".join(str(counts[end]) for end in ends)
        print(f"| {module} | {counts.total()} | {row} |")
    for mutant in left:
        print(f"{mutant.ended}: {mutant.name}")
    return 1 if left or not made else 0


if __name__ == "__main__":
    os.nice(19)
    sys.exit(main(sys.argv[1:]))
