"""propose a candidate file for a store that runs already, from what its own surroundings say.

In Kubernetes (--namespace), in a compose project (--docker), under systemd on hosts (--ssh HOST,HOST --unit UNIT), or
known by its endpoints alone (--endpoint URL). Nothing is changed, and no secret is read. The file goes to standard
output, with a comment beside each guess; what only an operator can promise is TO BE WRITTEN. Exit 0: proposed; 4: no
store was recognised, or it cannot be looked at.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from readiness.cli.store_options import add_store_options
from readiness.command_line import Parser
from readiness.declare.known_stores import STORES
from readiness.errors import EXIT_USAGE, UsageError

_GOES_WITH = {
    "context": "namespace",
    "kubeconfig": "namespace",
    "probe_image": "namespace",
    "dns": "namespace",
    "via": "namespace",
    "project": "docker",
    "unit": "ssh",
    "profile": "endpoint",
    "region": "endpoint",
    "ca_bundle": "endpoint",
}
"""Options that make sense only with another one."""


def main(arguments: list[str]) -> int:
    """The command."""
    given = _parser().parse_args(arguments)
    try:
        _check(given)
        print(_proposed(given), end="")
    except UsageError as error:
        message = str(error).replace(
            "kubernetes.context is not declared: name", "--context is not given: name"
        )
        print(f"ERROR: {message}", file=sys.stderr)
        return EXIT_USAGE
    return 0


def _parser() -> argparse.ArgumentParser:
    formatter = argparse.RawDescriptionHelpFormatter
    parser = Parser(
        prog="tofu-state-ha-readiness declare",
        description=__doc__,
        allow_abbrev=False,
        formatter_class=formatter,
    )
    parser.add_argument(
        "--store", choices=[store.name for store in STORES], help="which one, where there are several"
    )
    cluster = parser.add_argument_group("in Kubernetes")
    cluster.add_argument("--namespace", metavar="N", help="where the store runs")
    cluster.add_argument("--context", metavar="C", help="a context of the kubeconfig, or in-cluster")
    cluster.add_argument(
        "--kubeconfig", type=Path, metavar="FILE", help="default: KUBECONFIG, then ~/.kube/config"
    )
    cluster.add_argument(
        "--probe-image",
        metavar="IMAGE",
        help="an image with sh, wget, timeout and httpd (busybox), by which S.1, S.2 and S.5 can be proved",
    )
    cluster.add_argument(
        "--dns",
        action="append",
        default=[],
        metavar="CIDR",
        help="name servers that are no pods of kube-system; goes with --probe-image",
    )
    cluster.add_argument(
        "--via",
        choices=["port-forward", "address"],
        help="how pods are reached: from anywhere, slowly (default); or from where their addresses are routed",
    )
    compose = parser.add_argument_group("in a compose project")
    compose.add_argument("--docker", action="store_true", help="ask `docker`, as its context is set")
    compose.add_argument("--project", metavar="NAME", help="which one, where there are several")
    hosts = parser.add_argument_group("under systemd, on hosts that ssh reaches without a prompt")
    hosts.add_argument("--ssh", metavar="HOST[,HOST…]", help="the hosts, as ssh takes them")
    hosts.add_argument("--unit", metavar="UNIT", help="the unit of the store, on each of them")
    add_store_options(parser.add_argument_group("known by its endpoints alone").add_argument)
    return parser


def _check(given: argparse.Namespace) -> None:
    """Raises UsageError unless it is told of exactly one place to look at, and of nothing that goes with another."""
    places = {
        "--namespace N": given.namespace,
        "--docker": given.docker,
        "--ssh HOST": given.ssh,
        "--endpoint URL": given.endpoint,
    }
    named = [option for option, value in places.items() if value]
    if len(named) != 1:
        seen = f"{' and '.join(named)} are given" if named else "nothing is given"
        raise UsageError(f"name the place where the store runs by one of {', '.join(places)}; {seen}")
    for option, place in _GOES_WITH.items():
        if getattr(given, option) and not getattr(given, place):
            raise UsageError(f"--{option.replace('_', '-')} goes with --{place}")
    if given.dns and not given.probe_image:
        raise UsageError("--dns goes with --probe-image")
    if given.ssh and not given.unit:
        raise UsageError("--ssh needs --unit: the unit that runs the store on each of these hosts")


def _proposed(given: argparse.Namespace) -> str:
    if given.docker:
        return _compose(given)
    if given.ssh:
        return _hosts(given)
    if given.endpoint:
        return _endpoints(given)
    return _cluster(given)


def _cluster(given: argparse.Namespace) -> str:
    from readiness.declare.cluster import Asked, proposal
    from readiness.declare.cluster_survey import survey

    kubeconfig = str(given.kubeconfig.resolve()) if given.kubeconfig else None
    found = survey(given.context, kubeconfig, given.namespace)
    asked = Asked(
        context=given.context or "",
        namespace=given.namespace,
        kubeconfig=kubeconfig,
        store=given.store,
        probe_image=given.probe_image,
        dns=tuple(given.dns),
        via=given.via or "port-forward",
    )
    return proposal(found, asked)


def _compose(given: argparse.Namespace) -> str:
    from readiness.declare.compose import proposal
    from readiness.declare.compose_survey import survey

    return proposal(survey(given.project), given.store)


def _hosts(given: argparse.Namespace) -> str:
    from readiness.declare.systemd import proposal
    from readiness.declare.systemd_survey import survey

    return proposal(survey(given.ssh, given.unit), given.store)


def _endpoints(given: argparse.Namespace) -> str:
    from readiness.declare.endpoints import proposal

    return proposal(given.endpoint, given.profile, given.region, given.ca_bundle, given.addressing)
