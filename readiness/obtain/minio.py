"""MinIO (candidates minio and minio-delayed): built from the newest version of its Go module that is served."""

import re
import shutil
import subprocess
from pathlib import Path

from readiness.errors import UsageError
from readiness.obtain.cache import cached, fingerprint, intact
from readiness.obtain.go import build
from readiness.obtain.named import named
from readiness.obtain.progress import announce
from readiness.paths import TOOLS

MODULE = TOOLS / "minio"
PACKAGE = "github.com/minio/minio"
VARIABLE = "READINESS_MINIO"


def minio() -> Path:
    """The minio named by READINESS_MINIO, else on PATH, else the pinned one: cached, or built now (5 minutes)."""
    if there := minio_of_machine():
        return there
    time, commit = pinned_version()
    stamp = f"{PACKAGE}/cmd"
    flags = (
        f"-ldflags=-s -w -X {stamp}.Version={time} -X {stamp}.ReleaseTag=DEVELOPMENT.{time.replace(':', '-')} "
        f"-X {stamp}.CommitID={commit} -X {stamp}.ShortCommitID={commit}"
    )
    label = f"building minio {commit} (about 5 minutes, once; cached afterwards)"
    return cached(_key(), build(MODULE, PACKAGE, "minio", label, [flags])) / "minio"


def minio_of_machine() -> Path | None:
    """The minio that this machine has already, in the same order; None where it would have to be built."""
    if chosen := named("minio", VARIABLE, _is_minio):
        return chosen
    if found := shutil.which("minio"):
        if _is_minio(Path(found)):
            return Path(found).absolute()
        announce(f"{found} is not used: it is not a MinIO server")
    entry = intact(_key())
    return entry / "minio" if entry else None


def pinned_version() -> tuple[str, str]:
    """Time (as RFC 3339) and commit of what is built, as tools/minio/go.mod says."""
    text = (MODULE / "go.mod").read_text(encoding="utf-8")
    stated = re.search(rf"\s{re.escape(PACKAGE)} v0\.0\.0-(\d{{14}})-([0-9a-f]{{12}})\s", text)
    if not stated:
        raise UsageError(f"{MODULE / 'go.mod'} names no version of {PACKAGE}")
    t = stated[1]
    return f"{t[:4]}-{t[4:6]}-{t[6:8]}T{t[8:10]}:{t[10:12]}:{t[12:]}Z", stated[2]


def _key() -> str:
    return f"minio-{fingerprint(MODULE, [MODULE / 'go.mod', MODULE / 'go.sum'])}"


def _is_minio(program: Path) -> bool:
    try:
        completed = subprocess.run(
            [program.absolute(), "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return completed.stdout.startswith("minio version ")
