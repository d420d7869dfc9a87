"""A published bug of a store as a value: the release that has it, where it was published, and what must catch it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Release:
    """One release of a store that a package registry serves.

    `pinned`: the folder with the lock file that says every byte of it, if that is not `pins` of its own.
    """

    store: str
    version: str
    pinned: Path | None = None

    @property
    def name(self) -> str:
        """For example moto-5.0.14."""
        return f"{self.store}-{self.version}"

    @property
    def pins(self) -> Path:
        """The folder with its lock file: requirements.lock, package-lock.json, or go.mod and go.sum."""
        return self.pinned or HERE / "releases" / self.name


@dataclass(frozen=True)
class KnownBug:
    """One bug.

    `source`: issues or pull requests, as OWNER/REPOSITORY#NUMBER. `release` has the bug; `corrected` is a release
    without it, which is judged as well, so that it is seen that it is the bug that was caught; None where there is none
    that can be had. `fixed`: since when the store is right, in words. `expects`: the criterion that must be REFUTED.
    `says`: a part of the message by which an operator understands what the store did.

    `unseen`: why no criterion sees it, and what would; only of a bug that is known to be missed.
    """

    name: str
    source: tuple[str, ...]
    does: str
    release: Release
    fixed: str
    expects: str
    says: str
    corrected: Release | None = None
    unseen: str = ""

    def releases(self) -> tuple[Release, ...]:
        """Those that are judged for it."""
        return (self.release, self.corrected) if self.corrected else (self.release,)
