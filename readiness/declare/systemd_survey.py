"""What hosts say of a unit of systemd, asked by ssh and never changed.

Files with the unit's environment are named and never read: they hold its keys.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from readiness.declare.asking import NOT_REACHED, Refused, ask
from readiness.errors import UsageError

SSH = ("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "--")
PROPERTIES = (
    "LoadState",
    "ActiveState",
    "MainPID",
    "EnvironmentFiles",
    "WorkingDirectory",
    "StateDirectory",
    "Restart",
    "TimeoutStopUSec",
    "CanFreeze",
)
_MARK = "-- readiness --"
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*")
_UNIT = re.compile(r"[A-Za-z0-9:_.@\\][A-Za-z0-9:_.@\\-]*")
_LISTENER = re.compile(r"^\S+\s+\d+\s+\d+\s+(?P<host>\S+):(?P<port>\d+)\s")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(us|ms|min|s|h)")
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class Folder:
    """A folder of data: its mount point's file system and source, as findmnt shows them ("" where it does not)."""

    path: str
    file_system: str = ""
    source: str = ""


@dataclass(frozen=True)
class Host:
    """The unit on one host. `words`: the arguments of its main process; `own_ports`: at which that process listens,
    empty where the account is not shown that; `ports`: at which anything on the host listens. `freezes`: systemd can
    freeze it, which takes control groups of version 2 whatever CanFreeze says.
    """

    name: str
    words: Sequence[str]
    properties: Mapping[str, str]
    ports: Sequence[int] = ()
    own_ports: Sequence[int] = ()
    folders: Sequence[Folder] = ()
    freezes: bool = False

    @property
    def address(self) -> str:
        """The name without the account."""
        return self.name.rsplit("@", 1)[-1]


@dataclass(frozen=True)
class Surveyed:
    """The unit on all hosts."""

    unit: str
    hosts: Sequence[Host]


def survey(hosts: str, unit: str) -> Surveyed:
    """Asks each host. Raises UsageError for a host that is not reached, or a unit that does not run there."""
    names = [name.strip() for name in hosts.split(",") if name.strip()]
    for name in names:
        if not _HOST.fullmatch(name):
            raise UsageError(f'--ssh: "{name}" is not a host, as in bumble or admin@bumble.example')
    if len(set(names)) < len(names) or not names:
        raise UsageError("--ssh: name each host once")
    if not _UNIT.fullmatch(unit):
        raise UsageError(f'--unit: "{unit}" is not the name of a unit')
    return Surveyed(unit, [_host(name, unit) for name in names])


def _host(name: str, unit: str) -> Host:
    shown = f"systemctl show --property={','.join(PROPERTIES)} -- {unit}"
    process = f"ps -ww -o args= -p $(systemctl show --property=MainPID --value -- {unit})"
    groups = "stat --file-system --format=%T /sys/fs/cgroup"
    said = _ask(name, f"; echo '{_MARK}'; ".join([f"{shown} || exit", process, groups, "ss -Hltnp"]))
    parts = said.split(f"{_MARK}\n")
    if len(parts) != 4:
        raise UsageError(f"{name}: its shell prints something else than it is asked for: {said[:80]!r}")
    properties = dict(line.split("=", 1) for line in parts[0].splitlines() if "=" in line)
    if properties.get("LoadState") != "loaded":
        raise UsageError(f"{name}: there is no unit {unit}; see `systemctl list-units --type=service` there")
    if properties.get("ActiveState") != "active" or properties.get("MainPID", "0") == "0":
        raise UsageError(f"{name}: the unit {unit} does not run ({properties.get('ActiveState')})")
    listeners = [
        (int(found["port"]), line) for line in parts[3].splitlines() if (found := _LISTENER.match(line))
    ]
    own = f"pid={properties['MainPID']},"
    host = Host(
        name,
        parts[1].split(),
        properties,
        sorted({port for port, _ in listeners}),
        sorted({port for port, line in listeners if own in line}),
    )
    freezes = properties.get("CanFreeze") != "no" and parts[2].strip() == "cgroup2fs"
    return replace(host, folders=_mounted(name, data_folders(host)), freezes=freezes)


def _ask(host: str, line: str) -> str:
    try:
        return ask([*SSH, host, line])
    except Refused as error:
        what = "cannot be reached by ssh without a prompt" if error.code == NOT_REACHED else "cannot be asked"
        raise UsageError(f"{host} {what}: {error}") from None


def data_folders(host: Host) -> list[str]:
    """The folders that its process is given as arguments, else its working folder and what systemd keeps for it."""
    found = [path for word in host.words[1:] for path in _paths(word)]
    own = [f"/var/lib/{name}" for name in host.properties.get("StateDirectory", "").split()]
    own += [host.properties.get("WorkingDirectory", "").lstrip("!-")]
    return list(dict.fromkeys(found or [path for path in own if path.startswith("/") and path != "/"]))


def _paths(word: str) -> list[str]:
    """Absolute folders in an argument: `/srv/store`, `-dir=/srv/store`, `https://node{1...3}:9000/srv/disk{1...2}`."""
    value = word.split("=", 1)[-1] if word.startswith("-") else word
    value = re.sub(r"^https?://[^/]*", "", value)
    if not value.startswith("/") or value.endswith(
        (".toml", ".json", ".yaml", ".yml", ".conf", ".pem", ".crt", ".key")
    ):
        return []
    return _expanded(value) if not value.startswith(("/etc/", "/usr/")) else []


def _expanded(path: str) -> list[str]:
    """MinIO's ellipses: `/srv/disk{1...3}` stands for three folders."""
    found = re.search(r"\{(\d+)\.\.\.(\d+)\}", path)
    if not found:
        return [path]
    numbers = range(int(found[1]), min(int(found[2]), int(found[1]) + 63) + 1)
    return [more for number in numbers for more in _expanded(path.replace(found[0], str(number), 1))]


def _mounted(host: str, folders: Sequence[str]) -> list[Folder]:
    if not folders:
        return []
    each = [
        f"findmnt --noheadings --output FSTYPE,SOURCE --target {shlex.quote(path)} || echo"
        for path in folders
    ]
    lines = _ask(host, "; ".join(each)).splitlines()
    said = [[*line.split(), "", ""][:2] for line in lines] + [["", ""]] * len(folders)
    return [Folder(path, kind, source) for path, (kind, source) in zip(folders, said, strict=False)]


def seconds(span: str) -> float | None:
    """The seconds of a time span as systemd shows it, such as `1min 30s`; None for infinity and what is none."""
    parts = _SPAN.findall(span)
    return sum(float(number) * _SECONDS[unit] for number, unit in parts) if parts else None
