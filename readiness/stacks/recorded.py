"""The backend that the last `init` in a checkout recorded: what a hand typed is in no other file.

Fact (OpenTofu 1.12, internal/command/clistate): `.terraform/terraform.tfstate` holds the kind of the backend and its
settings, secrets among them.
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import JsonValue

from readiness.stacks.flat import flatten
from readiness.stacks.functions import value_of
from readiness.stacks.stack_files import Variant

FILE = ".terraform/terraform.tfstate"


def recorded(folder: Path, kind: str) -> Variant | None:
    """The settings of the last `init` here, without a secret, if it was of the kind that the configuration has. It is
    no part of the configuration: each `init` writes it anew."""
    try:
        backend = json.loads((folder / FILE).read_text(encoding="utf-8"))["backend"]
        if backend["type"] != kind:
            return None
        settings = flatten({name: value_of(value) for name, value in backend["config"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return Variant(f"{FILE}, the last init", settings, {})


def recorded_place(path: Path) -> JsonValue:
    """Of an S3 backend: its kind, bucket, key and endpoint, as in this file; None where it cannot be read."""
    try:
        backend = json.loads(path.read_text(encoding="utf-8"))["backend"]
        config = backend["config"]
        return [backend["type"], config["bucket"], config["key"], config["endpoints"]["s3"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
