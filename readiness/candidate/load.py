"""Find, read and check a candidate file. Whatever is wrong with it becomes one UsageError that says what to
change.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from readiness import criteria
from readiness.candidate.fingerprint import resolve_all
from readiness.candidate.model import Candidate
from readiness.criteria import Criterion
from readiness.errors import UsageError
from readiness.evidence.seen import Promises
from readiness.paths import CANDIDATES


@dataclass(frozen=True)
class Loaded:
    """A candidate with the file it came from, its fingerprint, and what stands behind its references, by field
    (readiness.candidate.fingerprint). `bucket`: where a check makes all of its scratch, below a prefix, for a
    credential that may make no buckets; None: scratch is in buckets of its own.
    """

    candidate: Candidate
    path: Path
    fingerprint: str
    resolved: Mapping[str, str] = field(default_factory=dict)
    bucket: str | None = None

    @property
    def ca_bundle(self) -> str | None:
        """The absolute path of `s3.ca_bundle`, which is written relative to the candidate file."""
        bundle = self.candidate.s3.ca_bundle
        return str((self.path.parent / bundle).resolve()) if bundle else None

    @property
    def promises(self) -> Promises:
        """The numbers of the contract, as judges take them."""
        return Promises.of(self.candidate.model_dump(mode="json", by_alias=True))


def load(name_or_path: str, *, folder: Path = CANDIDATES) -> Loaded:
    """The candidate of that name in `candidates/` or `candidates/stores/`, or of that file. Raises UsageError."""
    path = _find(name_or_path, folder)
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"candidate file {path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"candidate file {path} is not valid TOML: {error}") from None
    try:
        candidate = Candidate.model_validate(raw)
    except ValidationError as error:
        raise UsageError(f"candidate file {path}: " + "; ".join(_explain(error))) from None
    _check_expected_red(candidate, path)
    _check_declared_not_run(candidate, path)
    resolved = resolve_all(candidate, path.parent.resolve())
    loaded = Loaded(candidate, path, resolved.fingerprint(candidate), resolved.shown)
    if loaded.ca_bundle and not Path(loaded.ca_bundle).is_file():
        raise UsageError(
            f"candidate file {path}: s3.ca_bundle names {loaded.ca_bundle}, but there is no such file: put the "
            "certificate of the CA that signed the endpoints' certificates there (PEM), or remove the line if a public "
            "CA did"
        )
    return loaded


def _find(name_or_path: str, folder: Path) -> Path:
    if "/" in name_or_path or name_or_path.endswith(".toml"):
        path = Path(name_or_path)
        if not path.is_file():
            raise UsageError(
                f"candidate file {name_or_path} does not exist; start from candidates/TEMPLATE.toml"
            )
        return path
    for path in (folder / f"{name_or_path}.toml", folder / "stores" / f"{name_or_path}.toml"):
        if path.is_file():
            return path
    known = sorted(entry.stem for entry in folder.glob("*.toml") if entry.stem != "TEMPLATE")
    near = difflib.get_close_matches(name_or_path, known, n=1, cutoff=0.5)
    hint = f'did you mean "{near[0]}"? ' if near else ""
    raise UsageError(
        f'unknown candidate "{name_or_path}": {hint}known: {", ".join(known)}; or give the path of a .toml file'
    )


def _explain(error: ValidationError) -> list[str]:
    problems = []
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            name = str(problem["loc"][-1])
            near = difflib.get_close_matches(name, _fields_at(problem["loc"][:-1]), n=1, cutoff=0.4)
            problems.append(f'unknown field "{where}"' + (f', did you mean "{near[0]}"?' if near else ""))
        elif problem["type"] == "missing":
            problems.append(f'missing field "{where}"')
        else:
            problems.append(f'field "{where}": {problem["msg"].removeprefix("Value error, ")}')
    return problems


def _fields_at(location: tuple[int | str, ...]) -> list[str]:
    model: Any = Candidate
    for part in location:
        if isinstance(part, int):
            continue
        by_alias = {(info.alias or name): info for name, info in model.model_fields.items()}
        if part not in by_alias:
            return []
        model = _model_in(by_alias[part].annotation)
        if model is None:
            return []
    return [info.alias or name for name, info in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _model_in(arg))), None)


def _check_expected_red(candidate: Candidate, path: Path) -> None:
    for listed in candidate.expected_red:
        criterion = _listed(listed, "expected_red", path)
        if criterion.wrong_answer:
            raise UsageError(
                f'candidate file {path}: expected_red names {listed} ("{criterion.title}"): a wrong answer or a loss '
                "is never to be expected of a store that serves; remove it"
            )


def _check_declared_not_run(candidate: Candidate, path: Path) -> None:
    for listed in candidate.declared_not_run:
        criterion = _listed(listed, "declared_not_run", path)
        if not criterion.not_everywhere:
            those = ", ".join(each.id for each in criteria.MANIFEST if each.not_everywhere)
            raise UsageError(
                f'candidate file {path}: declared_not_run names {listed} ("{criterion.title}"), which can be run '
                f"everywhere; remove it (only {those} may be declared)"
            )


def _listed(id_: str, table: str, path: Path) -> Criterion:
    criterion = criteria.BY_ID.get(id_)
    if criterion is None:
        near = difflib.get_close_matches(id_, criteria.BY_ID, n=1, cutoff=0.5)
        hint = f', did you mean "{near[0]}"?' if near else ""
        raise UsageError(f'candidate file {path}: {table} names the unknown criterion "{id_}"{hint}')
    return criterion
