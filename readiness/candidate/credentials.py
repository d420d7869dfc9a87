"""Credentials and URLs by reference: read where the candidate file points, never written anywhere.

Whatever is missing becomes one UsageError that names what to set.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from readiness.candidate.aws_profile import Profile
from readiness.candidate.model import CredentialSource
from readiness.errors import UsageError
from readiness.redact import one_line
from readiness.topology import Keys


def resolve(
    source: CredentialSource, role: str, folder: Path, environ: Mapping[str, str] = os.environ
) -> Keys:
    """The credential. Relative file names are taken from `folder`, that of the candidate file. Raises
    UsageError.
    """
    where = f"contract.credentials.{role}"
    match source.source:
        case "environment":
            return Keys(
                _variable(source.access_key or "", where, environ),
                _variable(source.secret_key or "", where, environ),
            )
        case "file":
            return Keys(
                _file(source.access_key or "", where, folder), _file(source.secret_key or "", where, folder)
            )
        case "profile":
            return Profile(source.profile or environ.get("AWS_PROFILE"), where, environ).keys()
        case other:
            raise UsageError(
                f'{where}: source = "{other}" cannot be used with this provider, which did not start the store; '
                'use "environment", "profile" or "file"'
            )


def resolve_url(reference: str, where: str, environ: Mapping[str, str] = os.environ) -> str:
    """The URL, also where it is "env:NAME" or "profile:NAME" (its `endpoint_url`, of `s3` or overall). Raises
    UsageError.
    """
    kind, _, name = reference.partition(":")
    if kind == "env":
        url = _variable(name, where, environ)
    elif kind == "profile":
        url = Profile(name or environ.get("AWS_PROFILE"), where, environ).endpoint_url()
    else:
        url = reference
    return checked_url(url, where)


def checked_url(url: str, where: str) -> str:
    """The URL without a trailing slash. Raises UsageError unless it is scheme, host and perhaps port, and
    nothing else.
    """
    try:
        split = urlsplit(url)
        port_is_right = split.port is None or split.port > 0
    except ValueError:
        raise UsageError(f'{where}: "{one_line(url)}" is not an http or https URL with a host') from None
    if split.username is not None:
        raise UsageError(f"{where}: a URL must not hold a credential; see contract.credentials")
    if split.scheme not in ("http", "https") or not split.hostname or not port_is_right:
        raise UsageError(f'{where}: "{one_line(url)}" is not an http or https URL with a host')
    if split.path.strip("/") or split.query or split.fragment:
        raise UsageError(f'{where}: "{one_line(url)}" must end after host and port')
    return f"{split.scheme}://{split.netloc}"


def _variable(name: str, where: str, environ: Mapping[str, str]) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise UsageError(f"{where}: the environment variable {name} is not set; export it before the run")
    return value


def _file(name: str, where: str, folder: Path) -> str:
    path = folder / name
    try:
        value = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise UsageError(f"{where}: the file {path} cannot be read: {why}") from None
    if not value:
        raise UsageError(f"{where}: the file {path} is empty")
    return value
