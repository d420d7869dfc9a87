"""A declared candidate as the provider `containers` needs it: nodes with addresses, containers with their values."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from readiness.candidate.credentials import resolve
from readiness.candidate.declared import Command, DeclaredNode
from readiness.candidate.declared_containers import DeclaredContainer
from readiness.candidate.load import Loaded
from readiness.candidate.model import CredentialSource
from readiness.errors import UsageError
from readiness.obtain.container_engine import resolve_image
from readiness.providers.commands.contract import commands_of, commands_of_all
from readiness.providers.stores.base import Health, new_keys
from readiness.redact import Redactor
from readiness.topology import Endpoint, Instance, Keys, Topology

OPTIONS = ("cache_stand_in", "service", "start_seconds")
_NOT_HERE = {
    "endpoints": "they follow from s3_port and admin_port of [[containers]]",
    "instances": "they are the [[containers]]",
}
_ROLES = ("admin", "read_only")


@dataclass(frozen=True)
class Container:
    """One container of the run, an instance: what is declared of it, on one of its nodes."""

    name: str
    node: str
    declared: DeclaredContainer

    @property
    def kind(self) -> str:
        return self.declared.kind or self.declared.name

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports that are declared, S3 first."""
        return tuple(port for port in (self.declared.s3_port, self.declared.admin_port) if port is not None)


@dataclass(frozen=True)
class StartArguments:
    """What a container is started with."""

    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    environment: Mapping[str, str]


