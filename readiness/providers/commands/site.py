"""A declared candidate as the provider `commands` needs it: topology, references resolved, commands by name."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from readiness.candidate.credentials import checked_url, resolve, resolve_url
from readiness.candidate.declared import Command, DeclaredInstance, DeclaredNode
from readiness.candidate.load import Loaded
from readiness.errors import UsageError
from readiness.providers.commands.contract import commands_of, commands_of_all
from readiness.topology import Endpoint, Instance, Keys, Topology, Unsupported


class Site:
    """Made once a run. Raises UsageError for whatever does not fit together or is missing outside of the
    file.
    """

    def __init__(self, loaded: Loaded) -> None:
        self._candidate, self._folder = loaded.candidate, loaded.path.parent.resolve()
        self._lock = threading.Lock()
        credentials = loaded.candidate.contract.credentials
        self._keys = {"admin": resolve(credentials.admin, "admin", self._folder)}
        if credentials.read_only is not None:
            self._keys["read_only"] = resolve(credentials.read_only, "read_only", self._folder)
        self._secrets = {keys.secret_key for keys in self._keys.values()}
        endpoints = tuple(self._endpoints())
        self._instances = self._all_instances(endpoints)
        self._nodes = self._all_nodes()
        services = [endpoint for endpoint in endpoints if endpoint.is_service]
        if len(services) > 1:
            names = " and ".join(endpoint.name for endpoint in services)
            raise UsageError(f"endpoints: {names} have no instance: there is at most one service endpoint")
        own = tuple(endpoint for endpoint in endpoints if not endpoint.is_service)
        if not own:
            raise UsageError(
                "endpoints: declare at least one with node and instance (for a service that hides its "
                "instances, one name for all of it): the suite judges what each of them answers"
            )
        instances = tuple(Instance(i.name, i.node, i.kind) for i in self._instances.values())
        self.topology = Topology(tuple(self._nodes), instances, own, services[0] if services else None)
        self._check_looks()

    def _endpoints(self) -> Iterator[Endpoint]:
        seen: set[str] = set()
        for said in self._candidate.endpoints:
            where = f"endpoints.{said.name}"
            if said.name in seen:
                raise UsageError(f"{where} is declared twice")
            seen.add(said.name)
            admin = resolve_url(said.admin_url, f"{where}.admin_url") if said.admin_url else None
            yield Endpoint(said.name, resolve_url(said.url, f"{where}.url"), said.node, said.instance, admin)

    def _all_instances(self, endpoints: tuple[Endpoint, ...]) -> dict[str, DeclaredInstance]:
        """Those declared, and those that only an endpoint names: nothing can be done to them."""
        found: dict[str, DeclaredInstance] = {}
        for said in self._candidate.instances:
            if said.name in found:
                raise UsageError(f"instances.{said.name} is declared twice")
            if said.metrics_url:
                checked_url(said.metrics_url, f"instances.{said.name}.metrics_url")
            found[said.name] = said
        for endpoint in endpoints:
            if endpoint.instance is None or endpoint.node is None:
                continue
            known = found.setdefault(
                endpoint.instance, DeclaredInstance(name=endpoint.instance, node=endpoint.node)
            )
            if known.node != endpoint.node:
                raise UsageError(
                    f"endpoints.{endpoint.name}: instance {known.name} is on node {known.node}, "
                    f"not on {endpoint.node}"
                )
        return found

    def _all_nodes(self) -> dict[str, DeclaredNode]:
        found = {said.name: said for said in self._candidate.nodes}
        if len(found) < len(self._candidate.nodes):
            raise UsageError("nodes: a name is declared twice")
        used = dict.fromkeys(instance.node for instance in self._instances.values())
        if idle := [name for name in found if name not in used]:
            raise UsageError(f"nodes.{idle[0]}: no instance is on this node")
        return {name: found.get(name) or DeclaredNode(name=name) for name in used}

    def _check_looks(self) -> None:
        rule = self._candidate.contract.failure.readiness
        for instance in self._instances.values():
            endpoint = self.endpoint_of(instance.name)
            if endpoint is None and instance.probe is None:
                raise UsageError(
                    f"instances.{instance.name}: it answers no endpoint, so it needs a probe command "
                    "that exits 0 while it is in service"
                )
            if endpoint is not None and rule.path and rule.target == "admin" and not endpoint.admin_url:
                raise UsageError(
                    f'endpoints.{endpoint.name}: the readiness rule asks target = "admin": declare admin_url'
                )

    def keys(self, role: str) -> Keys:
        """The credential of that role. Raises Unsupported if there is none."""
        if role not in self._keys:
            raise Unsupported(f"the candidate has no {role} credential")
        return self._keys[role]

    def instance(self, name: str) -> DeclaredInstance:
        """The instance of that name. Raises KeyError."""
        return self._instances[name]

    def node(self, name: str) -> DeclaredNode:
        """The node of that name. Raises KeyError."""
        return self._nodes[name]

    def endpoint_of(self, instance: str) -> Endpoint | None:
        """The first endpoint that the instance answers."""
        return next((e for e in self.topology.endpoints if e.instance == instance), None)

    def all_commands(self) -> Iterator[tuple[str, Command]]:
        """Every command with its place in the file."""
        for instance in self._instances.values():
            yield from commands_of(f"instances.{instance.name}", instance)
        for node in self._nodes.values():
            yield from commands_of(f"nodes.{node.name}", node)
        yield from commands_of_all(self._candidate)

    def add_secret(self, keys: Keys) -> None:
        """A credential that was made meanwhile."""
        with self._lock:
            self._secrets = self._secrets | {keys.secret_key}

    def secrets(self) -> set[str]:
        """Everything that must never be shown."""
        return self._secrets
