"""Draft, digest, check and review migration plans: `python -m readiness.stacks {draft|digest|check|review} STACK
--stacks DIR`."""

from __future__ import annotations

import argparse
import datetime
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from readiness.command_line import Parser
from readiness.errors import EXIT_USAGE, UsageError
from readiness.finding import State
from readiness.stacks import plan as plans
from readiness.stacks.config import read
from readiness.stacks.draft import draft
from readiness.stacks.hcl import UnreadableError
from readiness.stacks.stack import EXAMPLES, PROTECTED, load


def main(arguments: Sequence[str] | None = None) -> int:
    """0 done, 1 the plan is refused, 4 wrong input. The checkout is only read."""
    parser = Parser(prog="python -m readiness.stacks", description=__doc__)
    parser.add_argument("what", choices=("draft", "digest", "check", "review"))
    parser.add_argument("stack")
    parser.add_argument("--stacks", type=Path, default=EXAMPLES, help="the checkout (default: the examples)")
    parser.add_argument("--environment", default="", help="what ENV is for the Justfile")
    parser.add_argument(
        "--plans", type=Path, default=PROTECTED, help="where the plans are (default: stacks/protected)"
    )
    parser.add_argument("--by", default="", help="review: who reviewed the plan")
    options = parser.parse_args(arguments)
    try:
        return _do(options)
    except (UsageError, UnreadableError, plans.BadPlanError) as error:
        print(f"{options.stack}: {error}", file=sys.stderr)
        return EXIT_USAGE


def _do(options: argparse.Namespace) -> int:
    path: Path = options.plans / options.stack / plans.FILE
    if options.what == "review":
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{path}: cannot be read") from error
        path.write_text(
            plans.review(text, options.by, datetime.datetime.now(datetime.UTC).date()), encoding="utf-8"
        )
        return 0
    config = read(options.stacks, options.stack, options.environment, os.environ)
    if options.what == "digest":
        print(config.digest)
        for name in config.files:
            print(f"  {name}")
        return 0
    if options.what == "draft":
        described = path.with_name("stack.toml")
        several = described.is_file() and load(described.parent).several
        print(draft(config, several=several), end="")
        return 0
    found = plans.check_plan(plans.load(path), config)
    print(f"{found.state}: {found.reason}")
    return 1 if found.state is State.REFUTED else 0


if __name__ == "__main__":
    sys.exit(main())
