"""What a forge (GitHub, GitLab) is asked for: evidence of the last scheduled run, an issue, comments on a change."""

from __future__ import annotations

import zipfile
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

LABEL = "tofu-state-ha-readiness"
"""The label of the issues that this suite opens; only issues with it are looked at."""
MOST_CHARACTERS = 60_000
"""Of a text that is posted: GitHub takes 65,536."""
MOST_BYTES = 4 << 30
"""Of an artifact, unpacked."""


class ForgeError(Exception):
    """The forge cannot be asked, or it refused; the message says what to change. It holds no token."""


@dataclass(frozen=True)
class Post:
    """An issue or a comment that the owner of the token wrote. `id` is what the API's paths name it by."""

    id: int
    body: str
    url: str = ""
    open: bool = True


class Forge(ABC):
    """One repository or project, with one token. Every method raises ForgeError."""

    @property
    @abstractmethod
    def run_url(self) -> str:
        """The page of the pipeline that this is; empty if it is not known."""

    @abstractmethod
    def last_evidence(self, target: Path) -> bool:
        """Unpacks into `target` what the last run of the default branch kept, whatever its verdict; False if no such
        run kept anything.
        """

    @abstractmethod
    def issues(self) -> list[Post]:
        """The issues with LABEL that were written with this token's account, open or closed, the oldest first."""

    @abstractmethod
    def open_issue(self, title: str, body: str) -> Post:
        """A new issue with LABEL."""

    @abstractmethod
    def update_issue(self, issue: Post, title: str, body: str) -> None:
        """Another title and text for an issue."""

    @abstractmethod
    def close_issue(self, issue: Post) -> None:
        """Closes it."""

    @abstractmethod
    def answer_issue(self, issue: Post, body: str) -> None:
        """A comment on an issue."""

    @abstractmethod
    def comments(self, change: int) -> list[Post]:
        """The comments on a pull or merge request that were written with this token's account."""

    @abstractmethod
    def comment(self, change: int, body: str) -> None:
        """A new comment on a pull or merge request."""

    @abstractmethod
    def update_comment(self, change: int, comment: Post, body: str) -> None:
        """Another text for a comment on a pull or merge request."""


def unpack(archive: Path, target: Path) -> None:
    """The files of a zip archive, below `target`. Raises ForgeError if it is none, or larger than MOST_BYTES."""
    try:
        with zipfile.ZipFile(archive) as opened:
            if sum(entry.file_size for entry in opened.infolist()) > MOST_BYTES:
                raise ForgeError(f"the last run's artifact holds more than {MOST_BYTES >> 30} GiB")
            opened.extractall(target)
    except zipfile.BadZipFile as error:
        raise ForgeError(f"the last run's artifact is no zip archive: {error}") from None
