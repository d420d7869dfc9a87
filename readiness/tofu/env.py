"""What the checks of phases 2 and 3 take: clients and objects of one disposable state, through every endpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from readiness.tofu.locks import Lock, from_object
from readiness.tofu.objects import Objects
from readiness.tofu.run import TofuRun
from readiness.tofu.state import NotAStateError, Snapshot, parse
from readiness.tofu.workspace import StatePlace, TofuClient, Tools
from readiness.topology import Endpoint

UNPARSABLE = ("Unsupported state file format", "could not be parsed")


class UnpreparedError(Exception):
    """What a check needs first could not be had (an init, an apply): nothing was judged."""


@dataclass
class Disposable:
    """A disposable state authority under test.

    `endpoints` are all the candidate's endpoints, the service endpoint last (`Topology.all_endpoints()`);
    `prefix` is this run's own part of the bucket. Every check works on a key of its own below it. Clients and
    objects are made once per purpose.
    """

    tools: Tools
    place: StatePlace
    prefix: str
    endpoints: tuple[Endpoint, ...]
    sensitive: Mapping[str, str] = field(default_factory=dict)
    _clients: dict[tuple[str, str], TofuClient] = field(default_factory=dict)
    _objects: dict[str, Objects] = field(default_factory=dict)
    _initialised: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        if not self.endpoints:
            raise ValueError("a candidate without endpoints")

    @property
    def entry(self) -> Endpoint:
        """Where an operator's tofu points: the service endpoint if there is one, else the first."""
        return next((endpoint for endpoint in self.endpoints if endpoint.is_service), self.endpoints[0])

    def others(self, endpoint: Endpoint) -> tuple[Endpoint, ...]:
        return tuple(other for other in self.endpoints if other.name != endpoint.name)

    def where(self, key: str) -> StatePlace:
        """The place of the state called `key`."""
        return self.place.at(f"{self.prefix}/{key}/terraform.tfstate")

    def make(
        self,
        name: str,
        endpoint: Endpoint,
        key: str,
        *,
        max_retries: int | None = None,
        settings: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> TofuClient:
        """A new client, not initialised; its backend has these settings besides its place."""
        return TofuClient(
            self.tools,
            name,
            endpoint,
            self.where(key),
            max_retries=max_retries,
            sensitive=self.sensitive,
            settings=settings,
            environment=environment,
        )

    def client(
        self,
        key: str,
        endpoint: Endpoint,
        *,
        max_retries: int | None = None,
        need: Callable[[TofuRun], object] | None = None,
    ) -> TofuClient:
        """The initialised client of this state through this endpoint. `need` is given its `init`, and raises if that
        failed (by default UnpreparedError); it is then asked again the next time.
        """
        slot = (key, endpoint.name)
        if slot not in self._clients:
            self._clients[slot] = self.make(f"{key}-{endpoint.name}", endpoint, key, max_retries=max_retries)
        client = self._clients[slot]
        if slot not in self._initialised:
            (need or ready)(client.init())
            self._initialised.add(slot)
        return client

    def forget(self, key: str, endpoint: Endpoint) -> None:
        """Another client takes this one's place the next time: its checkout points elsewhere now."""
        client = self._clients.pop((key, endpoint.name), None)
        self._initialised.discard((key, endpoint.name))
        if client is not None:
            client.folder.rename(client.folder.with_name(f"{client.folder.name}-{time.monotonic_ns()}"))

    def objects(self, endpoint: Endpoint) -> Objects:
        if endpoint.name not in self._objects:
            self._objects[endpoint.name] = Objects(
                endpoint,
                self.tools.keys,
                self.place.bucket,
                region=self.place.region,
                path_style=self.place.path_style,
                ca_bundle=self.place.ca_bundle,
            )
        return self._objects[endpoint.name]

    def snapshot(self, key: str, endpoint: Endpoint) -> Snapshot | None:
        """The state object as this endpoint gives it; None if it says that there is none."""
        body = self.objects(endpoint).get(self.where(key).key)
        return None if body is None else parse(body)

    def lock(self, key: str, endpoint: Endpoint) -> Lock | None:
        """The lock as this endpoint shows it. A lock object that cannot be read as one has the ID "?"."""
        body = self.objects(endpoint).get(self.where(key).lock_key)
        return None if body is None else from_object(body) or Lock("?")


def ready(run: TofuRun) -> TofuRun:
    """The run, if it succeeded. Raises UnpreparedError; NotAStateError if it could not read what the store returned."""
    if not run.ok and any(words in run.stderr for words in UNPARSABLE):
        raise NotAStateError(f"tofu {run.command} through {run.endpoint}: {run.why()}")
    if not run.ok:
        raise UnpreparedError(f"tofu {run.command} through {run.endpoint}: {run.why()}")
    return run
