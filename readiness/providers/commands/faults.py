"""The faults of the provider `commands`: the operator's command, and what is seen of the instance before and
after.

Every verb registers its undo before its command starts.
"""

from __future__ import annotations

import shlex
import ssl
import time

from readiness.candidate.declared import Command, DeclaredInstance
from readiness.providers.commands import observe
from readiness.providers.commands.contract import no_command
from readiness.providers.commands.observe import Incarnation, Seen, Watcher
from readiness.providers.commands.runner import Ran, Runner
from readiness.providers.commands.site import Site
from readiness.providers.engine.redact import redact
from readiness.topology import Proof, Topology


class Faults:
    """The verbs that change something, and their undo."""

    def __init__(self, site: Site, runner: Runner, tls: ssl.SSLContext) -> None:
        self._site, self._run, self._tls = site, runner, tls
        self._started_at: dict[str, float] = {}

    @property
    def topology(self) -> Topology:
        return self._site.topology

    # -- faults of one instance

    def restart(self, instance: str) -> Proof:
        declared = self._site.instance(instance)
        if not declared.restart and not (declared.stop and declared.start):
            raise no_command("restart", f"instance {instance}", "restart, or stop and start,")
        old = self._incarnation(declared)
        with Watcher(self._looker(declared)) as watcher:
            if declared.restart:
                if declared.start:
                    self._run.must_be_undone("start", instance, declared.start)
                ran = self._run.change("restart", instance, declared.restart)
                told = _told(ran)
                if ran.ok:
                    self._run.undone("start", instance)
            else:
                assert declared.stop
                assert declared.start
                self._run.must_be_undone("start", instance, declared.start)
                told = _told(self._run.change("stop", instance, declared.stop))
                self._run.undo("start", instance)
            self._started_at[instance] = watcher.first_answer_after_absence() or time.monotonic()
            return observe.replaced(instance, watcher, old, lambda: self._incarnation(declared), told)

    def kill(self, instance: str) -> Proof:
        declared = self._site.instance(instance)
        if not declared.kill:
            raise no_command("kill", f"instance {instance}")
        return self._end(declared, "kill", declared.kill)

    def _end(self, declared: DeclaredInstance, verb: str, command: Command) -> Proof:
        assert declared.start is not None
        old = self._incarnation(declared)
        with Watcher(self._looker(declared)) as watcher:
            self._run.must_be_undone("start", declared.name, declared.start)
            told = _told(self._run.change(verb, declared.name, command))
            return observe.ended(declared.name, watcher, old, lambda: self._incarnation(declared), told)

    def start_instance(self, instance: str) -> None:
        declared = self._site.instance(instance)
        if not self._run.is_open("start", instance):
            return
        with Watcher(self._looker(declared)) as watcher:
            self._run.undo("start", instance)
            self._started_at[instance] = watcher.first_answer_after_absence() or time.monotonic()

    def freeze(self, instance: str) -> Proof:
        declared = self._site.instance(instance)
        if not declared.pause or not declared.unpause:
            raise no_command("pause", f"instance {instance}")
        look = self._looker(declared)
        before = look()
        self._run.must_be_undone("unpause", instance, declared.unpause)
        told = _told(self._run.change("pause", instance, declared.pause))
        return observe.changed(instance, before, look, observe.MUTE, told)

    def thaw(self, instance: str) -> None:
        self._site.instance(instance)
        self._run.undo("unpause", instance)

    # -- faults of one node

    def drain(self, node: str) -> Proof:
        declared = self._site.node(node)
        here = [self._site.instance(instance.name) for instance in self.topology.on(node)]
        if not declared.drain or not declared.restore:
            if not all(instance.stop and instance.start for instance in here):
                raise no_command(
                    "drain", f"node {node}", "drain and restore, or stop and start of each instance,"
                )
            proofs = [self._end(i, "stop", i.stop) for i in reversed(here) if i.stop]
        else:
            before = {instance.name: self._looker(instance)() for instance in here}
            self._run.must_be_undone("restore", node, declared.restore)
            told = _told(self._run.change("drain", node, declared.drain))
            proofs = [
                observe.changed(i.name, before[i.name], self._looker(i), observe.AWAY, told) for i in here
            ]
        return _all(node, proofs)

    def restore(self, node: str) -> None:
        self._site.node(node)
        if self._run.undo("restore", node):
            now = time.monotonic()
            self._started_at |= {instance.name: now for instance in self.topology.on(node)}
        for instance in self.topology.on(node):
            self.thaw(instance.name)
            self.start_instance(instance.name)

    def unplug(self, node: str) -> Proof:
        declared = self._site.node(node)
        if not declared.unplug or not declared.plug:
            raise no_command("unplug", f"node {node}")
        here = [self._site.instance(instance.name) for instance in self.topology.on(node)]
        before = {instance.name: self._looker(instance)() for instance in here}
        self._run.must_be_undone("plug", node, declared.plug)
        told = _told(self._run.change("unplug", node, declared.unplug))
        return _all(
            node,
            [observe.changed(i.name, before[i.name], self._looker(i), observe.CUT, told) for i in here],
        )

    def plug(self, node: str) -> None:
        self._site.node(node)
        self._run.undo("plug", node)

    def wipe(self, node: str) -> Proof:
        declared = self._site.node(node)
        if not declared.wipe or not declared.files:
            raise no_command("wipe", f"node {node}")
        for instance in self.topology.on(node):
            if self._looker(self._site.instance(instance.name))() in (Seen.ANSWERED, Seen.SILENT):
                raise RuntimeError(
                    f"{instance.name} runs: the data of {node} is removed only while it is stopped"
                )
        had = self._files(node, declared.files)
        told = _told(self._run.change("wipe", node, declared.wipe))
        left = self._files(node, declared.files)
        return Proof(had > 0 and left == 0, f"{node}: {had} files before and {left} after {told}")

    def _files(self, node: str, command: Command) -> int:
        ran = self._run.look("files", node, command)
        try:
            return int(ran.stdout.strip()) if ran.ok else -1
        except ValueError:
            return -1

    def repair(self, node: str) -> str:
        declared = self._site.node(node)
        if not declared.repair:
            raise no_command("repair", f"node {node}")
        ran = self._run.change("repair", node, declared.repair)
        if not ran.ok:
            raise RuntimeError(f"the repair of {node} {ran.ending}: {ran.stderr.strip()[-300:]}")
        return redact(f"{shlex.join(declared.repair.argv)} {ran.ending}", self._site.secrets())

    # -- seeing

    def _looker(self, declared: DeclaredInstance) -> observe.Look:
        endpoint = self._site.endpoint_of(declared.name)
        if endpoint is not None:
            return lambda: observe.look(endpoint.url, self._tls)
        command = declared.probe
        assert command is not None, "checked by Site"
        return lambda: observe.of_probe(self._run.ask(command).code)

    def _incarnation(self, declared: DeclaredInstance) -> Incarnation:
        if declared.identity is None:
            return Incarnation(None)
        ran = self._run.ask(declared.identity)
        return Incarnation(ran.stdout.strip() if ran.ok else None)


def _told(ran: Ran) -> str:
    """The command as part of a sentence; that it ended well proves nothing, that it did not explains."""
    return "the command" if ran.ok else f"the command, which {ran.ending} ({ran.stderr.strip()[-200:]})"


def _all(node: str, proofs: list[Proof]) -> Proof:
    return Proof(
        bool(proofs) and all(proof.fired for proof in proofs),
        f"{node}: {'; '.join(proof.observed for proof in proofs)}",
    )
