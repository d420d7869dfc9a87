"""copy the results of the suite's Job out of a cluster, once it has ended: results --namespace N DIR.

By kubectl, from a pod that holds the Job's volume for a moment, read-only. What arrives is compared with its seal, and
copied again if it was cut short. Exit 0 and 1 are those of the verdict; 4: the Job has not ended, left no verdict, or
could not be copied, and a message says what to change.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from readiness.command_line import Parser
from readiness.errors import EXIT_USAGE, UsageError
from readiness.forge.standing import Standing, standing
from readiness.providers.kubernetes.job_results import Kubectl, copied, must_unpack, wait_for_end
from readiness.verdict import EXIT_GOOD, EXIT_JUDGED

TRIES = 3


def main(arguments: list[str]) -> int:
    """The command."""
    parser = Parser(prog="tofu-state-ha-readiness results", description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add("--namespace", required=True, metavar="N", help="where the Job is")
    add("--context", metavar="C", help="a context of the kubeconfig; default: the current one")
    add("--job", default="readiness", metavar="NAME", help="default: readiness")
    add("--wait", type=float, default=7200, metavar="SECONDS", help="for the Job to end; default: 7200")
    add("target", type=Path, metavar="DIR", help="a folder that does not exist yet")
    try:
        found = _found(parser.parse_args(arguments))
    except UsageError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return EXIT_USAGE
    print(f"{found.verdict}\n  evidence: {found.folder}")
    return EXIT_GOOD if found.good else EXIT_JUDGED


def _found(given: argparse.Namespace) -> Standing:
    target: Path = given.target
    if target.exists():
        raise UsageError(f"{target} exists already: name a new folder")
    must_unpack()
    kubectl = Kubectl(given.namespace, given.context)
    job = wait_for_end(kubectl, given.job, given.wait)
    for _ in range(TRIES):
        whole = copied(kubectl, job, target)
        found = standing(target)
        if whole and found.record:
            return found
        if whole and found.folder is None and not list(target.rglob("run.json")):
            raise UsageError(
                f"job/{given.job} left no evidence, so nothing was judged: "
                f"kubectl --namespace={given.namespace} logs job/{given.job}"
            )
        shutil.rmtree(target, ignore_errors=True)
    why = found.why if whole else "the copy was cut short"
    raise UsageError(f"nothing was copied after {TRIES} tries: {why}")
