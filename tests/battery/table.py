"""docs/battery.md: every defect, the criteria that went red, and what an operator reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from readiness.finding import State
from readiness.paths import ROOT
from tests.battery.runner import Judged, Outcome

PAGE = ROOT / "docs" / "battery.md"
LONGEST = 230
HEAD = """# The battery: lying stores, and the criteria that catch them

Written by `./just battery`; do not edit. Each defect was put, one at a time, between the ordinary suites and the
embedded control: by a proxy in front of every endpoint that has the defect and passes everything else unchanged, or by
a provider whose fault or check lies. Only the scenarios that show the defect were run, and only the criteria that it
concerns were judged. **Bold**: the criterion that must be REFUTED. The source is an issue in which a store behaved like
this; where there is none, it names what requires the criterion: the plan, the design's list, or how the suite works.

"""


def write(
    outcomes: Iterable[Outcome],
    seconds: float,
    path: Path = PAGE,
    *,
    resumed: bool = False,
    healthy: Mapping[str, Judged] | None = None,
) -> None:
    """Writes the page. `resumed`: some outcomes are of earlier runs. `healthy`: what the criteria were without a
    defect.
    """
    rows = list(outcomes)
    missed = [each for each in rows if each.missed()]
    took = f"{seconds / 60:.0f} minutes" + (
        " in total, over several runs on a busy machine" if resumed else ""
    )
    lines = [
        f"{len(rows)} defects, {len(rows) - len(missed)} caught, {len(missed)} missed; {took}.",
        *_without(healthy or {}),
        "",
        "| defect | what the store does | source | red | what the operator reads |",
        "|---|---|---|---|---|",
        *(_row(each) for each in rows),
    ]
    if missed:
        lines += [
            "",
            "## Missed",
            "",
            *(f"- `{each.defect.name}`: {_plain(why)}" for each in missed for why in each.missed()),
        ]
    path.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


def _without(healthy: Mapping[str, Judged]) -> list[str]:
    if not healthy:
        return []
    reds = [
        f"- {id_} {found.state}: {_plain(found.reason)}"
        for id_, found in healthy.items()
        if found.state is not State.PROVED
    ]
    if not reds:
        return [
            "",
            f"Through the same proxy without a defect, with all scenarios: all PROVED ({', '.join(healthy)}).",
        ]
    return ["", "Through the same proxy without a defect, with all scenarios, not PROVED:", "", *reds]


def _row(outcome: Outcome) -> str:
    defect = outcome.defect
    red_ids = [f"**{id_}**" if id_ in defect.expects else id_ for id_ in outcome.red()]
    if defect.never_proved:
        red_ids += [
            f"**{id_}** {outcome.judged[id_].state}"
            for id_ in defect.expects
            if id_ in outcome.judged and id_ not in outcome.red()
        ]
    if defect.refuses and not outcome.missed():
        red_ids = ["the run ends with 4"]
    red = ", ".join(red_ids) or "none"
    return f"| {defect.name} | {defect.does} | {defect.source} | {red} | {_plain(outcome.reason())} |"


def _plain(reason: str) -> str:
    """One line without what differs from run to run, as short as a table cell."""
    text = re.sub(r"tofu-ha-scratch-[0-9a-f]+-", "", " ".join(reason.split())).replace("|", "\\|")
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rsplit(" ", 1)[0] + " …"
