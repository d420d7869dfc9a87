"""What the registry says about each criterion: the quoted lines of docs/criteria.md, which `python -m website.facts`
writes anew. Everything else on that page is written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from readiness.criteria import MANIFEST, PROTECTED_STACKS, Criterion
from readiness.criteria.phase1 import EVERYTHING

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = DOCS / "criteria.md"
RECORD = DOCS / "track-record.md"
_SECTION = re.compile(r"^### (\S+)\n\n(?:>.*\n)*\n*", re.MULTILINE)
_FINDING = re.compile(r"^\|([^|]*)\| \[([^\]]*)\]\((track-record/[^)]*)\) \|([^|]*)\|$", re.MULTILINE)


def main() -> None:
    """Writes the quoted lines of the page anew."""
    text = PAGE.read_text("utf-8")
    PAGE.write_text(with_facts(text, RECORD.read_text("utf-8")), "utf-8")


def with_facts(text: str, record: str) -> str:
    """The page with the quoted lines as they should be. Raises KeyError for a section that names no criterion."""
    rows = dict(registered())
    return _SECTION.sub(lambda found: f"### {found[1]}\n\n{facts(rows[found[1]], found[1], record)}\n", text)


def registered() -> Iterator[tuple[str, Criterion]]:
    """The sections that the page must have, in their order, each with its criterion. What is asked of each protected
    stack has one section, named STACK.
    """
    first, *others = PROTECTED_STACKS
    for criterion in MANIFEST:
        if not any(f".{stack}." in criterion.id for stack in others):
            yield criterion.id.replace(f".{first}.", ".STACK."), criterion


def facts(criterion: Criterion, section: str, record: str) -> str:
    """The quoted lines of one section; `record` is the page on the track record."""
    title = criterion.title
    if section != criterion.id:
        title = title.removeprefix(f"{PROTECTED_STACKS[0]}: ")
    lines = [f"**{title[0].upper()}{title[1:]}**", _about(criterion)]
    lines += [f"The plan stops if: “{criterion.sentence}”."] if criterion.sentence else []
    if seen := _seen(criterion.id, record):
        lines.append(f"Found in real stores: {'; '.join(seen)}.")
    return "".join(f"> {line}\\\n" for line in lines[:-1]) + f"> {lines[-1]}\n"


def _about(criterion: Criterion) -> str:
    parts = [f"Level `{criterion.level}`"]
    if criterion.scenarios:
        everything = set(EVERYTHING) <= set(criterion.scenarios)
        others = [group for group in criterion.scenarios if not everything or group not in EVERYTHING]
        named = ["all but those with a criterion of their own"] if everything else []
        parts.append(f"Scenarios: {', '.join([*named, *others])}")
    parts += ["Part of a check"] if criterion.checked else []
    parts += ["Never expected red"] if criterion.wrong_answer else []
    parts += ["May be declared NOT RUN"] if criterion.not_everywhere else []
    parts += [f"Asked where `[{criterion.promised_by}]` promises it"] if criterion.promised_by else []
    return ". ".join(parts) + "."


def _seen(criterion: str, record: str) -> list[str]:
    """The findings of the track record that name a criterion, each as a link with the store's name."""
    found, store = [], ""
    for cell, finding, page, criteria in _FINDING.findall(record):
        store = cell.split(",")[0].strip() or store
        if criterion in re.split(r"[,\s]+", criteria):
            found.append(f"{store}: [{finding}]({page})")
    return found


if __name__ == "__main__":
    main()
