"""The files that are committed of stores, made from sealed runs and from what is committed already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from readiness.errors import UsageError
from readiness.report.published import model, sentence
from readiness.report.published.combine import SealedRun, together
from readiness.report.published.page import page
from readiness.report.published.sentence import Sentence
from readiness.report.published.tables import criteria_table, decision

BEGIN, END = "<!-- stores: begin -->", "<!-- stores: end -->"
Says = Callable[[Path, model.Published], Sentence]
"""Where the operator's sentence about a store comes from."""


def write(runs: Sequence[SealedRun], reports: Path, *, says: Says = sentence.due, note: str = "") -> Path:
    """Writes the store's verdict and sentence, and makes its page and the tables anew. Returns the page. Raises
    UsageError, and then nothing is written.
    """
    store = together(runs, note)
    said = says(reports, store)
    folder = reports / store.candidate
    others = [known for known in model.load_all(reports) if known.candidate != store.candidate]
    sources = {folder / model.FILE: store.text(), folder / sentence.FILE: said.text()}
    made = rendered(reports, [*others, store], {store.candidate: said})
    folder.mkdir(parents=True, exist_ok=True)
    _write(sources | made)
    return folder / "README.md"


def renew(reports: Path) -> list[Path]:
    """All pages and tables from what is committed; those that were not so are written and returned. Raises
    UsageError.
    """
    made = rendered(reports, model.load_all(reports), {})
    old = {path: text for path, text in made.items() if not path.exists() or path.read_text("utf-8") != text}
    _write(old)
    return list(old)


def rendered(reports: Path, stores: Sequence[model.Published], said: dict[str, Sentence]) -> dict[Path, str]:
    """Every page and the tables: which file is to say what. `said` has sentences that are not committed yet. Raises
    UsageError if a sentence is missing or stale, or the place of a table is not marked.
    """
    known = {
        store.candidate: (said.get(store.candidate) or sentence.due(reports, store)).sentence
        for store in stores
    }
    made = {reports / store.candidate / "README.md": page(store, known[store.candidate]) for store in stores}
    readme, which = reports / "README.md", reports.parent / "docs" / "which-store.md"
    text = readme.read_text("utf-8") if readme.exists() else f"# Stores\n\n{BEGIN}\n{END}\n"
    made[readme] = _between(readme, text, criteria_table(stores))
    if which.exists():
        text = which.read_text("utf-8")
        made[which] = _between(which, text, decision(stores, known, f"../{reports.name}"))
    return made


def _between(path: Path, text: str, table: str) -> str:
    """The text with that table in its place. Raises UsageError if the place is not marked."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise UsageError(f"{path} has no lines {BEGIN} and {END}: the table goes between them")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def _write(files: dict[Path, str]) -> None:
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
