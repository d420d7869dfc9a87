"""How the documentation becomes a site (`./just docs`). The pages keep their places in the repository, so one relative
link is right on a forge and in the site. What stands in which chapter is said by docs/README.md itself: each of its
headings, with the pages linked below it.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from sphinx.application import Sphinx

project = "tofu-state-ha-readiness"
root_doc = "docs/README"
source_suffix = {".md": "markdown"}
extensions = ["myst_parser"]
include_patterns = [
    "README.md",
    "docs/**.md",
    "reports/**README.md",
    "deploy/README.md",
    "examples/**README.md",
    "stacks/README.md",
]
exclude_patterns = [".*", "reports/runs", "site"]

myst_heading_anchors = 4
highlight_language = "text"
nitpicky = True
smartquotes = False  # messages are quoted as they were printed

html_theme = "furo"
html_title = project
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}

_LINK = re.compile(r"\[([^\]]*)\]\(([^)#:\s]+)\.md(?:#[\w-]*)?\)")
_INDEX = '<!doctype html><meta charset="utf-8"><title>{}</title><meta http-equiv="refresh" content="0; url={}.html">\n'


def setup(app: Sphinx) -> None:
    """Registers what is done to each source, and after the build."""
    app.connect("source-read", _read)
    app.connect("build-finished", _finished)


def _read(app: Sphinx, docname: str, source: list[str]) -> None:
    if docname == root_doc:
        for chapter, pages in chapters(source[0]):
            source[0] += _toctree(
                [f":caption: {chapter}"], [f"{name} </{page}>" for page, name in pages.items()]
            )
    elif entries := [f"/{page}" for page in below(docname, source[0])]:
        source[0] += _toctree([], entries)


def _finished(app: Sphinx, exception: Exception | None) -> None:
    """The first page is found, and pages that an earlier build left and that are no more are gone."""
    if exception is not None:
        return
    site = Path(app.outdir)
    (site / "index.html").write_text(_INDEX.format(project, root_doc), "utf-8")
    built = {site / f"{name}.html" for name in (*app.env.found_docs, "index", "genindex", "search")}
    for page in site.rglob("*.html"):
        if page not in built and "_static" not in page.parts:
            page.unlink()


def chapters(text: str) -> list[tuple[str, dict[str, str]]]:
    """The headings of the first page, each with the pages that are linked below it, and what they are called there."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return [(head, _linked(root_doc, body)) for head, body in zip(parts[1::2], parts[2::2], strict=True)]


def below(docname: str, text: str) -> list[str]:
    """The linked pages of the folder that a page stands for: its own if it is a README, else the one named like it."""
    folder = docname.removesuffix("README") if docname.endswith("/README") else f"{docname}/"
    return [page for page in _linked(docname, text) if page.startswith(folder) and page != docname]


def _linked(docname: str, text: str) -> dict[str, str]:
    """The pages that a text links to, in the order of their first links, each with the words of that link."""
    folder = posixpath.dirname(docname)
    found: dict[str, str] = {}
    for name, link in _LINK.findall(text):
        found.setdefault(posixpath.normpath(posixpath.join(folder, link)), name)
    return found


def _toctree(options: list[str], entries: list[str]) -> str:
    return "\n".join(["", "```{toctree}", ":hidden:", *options, "", *entries, "```", ""])
