"""What it would mean for OpenTofu if a criterion does not hold, where no single wrong answer says it: a short form of
docs/criteria.md.
"""

from __future__ import annotations

_AWAY = "While a node is away, plans and applies would have stopped, or seen another state than before."
_WHOLE = "After a loss of disks, power or several nodes saved states might be gone, or the store might not serve again."

_MEANINGS: dict[str, str] = {
    "P0.1": "Runners that use an endpoint which does not answer as declared would have failed at once.",
    "P0.2": "A runner would have failed on its credential, or nobody would replace it on the day it leaks.",
    "P0.3": "The earlier state that you want to restore might not be there.",
    "P0.4": "How long plans and applies may stop is not promised, so nothing could hold the store to it.",
    "P0.5": "A diverged index would have been found by a plan that wants to create what exists.",
    "P0.6": "A cache might use, or empty, the bucket that holds state.",
    "P0.7": "The plan refuses this class of store as the final home of state, whatever else was shown.",
    "S.1": "With one process or machine down every plan and apply would have stopped: no endpoint is independent.",
    "S.2": "The loss of one node's disk might have taken every state with it.",
    "S.3": "The earlier state that you want to restore might not be there.",
    "S.4": "Once the index differs from what is stored, there would have been no safe way to find out what is missing.",
    "S.5": "With the caches down, plans and applies would have stopped.",
    "P1.1": "An endpoint does not know every bucket: a runner that uses it would have found no state.",
    "P1.2": "A typing error in the backend's configuration would have gone unnoticed until the first write.",
    "P1.3": "A state might not have come back as it was written.",
    "P1.4": "After the restart of an instance, runners that use it would have failed, or been answered wrongly.",
    "P1.5": _AWAY,
    "P1.6": _AWAY,
    "P1.7": "Collecting evidence of an incident would have changed the store, or shown a secret.",
    "P1.8": "A stack in use points at this store: a proof with faults would have hit live state.",
    "P1.9": "Two runners would have seen different states, depending on the endpoint they use.",
    "P1.10": "A plan through another endpoint would have worked from the state before the last apply.",
    "P1.11": "The lock could not be relied on: through a fault two applies at once, or none, might have got it.",
    "P1.13": "State or locks would have been lost, denied or mixed up.",
    "P1.14": _AWAY,
    "P1.15": "The earlier state that you want to restore might not be there.",
    "P1.16": "Somebody without the right key would have read or changed state, and the secrets in it.",
    "P1.17": "A state that was damaged on its way would have been saved as if it were right.",
    "P1.18": "Changing a leaked key would have stopped runners, or left the leaked key working.",
    "P1.19": _WHOLE,
    "P1.20": _WHOLE,
    "P1.21": _WHOLE,
    "P1.22": _WHOLE,
    "P1.23": _WHOLE,
    "P1.24": "A node that is cut off from its peers might have given, or taken, a state that the others do not know.",
    "P1.25": "With a full disk, applies would have failed or been lost, or have gone on failing once there is space.",
    "P1.26": "One slow node would have slowed down or stopped every plan and apply.",
    "P1.27": "While the store is upgraded or taken back plans and applies would have stopped or been answered wrongly.",
    "B.1": "The state shares something with a cache: what empties or stops the cache hits the state.",
    "B.2": "Something in the run contacted a cache, so that it does not show what the store can do alone.",
}


def meaning(criterion: str) -> str | None:
    """The sentence for a criterion that is REFUTED; None for one that has none."""
    return _MEANINGS.get(criterion)
