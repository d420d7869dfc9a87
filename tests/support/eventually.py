"""Waiting for what becomes true by itself."""

import time
from collections.abc import Callable


def eventually(holds: Callable[[], object], seconds: float = 20.0) -> None:
    """Returns as soon as `holds()` is true. Raises AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(0.01)
