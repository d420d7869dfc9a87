"""Writes through a pulled cable: `.venv/bin/python -m reports.silence CANDIDATE [NODE]`.

The shortest form of what P1.6 and P1.14 found in several stores. New objects are put through every endpoint, one at a
time and 3 s each, while NODE (the first of the candidate's, unless named) is cut off for 30 s and connected again; then
until each endpoint has acknowledged ten more, or five minutes have passed.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from readiness.command_line import Parser
from readiness.providers.base import Provider
from reports.started import reproduce, writing

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

WRITERS, BEFORE, AWAY, MORE, LIMIT = 2, 5.0, 30.0, 10, 300.0


def main(arguments: list[str]) -> int:
    """Prints how long each endpoint acknowledged nothing. Exit code 1 if one did not recover."""
    parser = Parser(prog="python -m reports.silence", description=__doc__)
    parser.add_argument("candidate")
    parser.add_argument("node", nargs="?")
    options = parser.parse_args(arguments)
    return reproduce(options.candidate, lambda provider, clients: show(provider, clients, options.node))


def show(provider: Provider, clients: dict[str, S3Client], node: str | None) -> int:
    """Cuts it off once under writes."""
    away = node or provider.topology.nodes[0]
    done: dict[str, list[float]] = {through: [] for through in clients}

    def recovered() -> bool:
        return all(since(plugged, each) >= MORE for each in done.values())

    with writing(clients, WRITERS, lambda through, _key: done[through].append(time.monotonic())):
        time.sleep(BEFORE)
        cut = time.monotonic()
        print(f"{away} cut off for {AWAY:.0f} s: {provider.unplug(away).observed}")
        time.sleep(AWAY)
        provider.plug(away)
        plugged = time.monotonic()
        while time.monotonic() < plugged + LIMIT and not recovered():
            time.sleep(0.5)
    print(*(f"  {through}: {tell(cut, plugged, times)}" for through, times in done.items()), sep="\n")
    return 0 if recovered() else 1


def since(moment: float, acknowledged: Sequence[float]) -> int:
    """How many after it."""
    return sum(each > moment for each in acknowledged)


def tell(cut: float, plugged: float, acknowledged: Sequence[float]) -> str:
    """What one endpoint did, in seconds since the cable was pulled and since it was back."""
    before, away, again = (
        sum(each < cut for each in acknowledged),
        sum(cut <= each < plugged for each in acknowledged),
        since(plugged, acknowledged),
    )
    counts = f"acknowledged {before} before, {away} meanwhile, {again} after"
    first = next((each for each in sorted(acknowledged) if each > plugged), None)
    after = f"none within {LIMIT:.0f} s" if first is None else f"the first {first - plugged:.1f} s after"
    moments = [cut, *sorted(each for each in acknowledged if each >= cut)]
    longest = max((b - a for a, b in itertools.pairwise(moments)), default=0.0)
    return f"{counts} ({after}); the longest time between two: {longest:.1f} s"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
