"""May a configuration be applied to a stand-in? Only one that can touch nothing outside its own state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from readiness.stacks import hcl
from readiness.stacks.config import StackConfig

BUILT_IN = "terraform_data"


def reaches_out(config: StackConfig) -> str | None:
    """What of this configuration, its local modules included, could reach anything but its own state; None if nothing.

    That is: a provider, a data source, a provisioner, a module from elsewhere, or a resource that is not the built-in
    `terraform_data`. An operator's own stack has such, and is never applied by the suite.
    """
    for shown in config.files:
        if not shown.endswith((".tf", ".tofu")):
            continue
        document = hcl.load(config.checkout / shown, shown)
        reason = next(_reasons(document), None)
        if reason:
            return f"{shown} has {reason}"
    return None


def _reasons(document: dict[str, Any]) -> Iterator[str]:
    for kind in ("provider", "data", "ephemeral"):
        for label, _ in hcl.blocks(document, kind):
            yield f"the {kind} {label}"
    for block in hcl.bodies(document, "terraform"):
        if block.get("required_providers"):
            yield "required providers"
    for label, body in hcl.blocks(document, "module"):
        source = hcl.plain(body.get("source", ""))
        if not source.startswith(("./", "../")):
            yield f"the module {label} from {source}"
    yield from _resources(document)


def _resources(document: dict[str, Any]) -> Iterator[str]:
    for type_, named in hcl.blocks(document, "resource"):
        if type_ != BUILT_IN:
            yield f"a resource {type_}"
        for body in named.values():
            if isinstance(body, dict) and body.get("provisioner"):
                yield f"a provisioner on {type_}"
