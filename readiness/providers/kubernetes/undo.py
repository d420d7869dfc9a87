"""Uncordon a node that a run holds: `python -m readiness.providers.kubernetes.undo --context CONTEXT --node NODE`.

A run does this itself, also when it is interrupted or killed. This is for a node whose run has ended with its machine.
It does nothing to a node that no run holds.
"""

from __future__ import annotations

import argparse
import sys
import time

from kubernetes.client.exceptions import ApiException

from readiness.errors import UsageError
from readiness.providers.engine.record import Record
from readiness.providers.kubernetes.api import NOT_FOUND, Cluster, client_of, why
from readiness.providers.kubernetes.holds import release

TRIES, PAUSE = 10, 2.0


def main(arguments: list[str]) -> int:
    """0: nothing is held any more; 1: it could not be undone; 4: the arguments do not fit."""
    parser = argparse.ArgumentParser(
        prog="python -m readiness.providers.kubernetes.undo", description=__doc__
    )
    parser.add_argument("--context", required=True, help='a context of the kubeconfig, or "in-cluster"')
    parser.add_argument("--kubeconfig", help="default: that of KUBECONFIG, then ~/.kube/config")
    parser.add_argument("--node", required=True, help="the node to uncordon")
    parser.add_argument("--run", help="only what this run holds; default: what any run holds")
    asked = parser.parse_args(arguments)
    try:
        cluster = Cluster(client_of(asked.context, asked.kubeconfig), "", Record())
    except UsageError as error:
        print(error, file=sys.stderr)
        return 4
    for left in range(TRIES - 1, -1, -1):
        try:
            done = release(cluster, asked.node, asked.run)
        except (ApiException, OSError) as error:
            reason = why(error) if isinstance(error, ApiException) else str(error)
            gone = isinstance(error, ApiException) and error.status == NOT_FOUND
            print(f"node {asked.node}: {reason}", file=sys.stderr)
            if gone or not left:
                return 4 if gone else 1
            time.sleep(PAUSE)
            continue
        print(f"node {asked.node} is {'uncordoned' if done else 'held by no such run: nothing to undo'}")
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
