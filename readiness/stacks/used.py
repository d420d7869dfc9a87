"""The settings of the S3 backend that protected stacks use and that ask something of the store (P2.15)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from readiness.criteria import PROTECTED_STACKS
from readiness.stacks.config import StackConfig, read
from readiness.stacks.flat import SET
from readiness.stacks.hcl import UnreadableError
from readiness.stacks.stack_files import Variant
from readiness.text import Text
from readiness.tofu.settings import BackendSettings

_SWITCHES = ("encrypt", "skip_s3_checksum")
_VALUES = ("acl", "workspace_key_prefix")
_TAGS = ("state_tags", "lock_tags")


@dataclass(frozen=True)
class Used:
    """What stacks use: each set of settings once, with the stacks that use it; and why others are not known."""

    settings: tuple[BackendSettings, ...]
    unknown: Mapping[str, str]


class _OpenError(Exception):
    """A setting has an open part: only a shell, a variable or a command says its value."""


def of_protected_stacks(stacks: Path, caller: Mapping[str, str]) -> Used:
    """What the protected stacks of this checkout use; `caller` is the environment of the shell. Raises UsageError if
    one is not there.
    """
    configs: dict[str, StackConfig | UnreadableError] = {}
    for name in PROTECTED_STACKS:
        try:
            configs[name] = read(stacks, name, caller=caller)
        except UnreadableError as error:
            configs[name] = error
    return used(configs)


def used(configs: Mapping[str, StackConfig | UnreadableError]) -> Used:
    """What these stacks use. Only those on the S3 backend have such settings."""
    found: dict[BackendSettings, list[str]] = {}
    unknown: dict[str, str] = {}
    for name, config in configs.items():
        if isinstance(config, UnreadableError):
            unknown[name] = f"{name}: the settings of its backend cannot be read: {config}"
            continue
        for variant in config.variants if config.backend == "s3" else ():
            try:
                settings = _settings(variant)
            except _OpenError as error:
                unknown[name] = f"{name}: {error} ({variant.where})"
                continue
            if settings != BackendSettings():
                found.setdefault(settings, []).append(name)
    named = (settings.of(tuple(dict.fromkeys(names))) for settings, names in found.items())
    return Used(tuple(named), unknown)


def _settings(variant: Variant) -> BackendSettings:
    values = {name: _literal(name, value) for name, value in _asked(variant)}
    encrypt = values.get("encrypt") == "true"
    flat = {name: values[name] for name in _SWITCHES if values.get(name) == "true"}
    flat |= {name: values[name] for name in _VALUES if values.get(name)}
    if encrypt and values.get("kms_key_id"):
        flat["kms_key_id"] = values["kms_key_id"]
    tags = {
        group: tuple(
            sorted((name.partition(".")[2], value) for name, value in values.items() if _group(name) == group)
        )
        for group in _TAGS
    }
    return BackendSettings(
        tuple(sorted(flat.items())),
        state_tags=tags["state_tags"],
        lock_tags=tags["lock_tags"],
        customer_key=encrypt and values.get("sse_customer_key") == SET,
    )


def _asked(variant: Variant) -> Iterator[tuple[str, Text]]:
    for name, value in variant.settings.items():
        if name in (*_SWITCHES, *_VALUES, "kms_key_id", "sse_customer_key") or _group(name) in _TAGS:
            yield name, value


def _group(name: str) -> str:
    return name.partition(".")[0] if "." in name else ""


def _literal(name: str, value: Text) -> str:
    literal = value.assumed().literal
    if literal is None:
        raise _OpenError(f"{name} = {value} is open: what is asked of the store is not known")
    return literal
