"""A driver of two instances on two nodes that exist on paper only, and an engine on it; `done` notes what is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from readiness.providers.engine.driver import Driver, NetworkWatch, PaceWatch, PeersWatch, Watch
from readiness.providers.engine.engine import Engine
from readiness.providers.engine.journal import FaultVerb, MemoryJournal, Undo
from readiness.topology import Direction, Endpoint, Instance, Keys, Proof, Topology, Unsupported
from tests.providers.tiny import tiny

TOPOLOGY = Topology(
    ("bumble", "honey"),
    (Instance("store-bumble", "bumble", "store"), Instance("store-honey", "honey", "store")),
    (Endpoint("honey", "http://127.0.0.1:9", "honey", "store-honey"),),
    None,
)


class Journal(MemoryJournal):
    """Notes when it is written to, in the driver's own list."""

    def __init__(self, done: list[str]) -> None:
        super().__init__()
        self._done = done

    def open(self, action: FaultVerb, target: str, undo: Undo, reach: Mapping[str, str]) -> str:
        self._done.append(f"open {undo.verb} {target}")
        return super().open(action, target, undo, reach)

    def close(self, id_: str) -> None:
        self._done.append("close")
        super().close(id_)


class FakeWatch(Watch):
    """Sees what the driver says that it is to see."""

    def __init__(self, name: str, driver: FakeDriver) -> None:
        super().__init__(name)
        self._driver = driver

    def absent(self, verb: FaultVerb) -> str | None:
        return None if self.name in self._driver.up else "it did not run"

    def killed(self, how: str) -> Proof:
        return Proof(self._driver.fires, f"{self.name} {how}")

    stopped = replaced = frozen = killed


class FakeNetwork(NetworkWatch):
    """Sees that it is silent."""

    def cut(self, how: str) -> Proof:
        return Proof(True, how)


class FakePeers(PeersWatch):
    """Sees that they are cut off."""

    def split(self, how: str) -> Proof:
        return Proof(True, how)


class FakePace(PaceWatch):
    """Sees that it is slow."""

    def slowed(self, how: str) -> Proof:
        return Proof(True, how)


class FakeDriver(Driver[FakeWatch]):
    """`fails` are acts that raise, by their name."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.up = {instance.name for instance in TOPOLOGY.instances}
        self.keys = {"admin": Keys("access", "a-secret-of-the-fake")}
        self.fails: dict[str, Exception] = {}
        self.refused: frozenset[FaultVerb] = frozenset()
        self.fires = True

    @property
    def topology(self) -> Topology:
        return TOPOLOGY

    def check(self, verb: FaultVerb, target: str) -> None:
        if verb in self.refused:
            raise Unsupported(f"no {verb} of {target} here")

    def needs(self, undo: FaultVerb, target: str) -> bool:
        return undo is not FaultVerb.START or target not in self.up

    def runs(self, instance: str) -> bool:
        return instance in self.up

    def started_at(self, instance: str) -> float | None:
        return 0.0 if instance in self.up else None

    def ready(self, instance: str) -> bool:
        return instance in self.up

    def settled(self) -> bool:
        return True

    def watch(self, instance: str) -> FakeWatch:
        return FakeWatch(instance, self)

    def watch_network(self, node: str) -> NetworkWatch:
        return FakeNetwork()

    def watch_peers(self, node: str, way: Direction) -> PeersWatch:
        return FakePeers()

    def watch_pace(self, node: str) -> PaceWatch:
        return FakePace()

    def metrics_url(self, instance: str) -> str:
        raise Unsupported(f"{instance} has no metrics")

    def stop(self, seen: FakeWatch) -> str:
        self.up.discard(seen.name)
        return self._do("stop", seen.name)

    def kill(self, seen: FakeWatch) -> str:
        how = self._do("kill", seen.name)
        self.up.discard(seen.name)
        return how

    def start(self, instance: str) -> None:
        self._do("start", instance)
        self.up.add(instance)

    def freeze(self, seen: FakeWatch) -> str:
        return self._do("freeze", seen.name)

    def thaw(self, instance: str) -> None:
        self._do("thaw", instance)

    def cut(self, node: str) -> str:
        return self._do("cut", node)

    def join(self, node: str) -> None:
        self._do("join", node)

    def isolate(self, node: str, way: Direction) -> str:
        return self._do(f"isolate {way}", node)

    def rejoin(self, node: str) -> None:
        self._do("rejoin", node)

    def limp(self, node: str) -> str:
        return self._do("limp", node)

    def unlimp(self, node: str) -> None:
        self._do("unlimp", node)

    def erase(self, node: str) -> Proof:
        return Proof(True, self._do("erase", node))

    def repair(self, node: str) -> str:
        return self._do("repair", node)

    def _do(self, act: str, target: str) -> str:
        self.done.append(f"{act} {target}")
        if act in self.fails:
            raise self.fails[act]
        return f"by {act}"


class FakeProvider(Engine[FakeDriver]):
    """The engine alone."""

    name = "fake"

    def __init__(self) -> None:
        driver = FakeDriver()
        self.journal = Journal(driver.done)
        super().__init__(tiny().candidate, journal=self.journal)
        self._driver = driver

    def left(self) -> list[dict[str, Any]]:
        """What the journal still holds, as data."""
        return [undo.as_data() for undo in self.journal.left()]
