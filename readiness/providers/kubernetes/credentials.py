"""Credentials by reference: a Secret of the candidate's namespace, or what any provider can read."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path

from kubernetes.client.exceptions import ApiException

from readiness.candidate.credentials import resolve
from readiness.candidate.model import CredentialSource
from readiness.errors import UsageError
from readiness.providers.kubernetes.api import Cluster, why
from readiness.topology import Keys


def keys_of(cluster: Cluster, source: CredentialSource, role: str, folder: Path) -> Keys:
    """That credential. Raises UsageError that names what is missing."""
    if source.source != "secret":
        return resolve(source, role, folder)
    where, name = f"contract.credentials.{role}", source.secret or ""
    try:
        raw = cluster.read("get secret", name, cluster.core.read_namespaced_secret, name, cluster.namespace)
    except ApiException as error:
        raise UsageError(
            f'{where}: secret "{name}" of namespace "{cluster.namespace}": {why(error)}'
        ) from None
    data = raw.get("data") or {}
    where = f'{where}: secret "{name}"'
    return Keys(
        value_of(data, source.access_key or "", where), value_of(data, source.secret_key or "", where)
    )


def value_of(data: Mapping[str, str], key: str, where: str) -> str:
    """What a Secret holds under that key. Raises UsageError that begins with `where`."""
    if key not in data:
        raise UsageError(f'{where} has no key "{key}"; it has {", ".join(sorted(data)) or "none"}')
    try:
        value = base64.b64decode(data[key], validate=True).decode("utf-8").strip()
    except (binascii.Error, UnicodeDecodeError):
        value = ""
    if not value:
        raise UsageError(f'{where}: key "{key}" is empty or no text')
    return value
