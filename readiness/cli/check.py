"""ask a store what it lacks, by its endpoints alone: no faults, no candidate file, under a minute.

Conditional writes and their races over all endpoints, versions, access, checksums, listings, bodies and deletes, with
the same criteria and judges as a whole run, in scratch buckets that are removed again, or below a prefix of a bucket
that is named (--bucket); then what the rest would need.
Nothing is proved about failures, so the answer is CHECKED or CHECK FAILED, and never READY. Exit 0: nothing was
refuted; 1: something was, or could not be judged; 4: bad input, and nothing was written.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from readiness import paths
from readiness.candidate.load import Loaded
from readiness.cli.run import OWN, QUIET, Given
from readiness.cli.store_options import (
    add_bucket_option,
    add_store_options,
    loaded_of,
    named,
)
from readiness.command_line import Parser
from readiness.criteria import MANIFEST, Criterion
from readiness.criteria.needs import needs
from readiness.errors import EXIT_USAGE, UsageError
from readiness.report.checked import WITHOUT_BUCKET, needs_of
from readiness.s3.removal import PREFIX

OF_BUCKETS = ("P1.1", "P1.2")
"""What is asked of buckets, and needs a credential that may make and list them."""
_WORDS = {
    "the credential of contract.credentials.admin": "the credential",
    "contract.credentials.admin": "the credential",
    "s3.ca_bundle": "--ca-bundle",
    "s3.region =": "--region is",
}
"""What messages say of a candidate file, in options."""


@dataclass(frozen=True)
class Check:
    """What is checked. `store`: the options that name it, for a shell; `arguments`: all that was given."""

    loaded: Loaded
    store: str
    arguments: tuple[str, ...]

    def asks(self, criterion: Criterion) -> bool:
        """Whether the check asks for it: versions only where they are wanted, buckets only where they may be made."""
        if self.loaded.bucket and criterion.id in OF_BUCKETS:
            return False
        return criterion.checked and (criterion.id != "P1.15" or self.loaded.promises.versioning)

    def needs(self, criterion: Criterion) -> str:
        """What it would take to ask for it."""
        return WITHOUT_BUCKET if self.loaded.bucket and criterion.id in OF_BUCKETS else needs(criterion)

    def explained(self, message: str) -> str:
        """The message for somebody who has no candidate file."""
        for field, option in _WORDS.items():
            message = message.replace(field, option)
        return message


CHECK = pytest.StashKey[Check]()
"""Set where a run is a check."""


def main(arguments: list[str]) -> int:
    """The command."""
    given = _parser().parse_args(arguments)
    try:
        if not given.endpoint:
            raise UsageError("name each endpoint of the store with --endpoint URL")
        loaded = loaded_of(given, versioning=not given.plain)
    except UsageError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return EXIT_USAGE
    check = Check(loaded, named(given), tuple(arguments))
    if given.dry_run:
        print("\n".join(_plan(check)))
        return 0
    options = [f"--runs={given.runs}"]
    options += [f"--require={level}" for level in given.require]
    options += ["--watch"] if given.watch else []
    options += [] if given.seed is None else [f"--seed={given.seed}"]
    return int(pytest.main([*OWN, *QUIET, *options, str(paths.SUITES)], plugins=[Given(CHECK, check)]))


def _parser() -> argparse.ArgumentParser:
    formatter = argparse.RawDescriptionHelpFormatter
    parser = Parser(
        prog="tofu-state-ha-readiness check",
        description=__doc__,
        allow_abbrev=False,
        formatter_class=formatter,
    )
    add_store_options(parser.add_argument)
    add_bucket_option(parser.add_argument)
    parser.add_argument(
        "--plain",
        action="store_true",
        help="the store keeps no versions: do not enable versioning, and do not judge versions",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print what would be asked; connect to nothing"
    )
    parser.add_argument(
        "--require",
        choices=["s3"],
        action="append",
        default=[],
        help="S3 behavior that OpenTofu does not use decides, too",
    )
    parser.add_argument(
        "--runs", type=Path, default=paths.runs(), metavar="DIR", help="where evidence is kept"
    )
    parser.add_argument(
        "--watch", action="store_true", help="show on the terminal what every endpoint answers meanwhile"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="seed of the workloads (default: random)")
    return parser


def _plan(check: Check) -> Iterator[str]:
    candidate = check.loaded.candidate
    for endpoint in candidate.endpoints:
        yield f"asked: {endpoint.url}"
    source = candidate.contract.credentials.admin
    whose = (
        "the environment"
        if source.source == "environment"
        else f"profile {source.profile or 'of the environment'}"
    )
    yield f"with the credential of {whose}, signed for region {candidate.s3.region}"
    yield _written(check)
    yield "asked for:"
    for criterion in MANIFEST:
        if check.asks(criterion):
            part = "" if criterion.without_faults() == criterion else " (as far as no fault is needed)"
            yield f"  {criterion.id} {criterion.title}{part}"
    yield "not asked, and what it needs:"
    for need, ids in needs_of((c.id, check.needs(c)) for c in MANIFEST if not check.asks(c)).items():
        yield f"  {', '.join(ids)}: {need}"


def _written(check: Check) -> str:
    versioning = check.loaded.promises.versioning
    if bucket := check.loaded.bucket:
        kept = ", which must keep versions" if versioning else ""
        return (
            f"written: below {bucket}/{PREFIX}… alone, removed at the end; nothing if bucket {bucket}{kept} holds "
            "anything else"
        )
    state = check.loaded.candidate.boundary.state_bucket
    kinds = f"two scratch buckets {PREFIX}…, both plain"
    if versioning:
        kinds = f"three scratch buckets {PREFIX}…, one plain, one with versions"
        kinds += ", one that gets them after its first objects"
    more = f"and one more with suspended versioning if bucket {state} is there and has it"
    return f"written: {kinds}, {more}, removed at the end; no other bucket is written"
