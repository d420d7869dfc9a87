"""`python -m tests.battery [NAME …]`: every defect (or these), one after the other; all of them write docs/battery.md.

Exit 1 if one was not caught by the criterion that names it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.battery import table
from tests.battery.catalogue import ALL, BY_NAME
from tests.battery.runner import Outcome, keep, kept, try_defect


def main(arguments: list[str]) -> int:
    """Runs, tells, writes."""
    parser = argparse.ArgumentParser(prog="python -m tests.battery", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="only these defects; the page is not written then"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--page", type=Path, help="where the table is written (default: docs/battery.md, if all were tried)"
    )
    parser.add_argument(
        "--resume", type=Path, metavar="FILE", help="keep outcomes there; those it has are not tried again"
    )
    parser.add_argument("--list", action="store_true", help="list the defects")
    parser.add_argument(
        "--output", action="store_true", help="show what pytest said of defects that were missed"
    )
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in BY_NAME]:
        parser.error(f"unknown: {', '.join(unknown)}; --list lists them")
    wanted = [BY_NAME[name] for name in options.names] or list(ALL)
    if options.list:
        for defect in wanted:
            print(f"{defect.name:28} {', '.join(defect.expects):14} {defect.does}")
        return 0
    outcomes = list[Outcome]()
    known = kept(options.resume) if options.resume else {}
    for number, defect in enumerate(wanted, start=1):
        if defect.name in known:
            outcomes.append(known[defect.name])
            continue
        outcome = try_defect(defect, seed=options.seed)
        outcomes.append(outcome)
        if options.resume:
            keep(options.resume, outcome)
        missed = outcome.missed()
        mark = "MISSED" if missed else "caught"
        red = ", ".join(outcome.red()) or "-"
        print(f"[{number:2}/{len(wanted)}] {mark} {defect.name}: {red} ({outcome.seconds:.0f} s)", flush=True)
        print("      " + ("; ".join(missed) if missed else outcome.message())[:400], flush=True)
        if missed and options.output:
            print(outcome.output, flush=True)
    seconds = sum(each.seconds for each in outcomes)
    if not options.names or options.page:
        table.write(outcomes, seconds, options.page or table.PAGE, resumed=bool(known))
    lost = [each.defect.name for each in outcomes if each.missed()]
    told = f"{len(outcomes) - len(lost)} of {len(outcomes)} caught in {seconds / 60:.1f} minutes"
    print(f"{told}; missed: {', '.join(lost) or 'none'}")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
