"""Judge stores with one defect each: every defect of the catalogue, or those named.

A run of all of them writes docs/battery.md, and also judges the same criteria through the same proxy without a defect.
Exit 1 if a defect was not caught by the criterion that must catch it, or if a criterion is not PROVED without one.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from readiness.command_line import Parser
from readiness.finding import State
from tests.battery import table
from tests.battery.catalogue import ALL, BY_NAME
from tests.battery.runner import Outcome, keep, kept, try_defect, without_defect

CORES = 2
"""A judged run through the proxy keeps so many cores busy; with less its load is late, and its waits end."""


def main(arguments: list[str]) -> int:
    """Runs, tells, writes."""
    parser = Parser(prog="python -m tests.battery", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="only these defects; the page is then not written"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--page", type=Path, help="where the table is written (default: docs/battery.md, if all were tried)"
    )
    parser.add_argument(
        "--resume",
        type=Path,
        metavar="FILE",
        help="keep outcomes in this file, and skip those it already has",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=max(1, (os.cpu_count() or 1) // CORES),
        metavar="N",
        help=f"how many defects to judge at once (default: one for each {CORES} cores; more of them end later than one "
        "after the other)",
    )
    parser.add_argument("--list", action="store_true", help="list the defects")
    parser.add_argument(
        "--output", action="store_true", help="show the output of pytest for defects that were missed"
    )
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in BY_NAME]:
        parser.error(f"unknown: {', '.join(unknown)}; --list lists them")
    wanted = [BY_NAME[name] for name in options.names] or list(ALL)
    if options.list:
        for defect in wanted:
            print(f"{defect.name:28} {', '.join(defect.expects):14} {defect.does}")
        return 0
    began = time.monotonic()
    known = kept(options.resume) if options.resume else {}
    with ThreadPoolExecutor(options.jobs) as pool:
        healthy = (
            None if options.names else pool.submit(without_defect, seed=options.seed, resume=options.resume)
        )
        new = [defect for defect in wanted if defect.name not in known]
        outcomes = list[Outcome]()
        for number, outcome in enumerate(pool.map(partial(try_defect, seed=options.seed), new), start=1):
            outcomes.append(outcome)
            if options.resume:
                keep(options.resume, outcome)
            _tell(outcome, f"{number:2}/{len(new)}", output=options.output)
        clean = healthy.result() if healthy else {}
    seconds = time.monotonic() - began
    outcomes = [known.get(d.name) or next(o for o in outcomes if o.defect is d) for d in wanted]
    reds = [
        f"{id_} {found.state}: {found.reason[:400]}"
        for id_, found in clean.items()
        if found.state is not State.PROVED
    ]
    if not options.names or options.page:
        page = options.page or table.PAGE
        table.write(outcomes, seconds, page, resumed=bool(known), healthy=clean)
    lost = [each.defect.name for each in outcomes if each.missed()]
    result = f"{len(outcomes) - len(lost)} of {len(outcomes)} caught in {seconds / 60:.1f} minutes"
    print(f"{result}; missed: {', '.join(lost) or 'none'}")
    if clean:
        print(f"without a defect: {len(clean)} criteria judged, {len(reds)} not PROVED")
        print(*reds, sep="\n")
    return 1 if lost or reds else 0


def _tell(outcome: Outcome, count: str, *, output: bool) -> None:
    missed = outcome.missed()
    mark = "MISSED" if missed else "caught"
    red = ", ".join(outcome.red()) or "-"
    print(f"[{count}] {mark} {outcome.defect.name}: {red} ({outcome.seconds:.0f} s)", flush=True)
    print("      " + ("; ".join(missed) if missed else outcome.reason())[:400], flush=True)
    if missed and output:
        print(outcome.output, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
