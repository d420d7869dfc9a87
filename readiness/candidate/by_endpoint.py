"""A candidate of which nothing is declared but its endpoints: for a check, which asks for nothing else."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from readiness.candidate.aws_profile import Profile
from readiness.candidate.credentials import resolve_url
from readiness.candidate.declared import DeclaredEndpoint
from readiness.candidate.fingerprint import resolve_all
from readiness.candidate.load import Loaded
from readiness.candidate.model import (
    S3,
    Candidate,
    CandidateClass,
    Contract,
    Credentials,
    CredentialSource,
    Durability,
    Failure,
    ProviderTable,
)
from readiness.errors import UsageError
from readiness.redact import one_line

RESPONSE_SECONDS = 10.0
"""How long an answer may take: longer than a contract's default, for nobody has promised anything."""
NOT_DECLARED = "Not declared: only the endpoints are known."
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_PROFILE_KEYS = "--profile P, or export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")
_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")


@dataclass(frozen=True)
class Known:
    """What an operator knows of a store. `urls` may be references, as in a candidate file; `region`: None for that of
    the environment or of the profile. `versioning`: whether buckets are asked to keep versions. `bucket`: the one in
    which everything is written, below a prefix; None: buckets may be made.
    """

    urls: tuple[str, ...]
    profile: str | None = None
    region: str | None = None
    ca_bundle: Path | None = None
    addressing: Literal["path", "virtual"] = "path"
    versioning: bool = True
    bucket: str | None = None


def by_endpoint(known: Known, environ: Mapping[str, str] = os.environ) -> Loaded:
    """The candidate. Each endpoint is an instance on a node of its own; nothing can be done to any of them.

    Raises UsageError for a URL, a profile, a certificate or a credential that cannot be used. Asks no network.
    """
    urls = [resolve_url(url, "--endpoint", environ) for url in known.urls]
    if again := next((url for at, url in enumerate(urls) if url in urls[:at]), None):
        raise UsageError(f"--endpoint {again} is given twice")
    if known.ca_bundle is not None and not known.ca_bundle.is_file():
        raise UsageError(f"--ca-bundle {known.ca_bundle}: no such file")
    _check_bucket(known.bucket)
    source = _credential(known.profile, environ)
    names = [_name(url) for url in urls]
    candidate = Candidate.model_validate(
        {
            "schema": 1,
            "name": f"check-{names[0].lower().replace('.', '-')}"[:41].rstrip("-"),
            "class": CandidateClass.SINGLETON,  # of those that can be declared it claims the least
            "summary": f"A store known by its endpoint{'s' if len(urls) > 1 else ''} {', '.join(urls)}.",
            "s3": S3(
                region=known.region or _region(source, environ),
                addressing=known.addressing,
                ca_bundle=str(known.ca_bundle.resolve()) if known.ca_bundle else None,
            ),
            "provider": ProviderTable(kind="commands"),
            "endpoints": [
                DeclaredEndpoint(name=name, url=url, node=name, instance=name)
                for name, url in zip(names, urls, strict=True)
            ],
            "contract": _contract(source, versioning=known.versioning),
        }
    )
    folder = Path.cwd()
    resolved = resolve_all(candidate, folder, environ)
    return Loaded(
        candidate,
        folder / f"{candidate.name}.toml",
        resolved.fingerprint(candidate),
        resolved.shown,
        known.bucket,
    )


def _check_bucket(name: str | None) -> None:
    if name is not None and not _BUCKET.fullmatch(name):
        raise UsageError(
            f'--bucket: "{one_line(name)}" is not the name of a bucket: 3 to 63 letters, digits, dots and dashes'
        )


def _contract(source: CredentialSource, *, versioning: bool) -> Contract:
    """A contract that promises nothing but what must hold of any store: no acknowledged write is lost."""
    return Contract(
        endpoint_shape=NOT_DECLARED,
        audience=NOT_DECLARED,
        cache_statement=NOT_DECLARED,
        credentials=Credentials(rotation_owner=NOT_DECLARED, rotation_days=1, admin=source),
        durability=Durability(versioning=versioning),
        failure=Failure(
            statement=NOT_DECLARED,
            rto_seconds={},
            rpo_acknowledged_writes=0,
            response_seconds=RESPONSE_SECONDS,
        ),
    )


def _credential(profile: str | None, environ: Mapping[str, str]) -> CredentialSource:
    """The profile that is named; else the keys of the environment; else the environment's or the default profile."""
    given = [name for name in _KEYS if environ.get(name, "").strip()]
    if profile is None and given:
        if environ.get("AWS_SESSION_TOKEN"):
            raise UsageError(
                "AWS_SESSION_TOKEN is set, so the credential is a temporary one; a store is judged with a permanent "
                "access key: unset it, or name a profile with --profile"
            )
        return CredentialSource(source="environment", access_key=_KEYS[0], secret_key=_KEYS[1])
    source = CredentialSource(source="profile", profile=profile)
    try:
        Profile(profile or environ.get("AWS_PROFILE"), "--profile", environ).keys()
    except UsageError:
        if profile is None and not environ.get("AWS_PROFILE"):
            raise UsageError(f"no credential: give {_PROFILE_KEYS}") from None
        raise
    return source


def _region(source: CredentialSource, environ: Mapping[str, str]) -> str:
    if found := next((environ[name] for name in _REGIONS if environ.get(name)), None):
        return found
    if source.source == "profile":
        named = Profile(source.profile or environ.get("AWS_PROFILE"), "--profile", environ)
        return named.region() or S3().region
    return S3().region


def _name(url: str) -> str:
    """Host and port, as far as they fit into keys and names of files."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", urlsplit(url).netloc).strip("-.")
