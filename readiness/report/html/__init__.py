"""`report.html`: one self-contained page from an evidence folder. No network, no scripts."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from readiness.report.html.page import anchor, gather

HERE = Path(__file__).resolve().parent
NAME = "report.html"
MAX_BYTES = 3_000_000


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = _number
    environment.globals["anchor"] = anchor
    return environment.get_template("page.html.j2")


def render(folder: Path) -> str:
    """The page of that evidence folder. Raises OSError or ValueError if the folder cannot be read."""
    text = _template().render(page=gather(folder), css=(HERE / "page.css").read_text("utf-8"))
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise ValueError(f"the page has {len(text)} characters; at most {MAX_BYTES} bytes are sent by mail")
    return text


def _number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
