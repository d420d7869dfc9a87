"""What tells one candidate from another: all that its file declares, and what stands behind every reference in it.

References are resolved as far as that needs no network and runs nothing: variables, profiles, the target of a
kubeconfig's context, and the contents of certificates, rules and scripts. Secret keys are left out, so that rotating a
secret does not make another candidate; access key ids are part of the digest and are shown nowhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from readiness.candidate.aws_profile import Profile
from readiness.candidate.credentials import resolve_url
from readiness.candidate.declared import Command
from readiness.candidate.declared_containers import images_of_environment
from readiness.candidate.declared_kubernetes import DeclaredCluster
from readiness.candidate.model import Candidate, CredentialSource
from readiness.errors import UsageError

MISSING = "unresolved"
"""In the place of what cannot be resolved: the provider says so in its own words before anything is written."""
_OF_THE_SYSTEM = ("/bin/", "/sbin/", "/usr/", "/lib/", "/lib64/", "/proc/", "/dev/", "/sys/")
_URLS = ("url", "admin_url", "metrics_url")


@dataclass(frozen=True)
class Resolved:
    """What stands behind the references of a candidate file, by field.

    `shown` may be kept in the evidence: URLs, targets, `sha256:` digests of contents. `hidden` only goes into the
    fingerprint.
    """

    shown: Mapping[str, str]
    hidden: Mapping[str, str]

    def fingerprint(self, candidate: Candidate) -> str:
        """SHA-256 of what is declared, comments and layout apart, and of what is behind it."""
        declared = candidate.model_dump(mode="json", by_alias=True)
        whole = {"declared": declared, "shown": dict(self.shown), "hidden": dict(self.hidden)}
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def resolve_all(candidate: Candidate, folder: Path, environ: Mapping[str, str] = os.environ) -> Resolved:
    """Resolves the references of a candidate whose file lies in `folder`. What cannot be resolved is `MISSING`."""
    shown = dict(_addresses(candidate, environ))
    for image in images_of_environment(candidate.containers, environ):
        variable, _, reference = image.partition("=")
        shown[f"image of {variable}"] = reference or MISSING
    for field, name in (
        ("s3.ca_bundle", candidate.s3.ca_bundle),
        ("contract.observability.alert_rules", candidate.contract.observability.alert_rules),
    ):
        if name:
            shown[field] = content(folder / name)
    for field, argv in _commands(candidate):
        for script in _scripts(argv, folder):
            shown[f"{field} {script}"] = content(folder / script)
    if candidate.kubernetes is not None:
        shown["kubernetes.context"] = _target(candidate.kubernetes, folder, environ)
    credentials = candidate.contract.credentials
    hidden = {
        role: _account(source, folder, environ)
        for role, source in (("admin", credentials.admin), ("read_only", credentials.read_only))
        if source is not None
    }
    return Resolved(shown, hidden)


def content(path: Path) -> str:
    """The digest of a file's content."""
    try:
        return f"sha256:{hashlib.sha256(path.expanduser().read_bytes()).hexdigest()}"
    except (OSError, RuntimeError):
        return MISSING


def _addresses(candidate: Candidate, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for what, entries in (("endpoints", candidate.endpoints), ("instances", candidate.instances)):
        for entry in entries:
            for field in _URLS:
                if reference := getattr(entry, field, None):
                    where = f"{what}.{entry.name}.{field}"
                    yield where, _url(reference, where, environ)


def _url(reference: str, where: str, environ: Mapping[str, str]) -> str:
    try:
        return resolve_url(reference, where, environ)
    except UsageError:
        return MISSING


def _account(source: CredentialSource, folder: Path, environ: Mapping[str, str]) -> str:
    try:
        match source.source:
            case "environment":
                return environ.get(source.access_key or "", MISSING)
            case "file":
                return content(folder / (source.access_key or ""))
            case "profile":
                profile = Profile(source.profile or environ.get("AWS_PROFILE"), "profile", environ)
                return json.dumps(profile.without_secrets(), sort_keys=True)
            case _:
                return source.source
    except UsageError:
        return MISSING


def _commands(value: Any, where: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every command that is declared anywhere below, with its field."""
    if isinstance(value, Command):
        yield where, tuple(_words(value.run[0])) if value.shell else value.run
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            below = getattr(value, name)
            field = f"{where}.{name}".lstrip(".")
            if name == "command" and isinstance(below, tuple):  # contract.divergence.command
                yield field, below
            else:
                yield from _commands(below, field)
    elif isinstance(value, Mapping):
        for name, below in value.items():
            yield from _commands(below, f"{where}.{name}")
    elif isinstance(value, tuple):
        for number, below in enumerate(value):
            yield from _commands(below, f"{where}.{getattr(below, 'name', number)}")


def _words(line: str) -> list[str]:
    """The words of a line for the shell; none if it has an open quote."""
    try:
        return shlex.split(line)
    except ValueError:
        return []


def _scripts(argv: tuple[str, ...], folder: Path) -> list[str]:
    """Words of a command that are files: scripts and what they are given, but not programs of the system."""
    found = []
    for word in argv:
        try:
            path = folder / Path(word).expanduser()
            if path.is_file() and not str(path.resolve()).startswith(_OF_THE_SYSTEM):
                found.append(word)
        except (OSError, ValueError, RuntimeError):
            continue
    return found


def _target(declared: DeclaredCluster, folder: Path, environ: Mapping[str, str]) -> str:
    """The API server that the context leads to, with the digest of the certificate authority that it must have."""
    if declared.context == "in-cluster":
        return (
            f"{environ.get('KUBERNETES_SERVICE_HOST', MISSING)}:{environ.get('KUBERNETES_SERVICE_PORT', '')}"
        )
    kubeconfig = declared.kubeconfig or environ.get("KUBECONFIG") or "~/.kube/config"
    if kubeconfig.startswith("env:"):
        kubeconfig = environ.get(kubeconfig[4:], "")
    for part in kubeconfig.split(":"):
        path = folder / Path(part).expanduser()
        try:
            cluster = _cluster_of(yaml.safe_load(path.read_text("utf-8")), declared.context or "")
            authority = cluster.get("certificate-authority-data") or content(
                path.parent / str(cluster.get("certificate-authority", MISSING))
            )
            return f"{cluster['server']} sha256:{hashlib.sha256(str(authority).encode()).hexdigest()}"
        except (OSError, ValueError, yaml.YAMLError, LookupError, TypeError, AttributeError, StopIteration):
            continue
    return MISSING


def _cluster_of(document: Any, context: str) -> Any:
    name = next(c["context"]["cluster"] for c in document["contexts"] if c["name"] == context)
    return next(c["cluster"] for c in document["clusters"] if c["name"] == name)
