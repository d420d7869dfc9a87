"""The page on the architecture: every module is in one layer, in the order that import-linter holds."""

from __future__ import annotations

import re
import tomllib
from itertools import pairwise

from tests.docs.commands import ROOT

PACKAGE = ROOT / "readiness"
PAGE = (ROOT / "docs" / "whats-here.md").read_text("utf-8")


def layers(page: str) -> list[set[str]]:
    """The modules of each layer in the table, the highest layer first."""
    table = page.split("<!-- layers: begin -->")[1].split("<!-- layers: end -->")[0]
    rows = [line.split("|") for line in table.splitlines() if line.startswith("|")][2:]
    return [set(re.findall(r"`(\w+)`", row[2])) for row in rows]


def modules() -> set[str]:
    """The packages and modules directly in readiness/."""
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    return packages | {path.stem for path in PACKAGE.glob("*.py") if not path.stem.startswith("__")}


def held() -> list[set[str]]:
    """The layers that import-linter holds, the highest first."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (contract,) = (each for each in contracts if each.get("containers") == ["readiness"])
    return [set(re.findall(r"\w+", layer)) for layer in contract["layers"]]


def disorder(page: str) -> list[tuple[str, str]]:
    """Modules that the page puts above one that may import them."""
    place = {name: number for number, layer in enumerate(layers(page)) for name in layer}
    return [
        (lower, higher)
        for above, below in pairwise(held())
        for higher in above
        for lower in below
        if place[lower] < place[higher]
    ]


def test_every_module_is_in_one_layer() -> None:
    named = [name for layer in layers(PAGE) for name in layer]
    assert sorted(named) == sorted(modules())


def test_the_layers_are_those_that_are_held() -> None:
    assert len(held()) > 10
    assert disorder(PAGE) == []


def test_a_layer_in_the_wrong_place_is_noticed() -> None:
    swapped = PAGE.replace("`report` |", "`checkers` |").replace(
        "| checkers | `checkers`", "| checkers | `report`"
    )
    assert ("checkers", "evidence") in disorder(swapped)
