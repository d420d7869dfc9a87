"""Lines that may decide a backend, in files that no reader understands: programs, CI systems, manifests. They are found
by the words that every such file needs: a backend configuration, a variable of the environment, a file that OpenTofu
loads."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from readiness.evidence.stacks import Clue
from readiness.stacks.reading import Reading
from readiness.stacks.recipes import just_dump
from readiness.stacks.recipes.find import files_of
from readiness.stacks.recipes.model import Recipe, RecipeContext

_TOOL = re.compile(r"(?i)tofu|terraform|terragrunt|terramate")
_TEXTS = re.compile(
    r"(?i).*(\.(md|markdown|rst|adoc|txt|html?|svg|ipynb|lock|sum|pem|crt|tf|tofu|tf\.json|tofu\.json|tfvars|tfbackend|tfstate)"
    r"|ignore|codeowners|license|changelog.*|[._-](example|sample|dist|template))"
)
_ENVIRONMENT_FILE = re.compile(r"(?i)(.*[._-])?env(rc)?([._-].*)?|\.?mise(\..*)?\.toml|.*\.envrc")
_COMMENT = re.compile(r"\s*(#(?!!)|//|;|\*|--\s|<!--)")
_CONFIG = re.compile(
    r"(?i)backend[-_]?config(?:uration)?(?:[-_]?files?)?s?\b|\bcommandOptions\b.*backend-config"
)
_PAIR = re.compile(r"(?i)backend[-_]config\W{1,4}(\w+)=")
_PLACELESS = re.compile(
    r"key|region|encrypt|dynamodb_table|workspace_key_prefix|use_lockfile|skip_\w+|username|password|\w*_method|"
    r"retry_\w+|profile|access_key|secret_key|acl|kms_key_id|use_path_style|force_path_style|max_retries"
)
_ENVIRONMENT = r"AWS_ENDPOINT_URL(?:_S3)?|AWS_S3_ENDPOINT|TF_HTTP_(?:\w+_)?ADDRESS|TF_CLI_ARGS(?:_init)?"
_BLOCK = re.compile(r"backend\s+\\*[\"'][\w{$(]")
_GENERATED = re.compile(
    r"(?:>|\btee\b|\bcp\b|\bmv\b|\bln\b|write|open\(|copy|install|dest|path|template|filename|generate_hcl).*"
    r"\b(?:\w+_)?override\.(?:tf|tofu)\b"
)
_LATER = re.compile(r"GITHUB_ENV|\bname:\s*\w+\s*$")
"""A step of a CI system that sets a variable for the steps after it."""
_PROGRAM = re.compile(r"open\(|write_?text|write_?file|\bdest\b|copy_?file", re.IGNORECASE)
"""What writes a file in a program that stands inside of a recipe."""
_ADDRESS = re.compile(r"https?://[^\s\"'`,;)>\]\\/?#]+|\b[\w-]+(?:\.[\w-]+)+:\d+\b")
_VARIABLE = re.compile(r"[$%{]|\bf[\"']|\+\s*\w|format\(|secrets?\.|valueFrom|op://|vault:")
_IMPORT = re.compile(r"(?m)^\s*(?:import\??|mod\??\s+\w+)\s+['\"]([^'\"]+)['\"]")
_ANY = re.compile(
    rb"(?i)backend[-_]?config|backend\s+\\*[\"']|AWS_(S3_)?ENDPOINT|TF_(HTTP|CLI|VAR)_|override\.(tf|tofu)"
)
"""What every file with a clue holds somewhere."""
_SCRIPTS = (".sh", ".bash", ".zsh")
_LINES = 12


@dataclass(frozen=True)
class Asked:
    """What is looked for: `kind` of the backend; `folder` of the stack; whether it has a block of its own (`block`),
    and an address that no variable of the environment changes (`placed`); `variables` that the block names.
    """

    folder: Path
    kind: str
    block: bool
    placed: bool
    variables: Collection[str] = ()


def clues(reading: Reading, asked: Asked, recipes: Sequence[Recipe], known: RecipeContext) -> Iterator[Clue]:
    """Every such line of the checkout that may concern this stack."""
    from_recipes = {recipe.where.partition(", ")[0] for recipe in recipes}
    understood = set(_understood(reading, recipes, known))
    called = re.compile(
        "|".join(re.escape(Path(one).name) for one in understood if one.endswith(_SCRIPTS)) or "(?!)"
    )
    for path in files_of(reading.checkout, []):
        shown = reading.shown(path)
        if _TEXTS.fullmatch(path.name) or not _concerns(path, asked.folder, reading.checkout):
            continue
        if shown in reading.digests and shown not in from_recipes and path.suffix != ".hcl":
            continue
        try:
            raw = path.read_bytes()
            content = raw.decode("utf-8-sig") if _ANY.search(raw) else ""
        except (OSError, UnicodeDecodeError):
            continue
        if not content:
            continue
        if _of_another(content, asked.folder):
            continue
        tool = bool(_TOOL.search(content) or called.search(content) or _ENVIRONMENT_FILE.fullmatch(path.name))
        found = list(_in_file(shown, content, asked, tool=tool, read=shown in understood))
        if found:
            reading.note(shown, content)
        yield from found


def _understood(reading: Reading, recipes: Sequence[Recipe], known: RecipeContext) -> Iterator[str]:
    """The files whose `init` commands are known, with those that they include, import or read."""
    for recipe in recipes:
        if not any(one.verb == "init" for one in recipe.run(known)):
            continue
        shown = recipe.where.partition(", ")[0]
        yield shown
        yield from recipe.reading.digests
        path = reading.checkout / shown
        if path.name.lower() in just_dump.NAMES:
            for name in _IMPORT.findall(path.read_text(encoding="utf-8", errors="replace")):
                yield reading.shown(Path(os.path.normpath(path.parent / name)))


def _in_file(shown: str, content: str, asked: Asked, *, tool: bool, read: bool) -> Iterator[Clue]:
    """The clues of one file. `tool`: it has to do with OpenTofu; `read`: its `init` commands are known."""
    lines = content.splitlines()
    names = [] if asked.placed else [_ENVIRONMENT]
    names += [rf"TF_VAR_(?:{'|'.join(map(re.escape, asked.variables))})"] if asked.variables else []
    variable = re.compile(rf"\b({'|'.join(names)})\b[\"'\])}}]*\s*(?:[=:,]|$)\s*(.*)") if names else None
    for at, line in enumerate(lines):
        if _COMMENT.match(line):
            continue
        where = f"{shown}, line {at + 1}"
        if asked.kind in ("s3", "http"):
            given = variable.search(line) if variable is not None else None
            if given and tool and (not read or _LATER.search(line)):
                yield from _set(where, given[1], given[2].strip(), lines, at)
            elif not read and _CONFIG.search(line):
                yield from _configured(where, lines, at, asked)
        if _GENERATED.search(line) and (not read or _PROGRAM.search(line)):
            yield Clue(where=where, what="writes a file that OpenTofu loads", addresses=(), open=True)
        elif not read and not asked.block and _BLOCK.search(line):
            yield Clue(where=where, what="writes a backend block", addresses=(), open=True)


def _set(where: str, name: str, value: str, lines: Sequence[str], at: int) -> Iterator[Clue]:
    """A variable that is given a value here, or on the next line."""
    if not value.strip("\"'") and at + 1 < len(lines):
        value = lines[at + 1].strip()
        if not re.match(r"-?\s*(value|valueFrom)\b", value):
            return
    addresses = _addresses(value)
    arguments = name.startswith("TF_CLI_ARGS")
    if arguments and not _CONFIG.search(value) and not _VARIABLE.search(value):
        return
    yield Clue(where=where, what=f"gives {name}", addresses=addresses, open=not addresses)


def _configured(where: str, lines: Sequence[str], at: int, asked: Asked) -> Iterator[Clue]:
    """A backend configuration on this line, and what is indented under it."""
    indent = len(lines[at]) - len(lines[at].lstrip())
    block = [lines[at]]
    for line in lines[at + 1 : at + _LINES]:
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            break
        block.append(line)
    content = "\n".join(block)
    pairs = _PAIR.findall(lines[at])
    if pairs and all(_PLACELESS.fullmatch(name) or (asked.placed and name == "bucket") for name in pairs):
        return
    addresses = _addresses(content)
    yield Clue(
        where=where,
        what="gives a backend configuration",
        addresses=addresses,
        open=not addresses,
    )


def _addresses(content: str) -> tuple[str, ...]:
    """Scheme, host and port of the addresses in a text without variables; none if it has one."""
    if _VARIABLE.search(content):
        return ()
    return tuple(re.sub(r"(://)[^/@\s]*@", r"\1", one) for one in _ADDRESS.findall(content))


def _concerns(path: Path, folder: Path, checkout: Path) -> bool:
    """Not what lies in the folder of another stack."""
    beside = folder.parent
    return (
        folder in (checkout, path.parent)
        or beside == checkout
        or beside not in path.parents
        or beside == path.parent
        or folder in path.parents
    )


def _of_another(content: str, folder: Path) -> bool:
    """Whether a file names other stacks, and never this one."""
    if _named(folder.name, content):
        return False
    beside = [path.name for path in folder.parent.iterdir() if path.is_dir() and path != folder]
    return any(_named(f"{folder.parent.name}/{name}", content) for name in beside if not name.startswith("."))


def _named(name: str, content: str) -> bool:
    return bool(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", content))
