"""propose a candidate file for a store in Kubernetes, from what its namespace holds.

Nothing is changed, and no Secret is read. The file goes to standard output, with a comment beside each guess; what only
an operator can promise is TO BE WRITTEN. Exit 0: proposed; 4: no store was recognised, or the cluster cannot be read.
"""

from __future__ import annotations

import sys

from readiness.cli.store_options import Parser
from readiness.errors import UsageError
from readiness.providers.kubernetes.known_stores import STORES
from readiness.verdict import EXIT_USAGE


def main(arguments: list[str]) -> int:
    """The command."""
    parser = Parser(prog="tofu-state-ha-readiness declare", description=__doc__, allow_abbrev=False)
    parser.add_argument("--context", metavar="C", help="a context of the kubeconfig, or in-cluster")
    parser.add_argument("--kubeconfig", metavar="FILE", help="default: KUBECONFIG, then ~/.kube/config")
    parser.add_argument("--namespace", required=True, metavar="N", help="where the store runs")
    parser.add_argument(
        "--store", choices=[store.name for store in STORES], help="which one, where there are several"
    )
    given = parser.parse_args(arguments)
    try:
        print(_proposed(given.context, given.kubeconfig, given.namespace, given.store), end="")
    except UsageError as error:
        message = str(error).replace(
            "kubernetes.context is not declared: name", "--context is not given: name"
        )
        print(f"ERROR: {message}", file=sys.stderr)
        return EXIT_USAGE
    return 0


def _proposed(context: str | None, kubeconfig: str | None, namespace: str, store: str | None) -> str:
    from readiness.providers.kubernetes.proposal import proposal
    from readiness.providers.kubernetes.survey import survey

    return proposal(survey(context, kubeconfig, namespace), context or "", namespace, store)
