"""Pages that have to be complete: a section for each criterion, a line for each finding, a place for each page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.commands import PAGES, ROOT
from website import conf
from website.facts import registered, with_facts

CRITERIA = (ROOT / "docs" / "criteria.md").read_text("utf-8")
TABLE = (ROOT / "docs" / "track-record.md").read_text("utf-8")
FINDINGS = sorted((ROOT / "docs" / "track-record").glob("*.md"))
SECTIONS = ["What happens to your state", "Numbers", "Reproduce", "Upstream"]
RED = "**If it is red:** "


def sections(text: str) -> list[tuple[str, str]]:
    """Each criterion's section of the page: its name, and what is written by hand below the quoted lines."""
    parts = re.split(r"^### (.+)$", text, flags=re.MULTILINE)
    bodies = (re.split(r"^## ", body, flags=re.MULTILINE)[0] for body in parts[2::2])
    written = ("".join(line for line in body.splitlines(True) if not line.startswith(">")) for body in bodies)
    return list(zip(parts[1::2], written, strict=True))


def unexplained(text: str) -> list[str]:
    """The sections that lack a whole sentence, either on what is looked at or on what happens if it is red."""
    found = []
    for name, written in sections(text):
        looked_at, _, red = written.partition(RED)
        whole = all(
            len(part.split()) >= 5 and part.strip().endswith((".", ").")) for part in (looked_at, red)
        )
        if not whole or RED in red:
            found.append(name)
    return found


def test_every_criterion_has_its_section_in_the_order_of_the_registry() -> None:
    assert [name for name, _ in sections(CRITERIA)] == [name for name, _ in registered()]


def test_every_section_says_what_is_looked_at_and_what_red_means() -> None:
    assert unexplained(CRITERIA) == []


def test_a_section_without_what_red_means_is_noticed() -> None:
    cut = re.sub(r"\*\*If it is red:\*\* two applies[^\n]*\n[^\n]*\n", "", CRITERIA, count=1)
    assert unexplained(cut) == ["P1.11"]


def test_the_quoted_lines_are_those_of_the_registry() -> None:
    assert with_facts(CRITERIA, TABLE) == CRITERIA, "run `./just docs`"


def test_a_title_that_is_not_the_registrys_is_noticed() -> None:
    changed = CRITERIA.replace("> **If-Match refuses", "> **If-Match accepts")
    assert changed != CRITERIA
    assert with_facts(changed, TABLE) == CRITERIA


def test_a_section_of_no_criterion_is_noticed() -> None:
    with pytest.raises(KeyError, match=r"P1\.99"):
        with_facts(f"{CRITERIA}\n### P1.99\n\nIt was there once.\n", TABLE)


def test_a_finding_stands_with_its_criteria() -> None:
    row = "| Ours | [it forgets](track-record/forgets.md) | P1.2, P4.3 |\n"
    page = with_facts(CRITERIA, row)
    assert page.count("> Found in real stores: Ours: [it forgets](track-record/forgets.md).") == 2


def test_every_page_has_one_place_in_the_contents() -> None:
    texts = {str(page.relative_to(ROOT).with_suffix("")): page.read_text("utf-8") for page in PAGES}
    chapters = conf.chapters(texts.pop(conf.root_doc))
    placed = [page for _, pages in chapters for page in pages]
    placed += [page for name, text in texts.items() for page in conf.below(name, text)]
    assert len(chapters) >= 6
    assert sorted(texts.keys() - set(placed)) == [], "add it to docs/README.md"
    assert sorted(page for page in set(placed) if placed.count(page) > 1) == []


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
