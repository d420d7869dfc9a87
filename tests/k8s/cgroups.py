"""The cgroups of a node: made, entered, frozen and removed. Cgroup v1 and v2."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import time
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
FREEZER = ROOT / "freezer"  # cgroup v1; on v2 every cgroup can be frozen
CLONE_NEWCGROUP = 0x02000000
FROZEN_SECONDS = 10


def enter(path: str) -> None:
    """Move this process into the cgroup `path` of every hierarchy, which is made, and take that for the root of all.

    Whatever this process starts, pods too, is then below it. Needs a mount namespace of its own. Raises OSError.
    """
    tops = hierarchies()
    for top in tops:
        _join(top, path)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWCGROUP):
        raise OSError(ctypes.get_errno(), "unshare: this kernel has no cgroup namespaces")
    for top in tops:
        subprocess.run(["mount", "--bind", f"{top}{path}", top], check=True)
    if tops == [ROOT]:  # v2: a cgroup has processes or children
        _join(ROOT, "/system")


def hierarchies() -> list[Path]:
    """Where they are mounted: one on v2, one for each controller on v1."""
    lines = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    return [Path(words[1]) for words in map(str.split, lines) if words[2] in ("cgroup", "cgroup2")]


def _join(top: Path, path: str) -> None:
    here = top
    for name in path.strip("/").split("/"):
        above, here = here, here / name
        here.mkdir(exist_ok=True)
        for setting in ("cpuset.cpus", "cpuset.mems"):  # v1 begins with none, and lets nobody in
            if (here / setting).exists() and not (here / setting).read_text(encoding="ascii").strip():
                (here / setting).write_text((above / setting).read_text(encoding="ascii"), encoding="ascii")
    (here / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")


def freezer(path: str) -> Path:
    """The cgroup of that path that can be frozen."""
    return Path(f"{FREEZER if FREEZER.is_dir() else ROOT}{path}")


def freeze(cgroup: Path) -> None:
    """Stop everything in it where it is. Raises TimeoutError."""
    _set_frozen(cgroup, True)


def thaw(cgroup: Path) -> None:
    """Let everything in it go on, also what was frozen by itself. Nothing for one that is not frozen or not there."""
    for each in (cgroup, *cgroup.rglob("*/")):  # what is in a frozen cgroup stays frozen
        with contextlib.suppress(FileNotFoundError):
            _set_frozen(each, False)


def is_frozen(cgroup: Path) -> bool:
    """Whether the kernel says that every process in it is stopped."""
    state = cgroup / "freezer.state"
    if state.exists():
        return state.read_text(encoding="ascii").strip() == "FROZEN"
    return "frozen 1" in (cgroup / "cgroup.events").read_text(encoding="ascii")


def remove(name: str) -> bool:
    """Remove the cgroups of that name with all below, in every hierarchy; whether none is left."""
    tops = [*ROOT.glob(name), *ROOT.glob(f"*/{name}")]
    for top in tops:
        for folder in sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True):
            with contextlib.suppress(OSError):
                folder.rmdir()
        with contextlib.suppress(OSError):
            top.rmdir()
    return not any(top.exists() for top in tops)


def _set_frozen(cgroup: Path, frozen: bool) -> None:
    version_1 = cgroup / "freezer.state"
    deadline = time.monotonic() + FROZEN_SECONDS
    while True:
        if version_1.exists():
            version_1.write_text("FROZEN" if frozen else "THAWED", encoding="ascii")
        else:
            (cgroup / "cgroup.freeze").write_text("1" if frozen else "0", encoding="ascii")
        if is_frozen(cgroup) == frozen:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"{cgroup} was not {'frozen' if frozen else 'thawed'} within {FROZEN_SECONDS} s"
            )
        time.sleep(0.05)
