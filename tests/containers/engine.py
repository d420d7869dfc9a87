"""A container engine of the lane's own, in namespaces of its own: whatever becomes of the lane, nothing of it stays.

The lane starts itself again below `unshare`: new mounts, a new network without a way out, and new process ids. When the
first process in there ends, the kernel ends all others, and takes mounts, bridges and firewall rules along.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from pyroute2 import IPRoute  # type: ignore[import-untyped]

from readiness.errors import UsageError
from readiness.obtain.cache import cache_directory
from readiness.obtain.progress import announce

START_SECONDS, STOP_SECONDS, LOG_LINES = 60, 40, 25
CGROUP = "tofu-state-ha-containers"
SOCKET = "/run/tofu-state-ha-engine.sock"
APART = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "docker": ("dockerd", "containerd", "runc", "iptables"),
    "podman": ("podman", "conmon", "netavark", "runc"),
}
PACKAGES = {"docker": "docker.io containerd iptables", "podman": "podman netavark runc"}
_ELSEWHERE = ("/usr/sbin", "/sbin", "/usr/lib/podman", "/usr/libexec/podman")


def must_be_possible(kind: str) -> None:
    """Raises UsageError where an engine of that kind cannot be started here, and says what to do."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_ELSEWHERE])
    missing = [name for name in (*PROGRAMS[kind], "unshare") if not shutil.which(name, path=path)]
    if os.geteuid() or missing:
        why = f"{', '.join(missing)} not found" if missing else "this is not root"
        raise UsageError(
            f"no container engine answers, and none can be started here ({why}): start Docker or Podman's socket and "
            f"set DOCKER_HOST; or, as root, have the programs (Debian: apt-get install {PACKAGES[kind]})"
        )


@contextlib.contextmanager
def running(kind: str) -> Iterator[str]:
    """The DOCKER_HOST of an engine that runs meanwhile; to be entered below `APART`. Raises UsageError."""
    with IPRoute() as ip:
        ip.link("set", index=1, state="up")
    _mount("tmpfs", "/run")
    with _folder() as folder, (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            _docker(folder) if kind == "docker" else _podman(folder),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # a terminal's Ctrl-C is for us: the store's containers go first
            env=_environment(folder),
        )
        try:
            _wait(process, folder / "log")
            yield f"unix://{SOCKET}"
        finally:
            _end(process)


def _docker(folder: Path) -> list[str]:
    return [
        *(
            "dockerd",
            "--host",
            f"unix://{SOCKET}",
            "--data-root",
            str(folder / "data"),
            "--pidfile",
            "/run/engine.pid",
        ),
        *("--exec-root", "/run/engine", "--bridge", "none", "--exec-opt", "native.cgroupdriver=cgroupfs"),
        *("--cgroup-parent", f"/{CGROUP}", "--log-level", "warn"),
    ]


def _podman(folder: Path) -> list[str]:
    return [
        *(
            "podman",
            "--root",
            str(folder / "data"),
            "--runroot",
            "/run/engine",
            "--cgroup-manager",
            "cgroupfs",
            "--runtime",
            "runc",  # crun refuses a machine whose control groups are of both versions
        ),
        *(
            "--network-config-dir",
            str(folder / "networks"),
            "--events-backend",
            "file",
            "--log-level",
            "warn",
        ),
        *("system", "service", "--time", "0", f"unix://{SOCKET}"),
    ]


def _environment(folder: Path) -> dict[str, str]:
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_ELSEWHERE])
    home = folder / "home"
    home.mkdir()
    return {"PATH": path, "HOME": str(home), "TMPDIR": str(folder)}


def _wait(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not Path(SOCKET).exists():
        if process.poll() is not None or time.monotonic() > deadline:
            tail = "\n  ".join(log.read_text(errors="replace").splitlines()[-LOG_LINES:])
            raise UsageError(f"the container engine did not start here; it says\n  {tail}")
        time.sleep(0.1)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """An empty folder for the engine's data, emptied again afterwards; one lane at a time has it."""
    folder = cache_directory() / "container-engine"
    folder.mkdir(parents=True, exist_ok=True)
    with (cache_directory() / "container-engine.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            announce("another run of this lane has an engine: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(folder)
        folder.mkdir()
        _remove_groups()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(exist_ok=True)
            _remove_groups()


def _remove_groups() -> None:
    """Control groups that a Docker of this lane made are all that a SIGKILL of the lane leaves: empty ones."""
    groups = Path("/sys/fs/cgroup")
    for top in (*groups.glob(f"*/{CGROUP}"), groups / CGROUP):
        for folder, _, _ in os.walk(top, topdown=False):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()


def _mount(kind: str, where: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(kind.encode(), where.encode(), kind.encode(), 0, None):
        raise OSError(ctypes.get_errno(), f"{kind} cannot be mounted at {where}")
