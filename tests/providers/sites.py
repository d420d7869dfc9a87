"""A site for recipes whose commands are looked at, not started."""

from collections.abc import Callable, Sequence
from pathlib import Path

from readiness.providers.stores.base import Site, new_keys
from readiness.providers.supervisor.network import Loopback
from readiness.providers.supervisor.storage import Folders


def site(
    folder: Path, nodes: Sequence[str], program: Callable[[str], Path] = lambda name: Path("/programs") / name
) -> Site:
    """Nodes on loopback addresses, and keys of this test."""
    layout = Loopback(nodes, "a test")
    keys = {role: new_keys() for role in ("admin", "read_only")}
    return Site(folder, layout, Folders(folder, "a test"), tuple(nodes), keys, {}, program)


def shown(argv: Sequence[str | Path]) -> str:
    """What other users of the machine see of a command."""
    return " ".join(map(str, argv))
