"""search for a violation with random schedules of faults: explore --candidate X --minutes 30.

Crashes, silence, cut networks, power cuts, full and slow disks in random order, overlapping, beyond what one node may
lose, under continuous load; after each segment of it the history is judged: nothing lost, nothing denied, nothing old,
every key linearizable, every lock with one holder, and every lock free again. A violation ends the search and keeps
schedule and history. What it says is "nothing found", never PROVED.

Exit 0: nothing was found; 1: a violation was found, or nothing was tried; 4: bad input, and nothing was written.
Options of a run that apply: --candidate, --allow-faults, --faults-on-state, --stacks, --runs, --seed, --watch.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from readiness import paths
from readiness.cli.run import OWN, QUIET, Given, joined
from readiness.command_line import Parser
from readiness.errors import EXIT_USAGE, UsageError
from readiness.explore.schedule import Schedule

LONGEST_MINUTES = 24 * 60


@dataclass(frozen=True)
class Exploration:
    """What is searched for how long; `replay`: the schedule that is played instead of random ones."""

    seconds: float
    replay: Schedule | None
    shrink: bool


EXPLORATION = pytest.StashKey[Exploration]()
"""Set where a run is a search."""


def main(arguments: list[str]) -> int:
    """The command."""
    given, rest = _parser().parse_known_args(arguments)
    try:
        replay = Schedule.read(given.replay) if given.replay else None
    except UsageError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return EXIT_USAGE
    exploration = Exploration(given.minutes * 60, replay, given.shrink)
    return int(
        pytest.main(
            [*OWN, *QUIET, *joined(rest), str(paths.SUITES)], plugins=[Given(EXPLORATION, exploration)]
        )
    )


def _minutes(text: str) -> float:
    minutes = float(text)
    if not 0 < minutes <= LONGEST_MINUTES:
        raise argparse.ArgumentTypeError(f"{text}: give more than 0 and at most {LONGEST_MINUTES}")
    return minutes


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="tofu-state-ha-readiness explore",
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--minutes",
        type=_minutes,
        default=30.0,
        metavar="N",
        help="how long to search (default: 30); shrinking takes at most as long again",
    )
    parser.add_argument(
        "--replay",
        type=Path,
        metavar="FILE",
        help="play the schedule of an earlier search (its schedule.json or shrunk.json) instead of random ones",
    )
    parser.add_argument(
        "--shrink", action="store_true", help="make the schedule of a violation shorter while it still shows"
    )
    return parser
