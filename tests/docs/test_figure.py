"""The pictures in the documentation: taken from a report, and readable by themselves."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from reports.figure import main
from tests.docs.commands import ROOT
from tests.report.folders import make

SVG = "{http://www.w3.org/2000/svg}"
PICTURES = sorted((ROOT / "docs" / "images").glob("*.svg"))
SCREENS = sorted((ROOT / "docs" / "images").glob("*.png"))


def test_a_picture_stands_by_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(make(tmp_path)), "crash:three"]) == 0
    picture = capsys.readouterr().out
    root = ElementTree.fromstring(picture)  # noqa: S314 - our own
    words = [text.text for text in root.iter(f"{SVG}text")]
    assert {"one", "two", "fault", "healed"} <= set(words)
    light, dark = re.findall(r"\.median \{ stroke: (#\w+);", picture)
    assert light != dark
    assert "var(" not in picture


def test_a_scenario_without_a_picture_is_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(make(tmp_path)), "crash:four"]) == 4
    assert capsys.readouterr().err == "no picture of crash:four: there are crash:three\n"


def test_a_folder_without_a_report_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "crash:four"]) == 4
    assert "has no report" in capsys.readouterr().err


def test_there_is_a_picture() -> None:
    assert PICTURES


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_a_committed_picture_is_whole_and_loads_nothing(path: Path) -> None:
    picture = path.read_text("utf-8")
    root = ElementTree.fromstring(picture)  # noqa: S314 - our own
    assert root.get("aria-label", "").startswith("Timeline of ")
    assert len(list(root.iter(f"{SVG}path"))) > 20
    assert "var(" not in picture
    assert "://" not in picture.replace("http://www.w3.org/2000/svg", "")
    assert path.name in (path.parent / "README.md").read_text("utf-8")


@pytest.mark.parametrize("path", SCREENS, ids=lambda path: path.stem)
def test_a_committed_page_is_a_small_picture_that_says_where_it_is_from(path: Path) -> None:
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert path.stat().st_size < 100_000
    assert f"`{path.name}`" in (path.parent / "README.md").read_text("utf-8")


def test_there_is_a_page() -> None:
    assert SCREENS
