"""The primitives of the provider `commands`: the operator's own commands, and what is seen of an instance.

Every command that does a fault registers its undo before it starts.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from readiness.candidate.declared import Command, DeclaredInstance, DeclaredNode
from readiness.providers.commands import observe
from readiness.providers.commands.contract import no_command
from readiness.providers.commands.hardware import NodeHardware
from readiness.providers.commands.observe import Incarnation, Sighting, Watcher
from readiness.providers.commands.peers import ReachedPeers
from readiness.providers.commands.resolved import ResolvedCandidate
from readiness.providers.commands.runner import Runner
from readiness.providers.engine import probe
from readiness.providers.engine.driver import NetworkWatch, PaceWatch, PeersWatch, Watch, emptied, together
from readiness.providers.engine.isolation import IsolatingDriver, IsolationWatch
from readiness.providers.engine.journal import FaultVerb
from readiness.providers.engine.pace import RequestWatch
from readiness.topology import Direction, Proof, Topology, Unsupported

_UNDO = {
    FaultVerb.START: "start",
    FaultVerb.THAW: "unpause",
    FaultVerb.RESTORE: "restore",
    FaultVerb.PLUG: "plug",
    FaultVerb.POWER_ON: "power_on",
    FaultVerb.FREE: "free",
    FaultVerb.REJOIN_OUTSIDE: "rejoin",
    FaultVerb.REJOIN: "rejoin_peers",
    FaultVerb.UNLIMP: "unlimp",
}
"""The command that undoes: what a registered undo is known by."""


class CommandWatch(Watch):
    """Looks at one instance as a client would; its identity command says which incarnation it is."""

    def __init__(
        self,
        declared: DeclaredInstance,
        look_once: observe.Look,
        incarnation: Callable[[], Incarnation],
        others: Mapping[str, Incarnation],
        states: Callable[[], str],
        *,
        answers: bool,
    ) -> None:
        super().__init__(declared.name)
        self._answers, self._states = answers, states
        self.declared, self._look, self._incarnation = declared, look_once, incarnation
        self._old = incarnation()
        self._not_telling = observe.not_telling(self.name, self._old, incarnation(), others)
        self._before = look_once()
        self._watcher: Watcher | None = None

    def follow(self) -> None:
        """Look again and again from now on, so that a short absence is seen too."""
        self._watcher = Watcher(self._look).__enter__()

    def back_at(self) -> float:
        """When it was first seen to accept a request again; now, if it was never seen away."""
        return (self._watcher and self._watcher.first_answer_after_absence()) or time.monotonic()

    def __exit__(self, *why: object) -> None:
        if self._watcher is not None:
            self._watcher.__exit__(*why)

    def killed(self, how: str) -> Proof:
        if self._not_telling:
            return Proof(False, self._not_telling)
        return observe.ended(self.name, self._followed, self._old, self._incarnation, how)

    def stopped(self, how: str) -> Proof:
        return self.killed(how)

    def replaced(self, how: str) -> Proof:
        if self._not_telling:
            return Proof(False, self._not_telling)
        return observe.replaced(
            self.name, self._followed, self._old, self._incarnation, how, answers=self._answers
        )

    def frozen(self, how: str) -> Proof:
        if not self._answers:
            inside = observe.Inside(self._look, self._states, self._incarnation)
            return observe.paused(self.name, self._before, self._old, inside, how)
        return observe.changed(self.name, self._before, self._look, observe.MUTE, how)

    @property
    def _followed(self) -> Watcher:
        assert self._watcher is not None, "an act that ends an instance follows it"
        return self._watcher


class LooksWatch(NetworkWatch):
    """Looks at several instances, which all must change in one of the wanted ways."""

    def __init__(self, node: str, looks: dict[str, observe.Look], wanted: frozenset[Sighting]) -> None:
        self._node, self._looks, self._wanted = node, looks, wanted
        self._before = {name: look() for name, look in looks.items()}

    def cut(self, how: str) -> Proof:
        return together(
            self._node,
            [observe.changed(n, self._before[n], look, self._wanted, how) for n, look in self._looks.items()],
        )


class CommandDriver(IsolatingDriver[CommandWatch]):
    """Of one candidate. What has no command is Unsupported, and says which command is missing."""

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
        self._hardware = NodeHardware(runner, self._of_hardware)
        self._identities: dict[str, Incarnation] | None = None

    @property
    def topology(self) -> Topology:
        return self.candidate.topology

    # -- what may be done

    def check(self, verb: FaultVerb, target: str) -> None:
        if verb in (FaultVerb.RESTART, FaultVerb.KILL, FaultVerb.FREEZE):
            self._check_instance(verb, self.candidate.instance(target))
        else:
            self._check_node(verb, self.candidate.node(target))

    @staticmethod
    def _check_instance(verb: FaultVerb, declared: DeclaredInstance) -> None:
        whom = f"instance {declared.name}"
        if verb is FaultVerb.RESTART and not (declared.restart or (declared.stop and declared.start)):
            raise no_command("restart", whom, "restart, or stop and start,")
        if verb is FaultVerb.KILL and not declared.kill:
            raise no_command("kill", whom)
        if verb is FaultVerb.FREEZE and not (declared.pause and declared.unpause):
            raise no_command("pause", whom)

    def _check_node(self, verb: FaultVerb, declared: DeclaredNode) -> None:
        whom = f"node {declared.name}"
        if verb is FaultVerb.DRAIN and not (declared.drain and declared.restore):
            here = (self.candidate.instance(instance.name) for instance in self.topology.on(declared.name))
            if not all(instance.stop and instance.start for instance in here):
                raise no_command("drain", whom, "drain and restore, or stop and start of each instance,")
        if verb is FaultVerb.UNPLUG and not (declared.unplug and declared.plug):
            raise no_command("unplug", whom)
        if verb is FaultVerb.ISOLATE_OUTSIDE and not (
            declared.isolate and declared.rejoin and declared.reaches
        ):
            raise no_command("isolate", whom)
        if verb is FaultVerb.ISOLATE and not declared.isolate_from_peers:
            raise no_command("isolate_from_peers", whom)
        if verb is FaultVerb.LIMP and not declared.limp:
            raise no_command("limp", whom)
        self._hardware.check(verb, declared.name)
        if verb is FaultVerb.WIPE and not (declared.wipe and declared.files):
            raise no_command("wipe", whom)
        if verb is FaultVerb.REPAIR and not declared.repair:
            raise no_command("repair", whom)

    def needs(self, undo: FaultVerb, target: str) -> bool:
        return self._run.is_open(_UNDO[undo], target)

    def take_over(self, undo: FaultVerb, target: str) -> None:
        command = self._undoing(undo, target)
        if command is not None and not self.needs(undo, target):
            self._run.take_over(_UNDO[undo], target, command)
        elif command is None and undo is FaultVerb.RESTORE:  # it was drained by stopping each instance
            for instance in self.topology.on(target):
                self.take_over(FaultVerb.START, instance.name)

    def reach(self, undo: FaultVerb, target: str) -> dict[str, str]:
        command = self._undoing(undo, target)
        if command is None and undo is FaultVerb.RESTORE:
            here = [self.candidate.instance(instance.name).start for instance in self.topology.on(target)]
            return {"by hand": "; ".join(self._run.by_hand(start) for start in here if start)}
        return {"by hand": self._run.by_hand(command)} if command else {}

    def _undoing(self, undo: FaultVerb, target: str) -> Command | None:
        if undo in (FaultVerb.START, FaultVerb.THAW):
            instance = self.candidate.instance(target)
            return instance.start if undo is FaultVerb.START else instance.unpause
        node = self.candidate.node(target)
        undoing = {
            FaultVerb.RESTORE: node.restore,
            FaultVerb.PLUG: node.plug,
            FaultVerb.POWER_ON: node.power_on,
            FaultVerb.FREE: node.free,
            FaultVerb.REJOIN_OUTSIDE: node.rejoin,
            FaultVerb.REJOIN: node.rejoin_peers,
            FaultVerb.UNLIMP: node.unlimp,
        }
        return undoing[undo]

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
        looks = self._looks(node, observe.AWAY, {instance.name for instance in self.topology.on(node)})
        return looks.cut(self._do("drain", "restore", node, declared.drain, declared.restore))

    def restore(self, node: str) -> None:
        self._run.undo("restore", node)
        now = time.monotonic()
        self._started_at |= {instance.name: now for instance in self.topology.on(node)}

    def cut(self, node: str) -> str:
        declared = self.candidate.node(node)
        return self._do("unplug", "plug", node, declared.unplug, declared.plug)

    def join(self, node: str) -> None:
        self._run.undo("plug", node)

    def power_off(self, node: str) -> Proof:
        here = {instance.name for instance in self.topology.on(node)}
        return self._hardware.power_off(node, self._looks(node, observe.AWAY, here))

    def power_on(self, node: str) -> None:
        self._hardware.power_on(node)
        now = time.monotonic()
        self._started_at |= {instance.name: now for instance in self.topology.on(node)}

    def power_was_cut(self, node: str) -> Proof:
        return self._hardware.power_was_cut(node)

    def fill(self, node: str) -> Proof:
        return self._hardware.fill(node)

    def free(self, node: str) -> None:
        self._hardware.free(node)

    def _of_hardware(self, verb: str, node: str) -> Command:
        command = self.candidate.node(node).hardware[verb]
        if command is None:
            raise no_command(verb, f"node {node}")
        return command

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
