"""The containers of one run: a network, a holder of the network for each node, volumes, and the store's containers."""

from __future__ import annotations

import contextlib
import secrets
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from readiness.errors import UsageError
from readiness.obtain.archive import archive
from readiness.obtain.container_engine import LABEL, ContainerEngine
from readiness.paths import IMPORTS
from readiness.providers.containers.files import count_files
from readiness.providers.containers.pause import program
from readiness.providers.containers.plan import ContainerPlan
from readiness.providers.containers.remove import remove
from readiness.providers.engine import probe
from readiness.providers.engine.disk import allocated
from readiness.providers.supervisor import network
from readiness.providers.supervisor.client import Supervised, SupervisorGone
from readiness.topology import VolumeFact

NODE = "io.tofu-state-ha-readiness.node"
REMOVAL_SECONDS = 600
_UNDO = "remove what the run made on the container engine"
CLOSED_PORT = 1


@dataclass(frozen=True)
class ContainerState:
    """A container as the engine describes it. `up` includes paused; `pid` is 0 and `code` set once it has ended."""

    status: str
    up: bool
    paused: bool
    pid: int
    code: int
    started: str
    restarts: int

    @property
    def running(self) -> bool:
        """Whether it runs and is not paused."""
        return self.up and not self.paused


class ContainerRun:
    """Made once a run; `end` leaves nothing of it on the engine, and neither does the death of this process."""

    def __init__(
        self,
        engine: ContainerEngine,
        plan: ContainerPlan,
        images: dict[str, str],
        supervised: Supervised,
        run: str,
    ) -> None:
        self.engine, self._plan, self._images, self._run = engine, plan, images, run
        self._supervised = supervised
        self._client = engine.client
        self._emptied: set[str] = set()
        self._lock = threading.Lock()
        supervised.register_undo(
            _UNDO,
            [sys.executable, "-m", "readiness.providers.containers.remove", run],
            engine.environment() | {"PYTHONPATH": str(IMPORTS), "PYTHONSAFEPATH": "1"},
            REMOVAL_SECONDS,
        )

    # -- making and removing

    def build(self) -> None:
        """The network and the nodes, and the store's containers, not started yet. Raises UsageError."""
        plan, labels = self._plan, {LABEL: self._run}
        net = network.free_network()
        addresses = {node: f"{net}.{11 + number}" for number, node in enumerate(plan.nodes)}
        try:
            self._network = self.engine.maker.client_networks_create(
                f"tsh-{self._run}",
                {"driver": "bridge", "labels": labels, "ipam": _pool(net)},
            )
            plan.set_addresses(addresses)
            image = self._holder_image()
            for node in plan.nodes:
                self._hold(node, image, addresses)
            for name in plan.containers:
                for number, _ in enumerate(self._folders(name)):
                    self._client.volumes.create(self._volume(name, number), labels=labels)
                self._create(name)
        except UsageError:
            raise
        except Exception as error:
            raise UsageError(f"the container engine at {self.engine.host} cannot do that: {error}") from error
        for node, address in addresses.items():
            if probe.answers(address, CLOSED_PORT, 3) is None:
                raise UsageError(
                    f"the address {address} of node {node} cannot be reached from here: run the suite on the "
                    "engine's machine, as a user whose engine has bridges there (not rootless, not in a VM)"
                )

    def _holder_image(self) -> str:
        kind, tag = self.engine.architecture, f"tofu-state-ha-readiness-node:{self._run}"
        made = archive(tag, kind, {"pause": program(kind)}, entrypoint=["/pause"], labels={LABEL: self._run})
        (image,) = self._client.images.load(made)
        return str(image.id)

    def _hold(self, node: str, image: str, addresses: dict[str, str]) -> None:
        endpoint = self._client.api.create_endpoint_config(ipv4_address=addresses[node], aliases=[node])
        holder = self.engine.maker.create(
            image,
            name=self._container(node, "node"),
            hostname=node,
            labels={LABEL: self._run, NODE: node},
            network=self._network.name,
            networking_config={str(self._network.name): endpoint},
            extra_hosts=addresses,
            detach=True,
        )
        holder.start()

    def _create(self, name: str) -> None:
        from docker.types import Mount  # type: ignore[import-untyped]

        node = self._plan.containers[name].node
        run = self._plan.run(name, emptied=node in self._emptied)
        folders = enumerate(self._folders(name))
        mounts = [Mount(path, self._volume(name, number), type="volume") for number, path in folders]
        self.engine.maker.create(
            self._images[name],
            command=list(run.command) or None,
            entrypoint=list(run.entrypoint) or None,
            environment=dict(run.environment),
            name=self._container(name),
            labels={LABEL: self._run},
            network=None,  # it shares that of its node
            network_mode=f"container:{self._container(node, 'node')}",
            mounts=mounts,
            restart_policy={"Name": "unless-stopped", "MaximumRetryCount": 0},
            detach=True,
        )

    def end(self) -> list[str]:
        """Remove everything of this run. What could not be removed is returned, and the supervisor tries again."""
        try:
            left = remove(self._client, self._run)
        except Exception as error:  # noqa: BLE001 - an engine that is gone must not keep us from ending
            left = [f"everything of run {self._run} on {self.engine.host}: {error}"]
        if not left:
            with contextlib.suppress(SupervisorGone):
                self._supervised.forget_undo(_UNDO)
        return left

    # -- one container

    def state(self, name: str) -> ContainerState:
        """The container of that instance as the engine sees it now."""
        return self._state(self._client.api.inspect_container(self._container(name)))

    def _state(self, attrs: dict[str, Any]) -> ContainerState:
        state = attrs["State"]
        paused, up = bool(state.get("Paused")), bool(state.get("Running")) or bool(state.get("Paused"))
        return ContainerState(
            status=str(state.get("Status")),
            up=up and state.get("Status") != "restarting",
            paused=paused,
            pid=int(state.get("Pid") or 0),
            code=int(state.get("ExitCode") or 0),
            started=str(state.get("StartedAt") or ""),
            restarts=int(attrs.get("RestartCount") or 0),
        )

    def start(self, name: str) -> None:
        self._client.api.start(self._container(name))

    def stop(self, name: str) -> ContainerState:
        """SIGTERM, then after the container's `stop_seconds` SIGKILL; returns once it has ended."""
        self.unpause(name)
        self._client.api.stop(
            self._container(name), timeout=self._plan.containers[name].declared.stop_seconds
        )
        return self.state(name)

    def kill(self, name: str) -> ContainerState:
        """SIGKILL; returns once it has ended."""
        self.unpause(name)
        self._client.api.kill(self._container(name), signal="SIGKILL")
        self._client.api.wait(self._container(name), timeout=20)
        return self.state(name)

    def pause(self, name: str) -> None:
        self._client.api.pause(self._container(name))

    def unpause(self, name: str) -> None:
        """Nothing happens if it is not paused."""
        if self.state(name).paused:
            self._client.api.unpause(self._container(name))

    def log_tail(self, name: str, lines: int) -> str:
        """The last lines that it wrote; secrets are in it still."""
        log: bytes = self._client.api.logs(self._container(name), tail=lines)
        return log.decode(errors="replace")

    def describe(self, name: str) -> dict[str, Any]:
        """What inspect says of it, without its environment and its arguments."""
        attrs = self._client.api.inspect_container(self._container(name))
        kept = {key: attrs.get(key) for key in ("Name", "Image", "State", "RestartCount", "Mounts")}
        return kept | {"image declared": self._plan.containers[name].declared.image}

    # -- one node

    def attached(self, node: str) -> bool:
        """Whether the node is on the network."""
        return bool(self._networks_of(node))

    def _networks_of(self, node: str) -> dict[str, Any]:
        attrs = self._client.api.inspect_container(self._container(node, "node"))
        return cast("dict[str, Any]", attrs["NetworkSettings"]["Networks"] or {})

    def detach(self, node: str) -> None:
        self._network.disconnect(self._container(node, "node"))

    def attach(self, node: str) -> None:
        """Reconnects it, with the address that it had."""
        self._network.connect(
            self._container(node, "node"), ipv4_address=self._plan.addresses[node], aliases=[node]
        )

    def volumes(self, node: str) -> list[VolumeFact]:
        """The volumes of the node's containers, as inspect shows them."""
        facts = []
        for name in self._names(node):
            for mount in self._client.api.inspect_container(self._container(name)).get("Mounts") or []:
                if mount.get("Type") == "volume":
                    kind = f"volume:{mount.get('Driver') or 'local'}"
                    facts.append(
                        VolumeFact(node, kind, "local", str(mount.get("Source") or mount.get("Name")))
                    )
        return facts

    def files(self, node: str) -> int:
        """How many files the volumes of the node's containers hold."""
        return sum(self._files_at(name, path) for name in self._names(node) for path in self._folders(name))

    def stored_bytes(self, node: str) -> int:
        """Bytes that the node's volumes take on this machine's disk. Raises OSError if they cannot be read here."""
        return sum(allocated(Path(volume.path)) for volume in self.volumes(node))

    def _files_at(self, name: str, path: str) -> int:
        chunks, _ = self._client.api.get_archive(self._container(name), path)
        return count_files(chunks)

    def empty(self, node: str) -> None:
        """New volumes in place of the node's, and new containers on them, not started."""
        with self._lock:
            self._emptied.add(node)
        for name in self._names(node):
            self._client.api.remove_container(self._container(name), force=True)
            for number, _ in enumerate(self._folders(name)):
                self._client.api.remove_volume(self._volume(name, number))
                self._client.volumes.create(self._volume(name, number), labels={LABEL: self._run})
            self._create(name)

    def _names(self, node: str) -> list[str]:
        return [name for name, container in self._plan.containers.items() if container.node == node]

    def _folders(self, name: str) -> tuple[str, ...]:
        return self._plan.containers[name].declared.volumes

    def _container(self, name: str, kind: str = "store") -> str:
        return f"tsh-{self._run}-{kind}-{name}"

    def _volume(self, name: str, number: int) -> str:
        return f"tsh-{self._run}-{name}-{number}"


def _pool(net: str) -> Any:
    from docker.types import IPAMConfig, IPAMPool

    return IPAMConfig(pool_configs=[IPAMPool(subnet=f"{net}.0/24", gateway=f"{net}.1")])


def new_run() -> str:
    """The id of a run on the engine."""
    return secrets.token_hex(5)
