"""Credentials and URLs by reference: read where the candidate file points, never written anywhere.

Whatever is missing becomes one UsageError that names what to set.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from botocore.configprovider import ConfiguredEndpointProvider
from botocore.exceptions import BotoCoreError
from botocore.session import Session

from readiness.candidate.model import CredentialSource
from readiness.errors import UsageError
from readiness.topology import Keys

_OF_THE_MACHINE = ("container-role", "iam-role")  # would ask the network, and were not named


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
            return _profile(source.profile or environ.get("AWS_PROFILE"), where)
        case other:
            raise UsageError(
                f'{where}: source = "{other}" is not for this provider, which did not start the store; '
                'use "environment", "profile" or "file"'
            )


def resolve_url(said: str, where: str, environ: Mapping[str, str] = os.environ) -> str:
    """The URL, also where it is "env:NAME" or "profile:NAME" (its `endpoint_url`, of `s3` or overall). Raises
    UsageError.
    """
    kind, _, name = said.partition(":")
    if kind == "env":
        url = _variable(name, where, environ)
    elif kind == "profile":
        url = _endpoint_of(name or environ.get("AWS_PROFILE"), where)
    else:
        url = said
    return checked_url(url, where)


def checked_url(url: str, where: str) -> str:
    """The URL without a trailing slash. Raises UsageError unless it is scheme, host and perhaps port, and
    nothing else.
    """
    split = urlsplit(url)
    try:
        port_is_right = split.port is None or split.port > 0
    except ValueError:
        port_is_right = False
    if split.username is not None:
        raise UsageError(f"{where}: a URL must not hold a credential; see contract.credentials")
    if split.scheme not in ("http", "https") or not split.hostname or not port_is_right:
        raise UsageError(f'{where}: "{url}" is no http or https URL with a host')
    if split.path.strip("/") or split.query or split.fragment:
        raise UsageError(f'{where}: "{url}" must end after host and port')
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


def _session(name: str | None, where: str) -> Session:
    session = Session(profile=name or "default")
    try:
        session.get_scoped_config()
    except BotoCoreError:
        raise UsageError(
            f'{where}: the shared AWS configuration has no profile "{name or "default"}" '
            f"(AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE say where it lies)"
        ) from None
    return session


def _profile(name: str | None, where: str) -> Keys:
    session = _session(name, where)
    chain = session.get_component("credential_provider")
    for provider in _OF_THE_MACHINE:
        chain.remove(provider)
    try:
        found = chain.load_credentials()
    except BotoCoreError as error:
        raise UsageError(f'{where}: profile "{name or "default"}": {error}') from None
    if found is None:
        raise UsageError(f'{where}: profile "{name or "default"}" holds no access key')
    frozen = found.get_frozen_credentials()
    if frozen.token:
        raise UsageError(
            f'{where}: profile "{name or "default"}" gives temporary credentials with a session token; '
            "the state authority is judged with a permanent access key"
        )
    return Keys(frozen.access_key, frozen.secret_key)


def _endpoint_of(name: str | None, where: str) -> str:
    session = _session(name, where)
    provider = ConfiguredEndpointProvider(
        full_config=session.full_config,
        scoped_config=session.get_scoped_config(),
        client_name="s3",
        environ={},
    )
    url = provider.provide()
    if not url:
        raise UsageError(
            f'{where}: profile "{name or "default"}" has no endpoint_url, neither for s3 nor overall'
        )
    return str(url)
