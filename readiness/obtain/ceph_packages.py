"""Ceph (candidates ceph and ceph-plain): a root file system with Debian's packages of it, made by mmdebstrap.

The packages are extracted and not installed: none of their scripts runs. Signatures are verified.
"""

import os
import shutil
import subprocess
from pathlib import Path

from readiness.errors import UsageError
from readiness.obtain.cache import cached
from readiness.obtain.progress import run_long

VARIABLE, SUITE_VARIABLE, MIRROR_VARIABLE = (
    "READINESS_CEPH",
    "READINESS_CEPH_SUITE",
    "READINESS_DEBIAN_MIRROR",
)
SUITE = "sid"
PACKAGES = (
    "ceph-mon",
    "ceph-mgr",
    "ceph-mgr-modules-core",
    "ceph-osd",
    "radosgw",
    "ceph-common",
    "python3-minimal",
)
KEYRINGS = tuple(Path("/usr/share/keyrings", f"debian-archive-keyring.{kind}") for kind in ("pgp", "gpg"))
LEFT_OUT = ("doc", "man", "locale", "info")
PROGRAM = Path("usr", "bin", "ceph-osd")
MINUTES = "2 to 10 minutes and 1 GB of disk, once; cached afterwards"


def ceph() -> Path:
    """The root file system that READINESS_CEPH names, else that of Debian's suite READINESS_CEPH_SUITE (default: sid):
    cached, or made now. Raises UsageError with what is missing.
    """
    if chosen := os.environ.get(VARIABLE):
        if not os.access(Path(chosen) / PROGRAM, os.X_OK):
            raise UsageError(f"{chosen} has no {PROGRAM}. Change or remove {VARIABLE}.")
        return Path(chosen).absolute()
    suite = os.environ.get(SUITE_VARIABLE) or SUITE
    if not suite.isalnum():
        raise UsageError(f'{SUITE_VARIABLE} = "{suite}" is no suite of Debian, such as sid or trixie')
    return cached(f"ceph-{suite}", lambda folder: _make(suite, folder))


def _make(suite: str, folder: Path) -> None:
    mmdebstrap, keyring, mirror = _mmdebstrap(), _keyring(), _mirror()
    excluded = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in LEFT_OUT]
    command = [
        *(mmdebstrap, "--variant=extract", f"--keyring={keyring}", f"--include={','.join(PACKAGES)}"),
        # A mirror that is kept at one day is signed as any other, for a day that is over.
        *('--aptopt=Acquire::Check-Valid-Until "false"', *excluded, suite, str(folder), mirror),
    ]
    run_long(
        command,
        f"making a root file system with Ceph from Debian {suite} ({MINUTES})",
        cwd=folder.parent,
        env=os.environ,
        advice=f"Has {mirror} the suite {suite}, and does {keyring} hold the key that signs it?",
    )
    if not (folder / PROGRAM).is_file():
        raise UsageError(f"Debian {suite} has no Ceph for this machine: {PROGRAM} is not in {folder}")


def _mmdebstrap() -> str:
    if os.geteuid() != 0:
        raise UsageError(
            "the root file system of Ceph is made by root: run `python -m readiness.obtain ceph` with sudo and "
            f"the same READINESS_CACHE, or name one with {VARIABLE}"
        )
    found = shutil.which("mmdebstrap")
    if found is None:
        raise UsageError(
            "Ceph comes from Debian's packages, by mmdebstrap, which is not on PATH: install it (apt-get install "
            f"mmdebstrap), or name a root file system that has Ceph with {VARIABLE}"
        )
    return found


def _keyring() -> Path:
    for path in KEYRINGS:
        if path.is_file():
            return path
    raise UsageError(
        "Debian's packages cannot be verified without its keys: install debian-archive-keyring (apt-get install "
        "debian-archive-keyring)"
    )


def _mirror() -> str:
    """The mirror of Debian in READINESS_DEBIAN_MIRROR, else that of the machine's own apt."""
    if chosen := os.environ.get(MIRROR_VARIABLE):
        return chosen
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(LABEL)", "Identifier: Packages"]
    try:
        output = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout
    except OSError:
        output = ""
    for line in output.splitlines():
        address, _, label = line.partition(" ")
        if label == "Debian":
            return address
    raise UsageError(f"this machine's apt knows no mirror of Debian: name one with {MIRROR_VARIABLE}")