class ContainerPlan:
    """Made once a run, before the engine is asked for. Raises UsageError for whatever does not fit together."""

    def __init__(self, loaded: Loaded) -> None:
        self.candidate = loaded.candidate
        self.containers = {
            declared.instance(node): Container(declared.instance(node), node, declared)
            for declared in self.candidate.containers
            for node in declared.nodes
        }
        self.nodes = tuple(
            dict.fromkeys(node for declared in self.candidate.containers for node in declared.nodes)
        )
        self._check()
        self._check_nodes()
        self._check_ports()
        self._procedures = {declared.name: declared for declared in self.candidate.nodes}
        credentials = self.candidate.contract.credentials
        folder = loaded.path.parent.resolve()
        self.keys: dict[str, Keys] = {}
        for role, source in zip(_ROLES, (credentials.admin, credentials.read_only), strict=True):
            if source is not None:
                self.keys[role] = _credential(source, role, folder)
        self._token = secrets.token_urlsafe(24)
        self.secrets = Redactor([self._token, *(keys.secret_key for keys in self.keys.values())])
        self.health = self._health()
        """What the load balancer asks; None: there is to be none, or no rule that it could ask by."""
        self.addresses: Mapping[str, str] = {}
        self.set_addresses(dict.fromkeys(self.nodes, "192.0.2.1"))
        for declared in self.candidate.containers:
            resolve_image(f"containers.{declared.name}.image", declared.image)
        for name in self.containers:
            for emptied in (False, True):
                self.run(name, emptied=emptied)  # every ${NAME} is known

    def _check(self) -> None:
        candidate, provider = self.candidate, self.candidate.provider
        for field, why in _NOT_HERE.items():
            if getattr(candidate, field):
                raise UsageError(f'{field}: not for provider.kind = "containers": {why}')
        if not candidate.containers:
            raise UsageError(
                'provider.kind = "containers" needs [[containers]]: one entry for each container'
            )
        for name, is_default in (("store", not provider.store), ("nodes", not provider.nodes)):
            if not is_default:
                raise UsageError(f'provider.{name}: not for provider.kind = "containers": see [[containers]]')
        if provider.network != "auto":
            raise UsageError("provider.network: containers have a network of their own; leave it out")
        if unknown := sorted(set(provider.options) - set(OPTIONS)):
            raise UsageError(f"provider.options.{unknown[0]} is unknown; known: {', '.join(OPTIONS)}")
        if len(self.containers) < sum(len(container.nodes) for container in candidate.containers):
            raise UsageError("containers: two have the same name on the same node")

    def _check_nodes(self) -> None:
        for node in self.candidate.nodes:
            if node.name not in self.nodes:
                raise UsageError(f"nodes.{node.name}: no container is on this node")
            others = [verb for verb, _ in commands_of("", node) if verb != ".repair"]
            if others:
                raise UsageError(
                    f"nodes.{node.name}{others[0]}: the provider does this itself; only repair is declared here"
                )

    def _check_ports(self) -> None:
        taken: set[tuple[str, int]] = set()
        for container in self.containers.values():
            for port in container.ports:
                if (container.node, port) in taken:
                    raise UsageError(
                        f"containers.{container.declared.name}: port {port} of node {container.node} is declared twice"
                    )
                taken.add((container.node, port))
        serving = [declared for declared in self.candidate.containers if declared.s3_port is not None]
        if not serving:
            raise UsageError(
                "containers: at least one needs s3_port, the port of the container that answers S3"
            )
        rule = self.candidate.contract.failure.readiness
        without = [declared.name for declared in serving if declared.admin_port is None]
        if rule.path and rule.target == "admin" and without:
            raise UsageError(
                f'containers.{without[0]}: the readiness rule asks target = "admin": declare admin_port'
            )

    def set_addresses(self, addresses: Mapping[str, str]) -> None:
        """From now on the nodes have these addresses."""
        self.addresses = dict(addresses)
        self.topology = self._topology(None)

    def serve_at(self, service: Endpoint | None) -> None:
        """From now on there is that service endpoint."""
        self.topology = self._topology(service)

    def _topology(self, service: Endpoint | None) -> Topology:
        endpoints = []
        serving = [each for each in self.containers.values() if each.declared.s3_port is not None]
        for each in serving:
            alone = sum(other.node == each.node for other in serving) == 1
            url, *admin = (self.url(each, port) for port in each.ports)
            name = each.node if alone else each.name
            endpoints.append(Endpoint(name, url, each.node, each.name, admin[0] if admin else None))
        instances = tuple(Instance(each.name, each.node, each.kind) for each in self.containers.values())
        return Topology(self.nodes, instances, tuple(endpoints), service)

    def url(self, container: Container, port: int) -> str:
        return f"http://{self.addresses[container.node]}:{port}"

    def _health(self) -> Health | None:
        rule, wanted = (
            self.candidate.contract.failure.readiness,
            self.candidate.provider.options.get("service", True),
        )
        if rule.path is None or not wanted:
            return None
        if rule.target == "s3":
            return Health(rule.path)
        ports = {
            declared.admin_port for declared in self.candidate.containers if declared.s3_port is not None
        }
        if len(ports) > 1:
            raise UsageError(
                "containers: admin ports differ, and the load balancer asks all nodes at one; make them the same, or "
                "have no service endpoint: provider.options.service = false"
            )
        return Health(rule.path, ports.pop())

    # -- values

    def variables(self) -> dict[str, str]:
        """What ${NAME} stands for; the candidate's commands find the same in their environment."""
        found = {"READINESS_NODES": " ".join(self.nodes), "READINESS_TOKEN": self._token}
        found |= {_variable(node): address for node, address in self.addresses.items()}
        for role, keys in self.keys.items():
            found[f"READINESS_{role.upper()}_ACCESS_KEY"] = keys.access_key
            found[f"READINESS_{role.upper()}_SECRET_KEY"] = keys.secret_key
        return found

    def run(self, name: str, *, emptied: bool) -> StartArguments:
        """What that container is started with, values put in. Raises UsageError for an unknown ${NAME}."""
        container = self.containers[name]
        declared, values = container.declared, self.variables() | {"READINESS_NODE": container.node}
        field = "emptied_command" if emptied and declared.emptied_command else "command"

        def put(text: str, where: str) -> str:
            try:
                return string.Template(text).substitute(values)
            except (KeyError, ValueError) as error:
                what = f"${{{error.args[0]}}}" if isinstance(error, KeyError) else f'"{text}"'
                raise UsageError(
                    f"containers.{declared.name}.{where}: {what} is not known; known: {', '.join(sorted(values))}; a "
                    "plain dollar sign is written $$"
                ) from None

        return StartArguments(
            declared.entrypoint,
            tuple(put(part, field) for part in getattr(declared, field)),
            {key: put(text, f"environment.{key}") for key, text in declared.environment.items()},
        )

    def procedure(self, node: str) -> Command | None:
        """The contract's repair of that node, if it is a command."""
        return self._procedures.get(node, DeclaredNode(name=node)).repair

    def all_commands(self) -> Iterator[tuple[str, Command]]:
        """Every command with its place in the file."""
        for node in self._procedures.values():
            yield from commands_of(f"nodes.{node.name}", node)
        yield from commands_of_all(self.candidate)

    def start_seconds(self) -> float:
        """How long the first start may take."""
        value = self.candidate.provider.options.get("start_seconds", 60)
        return float(value) if isinstance(value, (int, float)) else 60.0


def _credential(source: CredentialSource, role: str, folder: Path) -> Keys:
    return new_keys() if source.source == "generated" else resolve(source, role, folder)


def _variable(node: str) -> str:
    return "READINESS_ADDRESS_" + re.sub(r"[^A-Z0-9]", "_", node.upper())
