"""list and remove the scratch buckets that earlier runs left on a candidate.

A bucket is removed only if its name is that of a scratch bucket, and its tag or a run's scratch.jsonl says that a run
made it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from readiness import paths, providers
from readiness.candidate.load import Loaded, load
from readiness.cli.store_options import add_bucket_option, add_store_options, loaded_of
from readiness.command_line import Parser
from readiness.errors import EXIT_USAGE, UsageError
from readiness.s3.boto3_library import boto3_client
from readiness.s3.library import Answered, Unanswered
from readiness.s3.removal import Bounds, NotRemoved, remove_bucket
from readiness.subject import target_of
from readiness.undo.leftovers import Leftovers, find, find_below
from readiness.undo.lock import CandidateLock, keys_of
from readiness.verdict import EXIT_GOOD, EXIT_JUDGED

ANSWER_SECONDS = 30.0


def main(arguments: list[str]) -> int:
    """Exit code 0: nothing is left, or it was only listed; 1: something could not be removed; 4: bad input."""
    parser = Parser(prog="tofu-state-ha-readiness clean", description=__doc__)
    parser.add_argument(
        "--candidate",
        metavar="NAME|PATH",
        help="the candidate; a store without a file is named by its endpoints",
    )
    add_store_options(parser.add_argument)
    add_bucket_option(parser.add_argument)
    parser.add_argument(
        "--runs", type=Path, default=paths.runs(), metavar="DIR", help="where evidence folders are"
    )
    parser.add_argument("--yes", action="store_true", help="remove them (without it they are only listed)")
    asked = parser.parse_args(arguments)
    lock = CandidateLock("clean")
    try:
        loaded = _asked_about(asked)
        if loaded.candidate.provider.kind in providers.OWNED:
            print(
                "the suite starts and removes this candidate itself: what a killed run left is removed by undo"
            )
            return EXIT_GOOD
        lock.take(keys_of(loaded))
        return _clean(loaded, asked.runs, yes=asked.yes)
    except (UsageError, Answered, Unanswered) as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return EXIT_USAGE
    finally:
        lock.release()


def _asked_about(asked: argparse.Namespace) -> Loaded:
    """The candidate of a file, or of its endpoints as a check is given them. Raises UsageError."""
    if bool(asked.candidate) is bool(asked.endpoint):
        raise UsageError("name the store either with --candidate NAME|PATH or with --endpoint URL")
    if asked.bucket and asked.candidate:
        raise UsageError("--bucket goes with --endpoint: a run of a candidate makes buckets of its own")
    return load(asked.candidate) if asked.candidate else loaded_of(asked)


def _clean(loaded: Loaded, runs: Path, *, yes: bool) -> int:
    provider = providers.create(loaded)
    try:
        topology = provider.start()
        front = topology.service or topology.endpoints[0]
        client = boto3_client(target_of(loaded, provider, front), ANSWER_SECONDS)
        found = find_below(client, loaded.bucket, runs) if loaded.bucket else find(client, runs)
        _list(found, yes=yes)
        left = False
        bounds = Bounds(announce=lambda line: print(line, file=sys.stderr))
        for bucket in found.ours if yes else ():
            try:
                remove_bucket(client, bucket.name, bounds)
                print(f"removed {bucket.name}")
            except (Answered, Unanswered, NotRemoved) as error:
                left = True
                print(f"NOT removed {bucket.name}: {error}")
        return EXIT_JUDGED if left else EXIT_GOOD
    finally:
        provider.stop()


def _list(found: Leftovers, *, yes: bool) -> None:
    for name in found.others:
        print(f"left alone: {name}: no tag and no scratch.jsonl says that a run made it")
    if not found.ours:
        print("no run has left a scratch bucket")
        return
    for bucket in found.ours:
        print(f"{bucket.name}  {bucket.why}, made {bucket.made}")
    if not yes:
        print("add --yes to remove them; first make sure that no run on another machine is in progress")
