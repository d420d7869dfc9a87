"""The page on the architecture: every module is in one layer, and imports point downward."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

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


def imported(node: ast.AST) -> list[str]:
    """The modules of readiness that this statement imports, by their dotted names."""
    match node:
        case ast.Import(names):
            found = [alias.name for alias in names]
        case ast.ImportFrom(module="readiness", names=names):
            found = [f"readiness.{alias.name}" for alias in names]
        case ast.ImportFrom(module=str(module)):
            found = [module]
        case _:
            found = []
    return [name for name in found if name.startswith("readiness.")]


def imports() -> Iterator[tuple[str, str]]:
    """Module and imported module, both directly in readiness/, and not the same."""
    for path in sorted(PACKAGE.rglob("*.py")):
        source = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if source.startswith("__"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for name in imported(node):
                target = name.split(".")[1]
                if target != source:
                    yield source, target


def upward(page: str) -> list[str]:
    """Imports from a layer above, by the table of this page."""
    place = {name: number for number, layer in enumerate(layers(page)) for name in layer}
    return sorted(
        {f"{source} imports {target}" for source, target in imports() if place[source] > place[target]}
    )


def test_every_module_is_in_one_layer() -> None:
    named = [name for layer in layers(PAGE) for name in layer]
    assert sorted(named) == sorted(modules())


def test_imports_point_downward() -> None:
    assert len(set(imports())) > 100
    assert upward(PAGE) == []


def test_an_import_from_above_is_noticed() -> None:
    wrong = PAGE.replace("| report | `report` |", "| report | `history` |").replace(
        "`history`, ", "`report`, "
    )
    assert "checkers imports history" in upward(wrong)
