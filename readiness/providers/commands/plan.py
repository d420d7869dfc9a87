"""What a run would find and do with the operator's own commands, in words: nothing is asked, and no command is run."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence

from readiness.candidate.declared import Command
from readiness.candidate.load import Loaded
from readiness.providers.commands import needed
from readiness.providers.commands.contract import commands_of_all
from readiness.providers.commands.resolved import ResolvedCandidate
from readiness.providers.commands.runner import Runner
from readiness.providers.engine.journal import UNDO_OF, FaultVerb
from readiness.providers.engine.record import Record
from readiness.topology import Unsupported

OF_INSTANCES = (FaultVerb.RESTART, FaultVerb.KILL, FaultVerb.FREEZE)
OF_NODES = (
    FaultVerb.ISOLATE_OUTSIDE,
    FaultVerb.DRAIN,
    FaultVerb.UNPLUG,
    FaultVerb.WIPE,
    FaultVerb.REPAIR,
    FaultVerb.POWER_OFF,
    FaultVerb.ISOLATE,
    FaultVerb.FILL,
    FaultVerb.LIMP,
    FaultVerb.UPGRADE,
)
_HARDWARE = (FaultVerb.POWER_OFF, FaultVerb.FILL)


def plan(loaded: Loaded) -> list[str]:
    """The lines of a dry run. Raises UsageError for what does not fit together or is missing outside of the file."""
    candidate = ResolvedCandidate(loaded)
    run = Runner(loaded.path.parent.resolve(), Record(), candidate.secrets)
    return [candidate.secrets.clean(line) for line in _lines(loaded, candidate, run)]


def _lines(loaded: Loaded, candidate: ResolvedCandidate, run: Runner) -> Iterator[str]:
    topology = candidate.topology
    yield f"candidate {loaded.candidate.name} runs already; nothing was asked, and no command was run"
    for endpoint in topology.endpoints:
        yield f"  endpoint {endpoint.name}: {endpoint.url} on {endpoint.node}, instance {endpoint.instance}"
    if topology.service:
        yield f"  service endpoint: {topology.service.url}"
    else:
        yield "  no service endpoint: no entry of [[endpoints]] is without node and instance"
    for volume in loaded.candidate.volumes:
        yield f"  volume on {volume.node}: {volume.kind}, {volume.access}, as declared"
    yield "what would be done with --allow-faults, by these commands and to these instances and nodes only:"
    refused: dict[str, list[str]] = {}
    yield from _faults(candidate, OF_INSTANCES, [i.name for i in topology.instances], refused)
    procedure = loaded.candidate.contract.repair.kind == "procedure"
    of_nodes = [verb for verb in OF_NODES if procedure or verb is not FaultVerb.REPAIR]
    yield from _faults(candidate, of_nodes, topology.nodes, refused)
    yield from _as_a_whole(loaded)
    yield "not possible, so that criteria that need it are NOT RUN:"
    for verb, whys in refused.items():
        more = f" (and {len(whys) - 1} more)" if len(whys) > 1 else ""
        yield f"  {verb}: {whys[0].partition(': ')[2] or whys[0]}{more}"
    yield from _unseen(loaded)
    for where, command in candidate.all_commands():
        if name := run.missing_program(command):
            yield f'{where}: there is no program "{name}": a run would end with exit code 4'


def _faults(
    candidate: ResolvedCandidate,
    verbs: Sequence[FaultVerb],
    targets: Sequence[str],
    refused: dict[str, list[str]],
) -> Iterator[str]:
    for verb in verbs:
        for target in targets:
            try:
                needed.check(candidate, verb, target)
                if verb in _HARDWARE:
                    needed.of_hardware(candidate, verb, target)
            except Unsupported as error:
                refused.setdefault(verb, []).append(str(error))
                continue
            yield f"  {verb} {target}: {_how(candidate, verb, target)}"


def _how(candidate: ResolvedCandidate, verb: FaultVerb, target: str) -> str:
    acts = _acts(candidate, verb, target)
    undo = UNDO_OF.get(verb)
    undoing = [needed.undoing(candidate, undo, target)] if undo else []
    if verb is FaultVerb.DRAIN and not all(undoing):
        undoing = [candidate.instance(each.name).start for each in candidate.topology.on(target)]
    line: Callable[[Command], str] = lambda command: shlex.join(command.argv)  # noqa: E731
    done = "; ".join(line(act) for act in acts if act)
    back = "; ".join(line(command) for command in undoing if command)
    return f"{done}   undone by: {back}" if back else done


def _acts(candidate: ResolvedCandidate, verb: FaultVerb, target: str) -> list[Command | None]:
    if verb in OF_INSTANCES:
        instance = candidate.instance(target)
        if verb is FaultVerb.RESTART:
            return [instance.restart] if instance.restart else [instance.stop, instance.start]
        return [instance.kill if verb is FaultVerb.KILL else instance.pause]
    node = candidate.node(target)
    if verb is FaultVerb.DRAIN and not node.drain:
        return [candidate.instance(each.name).stop for each in candidate.topology.on(target)]
    if verb is FaultVerb.UPGRADE:
        return [needed.moves(candidate, target)[0]]
    if verb in _HARDWARE:
        return [needed.of_hardware(candidate, verb, target)]
    of_verb = {
        FaultVerb.DRAIN: node.drain,
        FaultVerb.UNPLUG: node.unplug,
        FaultVerb.ISOLATE_OUTSIDE: node.isolate,
        FaultVerb.ISOLATE: node.isolate_from_peers,
        FaultVerb.LIMP: node.limp,
        FaultVerb.WIPE: node.wipe,
        FaultVerb.REPAIR: node.repair,
    }
    return [of_verb[verb]]


def _as_a_whole(loaded: Loaded) -> Iterator[str]:
    for where, command in commands_of_all(loaded.candidate):
        yield f"  {where}: {shlex.join(command.argv)}"


def _unseen(loaded: Loaded) -> Iterator[str]:
    """What could not be seen: a command that only reads is not declared."""
    nodes, instances = loaded.candidate.nodes, loaded.candidate.instances
    for name, what, without in (
        ("bytes", "on which nodes data lies (S.2)", [each.name for each in nodes if not each.bytes]),
        (
            "identity",
            "that an instance is another one",
            [each.name for each in instances if not each.identity],
        ),
        ("connections", "what it reaches (S.1, S.2, S.5)", [i.name for i in instances if not i.connections]),
    ):
        if without:
            yield f"  {name} of {', '.join(without)}: not declared, which would show {what}"
