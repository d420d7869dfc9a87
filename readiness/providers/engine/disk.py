"""What a folder takes on its disk."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

BLOCK = 512


def allocated(folder: Path) -> int:
    """Bytes that the file system has allocated for the files below that folder: holes do not count. What is removed
    meanwhile does not count either. Raises OSError for a folder that cannot be read.
    """
    total = 0
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            total += path.lstat().st_blocks * BLOCK
            total += allocated(path) if path.is_dir() and not path.is_symlink() else 0
    return total
