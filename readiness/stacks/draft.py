"""The first draft of a migration plan, from the stack's real configuration and in the repository's own way."""

from __future__ import annotations

import json

from readiness.judges.stacks.points import what_it_is
from readiness.stacks.config import StackConfig
from readiness.stacks.draft_commands import Commands
from readiness.stacks.stack_files import Variant
from readiness.stacks.workspaces import WITHOUT

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
command = {pull_quoted}

[[steps]]
name = "backend config review"
command = "python -m readiness.stacks digest {name} --stacks CHECKOUT"

[[steps]]
name = "init/migrate plan"
command = {migrate_quoted}

[[steps]]
name = "no-op plan"
command = {plan_quoted}

[[steps]]
name = "rollback note"
command = {note_quoted}

[rollback]
returns_to = "{returns_to}"
commands = [
{rollback}]
+++

# Migration of {name}

Configuration: `{folder}`{environment}, backend `{backend}` ({what}), {files} files, {modules} module calls,
{variables} variables. The digest above covers them; when it no longer fits, this plan is refused, and must be
drafted and reviewed again. Every command is run in the root of the checkout.

## What the backend is now

{settings}
{unresolved}{encryption}{workspaces}{by_hand}
## Before

- No apply is running, and no lock is held. Nobody applies until the last step is done.
- Only {name} is in migration; the other stacks wait.

## Steps

1. **State pull.** `{pull}`: mode 0600, outside the checkout.
   Note lineage and serial{version_note}.
2. **Backend config review.** Two people read the settings above against the new ones;
   the difference is `backend "{backend}"` → `backend "s3"`.
3. **Init/migrate plan.** Put the pulled file at the new key, create-only (`If-None-Match: *`), then
{moved} Pull again and
   compare with step 1: lineage, serial, resources, outputs and checks are equal.
4. **No-op plan.** `{plan}` ends with 0.
5. **Rollback note.** To return to `{returns_to}`: the commands in the front matter, then a no-op plan against
   the old backend. Until the first apply on the new backend nothing is lost by returning; after it, the state of
   the new backend is pulled and pushed instead.

