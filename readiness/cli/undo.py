"""undo the faults that killed runs left on their candidates.

A run writes each fault to a journal before it injects it. This command undoes every fault that is still open; it is
safe to repeat. With --candidate it also undoes what a run on another machine left, if the provider keeps a journal on
the candidate itself.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from readiness.candidate.load import Loaded, load
from readiness.command_line import Parser
from readiness.errors import EXIT_USAGE, UsageError
from readiness.undo.play import Playable, by_hand, play
from readiness.undo.remote import remote
from readiness.undo.stored import Stored, journals
from readiness.verdict import EXIT_GOOD, EXIT_JUDGED


def main(arguments: list[str]) -> int:
    """Exit code 0: nothing is left; 1: something could not be undone, and it says what to do by hand; 4: bad input."""
    parser = Parser(prog="tofu-state-ha-readiness undo", description=__doc__)
    parser.add_argument(
        "--candidate", metavar="NAME|PATH", help="only faults on this candidate (default: on any)"
    )
    parser.add_argument("--list", action="store_true", help="only list what is open")
    parser.add_argument("--done", metavar="RUN", help="mark what that run left as undone by hand")
    asked = parser.parse_args(arguments)
    try:
        loaded = load(asked.candidate) if asked.candidate else None
        if asked.done:
            return _done(asked.done, loaded)
        act = _list if asked.list else _play
        found: list[Playable] = [*_here(loaded)]
        code = act(found)
        # Read after what is here was played: that closes what is the same run's.
        elsewhere = remote(loaded) if loaded else None
        if elsewhere is not None:
            code = max(code, act([elsewhere]))
        elif not found:
            print("nothing is left to undo")
        return code
    except UsageError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return EXIT_USAGE


def _here(loaded: Loaded | None) -> list[Stored]:
    open_ = [journal for journal in journals() if journal.entries]
    if loaded is None:
        return open_
    return [journal.found_at(loaded) for journal in open_ if journal.is_about(loaded)]


def _list(found: Sequence[Playable]) -> int:
    for journal in found:
        print(_title(journal))
        for entry in journal.entries:
            print(f"  {entry.time} {entry.words}; undone by: {by_hand(entry)}")
    return EXIT_GOOD


def _play(found: Sequence[Playable]) -> int:
    failed = False
    for journal in found:
        print(_title(journal))
        if journal.goes_on:
            continue
        try:
            played = play(journal, lambda line: print(f"  {line}"))
        except (BlockingIOError, FileNotFoundError):
            print("  another undo is in progress")
            continue
        for entry, why in played.failed:
            failed = True
            print(f"  NOT undone: {entry.words}: {why}\n    by hand: {by_hand(entry)}")
    return EXIT_JUDGED if failed else EXIT_GOOD


def _done(run: str, loaded: Loaded | None) -> int:
    found: list[Playable] = [journal for journal in journals() if journal.run == run]
    if not found and loaded and (elsewhere := remote(loaded)) and elsewhere.run == run:
        found = [elsewhere]
    if not found:
        raise UsageError(f"--done {run}: no run of that name left anything; see --list")
    if found[0].goes_on:
        raise UsageError(f"--done {run}: it is still going on")
    with found[0].held() as opened:
        found[0].close(opened, found[0].entries)
    print(f"closed: {', '.join(entry.words for entry in found[0].entries)}")
    return EXIT_GOOD


def _title(journal: Playable) -> str:
    if journal.goes_on:
        return f"run {journal.run} is still going on: left alone"
    where = (
        ", on another machine: make sure that it is over"
        if journal.process and journal.process.elsewhere
        else ""
    )
    return f"run {journal.run} against {journal.candidate} ({journal.candidate_path}){where}"
