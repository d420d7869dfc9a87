"""A wipe and a repair are seen in the bytes that the node stores."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from readiness.campaign.disk import Disk
from readiness.topology import Unsupported


def disk(*seen: int | None) -> Disk:
    """A node that stores so many bytes, look by look; None: it cannot be seen."""
    left = list(seen)

    def stored_bytes(_node: str) -> int:
        found = left.pop(0)
        if found is None:
            raise Unsupported("no bytes command")
        return found

    provider: Any = SimpleNamespace(stored_bytes=stored_bytes)
    return Disk(provider, "a")


@pytest.mark.parametrize(
    ("seen", "emptied", "filled"),
    [
        ((1000, 0, 900), True, True),
        ((1000, 100, 200), True, True),
        ((1000, 101, 900), False, True),
        ((1000, 1000, 1000), False, False),
        ((4096, 4096, 4096), False, False),
        ((1000, 0, 0), True, False),
        ((None, None, None), True, True),
        ((1000, None, 0), True, True),
        ((1000, 0, None), True, True),
    ],
)
def test_what_contradicts_a_wipe_and_a_repair(
    seen: tuple[int | None, ...], *, emptied: bool, filled: bool
) -> None:
    made = disk(*seen)
    assert (made.not_emptied() is None) is emptied
    assert (made.not_filled() is None) is filled
    assert made.summary == ", ".join("unknown" if each is None else str(each) for each in seen)


def test_a_provider_that_cannot_see_disks() -> None:
    provider: Any = SimpleNamespace()
    made = Disk(provider, "a")
    assert made.not_emptied() is None
    assert made.not_filled() is None
