"""The run's side of the supervisor: a thread-safe client. The supervisor survives the death of this process."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readiness.paths import IMPORTS

REPLY_SECONDS = 20.0
END_SECONDS = 60.0


class SupervisorGone(RuntimeError):
    """The supervisor does not answer: what it owned is dead."""


@dataclass(frozen=True)
class Status:
    """One supervised process. `ended`: None while it runs, else its exit code, negative for a signal."""

    pid: int
    ticks: int
    started: float
    ended: int | None

    @property
    def running(self) -> bool:
        return self.ended is None


@dataclass(frozen=True)
class Revived:
    """What was seen of a disk whose power is back. `recovered`: its superblock asked for the journal to be replayed.
    `unsynced`: bytes that are there of a file that was written and never synced before the cut. `kept`: a file that had
    been synced is whole.
    """

    recovered: bool
    unsynced: int
    kept: bool


class Supervised:
    """One supervisor and the private folder it made. `end` (or the death of this process) removes everything."""

    def __init__(self, parent_folder: Path | None = None) -> None:
        ours, theirs = socket.socketpair()
        where = str(parent_folder or tempfile.gettempdir())
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": str(IMPORTS),
            "PYTHONSAFEPATH": "1",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "readiness.providers.supervisor", str(os.getpid()), where],
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # a terminal's Ctrl-C is for us: we tear down first
        )
        theirs.close()
        ours.settimeout(REPLY_SECONDS)
        self._socket = ours
        self._lines = ours.makefile("rb")
        self._lock = threading.Lock()
        self.folder = Path(str(self._reply()))

    @property
    def pid(self) -> int:
        pid: int = self._process.pid
        return pid

    def spawn(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        cwd: Path,
        log: Path,
        node: str | None = None,
    ) -> Status:
        """Start a process of that name (it must not run), in the network of `node`.

        Raises RuntimeError if it cannot be started.
        """
        request = {"name": name, "argv": [str(part) for part in argv], "env": dict(env), "node": node}
        return Status(**self._ask("spawn", **request, cwd=str(cwd), log=str(log)))

    def status(self, name: str) -> Status | None:
        """How that process is now; None if it was never started."""
        return self.statuses().get(name)

    def statuses(self) -> dict[str, Status]:
        return {name: Status(**status) for name, status in self._ask("status").items()}

    def signal(self, name: str, number: signal.Signals, *, group: bool = True) -> bool:
        """Signal the process and all of its group. False if it has ended already."""
        return bool(self._ask("signal", name=name, signal=int(number), group=group))

    def wait(self, name: str, seconds: float) -> Status | None:
        """The process's status once it has ended (and was reaped), or as it is when the time is over."""
        deadline = time.monotonic() + seconds
        while True:
            status = self.status(name)
            if status is None or not status.running or time.monotonic() >= deadline:
                return status
            time.sleep(0.01)

    def adopt(self, pid: int) -> None:
        """A process started elsewhere (with its group, if it leads one) that must not outlive the run."""
        self._ask("adopt", pid=pid)

    def release(self, pid: int) -> None:
        """An adopted process has been waited for."""
        self._ask("release", pid=pid)

    def register_undo(
        self,
        name: str,
        argv: Sequence[str],
        env: Mapping[str, str],
        seconds: float = 10,
        *,
        lasting: bool = False,
    ) -> None:
        """A command that undoes a fault, to be run at the end however that comes; `forget_undo` once it is undone.

        `lasting`: what it starts is no part of the run and stays, such as a server of someone else. These run
        last first.
        """
        undo = {"name": name, "argv": list(argv), "env": dict(env), "seconds": seconds, "lasting": lasting}
        self._ask("register_undo", **undo)

    def forget_undo(self, name: str) -> None:
        self._ask("forget_undo", name=name)

    def after_death(self, argv: Sequence[str], env: Mapping[str, str], seconds: float = 30) -> None:
        """A command that runs only if this process dies without calling `end`."""
        self._ask("register_after_death", argv=list(argv), env=dict(env), seconds=seconds)

    def build_network(self, plan: Mapping[str, object]) -> None:
        """Make the namespaces of the plan (see netlink.Network.build). Raises RuntimeError if that is refused."""
        self._ask("build_network", **plan)

    def set_port(self, node: str, *, up: bool) -> None:
        self._ask("set_port", node=node, up=up)

    def isolate(self, node: str, *, outgoing: bool, incoming: bool) -> None:
        """From now on what the node sends to the other nodes, or is sent by them, is lost."""
        self._ask("isolate", node=node, outgoing=outgoing, incoming=incoming)

    def rejoin(self, node: str) -> None:
        """Undoes `isolate`."""
        self._ask("rejoin", node=node)

    def carries(self, source: str, target: str) -> bool:
        """Whether a datagram of the one node arrives at the other."""
        return bool(self._ask("carries", source=source, target=target))

    def build_disks(self, nodes: Mapping[str, int], *, synchronous: bool = False) -> None:
        """A disk of so many MiB for each node (see disks.LoopDisks). Raises RuntimeError if that is refused."""
        self._ask("build_disks", nodes=dict(nodes), synchronous=synchronous)

    def cut_power(self, node: str, names: Sequence[str]) -> str | None:
        """Kill the processes of these names, and cut the power of the node's disk. Returns the name of the error of a
        write after that; None: it was taken.
        """
        refused: str | None = self._ask("cut_power", node=node, names=list(names))
        return refused

    def revive_disk(self, node: str) -> Revived:
        """The power of the disk is back. Raises RuntimeError while a process still uses it."""
        return Revived(**self._ask("revive_disk", node=node))

    def renew_disk(self, node: str) -> None:
        """A new, empty disk. Raises RuntimeError while a process still uses the old one."""
        self._ask("renew_disk", node=node)

    def disk_is_down(self, node: str) -> bool:
        """Whether the disk is without power."""
        return bool(self._ask("disk_is_down", node=node))

    def reaches(self, node: str, address: str, port: int) -> bool:
        """Whether a TCP connection can be made from the network of that node."""
        return bool(self._ask("reaches", node=node, address=address, port=port))

    def end(self) -> None:
        """Kill, undo and remove everything, and wait until that is done. A second call does nothing."""
        with self._lock:
            if self._socket.fileno() < 0:
                return
            try:
                self._socket.settimeout(END_SECONDS)
                self._socket.sendall(b'{"do": "end"}\n')
                self._lines.readline()
            except OSError:
                pass
            self._lines.close()
            self._socket.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)

    def _ask(self, what: str, **arguments: object) -> Any:
        with self._lock:
            try:
                self._socket.sendall(json.dumps({"do": what, **arguments}).encode() + b"\n")
                return self._reply()
            except OSError as error:
                raise SupervisorGone(f"the supervisor does not answer: {error}") from error

    def _reply(self) -> Any:
        line = self._lines.readline()
        if not line:
            raise SupervisorGone("the supervisor has ended: its processes are dead")
        reply = json.loads(line)
        if "error" in reply:
            raise RuntimeError(reply["error"])
        return reply["result"]
