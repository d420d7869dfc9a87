"""A protected stack's configuration as its checkout has it: which backend it uses, and what a migration plan is
written for.

Only read: nothing in the checkout is executed and nothing is written to it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from readiness.errors import UsageError
from readiness.stacks import hcl, justfile
from readiness.stacks.hcl import UnreadableError

SECRET = re.compile(r"password|secret|token|access_key|sse_customer_key|conn_str")
_CONFIGURATION = ("*.tf", "*.tofu", "*.tfbackend", "*.tfvars", "*.tfvars.example")
_HTTP_ONLY = re.compile(
    r"(lock_|unlock_|update_)?(address|method)|username|password|skip_cert_verification|retry_\w+|client_\w+"
)
_PLACES = ("tofu/stacks", "stacks", "terraform/stacks", ".")


@dataclass(frozen=True)
class StackConfig:
    """What one stack's files say.

    `settings` are the backend's, merged as tofu merges them (block, `.tfbackend` files, command line), flattened;
    secrets are shown as "[set]". `sources` says where each setting comes from. `unresolved` are settings whose
    value waits for a shell or for just. `files` are the files that were read, relative to the checkout; `digest`
    covers all of them, and of a Justfile the init recipe.
    """

    name: str
    checkout: Path
    folder: str
    backend: str
    settings: Mapping[str, str]
    sources: Mapping[str, str]
    modules: Mapping[str, str]
    variables: tuple[str, ...]
    required: tuple[str, ...]
    workspaces: bool
    files: tuple[str, ...]
    digest: str
    environment: str = ""
    workspace: str = ""

    @property
    def unresolved(self) -> tuple[str, ...]:
        return tuple(name for name, value in self.settings.items() if not hcl.is_literal(value))

    @property
    def path(self) -> Path:
        return self.checkout / self.folder


@dataclass
class _Reading:
    checkout: Path
    digests: dict[str, str] = field(default_factory=dict)

    def shown(self, path: Path) -> str:
        try:
            return path.relative_to(self.checkout).as_posix()
        except ValueError:
            return path.as_posix()

    def note(self, path: Path, text: str | None = None) -> None:
        try:
            body = path.read_bytes() if text is None else text.encode()
        except OSError as error:
            raise UnreadableError(f"{self.shown(path)}: cannot be read ({error.strerror})") from error
        self.digests[self.shown(path)] = hashlib.sha256(body).hexdigest()

    def digest(self) -> str:
        lines = "".join(f"{name} {digest}\n" for name, digest in sorted(self.digests.items()))
        return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"


def find(stacks: Path, name: str) -> tuple[Path, Path]:
    """The checkout and the folder of a stack in it. Raises UsageError if it is not there."""
    root = stacks.resolve()
    if not root.is_dir():
        raise UsageError(f"--stacks {stacks}: there is no such folder")
    for place in _PLACES:
        folder = root / place / name
        if folder.is_dir():
            return root, folder.resolve()
    raise UsageError(
        f"--stacks {stacks}: the stack {name} is in none of {', '.join(f'{p}/{name}' for p in _PLACES)}"
    )


def read(stacks: Path, name: str, environment: str = "") -> StackConfig:
    """The configuration of one stack. Raises UsageError if it is not there, UnreadableError if it cannot be
    understood."""
    checkout, folder = find(stacks, name)
    reading = _Reading(checkout)
    documents = _documents(reading, folder)
    if not documents:
        raise UnreadableError(f"{reading.shown(folder)}: holds no .tf file")
    kind, settings, sources = _backend(documents)
    recipe = _recipe(reading, folder, name, environment, kind)
    named = set(recipe.files) if recipe else set()
    for path in sorted(folder.glob("*.tfbackend")):
        if not named or any(Path(other).name == path.name for other in named):
            for key, value in hcl.values(hcl.load(path, reading.shown(path))).items():
                settings[key], sources[key] = value, reading.shown(path)
    if recipe:
        for key, value in _fitting(recipe, kind).items():
            nested = _nested(key, value)
            settings |= nested
            sources |= dict.fromkeys(nested, f"Justfile, recipe {recipe.name}")
    modules = _modules(reading, documents, folder)
    variables = _variables(documents)
    return StackConfig(
        name=name,
        checkout=checkout,
        folder=reading.shown(folder),
        backend=kind,
        settings={
            key: "[set]" if SECRET.search(key) and value else value for key, value in sorted(settings.items())
        },
        sources=sources,
        modules=modules,
        variables=tuple(variables),
        required=tuple(name for name, has_default in variables.items() if not has_default),
        workspaces=bool(recipe and recipe.workspace)
        or "workspace_key_prefix" in settings
        or _uses_workspace(folder),
        files=tuple(sorted(reading.digests)),
        digest=reading.digest(),
        environment=environment,
        workspace=recipe.workspace if recipe else "",
    )


def _documents(reading: _Reading, folder: Path) -> dict[str, dict[str, Any]]:
    documents = {}
    for pattern in _CONFIGURATION:
        for path in sorted(folder.glob(pattern)):
            reading.note(path)
            if path.suffix in (".tf", ".tofu"):
                documents[reading.shown(path)] = hcl.load(path, reading.shown(path))
    return documents


def _backend(documents: Mapping[str, dict[str, Any]]) -> tuple[str, dict[str, str], dict[str, str]]:
    found = [
        (shown, kind, body)
        for shown, document in documents.items()
        for block in hcl.bodies(document, "terraform")
        for kind, body in hcl.blocks(block, "backend")
    ]
    if len(found) > 1:
        raise UnreadableError(f"{' and '.join(shown for shown, *_ in found)}: more than one backend block")
    if not found:
        return "local", {}, {}
    shown, kind, body = found[0]
    settings = hcl.values(body)
    return kind, settings, dict.fromkeys(settings, shown)


def _recipe(
    reading: _Reading, folder: Path, name: str, environment: str, kind: str
) -> justfile.InitRecipe | None:
    """The init recipe of the stack's own Justfile, or of one further up that has one (a stack's own may only call
    it)."""
    for place in (folder, *folder.parents):
        for candidate in ("Justfile", "justfile", ".justfile"):
            path = place / candidate
            if path.is_file():
                try:
                    recipe = justfile.read(path.read_text(encoding="utf-8"), name, environment, place)
                except (OSError, UnicodeDecodeError) as error:
                    raise UnreadableError(f"{reading.shown(path)}: cannot be read") from error
                if recipe and (_fitting(recipe, kind) or recipe.files):
                    reading.note(path, recipe.text)
                    return recipe
                break
        if place == reading.checkout:
            break
    return None


def _fitting(recipe: justfile.InitRecipe, kind: str) -> dict[str, str]:
    """The recipe's settings that this kind of backend has: a root Justfile serves stacks of several kinds."""
    return {
        key: value
        for key, value in recipe.settings.items()
        if (kind == "http") == bool(_HTTP_ONLY.fullmatch(key))
    }


