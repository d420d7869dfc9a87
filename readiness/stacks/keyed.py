"""What is kept of a state: digests under a key of one rehearsal, so that no value can be tried against them."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping

from readiness.evidence.rehearsal import Item, StateRead, StoredState
from readiness.stacks.encryption import is_encrypted
from readiness.tofu.state import Snapshot, parse

LENGTH = 32
"""Characters of a digest that are kept: 128 bits."""


class Keyed:
    """Reads states into what is kept of them. Two of the same instance can be compared."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def held(self, body: bytes, decrypted: bytes | None = None) -> StoredState:
        """A state as it is stored; `decrypted` is what an encrypted one says. Raises NotAStateError."""
        encrypted = is_encrypted(body)
        content = decrypted if encrypted else body
        state = None if content is None else self.state(parse(content))
        return StoredState(encrypted=encrypted, digest=self._digest(body.strip()), state=state)

    def state(self, snapshot: Snapshot) -> StateRead:
        """What a state says."""
        checks = (
            {**check, "objects": sorted(map(_canonical, check.get("objects") or ()))}
            for check in snapshot.checks
        )
        return StateRead(
            lineage=snapshot.lineage,
            serial=snapshot.serial,
            resources=self._items(snapshot.resources),
            outputs=self._items(snapshot.outputs),
            checks=tuple(sorted(self._of(check) for check in checks)),
        )

    def _items(self, values: Mapping[str, object]) -> tuple[Item, ...]:
        return tuple(Item(name=name, digest=self._of(value)) for name, value in sorted(values.items()))

    def _of(self, value: object) -> str:
        return self._digest(_canonical(value).encode())

    def _digest(self, content: bytes) -> str:
        return hmac.new(self._key, content, hashlib.sha256).hexdigest()[:LENGTH]


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True)
