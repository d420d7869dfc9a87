"""The calls that a provider recorded."""

from __future__ import annotations

from collections.abc import Iterable


def changing(calls: Iterable[str]) -> list[str]:
    """Of recorded calls (`SECONDS KIND VERB TARGET`) those that are not reads. A `note` is what the candidate did by
    itself, such as an orchestrator's restart: nobody called for it.
    """
    return [call for call in calls if call.split()[1:2] not in (["read"], ["note"])]
