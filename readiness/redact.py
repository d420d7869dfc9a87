"""Text that may be kept: without the run's secrets, in any spelling, and without what is shaped like a credential."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

SECRET, REMOVED = "[secret]", "[removed]"
SHORTEST = 6
SHORTEST_OF_ENVIRONMENT = 8
"""Characters that a variable's value must have to be taken for a secret: `TOKEN=1` must not black out every 1."""

_NAMES = (
    r"(?!invalid|expired|missing|tokenrefresh)[\w.-]*(?:secret|passw(?:or)?d|passphrase|token|private[_-]?key|access[_-]?key|key[_-]data|api[_-]?key|encryption[_-]?key)"
    r"[\w-]*"
)
_QUOTED = r"(?P<quote>\\*[\"'])(?:(?!(?P=quote))(?:\\.|[^\n\\]))*(?P<end>(?P=quote))?"
_NOTHING = r"(?!(?:null|none|true|false)\b)"
_NAME_PARTS = ("secret", "passw", "passphrase", "token", "key")
_AS_JSON = re.compile(rf"(?i)(?P<lead>\b(?:{_NAMES})\\*[\"']\s*[:=]\s*\[?\s*){_QUOTED}")
_ASSIGNED = re.compile(
    rf"(?i)(?P<lead>(?<![\w.-])(?:{_NAMES})\s*[:=]\s*)(?:{_QUOTED}|{_NOTHING}[^\s\"',;}}&\\\])]+)"
)
_PATTERNS = (
    (
        ("-----begin",),
        re.compile(
            r"(?P<lead>)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|$)",
            re.DOTALL,
        ),
    ),
    (("://",), re.compile(r"(?i)(?P<lead>\b[a-z][a-z0-9+.-]*://)[^/\s\"'@\\]+(?=@)")),
    (
        ("signature", "security-token", "credential"),
        re.compile(
            r"(?i)(?P<lead>(?:x-amz-)?(?:signature|security-token|credential)(?:=|%3D|\\*\":\s*\\*\"|:\s*))"
            r"[A-Za-z0-9%/+=_.-]+"
        ),
    ),
    (
        ("authorization",),
        re.compile(
            r"(?i)(?P<lead>authorization\\*[\"']?\s*[:=]\s*\[?\\*[\"']?(?:bearer|basic)\s+)[^\s\",'\\\]]+"
        ),
    ),
    (
        ("authorization",),
        re.compile(
            r"(?i)(?P<lead>authorization\\*[\"']?\s*[:=]\s*\[?\\*[\"']?)"
            r"(?!bearer |basic |aws4-|\[|removed\])[^\s,&\"'\\]+(?: [^\s,&\"'\\=]+)?"
        ),
    ),
    (("bearer",), re.compile(r"(?i)(?P<lead>\bbearer\s+)(?=\S*\d|\S{20})[\w.~+/=-]{6,}")),
    (
        ("cookie",),
        re.compile(r"(?i)(?P<lead>\b(?:set-)?cookie\\*[\"']?\s*[:=]\s*\\*[\"']?)[^\n\"'\\]+"),
    ),
    (
        ("eyj", "akia", "asia", "gh", "gl", "hvs.", "hvb.", "xox", "age-secret-key-"),
        re.compile(
            r"(?P<lead>)\b(?:eyJ[\w-]+\.[\w-]+\.[\w-]*|(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_\w{20,}"
            r"|github_pat_\w{20,}|gl(?:pat|dt|rt|cbt)-[\w-]{16,}|hv[sb]\.[\w-]{20,}|xox[abprs]-[\w-]{10,}"
            r"|AGE-SECRET-KEY-\w{20,})"
        ),
    ),
    (_NAME_PARTS, _AS_JSON),
    (_NAME_PARTS, _ASSIGNED),
)
"""URL userinfo, signatures, headers that authenticate, private keys, and tokens that their prefix gives away; before
each pattern the substrings, in lower case, of which every match contains one: most texts contain none."""
_SECRET_NAME = re.compile(rf"(?i){_NAMES}")
_REFERENCE = re.compile(
    r"(?i)(?:access_key|secret_key|secret|.*_(?:file|path|url|dir|name|id|days|owner|source))"
)


