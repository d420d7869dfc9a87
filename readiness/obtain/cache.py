"""A cache outside the checkout whose entries are complete or absent, also with several runs at once.

The content of an entry is hashed when it is made, and again each time it is used: what was damaged or replaced since is
not run.
"""

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from readiness.errors import UsageError
from readiness.obtain.progress import announce

DIRECTORY = "tofu-state-ha-readiness"
DAYS_UNUSED = 14


def cache_directory() -> Path:
    """The cache's place: READINESS_CACHE, else in XDG_CACHE_HOME, else in ~/.cache. It need not exist yet."""
    if chosen := os.environ.get("READINESS_CACHE"):
        return Path(chosen).absolute()
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base).absolute() / DIRECTORY
    return Path.home() / ".cache" / DIRECTORY


def fingerprint(root: Path, files: Iterable[Path]) -> str:
    """A short hash of the files' places below root, their contents, and this kind of machine."""
    digest = hashlib.sha256(f"{platform.system()} {platform.machine()}\n".encode())
    for file in sorted(files):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(root)} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def cached(name: str, build: Callable[[Path], None]) -> Path:
    """The complete cache entry `name`; if absent, `build` fills an empty folder, which then becomes the entry.

    One process at a time builds an entry, the others wait for it. A build that fails, or whose process dies,
    leaves no entry. An entry whose content is not what was built is built again.
    """
    entry = cache_directory() / name
    try:
        if intact(name) is None:
            with _locked(name):
                if intact(name) is None:  # another run may have built it while this one waited
                    _fill(entry, build)
        with contextlib.suppress(OSError):  # a cache that is complete may be read-only
            os.utime(entry)  # in use: see forget_unused
    except OSError as error:
        raise UsageError(
            f"the cache {cache_directory()} cannot be used ({error}): set READINESS_CACHE to a writable folder"
        ) from error
    return entry


def intact(name: str) -> Path | None:
    """The cache entry `name` if it is there with the content that was built; it is read whole for that."""
    entry = cache_directory() / name
    try:
        recorded = _record(name).read_text(encoding="utf-8")
        return entry if entry.is_dir() and recorded == content(entry) else None
    except FileNotFoundError:
        return None


def content(folder: Path) -> str:
    """SHA-256 of everything in a folder: names, bytes, targets of links, and what may be executed."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            kind, content = "link", str(path.readlink())
        elif path.is_file():
            kind = "program" if path.stat().st_mode & 0o100 else "file"
            with path.open("rb") as handle:
                content = hashlib.file_digest(handle, "sha256").hexdigest()
        else:
            continue
        digest.update(f"{kind} {path.relative_to(folder)} {content}\n".encode())
    return digest.hexdigest()


def _record(name: str) -> Path:
    return cache_directory() / "contents" / name


def forget_unused(prefix: str, keep: str) -> None:
    """Remove entries of an older fingerprint that no run has used for two weeks."""
    for entry in cache_directory().glob(f"{prefix}-*"):
        with contextlib.suppress(OSError):
            if entry.name != keep and time.time() - entry.stat().st_mtime > DAYS_UNUSED * 86_400:
                shutil.rmtree(entry)
                _record(entry.name).unlink(missing_ok=True)


def _fill(entry: Path, build: Callable[[Path], None]) -> None:
    for stale in entry.parent.glob(f".{entry.name}.*"):  # the lock is held: nobody is at work in these
        shutil.rmtree(stale, ignore_errors=True)
    if entry.exists():
        announce(f"{entry} is not as it was built: obtaining it again")
        shutil.rmtree(entry)
    partial = Path(tempfile.mkdtemp(prefix=f".{entry.name}.", dir=entry.parent))
    try:
        build(partial)
        _record(entry.name).parent.mkdir(exist_ok=True)
        _record(entry.name).write_text(content(partial), encoding="utf-8")
        partial.rename(entry)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


@contextlib.contextmanager
def _locked(name: str) -> Iterator[None]:
    locks = cache_directory() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / f"{name}.lock").open("w", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            announce(f"another run is obtaining {name}: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
