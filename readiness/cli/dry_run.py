"""show what a run would find and do, without doing it.

Of a store in Kubernetes the cluster is read; of any other nothing is asked, and what the candidate file declares is
shown as a run would take it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from readiness.campaign.outline import outline
from readiness.candidate.load import Loaded, load
from readiness.command_line import Parser
from readiness.errors import EXIT_USAGE, UsageError
from readiness.providers import OWNED
from readiness.topology import Instance, Topology


def main(arguments: list[str]) -> int:
    """The command; `run --dry-run` does the same."""
    parser = Parser(prog="tofu-state-ha-readiness dry-run", description=__doc__)
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
    if kind in OWNED:
        lines, topology = list(_owned(loaded)), _declared(loaded)
    elif kind == "commands":
        from readiness.providers.commands import plan as of_commands
        from readiness.providers.commands.resolved import ResolvedCandidate

        lines, topology = of_commands.plan(loaded), ResolvedCandidate(loaded).topology
    else:
        from readiness.providers.kubernetes.plan import plan
        from readiness.providers.kubernetes.provider import Kubernetes

        provider = Kubernetes(loaded, run_dir=None)
        lines, topology = plan(provider), provider.topology
    return [*lines, *outline(topology, loaded.candidate.model_dump(mode="json", by_alias=True))]


def _declared(loaded: Loaded) -> Topology:
    """The nodes of a candidate that the suite starts, with one instance each: how many there are shows at its start."""
    nodes = loaded.candidate.provider.nodes or tuple(
        dict.fromkeys(node for each in loaded.candidate.containers for node in each.nodes)
    )
    return Topology(nodes, tuple(Instance(f"store-{node}", node, "store") for node in nodes), (), None)


def _owned(loaded: Loaded) -> Iterator[str]:
    """Of a candidate that the suite starts itself."""
    declared = loaded.candidate.provider
    yield f"candidate {loaded.candidate.name} would be started by the run, and removed at its end; nothing was started"
    if declared.kind == "processes":
        yield f"  {declared.store} on this machine, on nodes {', '.join(declared.nodes)}"
        yield f"  network: {declared.network}; disks: {declared.disks}"
    for each in loaded.candidate.containers:
        yield f"  container {each.name} of {each.image} on nodes {', '.join(each.nodes)}"
        yield f"    its volumes: {', '.join(each.volumes) or 'none'}"
    yield "faults are done to it without --allow-faults; nothing else on this machine is touched"
