"""Shapes written as text: settings that recipes write themselves, wrappers and programs around `tofu`, and files that
look alike and decide nothing of the stack.

What may lead to the candidate is never elsewhere: it is read, or unclear by name. And what leads elsewhere is not
refused.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.judges.stacks.points import Points
from tests.stacks.shapes import in_text, pointing, shape

pytestmark = [pytest.mark.store, pytest.mark.side_by_side]  # just reads the Justfiles
SHAPES = {
    f"{kind}: {name}": found
    for kind in ("written", "wrapped", "unconcerned")
    for name, found in in_text(kind).items()
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_is_read_and_judged(name: str, tmp_path: Path) -> None:
    wanted, files = SHAPES[name]
    found = pointing(shape(tmp_path / "checkout", files, caller={"HOME": str(tmp_path)}))
    assert found.points is wanted, found.reason


def test_none_of_them_is_forgotten() -> None:
    points = [wanted for wanted, _ in SHAPES.values()]
    assert len(points) > 150
    assert {each: points.count(each) > 30 for each in Points} == dict.fromkeys(Points, True)
