"""The commands that a fault needs, and the one that undoes it."""

from __future__ import annotations

from readiness.candidate.declared import Command, DeclaredInstance, DeclaredNode
from readiness.providers.commands.contract import no_command
from readiness.providers.commands.resolved import ResolvedCandidate
from readiness.providers.engine.journal import FaultVerb
from readiness.topology import Unsupported

UNDO = {
    FaultVerb.START: "start",
    FaultVerb.THAW: "unpause",
    FaultVerb.RESTORE: "restore",
    FaultVerb.PLUG: "plug",
    FaultVerb.POWER_ON: "power_on",
    FaultVerb.FREE: "free",
    FaultVerb.REJOIN_OUTSIDE: "rejoin",
    FaultVerb.REJOIN: "rejoin_peers",
    FaultVerb.UNLIMP: "unlimp",
    FaultVerb.TAKE_BACK: "take_back",
}
"""The command that undoes: what a registered undo is known by."""


def check(candidate: ResolvedCandidate, verb: FaultVerb, target: str) -> None:
    """Raises Unsupported for a fault of an instance or a node that lacks a command. Power and disks: see hardware."""
    if verb in (FaultVerb.RESTART, FaultVerb.KILL, FaultVerb.FREEZE):
        _check_instance(verb, candidate.instance(target))
        return
    node = candidate.node(target)
    if verb is FaultVerb.UPGRADE:
        moves(candidate, target)
    if verb is FaultVerb.DRAIN and not (node.drain and node.restore):
        here = (candidate.instance(instance.name) for instance in candidate.topology.on(target))
        if not all(instance.stop and instance.start for instance in here):
            raise no_command(
                "drain", f"node {target}", "drain and restore, or stop and start of each instance,"
            )
    _check_node(verb, node)


def _check_instance(verb: FaultVerb, declared: DeclaredInstance) -> None:
    whom = f"instance {declared.name}"
    if verb is FaultVerb.RESTART and not (declared.restart or (declared.stop and declared.start)):
        raise no_command("restart", whom, "restart, or stop and start,")
    if verb is FaultVerb.KILL and not declared.kill:
        raise no_command("kill", whom)
    if verb is FaultVerb.FREEZE and not (declared.pause and declared.unpause):
        raise no_command("pause", whom)


def _check_node(verb: FaultVerb, declared: DeclaredNode) -> None:
    needed = {
        FaultVerb.UNPLUG: ("unplug", (declared.unplug, declared.plug)),
        FaultVerb.ISOLATE_OUTSIDE: ("isolate", (declared.isolate, declared.rejoin, declared.reaches)),
        FaultVerb.ISOLATE: ("isolate_from_peers", (declared.isolate_from_peers,)),
        FaultVerb.LIMP: ("limp", (declared.limp,)),
        FaultVerb.WIPE: ("wipe", (declared.wipe, declared.files)),
        FaultVerb.REPAIR: ("repair", (declared.repair,)),
    }
    name, commands = needed.get(verb, ("", ()))
    if not all(commands):
        raise no_command(name, f"node {declared.name}")


def undoing(candidate: ResolvedCandidate, undo: FaultVerb, target: str) -> Command | None:
    """The command that undoes a fault of that instance or node, if it is declared."""
    if undo in (FaultVerb.START, FaultVerb.THAW):
        instance = candidate.instance(target)
        return instance.start if undo is FaultVerb.START else instance.unpause
    node = candidate.node(target)
    if undo is FaultVerb.TAKE_BACK:
        return moves(candidate, target)[1]
    commands = {
        FaultVerb.RESTORE: node.restore,
        FaultVerb.PLUG: node.plug,
        FaultVerb.POWER_ON: node.power_on,
        FaultVerb.FREE: node.free,
        FaultVerb.REJOIN_OUTSIDE: node.rejoin,
        FaultVerb.REJOIN: node.rejoin_peers,
        FaultVerb.UNLIMP: node.unlimp,
    }
    return commands[undo]


def moves(candidate: ResolvedCandidate, node: str) -> tuple[Command, Command]:
    """The command that upgrades a node, and the one that takes it back. Raises Unsupported."""
    command, versions = candidate.node(node).upgrade, candidate.versions
    if versions is None:
        raise Unsupported("the candidate file has no [upgrade], which names the two versions")
    if command is None:
        raise no_command("upgrade", f"node {node}")
    versioned(candidate, node)
    return command.given(versions.second), command.given(versions.first)


def versioned(candidate: ResolvedCandidate, node: str) -> dict[str, Command]:
    """The commands that print what the node's instances run, by instance. Raises Unsupported if there is none."""
    here = (candidate.instance(instance.name) for instance in candidate.topology.on(node))
    found = {declared.name: declared.version for declared in here if declared.version is not None}
    if not found:
        raise no_command("version", f"any instance of node {node}")
    return found


def of_hardware(candidate: ResolvedCandidate, name: str, node: str) -> Command:
    """The command of that name for the node's power or disk. Raises Unsupported if it is not declared."""
    command = candidate.node(node).hardware[name]
    if command is None:
        raise no_command(name, f"node {node}")
    return command
