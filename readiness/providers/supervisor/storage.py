"""Where nodes keep their data: plain folders, or disks whose power can be cut and which can be full."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, Protocol

from readiness.providers.supervisor.chosen import Choice
from readiness.providers.supervisor.client import Revived, Supervised
from readiness.providers.supervisor.disks import DATA
from readiness.topology import Unsupported

Kind = Literal["auto", "folders", "loop-devices"]
MEGABYTES = 8192


class Storage(Protocol):
    """The data folders of the nodes, and what can be done to the disks below them."""

    @property
    def kind(self) -> str: ...
    def data(self, node: str) -> Path:
        """The folder of all data of a node, as its processes see it."""
        ...

    def seen(self, path: Path) -> Path:
        """A path of a node's processes, as this process reaches it."""
        ...

    def disk(self, node: str) -> Path:
        """The root of the node's disk, as this process reaches it. Raises Unsupported where it has none of its own."""
        ...

    def cut_power(self, node: str, names: Sequence[str]) -> str | None:
        """Kill the processes of these names and cut the power of the node's disk at the same moment. Returns the name
        of the error of a write after that; None: it was taken. Raises Unsupported.
        """
        ...

    def revive(self, node: str) -> Revived:
        """The power is back: what was on the disk is there again, its journal replayed. Without a cut, nothing happens.
        Raises Unsupported, or RuntimeError while a process still uses the disk.
        """
        ...

    def is_down(self, node: str) -> bool:
        """Whether the disk is without power."""
        ...

    def renew(self, node: str) -> bool:
        """The node gets a new, empty disk; False: it has none of its own, and nothing was done."""
        ...


class Folders:
    """Every node has a folder on this machine's disk, whose power cannot be cut."""

    kind = "folders"

    def __init__(self, folder: Path, reason: str) -> None:
        self._folder, self._reason = folder, reason

    def data(self, node: str) -> Path:
        return self._folder / "data" / node

    def seen(self, path: Path) -> Path:
        return path

    def disk(self, node: str) -> Path:
        raise self._none(node)

    def cut_power(self, node: str, names: Sequence[str]) -> str | None:
        raise self._none(node)

    def revive(self, node: str) -> Revived:
        raise self._none(node)

    def is_down(self, node: str) -> bool:
        return False

    def renew(self, node: str) -> bool:
        return False

    def _none(self, node: str) -> Unsupported:
        return Unsupported(f"{node} has no disk of its own: {self._reason}")


class LoopDevices:
    """Every node has an ext4 of its own in a loop device, in a mount namespace of the supervisor's. The images are
    sparse files in the run's folder.
    """

    kind = "loop-devices"

    def __init__(
        self,
        folder: Path,
        nodes: Sequence[str],
        supervised: Supervised,
        megabytes: int,
        *,
        synchronous: bool = False,
    ) -> None:
        self._folder, self._supervised = folder, supervised
        supervised.build_disks(dict.fromkeys(nodes, megabytes), synchronous=synchronous)

    def data(self, node: str) -> Path:
        return self._folder / "disks" / node / DATA

    def seen(self, path: Path) -> Path:
        return Path(f"/proc/{self._supervised.pid}/root") / path.relative_to("/")

    def disk(self, node: str) -> Path:
        return self.seen(self._folder / "disks" / node)

    def cut_power(self, node: str, names: Sequence[str]) -> str | None:
        return self._supervised.cut_power(node, names)

    def revive(self, node: str) -> Revived:
        return self._supervised.revive_disk(node)

    def is_down(self, node: str) -> bool:
        return self._supervised.disk_is_down(node)

    def renew(self, node: str) -> bool:
        self._supervised.renew_disk(node)
        return True


_CHOICE = Choice[Storage](
    "disks",
    "folders",
    "loop-devices",
    "loop devices",
    "nodes get plain folders: their power cannot be cut, and their disks cannot be full",
)


def create(
    kind: Kind,
    nodes: Sequence[str],
    supervised: Supervised,
    progress: Callable[[str], None],
    megabytes: int = MEGABYTES,
    *,
    synchronous: bool = False,
) -> Storage:
    """The storage asked for, with disks of so many megabytes. `synchronous` is of loop devices only: the power of plain
    folders cannot be cut. Raises UsageError.
    """
    folder = supervised.folder
    return _CHOICE.made(
        kind,
        lambda: LoopDevices(folder, nodes, supervised, megabytes, synchronous=synchronous),
        lambda reason: Folders(folder, reason),
        progress,
    )
