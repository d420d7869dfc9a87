"""Layouts of public repositories: whom OpenTofu asks when each is initialised its own way, and what P1.8 says.

No layout in which OpenTofu asks the candidate is "no", and none in which it asks somebody else is "yes".
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from readiness.judges.stacks.points import Points
from tests.stacks.layouts import GIT, LAYOUTS, STATE
from tests.stacks.shapes import pointing, shape
from tests.stacks.test_truth import ONCE, initialised
from tests.tofu.conftest import program

__all__ = ["program"]
pytestmark = [pytest.mark.store, pytest.mark.side_by_side]  # real tofu, just, make and sh


@pytest.mark.parametrize("name", LAYOUTS)
def test_p1_8_says_what_its_files_say(name: str, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    found = pointing(
        shape(tmp_path / "checkout", layout.files, caller={"HOME": str(tmp_path), **layout.caller})
    )
    assert found.points is layout.says, found.reason


@pytest.mark.parametrize("name", LAYOUTS)
def test_tofu_asks_whom_the_table_names(name: str, program: Path, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    if "make" in layout.command and shutil.which("make") is None:
        pytest.skip("make is not installed")
    shape(tmp_path / "checkout", layout.files)
    beside = tmp_path / "bin"
    beside.mkdir()
    (beside / "terraform").symlink_to(program)
    (beside / "tofu").symlink_to(program)
    command = f"({layout.first}) && {layout.command}" if layout.first else layout.command
    once = {} if layout.asks == GIT else {"TF_CLI_ARGS_init": ONCE}
    asked = initialised(beside, tmp_path / "checkout", command, {**once, **layout.caller})
    assert [one.lower() for one in asked][:1] == ([layout.asks] if layout.asks else [])


def test_no_layout_is_missed_or_refused_wrongly() -> None:
    for layout in LAYOUTS.values():
        assert not (layout.asks == STATE and layout.says is Points.NO)
        assert not (layout.asks not in (STATE, "") and layout.says is Points.YES)
    assert len(LAYOUTS) >= 12
