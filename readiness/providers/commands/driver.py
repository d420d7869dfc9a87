"""The primitives of the provider `commands`: the operator's own commands, and what is seen of an instance.

Every command that does a fault registers its undo before it starts.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from readiness.candidate.declared import Command, DeclaredInstance
from readiness.providers.commands import needed, observe
from readiness.providers.commands.hardware import HardwareDriver, NodeHardware
from readiness.providers.commands.observe import Incarnation, Sighting
from readiness.providers.commands.peers import ReachedPeers
from readiness.providers.commands.resolved import ResolvedCandidate
from readiness.providers.commands.runner import Runner
from readiness.providers.commands.upgrades import UpgradingDriver
from readiness.providers.commands.watch import CommandWatch, LooksWatch
from readiness.providers.engine import probe
from readiness.providers.engine.driver import PaceWatch, PeersWatch, emptied
from readiness.providers.engine.isolation import IsolatingDriver, IsolationWatch
from readiness.providers.engine.journal import FaultVerb
from readiness.providers.engine.pace import RequestWatch
from readiness.topology import Direction, Proof, Topology, Unsupported


class CommandDriver(
    HardwareDriver[CommandWatch], IsolatingDriver[CommandWatch], UpgradingDriver[CommandWatch]
):
    """The driver of one candidate. What has no command is Unsupported; the reason names the missing command."""

    starts_are_known = False

    def __init__(
        self,
        candidate: ResolvedCandidate,
        runner: Runner,
        tls: ssl.SSLContext,
        settled: Callable[[], bool],
    ) -> None:
        self.candidate, self._run, self._tls, self._settled = candidate, runner, tls, settled
        self.keys = candidate.keys
        self._started_at: dict[str, float] = {}
        self._hardware = NodeHardware(runner, partial(needed.of_hardware, candidate))
        self._identities: dict[str, Incarnation] | None = None

    @property
    def topology(self) -> Topology:
        return self.candidate.topology

    # -- what may be done

    def check(self, verb: FaultVerb, target: str) -> None:
        needed.check(self.candidate, verb, target)
        self._hardware.check(verb, target)

    def needs(self, undo: FaultVerb, target: str) -> bool:
        return self._run.is_open(needed.UNDO[undo], target)

    def take_over(self, undo: FaultVerb, target: str) -> None:
        command = needed.undoing(self.candidate, undo, target)
        if command is not None and not self.needs(undo, target):
            self._run.take_over(needed.UNDO[undo], target, command)
        elif command is None and undo is FaultVerb.RESTORE:  # it was drained by stopping each instance
            for instance in self.topology.on(target):
                self.take_over(FaultVerb.START, instance.name)

    def reach(self, undo: FaultVerb, target: str) -> dict[str, str]:
        command = needed.undoing(self.candidate, undo, target)
        if command is None and undo is FaultVerb.RESTORE:
            here = [self.candidate.instance(instance.name).start for instance in self.topology.on(target)]
            return {"by hand": "; ".join(self._run.by_hand(start) for start in here if start)}
        return {"by hand": self._run.by_hand(command)} if command else {}

    # -- observing

    def runs(self, instance: str) -> bool:
        return self._looker(self.candidate.instance(instance))() in (Sighting.ANSWERED, Sighting.SILENT)

    def started_at(self, instance: str) -> float | None:
        """The last start by this run, as it was seen; None: it was not started by this run."""
        return self._started_at.get(instance)

    def ready(self, instance: str) -> bool:
        probe = self.candidate.instance(instance).probe
        return self._run.ask(probe).ok if probe else True

    def settled(self) -> bool:
        return self._settled()

    def watch(self, instance: str) -> CommandWatch:
        declared = self.candidate.instance(instance)
        return CommandWatch(
            declared,
            self._looker(declared),
            lambda: self._incarnation(declared),
            self._others(instance),
            lambda: self._states(declared),
            answers=self.candidate.endpoint_of(instance) is not None,
        )

    def watch_network(self, node: str) -> LooksWatch:
        """What of the node answers clients must fall silent. A probe may take another way than they do (ssh, the
        machine itself), and so counts only where nothing of the node answers clients.
        """
        names = {instance.name for instance in self.topology.on(node)}
        answering = {name for name in names if self.candidate.endpoint_of(name) is not None}
        return self._looks(node, observe.CUT if answering else observe.AWAY, answering or names)

    def watch_instances(self, node: str) -> LooksWatch:
        return self._looks(node, observe.AWAY, {instance.name for instance in self.topology.on(node)})

    def metrics_url(self, instance: str) -> str:
        return self.candidate.metrics_url(instance)

    # -- acting

    def stop(self, seen: CommandWatch) -> str:
        return self._end(seen, "stop", seen.declared.stop)

    def kill(self, seen: CommandWatch) -> str:
        return self._end(seen, "kill", seen.declared.kill)

    def _end(self, seen: CommandWatch, verb: str, command: Command | None) -> str:
        assert command, "see check"
        assert seen.declared.start, "a candidate file that declares the one declares the other"
        seen.follow()
        self._run.must_be_undone("start", seen.name, seen.declared.start)
        return self._run.change(verb, seen.name, command).how

    def restart(self, seen: CommandWatch) -> str:
        declared = seen.declared
        if declared.restart:
            seen.follow()
            if declared.start:
                self._run.must_be_undone("start", seen.name, declared.start)
            ran = self._run.change("restart", seen.name, declared.restart)
            if ran.ok:
                self._run.undone("start", seen.name)
            how = ran.how
        else:
            how = self.stop(seen)
            self._run.undo("start", seen.name)
        self._started_at[seen.name] = seen.back_at()
        return how

    def start(self, instance: str) -> None:
        with self.watch(instance) as seen:
            seen.follow()
            self._run.undo("start", instance)
            self._started_at[instance] = seen.back_at()

    def freeze(self, seen: CommandWatch) -> str:
        return self._do("pause", "unpause", seen.name, seen.declared.pause, seen.declared.unpause)

    def thaw(self, instance: str) -> None:
        self._run.undo("unpause", instance)

    def drain(self, node: str) -> Proof | None:
        declared = self.candidate.node(node)
        if not declared.drain or not declared.restore:
            return None
        looks = self.watch_instances(node)
        return looks.cut(self._do("drain", "restore", node, declared.drain, declared.restore))

    def restore(self, node: str) -> None:
        self._run.undo("restore", node)
        self._note_start(node)

    def cut(self, node: str) -> str:
        declared = self.candidate.node(node)
        return self._do("unplug", "plug", node, declared.unplug, declared.plug)

    def join(self, node: str) -> None:
        self._run.undo("plug", node)

    def power_on(self, node: str) -> None:
        super().power_on(node)
        self._note_start(node)

    def _note_start(self, node: str) -> None:
        now = time.monotonic()
        self._started_at |= {instance.name: now for instance in self.topology.on(node)}

    def watch_outside(self, node: str) -> IsolationWatch:
        own = [_host_and_port(endpoint.url) for endpoint in self.topology.all_endpoints()]
        outside = self.candidate.node(node).outside
        return IsolationWatch(node, lambda addresses: self._reached(node, addresses), outside, own)

    def isolate_from_outside(self, node: str) -> str:
        declared = self.candidate.node(node)
        return self._do("isolate", "rejoin", node, declared.isolate, declared.rejoin)

    def rejoin_outside(self, node: str) -> None:
        self._run.undo("rejoin", node)

    def watch_peers(self, node: str, way: Direction) -> PeersWatch:
        own = [endpoint for endpoint in self.topology.endpoints if endpoint.node == node]
        peers = [_host_and_port(e.url) for e in self.topology.endpoints if e.node != node]
        clients = {e.name: partial(observe.look, e.url, self._tls) for e in own}
        return ReachedPeers(node, lambda addresses: self._reached(node, addresses), peers, clients)

    def isolate(self, node: str, way: Direction) -> str:
        declared = self.candidate.node(node)
        act, undoing = declared.isolate_from_peers, declared.rejoin_peers
        direction = {"READINESS_DIRECTION": str(way)}
        return f"{self._do('isolate_from_peers', 'rejoin_peers', node, act, undoing, direction)} ({way})"

    def rejoin(self, node: str) -> None:
        self._run.undo("rejoin_peers", node)

    def watch_pace(self, node: str) -> PaceWatch:
        url = next((e.url for e in self.topology.endpoints if e.node == node), None)
        if url is None:
            raise Unsupported(f"{node} has no endpoint at which it could be seen to limp")
        return RequestWatch(node, url, self._tls)

    def limp(self, node: str) -> str:
        declared = self.candidate.node(node)
        return self._do("limp", "unlimp", node, declared.limp, declared.unlimp)

    def unlimp(self, node: str) -> None:
        self._run.undo("unlimp", node)

    def _reached(self, node: str, addresses: Sequence[str]) -> list[str]:
        command = self.candidate.node(node).reaches
        assert command, "see check"
        ends = [(address, *address.rsplit(":", 1)) for address in addresses]
        return [
            address
            for address, host, port in ends
            if self._run.look("reaches", node, command.given(host.strip("[]"), port)).ok
        ]

    def erase(self, node: str) -> Proof:
        declared = self.candidate.node(node)
        assert declared.wipe, "see check"
        assert declared.files, "see check"
        had = self._run.number("files", node, declared.files)
        ran = self._run.change("wipe", node, declared.wipe)
        return emptied(node, had, self._run.number("files", node, declared.files), ran.how)

    def repair(self, node: str) -> str:
        command = self.candidate.node(node).repair
        assert command, "see check"
        return self._run.repair(node, command)

    def _do(
        self,
        verb: str,
        undo: str,
        target: str,
        act: Command | None,
        undoing: Command | None,
        env: Mapping[str, str] | None = None,
    ) -> str:
        assert act, "see check"
        assert undoing, "see check"
        self._run.must_be_undone(undo, target, undoing)
        return self._run.change(verb, target, act, env).how

    # -- seeing

    def _looks(self, node: str, wanted: frozenset[Sighting], names: set[str]) -> LooksWatch:
        here = [self.candidate.instance(i.name) for i in self.topology.on(node) if i.name in names]
        return LooksWatch(node, {declared.name: self._looker(declared) for declared in here}, wanted)

    def _looker(self, declared: DeclaredInstance) -> observe.Look:
        endpoint = self.candidate.endpoint_of(declared.name)
        if endpoint is not None:
            return lambda: observe.look(endpoint.url, self._tls)
        command = declared.probe
        assert command is not None, "checked when the candidate was resolved"
        return lambda: observe.of_probe(self._run.ask(command).code)

    def _others(self, instance: str) -> dict[str, Incarnation]:
        """The identities of the other instances, as they were when first an instance was watched."""
        if self._identities is None:
            names = [each.name for each in self.topology.instances]
            self._identities = {name: self._incarnation(self.candidate.instance(name)) for name in names}
        return {name: found for name, found in self._identities.items() if name != instance}

    def _states(self, declared: DeclaredInstance) -> str:
        """The states of its processes; "" where they are not known."""
        ran = self._run.ask(declared.state) if declared.state else None
        return ran.stdout if ran is not None and ran.ok else ""

    def _incarnation(self, declared: DeclaredInstance) -> Incarnation:
        if declared.identity is None:
            return Incarnation(None)
        ran = self._run.ask(declared.identity)
        return Incarnation(ran.stdout.strip() if ran.ok else None)


def _host_and_port(url: str) -> str:
    host, port = probe.address_of(url)
    return f"{host}:{port}"
