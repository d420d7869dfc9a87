"""show what a run against a candidate in Kubernetes would find and do, without doing it."""

from __future__ import annotations

import argparse
import sys

from readiness.candidate.load import load
from readiness.errors import UsageError
from readiness.verdict import EXIT_USAGE


def main(arguments: list[str]) -> int:
    """The command; `run --dry-run` does the same."""
    parser = argparse.ArgumentParser(prog="tofu-state-ha-readiness dry-run", description=__doc__)
    parser.add_argument("--candidate", required=True, metavar="NAME|PATH", help="the candidate")
    return dry_run(parser.parse_args(arguments).candidate)


def dry_run(candidate: str) -> int:
    """Prints the plan; 0, or 4 if the candidate cannot be reached as it is declared. Nothing is written anywhere."""
    try:
        lines = _plan(candidate)
    except UsageError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return EXIT_USAGE
    print("\n".join(lines))
    return 0


def _plan(candidate: str) -> list[str]:
    loaded = load(candidate)
    kind = loaded.candidate.provider.kind
    if kind != "kubernetes":
        raise UsageError(
            f'--dry-run is for provider.kind = "kubernetes"; that of {loaded.candidate.name} is "{kind}"'
        )
    from readiness.providers.kubernetes.plan import plan
    from readiness.providers.kubernetes.provider import Kubernetes

    return plan(Kubernetes(loaded, run_dir=None))
