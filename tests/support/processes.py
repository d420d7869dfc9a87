"""Processes that a test started."""

from __future__ import annotations

from pathlib import Path


def lives(pid: int) -> bool:
    """Whether it runs still; one that has ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
