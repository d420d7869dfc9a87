"""The records of kills, one a line of JSON, and the table of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import BaseModel

from tests.undo.kills.victim import WHO

PROVIDERS = ("processes", "commands", "containers")
BEGIN, END = "<!-- kills: begin -->", "<!-- kills: end -->"


class Killed(BaseModel):
    """One kill. `hurt`: what kinds of things were left by it, before `undo`; `left`: what after `undo` and `clean`.
    `whole`: a whole run was killed, not a process that only does faults. `seconds`: of all of it. `counts`: it was
    killed; False where it had ended before.
    """

    counts: bool
    provider: str
    who: str
    seed: int
    whole: bool
    starting: bool
    hurt: list[str]
    left: list[str]
    seconds: float
    commit: str
    date: str


def read(paths: Iterable[Path]) -> list[Killed]:
    """All kills of those files."""
    found = [Killed(**json.loads(line)) for path in paths for line in path.read_text().splitlines()]
    return [each for each in found if each.counts]


def table(killed: Sequence[Killed]) -> list[str]:
    """In Markdown."""
    lines = [
        "| provider | killed | kills | whole runs | starting | left something | left after `undo` and `clean` |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for provider in PROVIDERS:
        for who in WHO:
            of = [each for each in killed if (each.provider, each.who) == (provider, who)]
            if of:
                counts = (
                    len(of),
                    sum(each.whole for each in of),
                    sum(each.starting for each in of),
                    sum(bool(each.hurt) for each in of),
                    sum(bool(each.left) for each in of),
                )
                lines.append(f"| {provider} | {who} | {' | '.join(map(str, counts))} |")
    return lines


def about(killed: Sequence[Killed]) -> str:
    """When, with what, and what was left before `undo`."""
    kinds = sorted({kind for each in killed for kind in each.hurt})
    seconds = sum(each.seconds for each in killed) / max(1, len(killed))
    return (
        f"{len(killed)} kills, {_all(each.date for each in killed)}, of {_all(each.commit for each in killed)}, "
        f"{seconds:.1f} s each. Left by the kills, before `undo`: {', '.join(kinds) or 'nothing'}."
    )


def _all(values: Iterable[str]) -> str:
    return ", ".join(sorted(set(values)))


def publish(killed: Sequence[Killed], page: Path) -> None:
    """Put the table between the marks of that page. Raises ValueError if they are not there."""
    head, found, rest = page.read_text("utf-8").partition(BEGIN)
    _, ended, tail = rest.partition(END)
    if not (found and ended):
        raise ValueError(f"{page} has no place for the table: {BEGIN} … {END}")
    text = "\n".join([BEGIN, *table(killed), "", about(killed), END])
    page.write_text(f"{head}{text}{tail}", "utf-8")
