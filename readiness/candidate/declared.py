"""What a candidate file declares of a store that the suite does not start: where it is, and the commands that
act on it.

A command is a list of arguments; no shell reads it unless `shell = true`. It runs in the folder of the
candidate file, with the suite's own environment.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Text = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Command(_Strict):
    """One command: `run` is its argument list, or with `shell` one line for `/bin/sh -c`. After `seconds` it
    is killed.
    """

    run: Annotated[tuple[Text, ...], Field(min_length=1)]
    shell: bool = False
    seconds: Annotated[float, Field(gt=0, le=900)] = 30.0

    @model_validator(mode="after")
    def _one_line(self) -> Command:
        if self.shell and len(self.run) != 1:
            raise ValueError("with shell = true, `run` holds exactly one string: the line for the shell")
        return self

    @property
    def argv(self) -> tuple[str, ...]:
        """What is executed."""
        return ("/bin/sh", "-c", self.run[0]) if self.shell else self.run

    def given(self, *arguments: str) -> Command:
        """The same with more arguments; a line for a shell finds them as $0, $1 and so on."""
        return Command(run=(*self.argv, *arguments), seconds=self.seconds)


def _command(given: Any) -> Any:
    if isinstance(given, str):
        raise ValueError(  # noqa: TRY004 - pydantic explains a ValueError
            'a command is a list of arguments, for example ["systemctl", "stop", "store"]; '
            'a line for a shell is { run = ["line"], shell = true }'
        )
    return {"run": given} if isinstance(given, list | tuple) else given


def _ip_address(given: str) -> str:
    try:
        return str(ipaddress.ip_address(given))
    except ValueError:
        raise ValueError(f'"{given}" is not an IP address') from None


Act: TypeAlias = Annotated[Command, BeforeValidator(_command)]
IpAddress: TypeAlias = Annotated[str, AfterValidator(_ip_address)]
HostPort: TypeAlias = Annotated[str, Field(pattern=r"^(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):\d{1,5}$")]


class DeclaredEndpoint(_Strict):
    """An endpoint of a candidate that the suite did not start. No node and instance: the service endpoint.

    `url` and `admin_url` may be references: "env:NAME" (a variable) or "profile:NAME" (of the shared AWS
    configuration). `addresses` pins it: the host of `url` must resolve to these IP addresses and no other.
    """

    name: Text
    url: Text
    addresses: tuple[IpAddress, ...] = ()
    node: str | None = None
    instance: str | None = None
    admin_url: str | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> DeclaredEndpoint:
        if (self.node is None) is not (self.instance is None):
            raise ValueError("node and instance go together; without both it is the service endpoint")
        return self


class DeclaredInstance(_Strict):
    """One server process of a store that the suite does not start, and what can be done to it.

    `kill` must leave it dead until `start`. `identity` prints what tells one incarnation from the next
    (process id and start time). `probe` exits 0 while the instance is in service; an instance without an
    endpoint needs it. `state` prints the state of each of its processes, one a line, as `ps -o state=` does: it shows
    that `pause` stopped them. `connections` lists the TCP sockets of its processes, one a line with the local and
    the peer's HOST:PORT, those that listen among them, as `ss -Htanp` does. `version` prints the version of the program
    that runs, not of the one that is installed.
    """

    name: Text
    node: Text
    kind: Text = "store"
    stop: Act | None = None
    start: Act | None = None
    restart: Act | None = None
    kill: Act | None = None
    pause: Act | None = None
    unpause: Act | None = None
    probe: Act | None = None
    identity: Act | None = None
    state: Act | None = None
    connections: Act | None = None
    version: Act | None = None
    metrics_url: str | None = None

    @model_validator(mode="after")
    def _with_undo(self) -> DeclaredInstance:
        for verb in ("stop", "kill"):
            if getattr(self, verb) and not self.start:
                raise ValueError(f"{verb} needs start, which undoes it")
        if self.pause and not self.unpause:
            raise ValueError("pause needs unpause, which undoes it")
        return self


_COUNTERPARTS = (
    ("power_off", "power_on", "which undoes it"),
    ("power_off", "write_unsynced", "which writes what a power cut must take"),
    ("power_off", "unsynced_bytes", "which shows that it did"),
    ("fill", "free", "which undoes it"),
    ("fill", "available", "which shows that it happened"),
)


class DeclaredHardware(_Strict):
    """`power_off` takes the power away at once, without a shutdown, and returns when it is off; `power_on` gives it
    back. `write_unsynced` writes a file of some bytes to the file system of the store's data on that node and does not
    sync it; `unsynced_bytes` prints how many bytes of that file are there, 0 if there is none. A power cut is believed
    only if there were some before it and none after it.

    `fill` takes every block that is left on the disk of the store's data, also if some were freed since the last time;
    `free` gives them back. `available` prints how many bytes that disk has left.
    """

    power_off: Act | None = None
    power_on: Act | None = None
    write_unsynced: Act | None = None
    unsynced_bytes: Act | None = None
    fill: Act | None = None
    free: Act | None = None
    available: Act | None = None

    @property
    def hardware(self) -> Mapping[str, Command | None]:
        """The commands for power and disk, by name."""
        return {
            "power_off": self.power_off,
            "power_on": self.power_on,
            "write_unsynced": self.write_unsynced,
            "unsynced_bytes": self.unsynced_bytes,
            "fill": self.fill,
            "free": self.free,
            "available": self.available,
        }

    @model_validator(mode="after")
    def _complete(self) -> DeclaredHardware:
        for verb, needed, why in _COUNTERPARTS:
            if getattr(self, verb) and not getattr(self, needed):
                raise ValueError(f"{verb} needs {needed}, {why}")
        return self


class DeclaredNode(DeclaredHardware):
    """One failure domain, and what can be done to all of it.

    `files` prints the number of files in the node's data folder: a wipe is believed only if that falls to 0.
    `bytes` prints how many bytes of disk the store's data takes on this node, as `du -s --block-size=1` does.
    `isolate` lets the node reach nothing but the candidate's nodes and the suite. `reaches` is given a host and a port
    as its last two arguments, and exits 0 if a TCP connection from the node to there was made. `outside` are addresses
    (HOST:PORT) outside of the candidate that the node reaches when it is not isolated, such as a name server's.
    `isolate_from_peers` drops what goes between this node and the candidate's other nodes, and nothing else; it finds
    in READINESS_DIRECTION what is to be lost: "both ways", "outgoing" (what this node sends) or "incoming". `reaches`
    shows that it happened. `limp` makes the node slow, hundreds of times, and not silent.

    `upgrade` is given a version of [upgrade] as its last argument: it stops the store on this node gracefully, and
    starts that version of it with the same data; with the first version it undoes itself. `version` of the node's
    instances shows that it happened.
    """

    name: Text
    drain: Act | None = None
    restore: Act | None = None
    unplug: Act | None = None
    plug: Act | None = None
    isolate: Act | None = None
    rejoin: Act | None = None
    reaches: Act | None = None
    isolate_from_peers: Act | None = None
    rejoin_peers: Act | None = None
    limp: Act | None = None
    unlimp: Act | None = None
    upgrade: Act | None = None
    outside: tuple[HostPort, ...] = ()
    wipe: Act | None = None
    files: Act | None = None
    bytes: Act | None = None
    repair: Act | None = None

    @model_validator(mode="after")
    def _with_undo(self) -> DeclaredNode:
        for verb, needed, why in (
            ("drain", "restore", "which undoes it"),
            ("unplug", "plug", "which undoes it"),
            ("isolate", "rejoin", "which undoes it"),
            ("isolate", "reaches", "which shows that it happened"),
            ("isolate", "outside", "addresses that the isolated node must not reach"),
            ("isolate_from_peers", "rejoin_peers", "which undoes it"),
            ("isolate_from_peers", "reaches", "which shows that it happened"),
            ("limp", "unlimp", "which undoes it"),
            ("wipe", "files", "which shows that it happened"),
        ):
            if getattr(self, verb) and not getattr(self, needed):
                raise ValueError(f"{verb} needs {needed}, {why}")
        return self


class DeclaredCommands(_Strict):
    """Commands about the candidate as a whole. All but the pairs of the rotation and of the divergence only read.

    `rotate_add` prints {"access_key": …, "secret_key": …}; `rotate_retire` finds the access key to retire in
    READINESS_ACCESS_KEY. `chosen_access_key`: `rotate_add` gives the credential the access key that it finds in
    READINESS_NEW_ACCESS_KEY, and `rotate_retire` succeeds where there is none of that name: a credential that was added
    by a run that was killed meanwhile can be retired then.

    `plant_divergence` makes the index and the data of one scratch object disagree, the one of READINESS_BUCKET and
    READINESS_KEY, so that a client sees it (listed and not there, or there and not listed); `remove_divergence` undoes
    it, and succeeds where there is none.
    """

    whole: Act | None = None
    capture: dict[str, Act] = {}
    versions: dict[str, Act] = {}
    rotate_add: Act | None = None
    rotate_retire: Act | None = None
    chosen_access_key: bool = False
    plant_divergence: Act | None = None
    remove_divergence: Act | None = None

    @model_validator(mode="after")
    def _rotation(self) -> DeclaredCommands:
        if (self.rotate_add is None) is not (self.rotate_retire is None):
            raise ValueError("rotate_add and rotate_retire go together")
        if (self.plant_divergence is None) is not (self.remove_divergence is None):
            raise ValueError("plant_divergence and remove_divergence go together")
        return self
