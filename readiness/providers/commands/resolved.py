"""A declared candidate as the provider `commands` needs it: topology, references resolved, commands by name."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from readiness.candidate.credentials import checked_url, resolve, resolve_url
from readiness.candidate.declared import Command, DeclaredInstance, DeclaredNode
from readiness.candidate.load import Loaded
from readiness.errors import UsageError
from readiness.providers.commands.contract import commands_of, commands_of_all
from readiness.redact import Redactor
from readiness.topology import Endpoint, Instance, Topology, Unsupported, Versions


def _must_be_pinned(where: str, url: str, pinned: Sequence[str]) -> None:
    """Raises UsageError if the file pins addresses, and the host of the URL resolves to others, or to none."""
    if not pinned:
        return
    host = urlsplit(url).hostname or ""
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise UsageError(
            f"{where}: {host} is pinned to {', '.join(pinned)}, and cannot be resolved: {error}"
        ) from None
    if others := sorted(found - set(pinned)):
        raise UsageError(
            f"{where}: {host} resolves to {', '.join(others)}, but its addresses are pinned to {', '.join(pinned)}: "
            "this may be another store; correct the name or the addresses"
        )


class ResolvedCandidate:
    """Made once a run. Raises UsageError for whatever does not fit together or is missing outside of the
    file.
    """

    def __init__(self, loaded: Loaded) -> None:
        self._candidate, self._folder = loaded.candidate, loaded.path.parent.resolve()
        credentials = loaded.candidate.contract.credentials
        self.keys = {"admin": resolve(credentials.admin, "admin", self._folder)}
        if credentials.read_only is not None:
            self.keys["read_only"] = resolve(credentials.read_only, "read_only", self._folder)
        self.secrets = Redactor([*(keys.secret_key for keys in self.keys.values())])
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
        for declared in self._candidate.endpoints:
            where = f"endpoints.{declared.name}"
            if declared.name in seen:
                raise UsageError(f"{where} is declared twice")
            seen.add(declared.name)
            admin = resolve_url(declared.admin_url, f"{where}.admin_url") if declared.admin_url else None
            url = resolve_url(declared.url, f"{where}.url")
            _must_be_pinned(where, url, declared.addresses)
            yield Endpoint(declared.name, url, declared.node, declared.instance, admin)

    def _all_instances(self, endpoints: tuple[Endpoint, ...]) -> dict[str, DeclaredInstance]:
        """Those declared, and those that only an endpoint names: nothing can be done to them."""
        found: dict[str, DeclaredInstance] = {}
        for declared in self._candidate.instances:
            if declared.name in found:
                raise UsageError(f"instances.{declared.name} is declared twice")
            if declared.metrics_url:
                checked_url(declared.metrics_url, f"instances.{declared.name}.metrics_url")
            found[declared.name] = declared
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
        found = {declared.name: declared for declared in self._candidate.nodes}
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

    @property
    def versions(self) -> Versions | None:
        """Those of a rolling upgrade; None where none is promised."""
        upgrade = self._candidate.upgrade
        return upgrade.versions if upgrade else None

    def instance(self, name: str) -> DeclaredInstance:
        """The instance of that name. Raises KeyError."""
        return self._instances[name]

    def node(self, name: str) -> DeclaredNode:
        """The node of that name. Raises KeyError."""
        return self._nodes[name]

    def endpoint_of(self, instance: str) -> Endpoint | None:
        """The first endpoint that the instance answers."""
        return next((e for e in self.topology.endpoints if e.instance == instance), None)

    def metrics_url(self, instance: str) -> str:
        """The base URL of an instance's metrics. Raises Unsupported if none is declared."""
        declared, endpoint = self._instances[instance], self.endpoint_of(instance)
        base = declared.metrics_url or (endpoint and (endpoint.admin_url or endpoint.url))
        if not base:
            raise Unsupported(f"{instance} has no metrics: declare metrics_url")
        return base

    def all_commands(self) -> Iterator[tuple[str, Command]]:
        """Every command with its place in the file."""
        for instance in self._instances.values():
            yield from commands_of(f"instances.{instance.name}", instance)
        for node in self._nodes.values():
            yield from commands_of(f"nodes.{node.name}", node)
        yield from commands_of_all(self._candidate)
