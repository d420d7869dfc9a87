"""Pages that have to be complete: a paragraph for each criterion, a line for each finding."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from readiness.criteria import MANIFEST, PROTECTED_STACKS
from tests.docs.commands import ROOT

CRITERIA = (ROOT / "docs" / "criteria.md").read_text("utf-8")
TABLE = (ROOT / "docs" / "track-record.md").read_text("utf-8")
FINDINGS = sorted((ROOT / "docs" / "track-record").glob("*.md"))
SECTIONS = ["What happens to your state", "Numbers", "Reproduce", "Upstream"]


def explained(text: str) -> list[str]:
    """The ids that have a paragraph with at least one sentence, those of STACK once for each stack."""
    found = []
    for id_, paragraph in re.findall(r"^\*\*([\w.]+)\*\* (.+?)(?=\n\n|\Z)", text, re.MULTILINE | re.DOTALL):
        assert paragraph.rstrip().endswith((".", ").")), f"{id_}: {paragraph[-40:]}"
        found += [id_.replace("STACK", stack) for stack in PROTECTED_STACKS] if "STACK" in id_ else [id_]
    return found


def test_every_criterion_is_explained_once() -> None:
    assert sorted(explained(CRITERIA)) == sorted(criterion.id for criterion in MANIFEST)


def test_a_criterion_that_is_not_explained_is_noticed() -> None:
    assert "P1.11" not in explained(CRITERIA.replace("**P1.11**", "P1.11"))


def test_every_finding_is_in_the_table_once() -> None:
    listed = re.findall(r"\]\(track-record/([\w-]+\.md)\)", TABLE)
    assert sorted(listed) == [page.name for page in FINDINGS]


def test_the_table_has_short_cells() -> None:
    cells = [cell for line in TABLE.splitlines() if line.startswith("|") for cell in line.split("|")]
    assert len(cells) > 40
    assert max(len(re.sub(r"\]\([^)]*\)", "]", cell)) for cell in cells) <= 80


@pytest.mark.parametrize("page", FINDINGS, ids=lambda page: page.stem)
def test_a_finding_answers_the_same_questions(page: Path) -> None:
    text = page.read_text("utf-8")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    assert parts[1::2] == SECTIONS
    assert all(len(body.split()) >= 3 for body in parts[2::2])
    measured_elsewhere = "**Measured in a lab" in text
    assert ("```sh" in parts[6]) is not measured_elsewhere
