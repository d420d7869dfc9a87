"""What a state says, read without tofu: lineage, serial, resources, outputs, checks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class NotAStateError(ValueError):
    """The bytes are not a whole state of format version 4."""


@dataclass(frozen=True)
class Snapshot:
    """One state as stored. `digest` is the SHA-256 of its bytes; contents never show in `repr`, for they are
    secrets."""

    lineage: str
    serial: int
    digest: str
    size: int
    resources: Mapping[str, Mapping[str, Any]] = field(repr=False)
    outputs: Mapping[str, Any] = field(repr=False)
    checks: tuple[Any, ...] = field(repr=False, default=())

    @property
    def empty(self) -> bool:
        return not self.resources and not self.outputs

    def content(self) -> str:
        """A digest of everything but lineage and serial: equal for two states that say the same."""
        checks = sorted(
            json.dumps(check, sort_keys=True) for check in self.checks
        )  # tofu writes them in any order
        content = {"resources": self.resources, "outputs": self.outputs, "checks": checks}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def inputs(self, name: str) -> dict[str, Any]:
        """The input of every `terraform_data.NAME["key"]` (or `terraform_data.NAME`, key "")."""
        found = {}
        for address, attributes in self.resources.items():
            plain, _, key = address.partition("[")
            if plain == f"terraform_data.{name}":
                value = attributes.get("input")
                found[key.rstrip("]").strip('"')] = value.get("value") if isinstance(value, dict) else value
        return found


def parse(body: bytes) -> Snapshot:
    """The state in these bytes. Raises NotAStateError for anything else, a cut-off state among it."""
    try:
        document = json.loads(body)
        if document["version"] != 4:
            raise NotAStateError(f"format version {document['version']}, not 4")
        resources = {}
        for resource in document["resources"]:
            for instance in resource["instances"]:
                resources[_address(resource, instance)] = instance["attributes"]
        return Snapshot(
            lineage=document["lineage"],
            serial=int(document["serial"]),
            digest=hashlib.sha256(body.strip()).hexdigest(),
            size=len(body),
            resources=resources,
            outputs=document["outputs"],
            checks=tuple(document.get("check_results") or ()),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotAStateError(f"{len(body)} bytes that are not a state ({type(error).__name__})") from error


def _address(resource: Mapping[str, Any], instance: Mapping[str, Any]) -> str:
    module = f"{resource['module']}." if resource.get("module") else ""
    data = "data." if resource.get("mode") == "data" else ""
    address = f"{module}{data}{resource['type']}.{resource['name']}"
    if "index_key" not in instance:
        return address
    return f"{address}[{json.dumps(instance['index_key'])}]"


def payload_chunk(seed: str, chunk: int) -> str:
    """What stacks/disposable puts into `terraform_data.payload` number `chunk`, computed apart from tofu."""
    block = "".join(hashlib.sha512(f"{seed}/{chunk}/{line}".encode()).hexdigest() for line in range(64))
    return "".join(f"{turn:08d}{block}" for turn in range(64))
