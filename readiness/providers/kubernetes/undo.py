"""Undo what a run has done to a cluster, by hand: `python -m readiness.providers.kubernetes.undo --context CONTEXT …`.

`--node NODE` uncordons a node that a run holds, `--confined NAMESPACE` removes the NetworkPolicies and probe pods of a
run. A run does this itself, also when it is interrupted or killed. This is for what a run has left that ended with its
machine. It does nothing to a node that no run holds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from kubernetes.client.exceptions import ApiException

from readiness.command_line import Parser
from readiness.errors import EXIT_USAGE, UsageError
from readiness.providers.engine.record import Record
from readiness.providers.kubernetes.api import NOT_FOUND, Cluster, client_of, why
from readiness.providers.kubernetes.confinement import release as release_confined
from readiness.providers.kubernetes.holds import release

TRIES, PAUSE = 10, 2.0


def main(arguments: list[str]) -> int:
    """0: nothing is left; 1: it could not be undone; 4: the arguments do not fit."""
    parser = Parser(prog="python -m readiness.providers.kubernetes.undo", description=__doc__)
    parser.add_argument("--context", required=True, help='a context of the kubeconfig, or "in-cluster"')
    parser.add_argument("--kubeconfig", help="default: that of KUBECONFIG, then ~/.kube/config")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--node", help="the node to uncordon")
    what.add_argument("--confined", metavar="NAMESPACE", help="where the candidate is; needs --run")
    parser.add_argument("--run", help="only what this run holds; default: what any run holds")
    asked = parser.parse_args(arguments)
    if asked.confined and not asked.run:
        parser.error("--confined needs --run")
    try:
        cluster = Cluster(client_of(asked.context, asked.kubeconfig), asked.confined or "", Record())
    except UsageError as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE
    if asked.node:
        return _until_done(f"node {asked.node}", lambda: _uncordon(cluster, asked.node, asked.run))
    return _until_done(f"namespace {asked.confined}", lambda: _release(cluster, asked.run))


def _uncordon(cluster: Cluster, node: str, run: str | None) -> str:
    return "is uncordoned" if release(cluster, node, run) else "is held by no such run: nothing to undo"


def _release(cluster: Cluster, run: str) -> str:
    removed = release_confined(cluster, run)
    return f"is rid of {removed} policies and probes of run {run}" if removed else "has nothing of that run"


def _until_done(name: str, act: Callable[[], str]) -> int:
    for left in range(TRIES - 1, -1, -1):
        try:
            print(f"{name} {act()}")
            return 0
        except (ApiException, OSError) as error:
            reason = why(error) if isinstance(error, ApiException) else str(error)
            gone = isinstance(error, ApiException) and error.status == NOT_FOUND
            print(f"{name}: {reason}", file=sys.stderr)
            if gone or not left:
                return EXIT_USAGE if gone else 1
            time.sleep(PAUSE)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
