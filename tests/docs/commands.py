"""The commands that the documentation shows: fenced `sh` blocks, one command a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "reports" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands() -> Iterator[tuple[str, str]]:
    """Page and command; a trailing comment is no part of it."""
    for page in PAGES:
        for language, body in _BLOCK.findall(page.read_text("utf-8")):
            if language in ("sh", "bash", "shell", "console"):
                for line in body.splitlines():
                    command = re.sub(r"\s+#.*$", "", line).strip()
                    if command and not command.startswith("#"):
                        yield str(page.relative_to(ROOT)), command


def links() -> Iterator[tuple[Path, str, str]]:
    """Page, relative link, and the heading in it that is linked to ("" if none)."""
    for page in PAGES:
        for target, anchor in re.findall(r"\]\(([^)#\s]+)(?:#([\w-]+))?\)", page.read_text("utf-8")):
            if "://" not in target:
                yield page, target, anchor


def anchors(page: Path) -> set[str]:
    """The names by which the headings of a page are linked to, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
