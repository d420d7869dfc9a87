"""The documentation as a site: it is built without a warning, and what is built loads nothing from elsewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from markdown_it import MarkdownIt

from tests.docs.commands import PAGES, ROOT

LOADING = {
    ("link", "href"),
    ("script", "src"),
    ("img", "src"),
    ("iframe", "src"),
    ("object", "data"),
    ("source", "src"),
}


class Loaded(HTMLParser):
    """What a browser fetches to show a page; links that are only followed are no part of it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if value and (tag, name) in LOADING]


def build(source: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Builds the site as the recipe does."""
    (line,) = re.findall(
        r'^    @"\{\{ venv \}\}/python" (-m sphinx .*)$', (ROOT / "justfile").read_text("utf-8"), re.MULTILINE
    )
    *options, _source, _site = line.split()
    command = [sys.executable, *options, str(source), str(site)]
    return subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=300, check=False)


def shown(page: Tag) -> tuple[str, dict[str, int]]:
    """What a reader sees of a page: its text without spaces, and how many elements of some kinds it has."""
    for helper in page.select(".headerlink, .toctree-wrapper"):
        helper.decompose()
    kinds = ("h1", "h2", "h3", "li", "tr", "pre", "blockquote", "img")
    return "".join(page.get_text().split()), {kind: len(page.find_all(kind)) for kind in kinds}


def on_a_forge(text: str) -> Tag:
    """The page as a forge shows it: CommonMark with tables."""
    return BeautifulSoup(MarkdownIt("commonmark").enable("table").render(text), "html.parser")


def foreign(page: str) -> list[str]:
    """What an HTML page loads from another host."""
    loaded = Loaded()
    loaded.feed(page)
    return [address for address in loaded.found if re.match(r"(\w+:)?//", address)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("docs") / "site"
    built = build(ROOT, place)
    assert built.returncode == 0, built.stderr
    return place


@pytest.mark.store
@pytest.mark.side_by_side
def test_every_page_is_built_and_the_first_one_is_found(site: Path) -> None:
    for page in PAGES:
        assert (site / page.relative_to(ROOT).with_suffix(".html")).is_file(), page
    assert "url=docs/README.html" in (site / "index.html").read_text("utf-8")


@pytest.mark.store
@pytest.mark.side_by_side
def test_a_page_of_the_site_names_the_chapters(site: Path) -> None:
    page = (site / "docs" / "criteria.html").read_text("utf-8")
    assert all(chapter in page for chapter in ("Judge a store", "How it is built", 'id="p1-11"'))


@pytest.mark.store
@pytest.mark.side_by_side
def test_the_site_shows_what_a_forge_shows(site: Path) -> None:
    both = {page: ROOT / page.relative_to(site).with_suffix(".md") for page in site.rglob("*.html")}
    sources = {page: source for page, source in both.items() if source.is_file()}
    assert set(PAGES) < set(sources.values())
    for page, source in sources.items():
        (article,) = BeautifulSoup(page.read_text("utf-8"), "html.parser").select("article")
        assert shown(article) == shown(on_a_forge(source.read_text("utf-8"))), source


def test_what_only_one_of_both_shows_is_noticed() -> None:
    assert shown(on_a_forge("- a\n- b\n")) != shown(on_a_forge("a\n\n- b\n"))
    assert shown(on_a_forge('a "b"\n')) != shown(on_a_forge("a “b”\n"))


@pytest.mark.store
@pytest.mark.side_by_side
def test_nothing_is_loaded_from_another_host(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > len(PAGES)
    assert {page.name: found for page in pages if (found := foreign(page.read_text("utf-8")))} == {}
    styles = [style.read_text("utf-8") for style in site.rglob("*.css")]
    assert styles
    assert not any(re.search(r"(@import|url\()\s*['\"]?(\w+:)?//", style) for style in styles)


def test_what_comes_from_another_host_is_noticed() -> None:
    page = '<link href="//fonts.example/a.css"><script src="https://cdn.example/b.js"></script><a href="https://c.example">'
    assert foreign(page) == ["//fonts.example/a.css", "https://cdn.example/b.js"]


@pytest.mark.store
@pytest.mark.side_by_side
def test_a_page_that_is_no_more_leaves_the_site(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "website").mkdir()
    shutil.copy(ROOT / "website" / "conf.py", tmp_path / "website")
    first, second = tmp_path / "docs" / "README.md", tmp_path / "docs" / "second.md"
    first.write_text("# First\n\n## More\n\n[second](second.md)\n", "utf-8")
    second.write_text("# Second\n", "utf-8")
    site = tmp_path / "site"
    assert build(tmp_path, site).returncode == 0
    kept = {page.relative_to(site) for page in site.rglob("*.html")}
    assert Path("docs/second.html") in kept
    first.write_text("# First\n", "utf-8")
    second.unlink()
    assert build(tmp_path, site).returncode == 0
    assert {page.relative_to(site) for page in site.rglob("*.html")} == kept - {Path("docs/second.html")}


@pytest.mark.store
@pytest.mark.side_by_side
@pytest.mark.parametrize("link", ["gone.md", "README.md#gone"])
def test_a_dead_link_fails_every_build(tmp_path: Path, link: str) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "website").mkdir()
    shutil.copy(ROOT / "website" / "conf.py", tmp_path / "website")
    first = tmp_path / "docs" / "README.md"
    first.write_text("# First\n\n[here](README.md#first)\n", "utf-8")
    assert build(tmp_path, tmp_path / "site").returncode == 0
    first.write_text(f"# First\n\n[there]({link})\n", "utf-8")
    assert [build(tmp_path, tmp_path / "site").returncode for _ in ("at first", "again")] == [1, 1]
