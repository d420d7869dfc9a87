"""State encryption: what `terraform { encryption { … } }`, or TF_ENCRYPTION, says of the state."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from readiness.stacks.hcl import Body
from readiness.stacks.reading import LoadedFile, encrypted
from readiness.text import Text

VARIABLE = "TF_ENCRYPTION"


@dataclass(frozen=True)
class Encryption:
    """`state`: a method for the state is set; `enforced`: nothing else is read or written; `fallback`: another
    method (or none) may be read. `where` names the file, or the variable."""

    where: str
    state: bool
    enforced: bool
    fallback: bool


def is_encrypted(body: bytes) -> bool:
    """Whether a stored state is encrypted: its data is then `encrypted_data` (OpenTofu 1.12,
    internal/encryption/base.go)."""
    try:
        document = json.loads(body)
    except ValueError:
        return False
    return isinstance(document, dict) and "encrypted_data" in document and "resources" not in document


def encryption(loaded: Sequence[LoadedFile], environment: Mapping[str, Text]) -> Encryption | None:
    """The encryption of this configuration, None where there is none."""
    body = encrypted(loaded)
    if body is None:
        if VARIABLE not in environment:
            return None
        return Encryption(VARIABLE, state=True, enforced=False, fallback=False)
    where = next(one.shown for one in loaded if _holds(one.body))
    state = [inner for _, inner in body.blocks("state")]
    return Encryption(
        where,
        state=bool(state),
        enforced=any("enforced" in inner.attributes() for inner in state),
        fallback=any(True for inner in state for _ in inner.blocks("fallback")),
    )


def _holds(body: Body) -> bool:
    return any(True for _, block in body.blocks("terraform") for _ in block.blocks("encryption"))