def _nested(key: str, value: str) -> dict[str, str]:
    """`endpoints={s3="…"}` on the command line is an HCL expression: flattened as in a file."""
    if value.startswith("{") and not value.startswith("{{"):
        return hcl.values(hcl.parse(f"{key} = {value}\n", f"-backend-config={key}"))
    return {key: value}


def _modules(reading: _Reading, documents: Mapping[str, dict[str, Any]], folder: Path) -> dict[str, str]:
    """Module calls of the stack; local modules are read too (and theirs), for they are part of what a plan was
    written for."""
    found: dict[str, str] = {}
    waiting = [(folder, documents, True)]
    seen = {folder}
    while waiting:
        base, current, top = waiting.pop()
        for shown, document in current.items():
            for label, body in hcl.blocks(document, "module"):
                source = hcl.plain(body.get("source", ""))
                if top:
                    found[label] = source
                if not source.startswith(("./", "../")):
                    continue
                target = (base / source).resolve()
                if not target.is_dir():
                    raise UnreadableError(
                        f"{shown}: module {label} has the source {source}, which is not there"
                    )
                if target not in seen:
                    seen.add(target)
                    waiting.append((target, _documents(reading, target), False))
    return dict(sorted(found.items()))


def _variables(documents: Mapping[str, dict[str, Any]]) -> dict[str, bool]:
    return {
        label: "default" in body
        for _, document in sorted(documents.items())
        for label, body in hcl.blocks(document, "variable")
    }


def _uses_workspace(folder: Path) -> bool:
    return any("terraform.workspace" in path.read_text(encoding="utf-8") for path in folder.glob("*.tf"))
