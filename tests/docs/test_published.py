"""What is committed of stores is what their committed verdicts give, and its commands can be run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from readiness.report import publish
from readiness.report.published import model
from tests.docs.commands import ROOT

REPORTS = ROOT / "reports"
STORES = model.load_all(REPORTS)
RENDERED = publish.rendered(REPORTS, STORES, {})


def test_there_are_stores() -> None:
    assert len(STORES) >= 10
    assert ROOT / "docs" / "which-store.md" in RENDERED


@pytest.mark.parametrize("path", RENDERED, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_committed_page_is_what_the_committed_verdicts_give(path: Path) -> None:
    assert path.read_text("utf-8") == RENDERED[path], "run `./just publish` to make it anew"


def test_the_table_is_what_stands_first_in_the_decision() -> None:
    text = (ROOT / "docs" / "which-store.md").read_text("utf-8")
    assert text.index(publish.BEGIN) < text.index("\n## ")


def commands(store: model.Published) -> list[str]:
    return [run.command for run in store.runs] + [
        each.command for each in (store.answers.obstacles if store.answers else [])
    ]


@pytest.mark.parametrize("store", STORES, ids=lambda store: store.candidate)
def test_a_published_command_names_a_program_a_candidate_and_tests_that_exist(store: model.Published) -> None:
    for command in commands(store):
        words = shlex.split(command)
        assert (ROOT / words[0]).is_file(), command
        if "--candidate" in words:
            name = words[words.index("--candidate") + 1]
            assert (ROOT / name).is_file() or (ROOT / "candidates" / f"{name}.toml").is_file(), command
        for word in words:
            if "::" in word:
                file, test = word.split("::")
                name = re.sub(r"\[.*", "", test)
                assert f"def {name}(" in (ROOT / file).read_text("utf-8"), command
