"""What a store recipe is: the commands of a store's processes, and the few things that only this store can do."""

from __future__ import annotations

import secrets
import string
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from readiness.providers.supervisor.network import Layout
from readiness.providers.supervisor.storage import Storage
from readiness.topology import Endpoint, Instance, Keys, Proof, Unsupported


@dataclass(frozen=True)
class StartCommand:
    """A process as it must be started now.

    `env` is all of its environment; secrets are in it or in files, never in `argv`.
    """

    argv: tuple[str | Path, ...]
    env: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Site:
    """What a recipe may use:

    the run's private folder, the nodes, their networks and disks, keys made for this run, options, and
    programs by name.
    """

    folder: Path
    layout: Layout
    storage: Storage
    nodes: tuple[str, ...]
    keys: Mapping[str, Keys]
    options: Mapping[str, object]
    program: Callable[[str], Path]

    def data(self, node: str) -> Path:
        """The folder that holds all data of a node, and nothing else, as its processes see it."""
        return self.storage.data(node)

    def make(self, folder: Path) -> None:
        """Make a folder below the data of a node, which its processes see under that path."""
        self.storage.seen(folder).mkdir(parents=True, exist_ok=True)

    def number(self, option: str, default: float) -> float:
        """A numeric option of the candidate file."""
        value = self.options.get(option, default)
        return float(value) if isinstance(value, (int, float)) else default


@dataclass(frozen=True)
class Health:
    """What a load balancer asks every node: a path of its S3 port, or of another port that all nodes share.

    `seconds`: how long a node that was away must have answered before it is sent clients again.
    """

    path: str
    port: int | None = None
    seconds: float = 0


class Store(ABC):
    """A recipe.

    Subclasses set `instances` (in the order in which a node's are started) and `endpoints` when they are
    made.
    """

    instances: tuple[Instance, ...]
    endpoints: tuple[Endpoint, ...]
    health: Health | None = None
    stop_seconds = 10.0
    start_seconds = 60.0
    program: str
    """The name under which the site has the store's own program: a rolling upgrade replaces this one."""
    other_program: str | None = None
    """That of a second version, where the suite has one."""
    version_arguments: tuple[str, ...] = ("--version",)
    """With which the program prints its version."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def prepare(self) -> None:  # noqa: B027 - most stores need nothing
        """Write what the processes read. Called once, before any is started."""

    @abstractmethod
    def command(self, instance: Instance) -> StartCommand: ...

    def litter(self) -> tuple[Path, ...]:
        """Files that the store leaves outside the run's folder whatever it is told; removed at the end."""
        return ()

    def in_service(self, instance: Instance, seconds: float) -> bool:
        """Whether an instance that has no endpoint of its own says within that time that it is in service."""
        raise NotImplementedError(instance.name)

    def founded(self, instance: Instance) -> bool:
        """Whether the instance after this one may be started, where a first one must found the store alone.

        Asked again until it is True, at the start of the candidate only.
        """
        return True

    def assemble(self) -> bool:
        """Make one store of the processes that were started, where they do not by themselves.

        Asked again until it is True, at the start of the candidate only.
        """
        return True

    def settled(self) -> bool:
        """The store itself says that all members and copies are there.

        Called only while every instance is in service.
        """
        return True

    def provision(self) -> None:  # noqa: B027 - most stores need nothing
        """Make what takes a running store, such as users. Called once, when it is whole for the first time.

        Raises RuntimeError.
        """

    def repair(self, node: str) -> str:
        raise Unsupported(f"this store has no repair procedure for {node}: it heals by itself or not at all")

    def rotate(self, old: Keys | None) -> Keys:
        raise Unsupported("this store takes its credentials from a file at start: no rotation at run time")

    def divergence(self) -> Mapping[str, object]:
        raise Unsupported("this store has no read-only check of its index")

    def housekeep(self) -> Proof:
        """One round of the store's own housekeeping, to its end; the proof is that something was cleaned up."""
        raise Unsupported("this store has no housekeeping that its recipe can trigger")

    def plant(self, bucket: str, key: str) -> str:
        """Make index and data of that object disagree; what was done. Only ever called on a disposable copy,
        started with the option `plantable`. Raises Unsupported.
        """
        raise Unsupported(f"no way is known to plant a divergence of {bucket}/{key} in a copy of this store")

    def metrics_url(self, instance: Instance) -> str | None:
        """The base URL of the instance's metrics."""
        found = next((endpoint for endpoint in self.endpoints if endpoint.instance == instance.name), None)
        return (found.admin_url or found.url) if found else None

    @abstractmethod
    def versions(self) -> Mapping[str, str]: ...

    def secrets(self) -> set[str]:
        """Everything that must never be shown."""
        return {keys.secret_key for keys in self.site.keys.values()}


def new_keys() -> Keys:
    """A credential that nobody has had before."""
    letters = string.ascii_uppercase + string.digits
    access_key = "TSH" + "".join(secrets.choice(letters) for _ in range(17))
    return Keys(access_key, "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(40)))
