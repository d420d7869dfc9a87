"""The reading of mutmut's outcomes, and that no explanation outlives the line it explains."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from readiness.errors import UsageError
from tests.mutation.__main__ import ROOT, _module, _mutated, _reported, _spell_out_properties, explained
from tests.mutation.outcomes import Mutant, mutants

MADE = """
def x_late__mutmut_orig(a, b=1):
    return a < b
def x_late__mutmut_1(a, b=2):
    return a < b
def x_late__mutmut_2(a, b=1):
    return a <= b
class Verdict:
    def xǁVerdictǁword__mutmut_orig(self):
        return (
            "a",
            "b",
        )
    def xǁVerdictǁword__mutmut_10(self):
        return (
            "a",
        )
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "mutants" / "readiness" / "checkers"
    folder.mkdir(parents=True)
    (folder / "late.py").write_text(MADE)
    codes = {"m.x_late__mutmut_2": 0, "m.x_late__mutmut_1": 1, "m.xǁVerdictǁword__mutmut_10": 33}
    (folder / "late.py.meta").write_text(json.dumps({"exit_code_by_key": codes}))
    return tmp_path


def test_mutants_are_named_by_what_they_change(clone: Path) -> None:
    assert [(mutant.name, mutant.ended) for mutant in mutants(clone)] == [
        ("checkers/late late: (a, b=1): → (a, b=2):", "killed"),
        ("checkers/late late: return a < b → return a <= b", "survived"),
        ('checkers/late Verdict.word: "b", → ', "untested"),
    ]


@pytest.mark.parametrize(
    ("code", "ended"),
    [(3, "killed"), (0, "survived"), (-24, "timeout"), (5, "untested"), (None, "not run"), (-9, "survived")],
)
def test_only_a_failed_test_kills(code: int | None, ended: str) -> None:
    assert Mutant("m", "f", "a → b", code).ended == ended


@pytest.mark.parametrize(("code", "status"), [(1, 0), (-24, 1), (0, 1), (33, 1), (None, 1)])
def test_a_survivor_that_nobody_explained_is_told(
    code: int | None, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _reported([Mutant("m", "f", "a → b", code)], "c" * 40) == status
    assert ("m f: a → b" in capsys.readouterr().out) == bool(status)
    assert _reported([], "c" * 40) == 1


def test_every_explanation_is_of_a_line_that_is_there() -> None:
    reasons = explained()
    for name, reason in reasons.items():
        module, _, rest = name.partition(" ")
        function, _, change = rest.partition(": ")
        old, _, _ = change.partition(" → ")
        source = " ".join((ROOT / "readiness" / f"{module}.py").read_text("utf-8").split())
        assert " ".join(old.split()) in source, name
        assert reason
        assert _reported([Mutant(module, function, change, 0)], "c" * 40) == 0


def test_modules_are_checked() -> None:
    assert _module("readiness/checkers/races.py") == _module("checkers/races") == "checkers/races"
    with pytest.raises(UsageError, match=r"nothing is not mutated: give one of .*checkers/races"):
        _module("nothing")
    names = {path.name for path in _mutated(ROOT)}
    assert {"verdict.py", "finding.py", "races.py"} <= names
    assert not {"simulate.py", "__init__.py"} & names


def test_properties_are_spelled_out(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("class A:\n    @property\n    def good(self) -> bool:\n        return True\n")
    _spell_out_properties(path)
    made: dict[str, type] = {}
    exec(path.read_text(), made)  # noqa: S102
    assert "@property" not in path.read_text()
    assert made["A"]().good is True
