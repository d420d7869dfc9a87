"""May a configuration be applied to a stand-in? Only one that can touch nothing outside its own state."""

from __future__ import annotations

from collections.abc import Iterator

from readiness.stacks import hcl
from readiness.stacks.config import StackConfig
from readiness.stacks.evaluate import evaluate
from readiness.stacks.functions import NoValueError, as_text
from readiness.stacks.hcl import Body
from readiness.stacks.scope import NoNames

BUILT_IN = "terraform_data"
_OFFLINE_KEYS = ("pbkdf2",)
"""Key providers that derive a key from the configuration alone; `external` runs a program, the others ask a service."""


def reaches_out(config: StackConfig) -> str | None:
    """What of this configuration, its local modules included, could reach anything but its own state; None if nothing.

    That is: a provider, a data source, a provisioner, a module from elsewhere, a key provider that asks somebody, or a
    resource that is not the built-in `terraform_data`. Every file that OpenTofu loads is looked at, JSON too. An
    operator's own stack has such, and is never applied by the suite.
    """
    for shown in config.configuration:
        reason = next(_reasons(hcl.load(config.checkout / shown, shown)), None)
        if reason:
            return f"{shown} has {reason}"
    return None


def _reasons(body: Body) -> Iterator[str]:
    for kind in ("provider", "data", "ephemeral"):
        for (label,), _ in body.blocks(kind, 1):
            yield f"the {kind} {label}"
    for _, check in body.blocks("check", 1):
        for (label,), _ in check.blocks("data", 1):
            yield f"the data {label}"
    yield from _settings(body)
    for (label,), module in body.blocks("module", 1):
        source = _source(module)
        if not source.startswith(("./", "../")):
            yield f"the module {label} from {source}"
    yield from _resources(body)


def _settings(body: Body) -> Iterator[str]:
    for _, block in body.blocks("terraform"):
        if any(inner.attributes() for _, inner in block.blocks("required_providers")):
            yield "required providers"
        for _, encryption in block.blocks("encryption"):
            for (kind, _), _ in encryption.blocks("key_provider", 2):
                if kind not in _OFFLINE_KEYS:
                    yield f"a key provider {kind}"
            for (kind, _), _ in encryption.blocks("method", 2):
                if kind == "external":
                    yield "a method external"


def _resources(body: Body) -> Iterator[str]:
    for (type_, _), resource in body.blocks("resource", 2):
        if type_ != BUILT_IN:
            yield f"a resource {type_}"
        if any(True for _ in resource.blocks("provisioner", 1)):
            yield f"a provisioner on {type_}"
    for _, removed in body.blocks("removed"):
        if any(True for _ in removed.blocks("provisioner", 1)):
            yield "a provisioner of something removed"


def _source(module: Body) -> str:
    expression = module.attributes().get("source")
    try:
        return "" if expression is None else str(as_text(evaluate(expression, NoNames())))
    except NoValueError:
        return ""