class Redactor:
    """Replaces known secrets, plain, URL-encoded, in base64 and as in JSON, and everything that is shaped like a
    credential or assigned to a name that says so, whatever its case.

    JSON stays JSON.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._spellings: list[str] = []
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Names secrets; those shorter than 6 characters are ignored, since they would black out ordinary words."""
        for secret in secrets:
            if len(secret) >= SHORTEST:
                forms = dict.fromkeys(_spellings(secret))
                more = [form for form in forms if form not in self._spellings]
                self._spellings = sorted(
                    [*self._spellings, *more], key=len, reverse=True
                )  # a new list: another thread may be cleaning

    def add_environment(self, environ: Mapping[str, str]) -> None:
        """Names what variables hold whose names say that it is secret, and the credentials in their URLs."""
        self.add(*secrets_of_environment(environ))

    def clean(self, text: str) -> str:
        """The text without secrets."""
        for spelling in self._spellings:
            text = text.replace(spelling, SECRET)
        # Beyond ASCII, other characters match `(?i)s` and `(?i)k` too: there every pattern is tried.
        lower = text.lower() if text.isascii() else None
        for parts, pattern in _PATTERNS:
            if lower is None or any(part in lower for part in parts):
                text = pattern.sub(_removed, text)
        return text

    def clean_value(self, value: Any) -> Any:
        """A JSON value with every string in it cleaned, also one that only its key calls secret."""
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, Mapping):
            return {self.clean(str(key)): self._clean_item(str(key), item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.clean_value(item) for item in value]
        return value

    def _clean_item(self, key: str, item: Any) -> Any:
        secret = isinstance(item, str) and _SECRET_NAME.fullmatch(key) and not _REFERENCE.fullmatch(key)
        return REMOVED if secret and item else self.clean_value(item)


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text without these secrets and without anything that is shaped like a credential."""
    return Redactor(secrets).clean(text)


def one_line(text: str, longest: int = 300) -> str:
    """The text of a program or a server as part of a message: redacted, on one line, at most so many characters."""
    line = " ".join(Redactor().clean(text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def secrets_of_environment(environ: Mapping[str, str]) -> list[str]:
    """The values of variables whose names say that they are secret, and the user and password of every URL.

    A value that is the path of a file is not one: `AWS_WEB_IDENTITY_TOKEN_FILE` names where the secret lies.
    """
    found: list[str] = []
    for name, value in environ.items():
        if "://" in value:
            found += userinfo_of(value)
        elif _SECRET_NAME.fullmatch(name) and not _REFERENCE.fullmatch(name.replace("ACCESS_KEY_ID", "KEYS")):
            found.append(value)
    return [secret for secret in found if len(secret) >= SHORTEST_OF_ENVIRONMENT and not _is_path(secret)]


def userinfo_of(url: str) -> list[str]:
    """User and password that a URL holds, as they are written and as they are meant."""
    try:
        split = urlsplit(url)
    except ValueError:
        return []
    parts = [part for part in (split.username, split.password) if part]
    return [*parts, *(meant for part in parts if (meant := unquote(part)) != part)]


def _is_path(text: str) -> bool:
    try:
        return text.startswith(("/", "~")) and Path(text).expanduser().exists()
    except (OSError, ValueError, RuntimeError):
        return False


def _spellings(secret: str) -> Iterable[str]:
    yield secret
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield base64.b64encode(secret.encode("utf-8", "surrogateescape")).decode().rstrip("=")


def _removed(found: re.Match[str]) -> str:
    parts = found.groupdict()
    lead, opening, closing = parts["lead"], parts.get("quote") or "", parts.get("end") or ""
    value = found[0][len(lead) + len(opening) :]
    return found[0] if value.startswith((REMOVED[:-1], SECRET[:-1])) else f"{lead}{opening}{REMOVED}{closing}"
