"""Text that may be kept: without the run's secrets, in any spelling, and without what is shaped like a credential."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import quote

SECRET, REMOVED = "[secret]", "[removed]"
SHORTEST = 6
_PATTERNS = (
    re.compile(
        r"(?i)((?:x-amz-)?(?:signature|security-token|credential)(?:=|%3D|\":\s*\"|:\s*))[A-Za-z0-9%/+=_.-]+"
    ),
    re.compile(r"(?i)(authorization\"?\s*[:=]\s*\[?\"?(?:bearer|basic)\s+)[^\s\",\]]+"),
    re.compile(r"(?i)(authorization: ?)(?!bearer |basic )[^\s,&\"]+"),
)
_ASSIGNED = re.compile(r"(?i)((?:secret[_-]?(?:access[_-]?)?key|password|token)\"?\s*[:=]\s*\"?)[^\s\",}&]+")
"""Not for what must stay JSON: `"secret_key": null` is no secret."""


class Redactor:
    """Replaces known secrets, plain, URL-encoded and as in JSON, and everything shaped like a signature.

    JSON stays JSON.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._spellings: list[str] = []
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Names secrets; those shorter than 6 characters are ignored, since they would black out ordinary words."""
        for secret in secrets:
            if len(secret) >= SHORTEST:
                forms = (secret, quote(secret, safe=""), json.dumps(secret)[1:-1])
                self._spellings += [form for form in dict.fromkeys(forms) if form not in self._spellings]
        self._spellings.sort(key=len, reverse=True)

    def clean(self, text: str) -> str:
        """The text without secrets."""
        for spelling in self._spellings:
            text = text.replace(spelling, SECRET)
        for pattern in _PATTERNS:
            text = pattern.sub(rf"\1{REMOVED}", text)
        return text


def redact(text: str, secrets: Iterable[str]) -> str:
    """Free text, such as a log, without these secrets and without anything that looks like a signature, or that is
    called a key, a password or a token.
    """
    return _ASSIGNED.sub(rf"\1{REMOVED}", Redactor(secrets).clean(text))
