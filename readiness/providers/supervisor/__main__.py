"""The process that owns all processes of a run, so that none outlives it: `python -m readiness.providers.supervisor`.

It is single-threaded, speaks JSON lines on its standard input (a socket), and ends in one of two ways: by the
request `end`, or because the other side of the socket is gone, which a SIGKILL of pytest cannot prevent.
Either way it first kills everything below it (frozen or not), then undoes what was registered, then removes
the run's private folder. If it is killed itself, its children get SIGKILL from the kernel.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from readiness.providers.supervisor import linux
from readiness.providers.supervisor.disks import LoopDisk, LoopDisks
from readiness.providers.supervisor.processes import Processes, Request


class _Ended(Exception):
    """The run is over. `asked` says whether by request."""

    def __init__(self, *, asked: bool) -> None:
        self.asked = asked


class Supervisor:
    """State and requests. Nothing here blocks, except the work at the end."""

    def __init__(self, folder: Path, parent: int) -> None:
        self.folder = folder
        self.parent = parent
        self.processes = Processes()
        self.undo: dict[str, Request] = {}
        self.after_death: list[Request] = []
        self.network: Any = None
        self.disks: LoopDisks | None = None
        self.requests: dict[str, Callable[[Request], object]] = {
            "spawn": self.spawn,
            "signal": lambda request: self.processes.signal(
                request["name"], request["signal"], group=request["group"]
            ),
            "status": lambda _request: self.processes.status(),
            "adopt": lambda request: self.processes.adopt(request["pid"]),
            "release": lambda request: self.processes.release(request["pid"]),
            "register_undo": lambda request: self.undo.update({request["name"]: request}),
            "forget_undo": lambda request: self.undo.pop(request["name"], None) and None,
            "register_after_death": self.after_death.append,
            "build_network": self.build_network,
            "set_port": lambda request: self.network.set_port(request["node"], up=request["up"]),
            "isolate": lambda request: self.network.isolate(
                request["node"], outgoing=request["outgoing"], incoming=request["incoming"]
            ),
            "rejoin": lambda request: self.network.rejoin(request["node"]),
            "carries": lambda request: self.network.carries(request["source"], request["target"]),
            "reaches": lambda request: self.network.reaches(
                request["node"], request["address"], request["port"]
            ),
            "build_disks": self.build_disks,
            "cut_power": self.cut_power,
            "revive_disk": lambda request: self._disk(request).revive(),
            "renew_disk": lambda request: self._disk(request).make(),
            "disk_is_down": lambda request: self._disk(request).down,
            "end": self.end,
        }

    def answer(self, line: bytes) -> dict[str, object]:
        """Do one request; an error is an answer too."""
        request = json.loads(line)
        self.processes.reap()
        try:
            return {"result": self.requests[request["do"]](request)}
        except _Ended:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the other side must hear of it
            return {"error": f"{type(error).__name__}: {error}"}

    def spawn(self, request: Request) -> dict[str, object]:
        namespace = self.network.namespaces[request["node"]] if request.get("node") and self.network else None
        return self.processes.spawn(request, namespace)

    def build_network(self, request: Request) -> None:
        from readiness.providers.supervisor.netlink import Network  # a heavy import, rarely needed

        network = Network()
        try:
            network.build(request)
        except BaseException:
            network.close()
            raise
        self.network = network

    def build_disks(self, request: Request) -> None:
        disks = LoopDisks(self.folder / "disks", request["nodes"], synchronous=request["synchronous"])
        try:
            disks.build()
        except BaseException:
            disks.close()
            raise
        self.disks = disks

    def cut_power(self, request: Request) -> str | None:
        """Kill those children and cut the power of the node's disk, with nothing in between."""
        disk = self._disk(request)
        for name in request["names"]:
            self.processes.signal(name, signal.SIGKILL, group=True)
        return disk.cut()

    def _disk(self, request: Request) -> LoopDisk:
        if self.disks is None:
            raise RuntimeError("no disks were built")
        return self.disks[request["node"]]

    def end(self, _request: Request) -> None:
        raise _Ended(asked=True)

    def finish(self, *, asked: bool) -> None:
        """Leave nothing behind: processes, faults, files."""
        self.processes.kill_everything()
        for request in self.undo.values():
            if not request.get("lasting"):
                _run_bounded(request)
        self.processes.kill_everything()
        linux.adopt_orphans(on=False)  # what a lasting undo starts is not ours
        for request in reversed(self.undo.values()):
            if request.get("lasting"):
                _run_bounded(request)
        linux.adopt_orphans()
        if self.disks is not None:
            self.disks.close()  # before the folder that they are mounted in is removed
        for request in [] if asked else self.after_death:
            _run_bounded(request)
        self.processes.kill_everything()  # what those commands may have left
        if self.network is not None:
            self.network.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _run_bounded(request: Request) -> None:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        subprocess.run(
            request["argv"],
            env=request["env"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=request["seconds"],
            check=False,
        )


def serve(channel: socket.socket, supervisor: Supervisor) -> None:
    """Answer requests until the run is over (raises _Ended).

    Wakes up for ended children and for the parent's death.
    """
    awake_read, awake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(awake_write, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT):
        signal.signal(number, lambda *_: None)  # not SIG_IGN, which children would inherit
    # The parent's death closes the socket; a fork of the parent could keep it open, so the kernel tells us too.
    linux.die_with_parent(signal.SIGTERM)
    buffer = b""
    while True:
        if os.getppid() != supervisor.parent:
            raise _Ended(asked=False)
        ready, _, _ = select.select([channel.fileno(), awake_read], [], [], 60)
        if awake_read in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(awake_read, 4096)
            supervisor.processes.reap()
        if channel.fileno() in ready:
            received = channel.recv(65536)
            if not received:
                raise _Ended(asked=False)
            *lines, buffer = (buffer + received).split(b"\n")
            for line in lines:
                reply = supervisor.answer(line)
                channel.sendall(json.dumps(reply).encode() + b"\n")


def main(arguments: list[str]) -> int:
    """Serve on standard input. Arguments: the pid of the parent, and the folder in which the private one is made."""
    channel = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    linux.adopt_orphans()
    folder = Path(tempfile.mkdtemp(prefix="tsh-", dir=arguments[1]))
    supervisor = Supervisor(folder, int(arguments[0]))
    asked = False
    try:
        channel.sendall(json.dumps({"result": str(folder)}).encode() + b"\n")
        serve(channel, supervisor)
    except _Ended as ended:
        asked = ended.asked
    except (BrokenPipeError, ConnectionResetError):
        pass
    finally:
        supervisor.finish(asked=asked)
    with contextlib.suppress(OSError):
        channel.sendall(b'{"result": null}\n')
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
