"""What the environment adds to a backend's settings, as OpenTofu's backends take it.

Facts (OpenTofu 1.12, internal/backend/remote-state/{s3,http,pg}/backend.go; AWS SDK for Go v2): the S3 backend's
endpoint is its own setting, else AWS_ENDPOINT_URL_S3, else AWS_S3_ENDPOINT, else the profile's `[services]`, else
AWS_ENDPOINT_URL, else the profile's `endpoint_url`, else that of AWS; every setting of the http backend may come
from TF_HTTP_NAME.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.configloader
import botocore.exceptions

from readiness.stacks.environment import CUSTOMER_KEY
from readiness.stacks.flat import SET, cleaned
from readiness.text import Open, Text, text

_HTTP = (
    "address",
    "update_method",
    "lock_address",
    "unlock_address",
    "lock_method",
    "unlock_method",
    "username",
    "skip_cert_verification",
    "retry_max",
    "retry_wait_min",
    "retry_wait_max",
)
_OTHER = {
    "pg": {"schema_name": "PG_SCHEMA_NAME"},
    "consul": {"address": "CONSUL_HTTP_ADDR"},
    "kubernetes": {"host": "KUBE_HOST", "namespace": "KUBE_NAMESPACE", "config_path": "KUBE_CONFIG_PATH"},
    "remote": {"hostname": "TF_CLOUD_HOSTNAME", "organization": "TF_CLOUD_ORGANIZATION"},
    "cloud": {"hostname": "TF_CLOUD_HOSTNAME", "organization": "TF_CLOUD_ORGANIZATION"},
}
_ENDPOINT = ("endpoints.s3", "endpoint")


@dataclass(frozen=True)
class Added:
    """One setting that the environment gives, and where it stands."""

    name: str
    value: Text
    where: str


def added(
    kind: str,
    settings: Mapping[str, Text],
    environment: Mapping[str, Text],
    sources: Mapping[str, str],
    folder: Path,
    home: Path | None,
) -> list[Added]:
    """The settings that are not in the files of the backend and come from the environment."""
    if kind == "s3":
        return list(_s3(settings, environment, sources, folder, home))
    names = {name: f"TF_HTTP_{name.upper()}" for name in _HTTP} if kind == "http" else _OTHER.get(kind, {})
    return [
        Added(name, cleaned(name, environment[variable]), f"{variable} ({sources.get(variable, 'recipe')})")
        for name, variable in names.items()
        if name not in settings and variable in environment
    ]


def _s3(
    settings: Mapping[str, Text],
    environment: Mapping[str, Text],
    sources: Mapping[str, str],
    folder: Path,
    home: Path | None,
) -> Iterator[Added]:
    def variable(*names: str) -> tuple[Text, str] | None:
        found = next((name for name in names if name in environment), None)
        return None if found is None else (environment[found], f"{found} ({sources.get(found, 'recipe')})")

    if "region" not in settings and (region := variable("AWS_REGION", "AWS_DEFAULT_REGION")):
        yield Added("region", *region)
    named = variable("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
    profile = settings.get("profile") or (named[0] if named else None)
    if named and "profile" not in settings:
        yield Added("profile", *named)
    if "sse_customer_key" not in settings and (customer := variable(CUSTOMER_KEY)):
        yield Added("sse_customer_key", text(SET), customer[1])
    if any(name in settings for name in (*_ENDPOINT, "endpoints")):
        return
    if endpoint := variable("AWS_ENDPOINT_URL_S3", "AWS_S3_ENDPOINT"):
        yield Added("endpoints.s3", *endpoint)
        return
    shared = Profiles(settings, environment, folder, home)
    service, general = shared.endpoints(profile)
    generic = variable("AWS_ENDPOINT_URL")
    chosen = service or generic or general
    if chosen:
        yield Added("endpoints.s3", cleaned("endpoints.s3", chosen[0]), chosen[1])


class Profiles:
    """The shared AWS configuration that a backend reads."""

    def __init__(
        self, settings: Mapping[str, Text], environment: Mapping[str, Text], folder: Path, home: Path | None
    ) -> None:
        self._folder, self._home = folder, home
        self.names = self._files(settings, environment)

    def endpoints(self, profile: Text | None) -> tuple[tuple[Text, str] | None, tuple[Text, str] | None]:
        """The endpoint that the profile's `[services]` give for S3, and the one it gives for every service. Open
        where the profile cannot be found or read: it may hold one."""
        name = profile.literal if profile is not None else "default"
        if name is None:
            return (Text((Open(str(profile)),)), "the profile that is open"), None
        services: dict[str, Any] = {}
        found: dict[str, Any] | None = None
        where = " and ".join(str(path) for path in self.names) or "the shared AWS configuration"
        for path in self.names:
            if not path.is_file():
                continue
            try:
                loaded = botocore.configloader.load_config(str(path))
            except (botocore.exceptions.ConfigParseError, UnicodeDecodeError):
                return (Text((Open(f"profile {name}"),)), f"{path}, which cannot be parsed"), None
            services |= loaded.get("services", {})
            if name in loaded["profiles"]:
                found = {**(found or {}), **loaded["profiles"][name]}
        if found is None:
            if profile is None:
                return None, None
            return (Text((Open(f"profile {name}"),)), f"profile {name}, which is not in {where}"), None
        service = services.get(str(found.get("services")), {}).get("s3", {}).get("endpoint_url")
        return (
            (text(service), f"profile {name}, services ({where})") if service else None,
            (text(found["endpoint_url"]), f"profile {name} ({where})") if found.get("endpoint_url") else None,
        )

    def _files(self, settings: Mapping[str, Text], environment: Mapping[str, Text]) -> list[Path]:
        given = settings.get("shared_config_files")
        names: list[str] = []
        if given is not None and given.literal is not None:
            try:
                names = [str(name) for name in json.loads(given.literal)]
            except ValueError:
                names = []
        elif (variable := environment.get("AWS_CONFIG_FILE")) is not None and variable.literal:
            names = [variable.literal]
        elif self._home is not None:
            names = ["~/.aws/config"]
        return [self._path(name) for name in names]

    def _path(self, name: str) -> Path:
        if name.startswith("~") and self._home is not None:
            return self._home / name.lstrip("~").lstrip("/")
        return Path(os.path.normpath(self._folder / name))