Apply only after all five are proved by `./just tofu-state-ha-readiness`.
"""

_MIGRATED = """\
   `tofu init -migrate-state -input=false` with the new settings: it finds both states equal and copies nothing; where
   they are not equal it stops. (Left to copy into an absent state, tofu gives it a new lineage.)"""
_RECONFIGURED = """\
   `tofu init -reconfigure` with the new settings, which copies nothing. (`-migrate-state` asks whether to migrate all
   workspaces, and then overwrites a state that is not equal.)"""
_WORKSPACES = """
This stack uses workspaces: every step is done for each of them, the default one first. Another workspace's file is
`../WORKSPACE/NAME.pulled.tfstate`, its new key `env:/WORKSPACE/KEY`. One that has no state is left out.
"""
REHEARSED = frozenset({"http", "kubernetes", "local", "pg", "s3"})
"""The backends that rehearsals have a stand-in for (readiness/stacks/rehearsals.py)."""
_ELSEWHERE = {
    "gcs": "another `prefix`",
    "azurerm": "another `key`",
    "consul": "another `path`",
    "remote": "another workspace",
    "cloud": "another workspace",
}
"""How a copy of the stack is led to a state of its own, by the kind of its backend."""


def draft(config: StackConfig, *, several: bool = False) -> str:
    """A complete plan for this configuration, not reviewed; for each workspace if the state has `several`, or the
    configuration uses them. Secrets never appear: the configuration does not hold them.
    """
    versioned = config.backend == "s3"
    name = config.name
    commands = Commands(config, (several or config.workspaces) and config.backend not in WITHOUT)
    returns_to = "version:before-migration" if versioned else f"file:{name}.pulled.tfstate"
    return _TEMPLATE.format(
        name=name,
        backend=config.backend,
        what=what_it_is(config.backend),
        digest=config.digest,
        pull=commands.pull,
        pull_quoted=_quoted(commands.pull),
        migrate_quoted=_quoted(commands.migrate),
        plan=commands.plan,
        plan_quoted=_quoted(commands.plan),
        returns_to=returns_to,
        rollback="".join(f"  {_quoted(line)},\n" for line in commands.rollback),
        folder=config.folder,
        environment=f", environment `{config.environment}`" if config.environment else "",
        files=len(config.files),
        modules=len(config.modules),
        variables=len(config.variables),
        settings="\n".join(_settings(config, variant) for variant in config.variants),
        unresolved=_unresolved(config),
        encryption=_encryption(config),
        note_quoted=_quoted(
            "see [rollback]: exactly these commands are rehearsed"
            if config.backend in REHEARSED
            else "see [rollback]: these commands are rehearsed by hand, on a copy"
        ),
        by_hand=_by_hand(config),
        workspaces=_WORKSPACES if commands.several else "",
        moved=_RECONFIGURED if commands.several else _MIGRATED,
        version_note=", and the version id of the state object (`version:before-migration`)"
        if versioned
        else "",
    )


def _settings(config: StackConfig, variant: Variant) -> str:
    head = f"{variant.where}{_chosen(variant)}{f': `{variant.command}`' if variant.command else ''}\n\n"
    head = head if len(config.variants) > 1 or variant.command else ""
    missing = "".join(f"- {one}\n" for one in variant.missing)
    if not variant.settings:
        return (
            f"{head}Nothing: everything comes from the command line, and no file here says what.\n{missing}"
        )
    rows = "".join(
        f"| {name} | `{value.assumed()}` | {variant.sources.get(name, '')} |\n"
        for name, value in variant.settings.items()
    )
    return f"{head}| setting | value | from |\n|---|---|---|\n{rows}{missing}"


def _chosen(variant: Variant) -> str:
    rows = ", ".join(f"{name} = {value}" for name, value in variant.chosen.items() if "/" not in value)
    return f" ({rows})" if rows else ""


def _unresolved(config: StackConfig) -> str:
    found = ""
    if len(config.variants) > 1:
        found += (
            f"\nThese are {len(config.variants)} alternatives. Migrate each on its own: draft again with\n"
            "--environment.\n"
        )
    if config.unresolved:
        found += (
            f"\nNot literal, the operator's shell or just decides: {', '.join(config.unresolved)}.\n"
            "Write down what they are.\n"
        )
    for problem in (*config.problems, *(config.other if config.unresolved else ())):
        found += f"\nNot read: {problem}.\n"
    return found


def _by_hand(config: StackConfig) -> str:
    if config.backend in REHEARSED:
        return ""
    place = _ELSEWHERE.get(config.backend, "a place of its own")
    return (
        f"\n## By hand\n\nThe suite has no stand-in for {what_it_is(config.backend)}: it proves nothing of\n"
        "steps 1, 3, 4 and 5, and a run cannot be READY with this stack. Before the migration, once and on a copy:\n\n"
        f"1. Copy the stack's folder out of the checkout. Give the copy's backend {place}, which nobody uses.\n"
        "2. `tofu init` in the copy, and `tofu state push` of the file that step 1 pulled from the real state.\n"
        "3. Do the steps below in the copy, to a scratch bucket of the candidate, and roll back to the copy's place.\n"
        "4. Compare lineage, serial, resources and outputs after each step, and keep what was printed with this plan.\n"
        "5. Remove the copy's states from both places, with all their versions.\n"
    )


def _encryption(config: StackConfig) -> str:
    if config.encryption is None:
        return ""
    return (
        f"\nThe state is encrypted ({config.encryption.where}). It is copied as it is stored, and never written\n"
        "decrypted: `tofu state pull` prints it decrypted, and `tofu state push` takes it so. The configuration\n"
        "keeps its encryption block; with the same key and method no fallback is needed.\n"
    )


def _quoted(line: str) -> str:
    """A string of TOML."""
    return json.dumps(line, ensure_ascii=False)
