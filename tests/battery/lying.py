"""A provider in front of a real one: same verbs, same faults, but its endpoints are those of a store that lies."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from readiness.paths import ROOT
from readiness.providers.base import Provider
from readiness.topology import Direction, Endpoint, Keys, Proof, Topology
from tests.battery.defect import Defect


class Lying:
    """Every verb is the real provider's, unless the defect replaces it; the proxy hears of faults beforehand."""

    def __init__(self, real: Provider, defect: Defect, seed: int) -> None:
        self.real, self._defect, self._seed = real, defect, seed
        self._proxy: subprocess.Popen[str] | None = None
        self._topology: Topology | None = None
        self._lock = threading.Lock()

    def start(self) -> Topology:
        topology = self.real.start()
        try:
            urls = self._start_proxy(topology)
        except BaseException:
            self.stop()
            raise
        service = topology.service and replace(topology.service, url=urls[topology.service.name])
        ends = tuple(replace(endpoint, url=urls[endpoint.name]) for endpoint in topology.endpoints)
        seen = replace(topology, endpoints=ends, service=service)
        self._topology = self._defect.topology(seen) if self._defect.topology else seen
        return self._topology

    def stop(self) -> None:
        if self._proxy is not None:
            assert self._proxy.stdin is not None
            assert self._proxy.stdout is not None
            self._proxy.stdin.close()
            try:
                self._proxy.wait(5)
            except subprocess.TimeoutExpired:
                self._proxy.kill()
                self._proxy.wait(5)
            self._proxy.stdout.close()
            self._proxy = None
        self.real.stop()

    @property
    def topology(self) -> Topology:
        if self._topology is None:
            raise RuntimeError("the candidate was not started")
        return self._topology

    def restart(self, instance: str) -> Proof:
        self._tell("restart", instance)
        proof: Proof = self._verb("restart")(instance)
        self._tell("start_instance", instance)
        return proof

    def kill(self, instance: str) -> Any:
        return self._on_instance("kill", instance)

    def start_instance(self, instance: str) -> Any:
        return self._on_instance("start_instance", instance)

    def freeze(self, instance: str) -> Any:
        return self._on_instance("freeze", instance)

    def thaw(self, instance: str) -> Any:
        return self._on_instance("thaw", instance)

    def drain(self, node: str) -> Any:
        return self._on_node("drain", node)

    def restore(self, node: str) -> Any:
        return self._on_node("restore", node)

    def unplug(self, node: str) -> Any:
        return self._on_node("unplug", node)

    def plug(self, node: str) -> Any:
        return self._on_node("plug", node)

    def power_off(self, node: str) -> Any:
        return self._on_node("power_off", node)

    def power_on(self, node: str) -> Any:
        return self._on_node("power_on", node)

    def power_was_cut(self, node: str) -> Any:
        return self._verb("power_was_cut")(node)

    def fill(self, node: str) -> Any:
        return self._on_node("fill", node)

    def free(self, node: str) -> Any:
        return self._on_node("free", node)

    def isolate_from_peers(self, node: str, way: Direction) -> Any:
        self._send("isolate_from_peers", (node,))
        return self._verb("isolate_from_peers")(node, way)

    def rejoin_peers(self, node: str) -> Any:
        return self._on_node("rejoin_peers", node)

    def limp(self, node: str) -> Any:
        return self._on_node("limp", node)

    def unlimp(self, node: str) -> Any:
        return self._on_node("unlimp", node)

    def upgrade(self, node: str) -> Any:
        return self._on_node("upgrade", node)

    def take_back(self, node: str) -> Any:
        return self._on_node("take_back", node)

    def versions_on(self, node: str) -> Any:
        return self._verb("versions_on")(node)

    def wipe(self, node: str) -> Any:
        return self._on_node("wipe", node)

    def repair(self, node: str) -> Any:
        return self._on_node("repair", node)

    def rotate(self, old: Keys | None) -> Any:
        self._send("rotate" if old is None else "retire", ())
        return self._verb("rotate")(old)

    def housekeep(self) -> Any:
        self._send("housekeep", ())
        return self._verb("housekeep")()

    # the abilities of the provider that the battery runs on; __getattr__ is not asked for them

    def adopt(self, pid: int) -> Any:
        return self._verb("adopt")(pid)

    def after_death(self, argv: Sequence[str], env: Mapping[str, str]) -> Any:
        return self._verb("after_death")(argv, env)

    @property
    def cache_endpoints(self) -> Any:
        return self._verb("cache_endpoints")

    def stop_caches(self) -> Any:
        return self._verb("stop_caches")()

    def start_caches(self) -> Any:
        return self._verb("start_caches")()

    def stored_bytes(self, node: str) -> Any:
        return self._verb("stored_bytes")(node)

    def way_out(self, node: str) -> Any:
        return self._verb("way_out")(node)

    def planted_divergence(self) -> Any:
        return self._verb("planted_divergence")()

    def connections(self, instance: str) -> Any:
        return self._verb("connections")(instance)

    def __getattr__(self, name: str) -> Any:
        return self._verb(name)

    def _verb(self, name: str) -> Any:
        replaced = self._defect.verbs.get(name)
        return functools.partial(replaced, self.real) if replaced else getattr(self.real, name)

    def _on_instance(self, verb: str, instance: str) -> Any:
        self._tell(verb, instance)
        return self._verb(verb)(instance)

    def _on_node(self, verb: str, node: str) -> Any:
        self._send(verb, (node,))
        return self._verb(verb)(node)

    def _tell(self, verb: str, instance: str) -> None:
        self._send(verb, (self.topology.instance(instance).node,))

    def _start_proxy(self, topology: Topology) -> dict[str, str]:
        ends = {endpoint.name: endpoint for endpoint in topology.all_endpoints()}
        keys = self.real.keys("admin")
        wanted = {
            "defect": self._defect.name,
            "seed": self._seed,
            "nodes": topology.nodes,
            "keys": [keys.access_key, keys.secret_key],
            "region": "us-east-1",
            "endpoints": [
                {"name": name, "node": endpoint.node, "url": self._real_url(ends, name)}
                for name, endpoint in ends.items()
            ],
        }
        self._proxy = subprocess.Popen(
            [sys.executable, "-m", "tests.battery.proxy"],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        answer: dict[str, str] = self._exchange(wanted)
        return answer

    def _real_url(self, ends: dict[str, Endpoint], name: str) -> str:
        return ends[self._defect.route.get(name, name)].url

    def _send(self, verb: str, nodes: tuple[str, ...]) -> None:
        with self._lock:
            self._exchange({"verb": verb, "nodes": nodes})

    def _exchange(self, what: object) -> Any:
        assert self._proxy is not None
        assert self._proxy.stdin is not None
        assert self._proxy.stdout is not None
        self._proxy.stdin.write(json.dumps(what) + "\n")
        self._proxy.stdin.flush()
        line = self._proxy.stdout.readline()
        if not line:
            raise RuntimeError("the defect proxy ended")
        return json.loads(line)
