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
include_patterns = ["README.md", "docs/**.md", "reports/**README.md", "deploy/README.md", "stacks/README.md"]
exclude_patterns = [".*", "reports/runs", "site"]

myst_heading_anchors = 4
highlight_language = "text"
nitpicky = True

html_theme = "furo"
html_title = project
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}

_LINK = re.compile(r"\]\(([^)#:\s]+)\.md(?:#[\w-]*)?\)")
_INDEX = '<!doctype html><meta charset="utf-8"><title>{}</title><meta http-equiv="refresh" content="0; url={}.html">\n'


def setup(app: Sphinx) -> None:
    """Registers what is done to each source, and after the build."""
    app.connect("source-read", _read)
    app.connect("build-finished", _finished)


def _read(app: Sphinx, docname: str, source: list[str]) -> None:
    chapters = contents(docname, source[0])
    source[0] += "".join(_toctree(caption, pages) for caption, pages in chapters)


def _finished(app: Sphinx, exception: Exception | None) -> None:
    if exception is None:
        (Path(app.outdir) / "index.html").write_text(_INDEX.format(project, root_doc), "utf-8")


def contents(docname: str, text: str) -> list[tuple[str, list[str]]]:
    """The chapters of a page, and the pages in each: of the first page its headings, with the pages linked below each;
    of any other one chapter without a heading, with the linked pages of the folder that is named like it.
    """
    if docname == root_doc:
        parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
        return [(head, _linked(docname, body)) for head, body in zip(parts[1::2], parts[2::2], strict=True)]
    folder = docname.removesuffix("README") if docname.endswith("/README") else f"{docname}/"
    pages = [page for page in _linked(docname, text) if page.startswith(folder) and page != docname]
    return [("", pages)] if pages else []


def _linked(docname: str, text: str) -> list[str]:
    """The pages that a text links to, each once, in the order of their first links."""
    folder = posixpath.dirname(docname)
    return list(
        dict.fromkeys(posixpath.normpath(posixpath.join(folder, link)) for link in _LINK.findall(text))
    )


def _toctree(caption: str, pages: list[str]) -> str:
    options = [":hidden:", *([f":caption: {caption}"] if caption else [])]
    return "\n".join(["", "```{toctree}", *options, "", *(f"/{page}" for page in pages), "```", ""])
