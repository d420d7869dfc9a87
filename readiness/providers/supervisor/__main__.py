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
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from readiness.providers.supervisor import linux
from readiness.providers.supervisor.disks import LoopDisk, LoopDisks

Request = Mapping[str, Any]
END_SECONDS = 10.0


class _Ended(Exception):
    """The run is over. `asked` says whether by request."""

    def __init__(self, *, asked: bool) -> None:
        self.asked = asked


class _Child:
    """One process that was spawned, and how it ended (None: it runs)."""

    def __init__(self, popen: subprocess.Popen[bytes], started: float) -> None:
        self.popen = popen  # kept: Popen must never reap by itself
        self.started = started
        self.ticks = found.start if (found := linux.stat(popen.pid)) else 0
        self.ended: int | None = None


class Supervisor:
    """State and requests. Nothing here blocks, except the work at the end."""

    def __init__(self, folder: Path, parent: int) -> None:
        self.folder = folder
        self.parent = parent
        self.children: dict[str, _Child] = {}
        self.replaced: list[_Child] = []
        self.adopted: dict[int, int] = {}
        self.undo: dict[str, Request] = {}
        self.after_death: list[Request] = []
        self.network: Any = None
        self.disks: LoopDisks | None = None
        self.requests: dict[str, Callable[[Request], object]] = {
            "spawn": self.spawn,
            "signal": self.signal,
            "status": self.status,
            "adopt": self.adopt,
            "release": lambda request: self.adopted.pop(request["pid"], None) and None,
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
        self.reap()
        try:
            return {"result": self.requests[request["do"]](request)}
        except _Ended:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the other side must hear of it
            return {"error": f"{type(error).__name__}: {error}"}

    def spawn(self, request: Request) -> dict[str, object]:
        name: str = request["name"]
        earlier = self.children.get(name)
        if earlier is not None:
            if earlier.ended is None:
                raise RuntimeError(f"{name} runs already")
            self.replaced.append(earlier)
        namespace = self.network.namespaces[request["node"]] if request.get("node") and self.network else None
        me = os.getpid()

        def prepare() -> None:
            linux.die_with_parent(signal.SIGKILL)
            if os.getppid() != me:
                os._exit(125)
            if namespace is not None:
                linux.enter_network(namespace)

        log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            started = time.monotonic()
            popen = subprocess.Popen(
                request["argv"],
                env=request["env"],
                cwd=request["cwd"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=prepare,  # there is one thread
                process_group=0,
            )
        finally:
            os.close(log)
        self.children[name] = _Child(popen, started)
        return self._status_of(name)

    def signal(self, request: Request) -> bool:
        """Signal the process group of a child, or the child alone. False: it has ended."""
        child = self.children.get(request["name"])
        if child is None or child.ended is not None:
            return False
        send = os.killpg if request["group"] else os.kill
        with contextlib.suppress(ProcessLookupError):
            send(child.popen.pid, request["signal"])  # not reaped yet, so the number is still its own
        return True

    def status(self, _request: Request) -> dict[str, object]:
        return {name: self._status_of(name) for name in self.children}

    def _status_of(self, name: str) -> dict[str, object]:
        child = self.children[name]
        pid, ticks = child.popen.pid, child.ticks
        return {"pid": pid, "ticks": ticks, "started": child.started, "ended": child.ended}

    def adopt(self, request: Request) -> None:
        """A process of someone else that is to be killed at the end, unless it was released before."""
        found = linux.stat(request["pid"])
        if found is not None:
            self.adopted[found.pid] = found.start

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
            self.signal({"name": name, "signal": signal.SIGKILL, "group": True})
        return disk.cut()

    def _disk(self, request: Request) -> LoopDisk:
        if self.disks is None:
            raise RuntimeError("no disks were built")
        return self.disks[request["node"]]

    def end(self, _request: Request) -> None:
        raise _Ended(asked=True)

    def reap(self) -> None:
        """Collect what has ended, orphans too."""
        by_pid = {child.popen.pid: child for child in self.children.values() if child.ended is None}
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if child := by_pid.get(pid):
                    child.ended = child.popen.returncode = os.waitstatus_to_exitcode(status)

    def finish(self, *, asked: bool) -> None:
        """Leave nothing behind: processes, faults, files."""
        self._kill_everything()
        for request in self.undo.values():
            if not request.get("lasting"):
                _run_bounded(request)
        self._kill_everything()
        linux.adopt_orphans(on=False)  # what a lasting undo starts is not ours
        for request in reversed(self.undo.values()):
            if request.get("lasting"):
                _run_bounded(request)
        linux.adopt_orphans()
        if self.disks is not None:
            self.disks.close()  # before the folder that they are mounted in is removed
        for request in [] if asked else self.after_death:
            _run_bounded(request)
        self._kill_everything()  # what those commands may have left
        if self.network is not None:
            self.network.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _kill_everything(self) -> None:
        for pid, start in self.adopted.items():
            found = linux.stat(pid)
            if found is not None and found.start == start:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    (os.killpg if found.group == pid else os.kill)(pid, signal.SIGKILL)
        self.adopted.clear()
        deadline = time.monotonic() + END_SECONDS
        while below := _descendants(os.getpid()):
            for pid in below:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)  # a stopped process dies of it too
            self.reap()
            if time.monotonic() > deadline:
                return
            time.sleep(0.01)


def _descendants(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for process in linux.all_processes():
        children.setdefault(process.parent, []).append(process.pid)
    found: list[int] = []
    front = [root]
    while front:
        front = [pid for parent in front for pid in children.get(parent, [])]
        found += front
    return found


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
            supervisor.reap()
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
