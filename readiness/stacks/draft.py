"""The first draft of a migration plan, from the stack's real configuration."""

from __future__ import annotations

from readiness.stacks.config import StackConfig

_TEMPLATE = """+++
schema = 1
stack = "{name}"
backend = "{backend}"
configuration_digest = "{digest}"
reviewed_by = ""
reviewed_on = ""
reviewed_text = ""

[[steps]]
name = "state pull"
command = "{pull}"

[[steps]]
name = "backend config review"
command = "python -m readiness.stacks digest {name} --stacks CHECKOUT"

[[steps]]
name = "init/migrate plan"
command = "{migrate}"

[[steps]]
name = "no-op plan"
command = "{plan}"

[[steps]]
name = "rollback note"
command = "see [rollback]: exactly these commands are rehearsed"

[rollback]
returns_to = "{returns_to}"
commands = [
{rollback}]
+++

# Migration of {name}

Configuration: `{folder}`{environment}, backend `{backend}`, {files} files, {modules} module calls,
{variables} variables. The digest above covers them; when it no longer fits, this plan is refused, and must be
drafted and reviewed again.

## What the backend is now

{settings}
{unresolved}{workspaces}
## Before

- No apply is running, and no lock is held. Nobody applies until the last step is done.
- Only {name} is in migration; the other stacks wait.

## Steps

1. **State pull.** `{pull}`: mode 0600, outside the checkout.
   Note lineage and serial{version_note}.
2. **Backend config review.** Two people read the settings above against the new ones;
   the difference is `backend "{backend}"` → `backend "s3"`.
3. **Init/migrate plan.** Put the pulled file at the new key, create-only (`If-None-Match: *`), then
   `tofu init -migrate-state -input=false` with the new settings: it finds both states equal and copies nothing; where
   they are not equal it stops. (Left to copy into an absent state, tofu gives it a new lineage.) Pull again and
   compare with step 1: lineage, serial, resources, outputs and checks are equal.
4. **No-op plan.** `{plan}` ends with 0.
5. **Rollback note.** To return to `{returns_to}`: the commands in the front matter, then a no-op plan against
   the old backend. Until the first apply on the new backend nothing is lost by returning; after it, the state of
   the new backend is pulled and pushed instead.

Apply only after all five are proved by `./just tofu-state-ha-readiness`.
"""


def draft(config: StackConfig) -> str:
    """A complete plan for this configuration, not reviewed. Secrets never appear: the configuration does not hold
    them."""
    versioned = config.backend == "s3"
    environment = f", environment `{config.environment}`" if config.environment else ""
    variables = " ".join(f"-var {name}=…" for name in config.required)
    unresolved = (
        f"\nNot literal, the operator's shell or just decides: {', '.join(config.unresolved)}.\n"
        "Write down what they are.\n"
        if config.unresolved
        else ""
    )
    workspaces = (
        "\nThis stack uses workspaces: every step is done for each of them.\n" if config.workspaces else ""
    )
    return _TEMPLATE.format(
        name=config.name,
        backend=config.backend,
        digest=config.digest,
        pull=f"umask 077; tofu state pull > {config.name}.pulled.tfstate",
        migrate=f"aws s3api put-object --if-none-match '*' --body {config.name}.pulled.tfstate --bucket … --key … "
        "&& tofu init -migrate-state -input=false -backend-config=state.s3.tfbackend …",
        plan=" ".join(filter(None, ("tofu plan -detailed-exitcode", variables))),
        returns_to="version:before-migration" if versioned else f"file:{config.name}.pulled.tfstate",
        rollback="".join(f'  "{line}",\n' for line in _rollback(config, versioned)),
        folder=config.folder,
        environment=environment,
        files=len(config.files),
        modules=len(config.modules),
        variables=len(config.variables),
        settings=_settings(config),
        unresolved=unresolved,
        workspaces=workspaces,
        version_note=", and the version id of the state object (`version:before-migration`)"
        if versioned
        else "",
    )


def _rollback(config: StackConfig, versioned: bool) -> tuple[str, ...]:
    if versioned:
        return (
            "restore the backend block and settings of this stack from git",
            "aws s3api copy-object of version:before-migration over the same key",
            "tofu init -reconfigure",
            "tofu plan -detailed-exitcode",
        )
    return (
        "restore the backend block and settings of this stack from git",
        "tofu init -reconfigure",
        f"tofu state push -force {config.name}.pulled.tfstate",
        "tofu plan -detailed-exitcode",
    )


def _settings(config: StackConfig) -> str:
    if not config.settings:
        return "Nothing: everything comes from the command line, and no file here says what.\n"
    rows = "".join(
        f"| {name} | `{value}` | {config.sources.get(name, '')} |\n"
        for name, value in config.settings.items()
    )
    return f"| setting | value | from |\n|---|---|---|\n{rows}"
