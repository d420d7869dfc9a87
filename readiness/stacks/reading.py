"""The files that OpenTofu loads from a folder, and what one reading of a checkout has read.

Facts (OpenTofu 1.12, internal/configs/parser_config_dir.go and module.go): `.tf`, `.tf.json`, `.tofu` and
`.tofu.json` are loaded; a `.tofu` hides the `.tf` of the same name, a `.tofu.json` the `.tf.json`; names that begin
with a dot or end with `~` are left out; `override` and `*_override` are merged over the others, in order of their
names, and a backend (or cloud) block in one replaces the other whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from readiness.stacks import hcl
from readiness.stacks.hcl import Body, Expression, UnreadableError

SUFFIXES = (".tf.json", ".tofu.json", ".tf", ".tofu")
MOST_BYTES = 4_000_000


@dataclass
class Reading:
    """What was read of a checkout: a digest of each file, or of the part of it that counts."""

    checkout: Path
    digests: dict[str, str] = field(default_factory=dict)

    def shown(self, path: Path) -> str:
        """The name of a path for people: relative to the checkout where it is in it."""
        try:
            return path.relative_to(self.checkout).as_posix()
        except ValueError:
            return path.as_posix()

    def text(self, path: Path) -> str:
        """The text of a file, noted. Raises UnreadableError."""
        content = self.bytes(path)
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise UnreadableError(f"{self.shown(path)}: cannot be read (not UTF-8)") from error

    def bytes(self, path: Path) -> bytes:
        """The content of a file, noted. Raises UnreadableError."""
        try:
            if path.stat().st_size > MOST_BYTES:
                raise UnreadableError(f"{self.shown(path)}: cannot be read (larger than {MOST_BYTES} bytes)")
            content = path.read_bytes()
        except OSError as error:
            raise UnreadableError(f"{self.shown(path)}: cannot be read ({error.strerror})") from error
        self.digests[self.shown(path)] = hashlib.sha256(content).hexdigest()
        return content

    def note(self, name: str, content: str) -> None:
        """A part of something that counts, such as one recipe."""
        self.digests[name] = hashlib.sha256(content.encode()).hexdigest()

    def digest(self) -> str:
        """One digest of all of it."""
        lines = "".join(f"{name} {digest}\n" for name, digest in sorted(self.digests.items()))
        return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"


@dataclass(frozen=True)
class LoadedFile:
    """One file of a configuration."""

    shown: str
    body: Body
    override: bool


@dataclass(frozen=True)
class Backend:
    """Where the configuration says that its state is: `kind` is the label of the backend block, "cloud" for a cloud
    block, and "local" where there is neither."""

    kind: str
    body: Body | None
    shown: str


def load_folder(reading: Reading, folder: Path) -> tuple[LoadedFile, ...]:
    """The configuration in this folder, overrides last. Raises UnreadableError."""
    names = {path.name: path for path in folder.iterdir() if not (path.is_dir() or _ignored(path.name))}
    loaded = []
    for name, path in sorted(names.items()):
        suffix = next((suffix for suffix in SUFFIXES if name.endswith(suffix)), None)
        if suffix is None:
            continue
        stem = name.removesuffix(suffix)
        if suffix.startswith(".tf") and f"{stem}{suffix.replace('.tf', '.tofu')}" in names:
            continue
        reading.bytes(path)
        shown = reading.shown(path)
        loaded.append(
            LoadedFile(shown, hcl.load(path, shown), stem == "override" or stem.endswith("_override"))
        )
    return tuple(sorted(loaded, key=lambda one: one.override))


def backend(loaded: Iterable[LoadedFile]) -> Backend:
    """The backend or cloud block that counts. Raises UnreadableError for more than one."""
    found: list[Backend] = []
    for override, group in _groups(loaded):
        here = [
            Backend(kind, body, one.shown)
            for one in group
            for _, block in one.body.blocks("terraform")
            for kind, body in _state_blocks(block)
        ]
        if override:
            for one in group:
                own = [row for row in here if row.shown == one.shown]
                found = _single(own) or found
        else:
            found = _single(here)
    return found[0] if found else Backend("local", None, "")


def encrypted(loaded: Iterable[LoadedFile]) -> Body | None:
    """The `encryption` block of the `terraform` block, if there is one."""
    found = [
        body
        for one in loaded
        for _, block in one.body.blocks("terraform")
        for _, body in block.blocks("encryption")
    ]
    return found[-1] if found else None


def variables(loaded: Iterable[LoadedFile]) -> dict[str, Mapping[str, Expression]]:
    """The variables' arguments by name, overrides merged."""
    found: dict[str, Mapping[str, Expression]] = {}
    for one in loaded:
        for (name,), body in one.body.blocks("variable", 1):
            found[name] = {**found.get(name, {}), **body.attributes()}
    return found


def local_values(loaded: Iterable[LoadedFile]) -> dict[str, Expression]:
    """The local values by name, overrides merged."""
    found: dict[str, Expression] = {}
    for one in loaded:
        for _, body in one.body.blocks("locals"):
            found |= body.attributes()
    return found


def _single(found: list[Backend]) -> list[Backend]:
    if len(found) > 1:
        where = " and ".join(dict.fromkeys(one.shown for one in found))
        raise UnreadableError(f"{where}: more than one backend or cloud block")
    return found


def _state_blocks(block: Body) -> Iterator[tuple[str, Body]]:
    for (kind,), body in block.blocks("backend", 1):
        yield kind, body
    for _, body in block.blocks("cloud"):
        yield "cloud", body


def _groups(loaded: Iterable[LoadedFile]) -> Iterator[tuple[bool, list[LoadedFile]]]:
    rows = list(loaded)
    yield False, [one for one in rows if not one.override]
    yield True, [one for one in rows if one.override]


def _ignored(name: str) -> bool:
    return name.startswith(".") or name.endswith("~") or (name.startswith("#") and name.endswith("#"))
