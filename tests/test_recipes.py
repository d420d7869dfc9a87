"""What the recipes of the justfile run, in which order, and how they end: with programs that only note their call."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.mark.expression import Expression

from readiness.paths import ROOT

pytestmark = [pytest.mark.store, pytest.mark.side_by_side]
PROGRAMS = ("ruff", "lint-imports", "mypy", "python")
PARTS = {"lint": ("ruff", "lint-imports"), "types": ("mypy",), "unit": ("python",)}
CHECKS = ("ruff check", "ruff format --check", "lint-imports", "mypy")
UNIT = "python -m pytest tests -n auto -m not store and not lane -q"
BESIDE = "python -m pytest tests --ignore=tests/stacks -m (store or lane) and side_by_side"
STACKS = "python -m pytest tests/stacks -m (store or lane) and side_by_side -q"
ALONE = "python -m pytest tests -m (store or lane) and not side_by_side"
MARKERS = ("store", "lane", "side_by_side")
SETUP, GO = "python -m readiness.obtain all", "python -m readiness.obtain go-test"


@dataclass(frozen=True)
class Ran:
    """How `just` ended, and the calls that were made, each as one line."""

    code: int
    out: str
    err: str
    calls: list[str]


def just(folder: Path, *arguments: str, failing: str = "nothing") -> Ran:
    """`just` with these arguments; calls that begin with `failing` end with 3."""
    shutil.copy(ROOT / "justfile", folder)
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    for each in PROGRAMS:
        (programs / each).write_text(
            f'#!/bin/sh\necho "{each}${{*:+ $*}}" >> "$CALLS"\necho {each} was run\n'
            f'case "{each} $*" in "$FAILING"*) exit 3;; esac\n'
        )
        (programs / each).chmod(0o755)
    done = subprocess.run(
        [Path(sys.executable).with_name("just"), "--justfile", folder / "justfile", *arguments],
        env={**os.environ, "READINESS_PYTHON": "true", "CALLS": str(folder / "calls"), "FAILING": failing},
        capture_output=True,
        text=True,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr, (folder / "calls").read_text().splitlines())


@pytest.mark.parametrize(
    ("part", "program"), [(part, each) for part, every in PARTS.items() for each in every]
)
def test_the_check_fails_with_any_of_its_parts_names_it_and_runs_the_others(
    tmp_path: Path, part: str, program: str
) -> None:
    ran = just(tmp_path, "check", failing=program)
    assert ran.code == 3
    assert f"recipe `{part}` failed" in ran.err
    assert all(f"{other[0]} was run" in ran.out for other in PARTS.values())


def test_the_tests_are_in_parts_and_the_last_one_has_the_machine_for_itself(tmp_path: Path) -> None:
    ran = just(tmp_path, "test")
    assert ran.code == 0, ran.err
    assert ran.calls[0] == SETUP
    assert sorted(ran.calls[1:-2]) == sorted([*CHECKS, UNIT, STACKS, BESIDE])
    assert ran.calls[-2:] == [GO, ALONE]


@pytest.mark.parametrize("failing", [SETUP, *CHECKS, UNIT, STACKS, BESIDE, GO, ALONE])
def test_the_tests_fail_with_any_of_their_parts(tmp_path: Path, failing: str) -> None:
    ran = just(tmp_path, "test", failing=failing)
    assert ran.code == 3
    assert failing in ran.calls
    assert (ALONE in ran.calls) == (failing == ALONE)
    assert re.search(r"recipe `[\w-]+` failed", ran.out + ran.err)


@pytest.mark.parametrize("failing", [UNIT, STACKS])
def test_what_is_kept_back_until_it_has_ended_is_shown(tmp_path: Path, failing: str) -> None:
    ran = just(tmp_path, "test", failing=failing)
    assert ran.out.count("python was run") == 4, "the setup, and the three beside one another"
    assert ("recipe `unit` failed" in ran.out) == (failing == UNIT)
    assert {UNIT, STACKS, BESIDE} <= {*ran.calls}, "what runs beside it goes on"


@pytest.mark.parametrize(
    "marks", [*itertools.chain(*(itertools.combinations(MARKERS, number) for number in range(4)))]
)
def test_a_test_is_in_exactly_one_part(marks: tuple[str, ...]) -> None:
    """Those of stacks and those of the rest are one, apart by their folder."""
    parts = [call.split(" -m ")[-1].removesuffix(" -q") for call in (UNIT, BESIDE, ALONE)]
    assert STACKS.removesuffix(" -q").endswith(parts[1])

    def has(name: str, /, **_: object) -> bool:
        return name in marks

    selected = [part for part in parts if Expression.compile(part).evaluate(has)]
    assert len(selected) == 1


def test_arguments_go_to_one_run_of_pytest(tmp_path: Path) -> None:
    ran = just(tmp_path, "test", "-k", "a or b", "--durations=5")
    assert ran.code == 0, ran.err
    assert ran.calls == [SETUP, *CHECKS, GO, "python -m pytest tests -k a or b --durations=5"]
