"""`reports/STORE/operator.toml`: what an operator must accept or change to use a store for OpenTofu state.

One sentence, written by hand since it is a judgement. Beside it stands what it was written for, so that it is asked
for again once the store is judged otherwise.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from readiness.errors import UsageError
from readiness.report.published.model import Published, open_rows

FILE = "operator.toml"
MOST = 600
_HEAD = """\
# What an operator must accept or change to use this store for OpenTofu state: one sentence, a judgement.
# `publish` asks for it again if the verdict changes, or what is not PROVED at the levels plan and state.
"""


class WrittenFor(BaseModel):
    """The verdict without its counts, and each criterion of the levels plan and state that was not PROVED."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verdict: str
    open: list[str]

    @classmethod
    def of(cls, store: Published) -> WrittenFor:
        """What a sentence about this store is written for now."""
        word = re.split(r" at levels |[,;]", store.verdict)[0]
        return cls(verdict=word, open=[f"{row.id} {row.state}" for row in open_rows(store.criteria)])

    def changed(self, now: WrittenFor) -> str:
        """What is different now, in words; empty if nothing is."""
        parts = (
            [f"the verdict was {self.verdict} and is {now.verdict}"] if self.verdict != now.verdict else []
        )
        if new := [each for each in now.open if each not in self.open]:
            parts.append(f"new: {_several(new)}")
        if gone := [each for each in self.open if each not in now.open]:
            parts.append(f"no longer: {_several(gone)}")
        return "; ".join(parts)


class Sentence(BaseModel):
    """The sentence, and what it was written for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sentence: Annotated[str, Field(min_length=20, max_length=MOST, pattern=r"^\S[^\n]*\.$")]
    written_for: WrittenFor

    def text(self) -> str:
        """As it is committed."""
        lines = [f"  {_quoted(each)}," for each in self.written_for.open]
        opened = ["open = [", *lines, "]"] if lines else ["open = []"]
        head = [f"sentence = {_quoted(self.sentence)}", "", "[written_for]"]
        verdict = f"verdict = {_quoted(self.written_for.verdict)}"
        return _HEAD + "\n".join([*head, verdict, *opened]) + "\n"


def written(sentence: str, store: Published) -> Sentence:
    """A new sentence about this store. Raises UsageError if it is not one line that ends with a full stop."""
    try:
        return Sentence(sentence=sentence, written_for=WrittenFor.of(store))
    except ValidationError:
        raise UsageError(
            f"the operator's sentence is one line of 20 to {MOST} characters that ends with a full stop"
        ) from None


def load(reports: Path, candidate: str) -> Sentence | None:
    """The sentence about that store; None if there is none. Raises UsageError."""
    path = reports / candidate / FILE
    try:
        return Sentence.model_validate(tomllib.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None


def due(reports: Path, store: Published) -> Sentence:
    """The committed sentence, if it was written for what the store is found to be now. Raises UsageError."""
    path, found = reports / store.candidate / FILE, load(reports, store.candidate)
    if found is None:
        raise UsageError(
            f"{path} is missing: say with --sentence what an operator must accept or change to use "
            f"{store.candidate} for OpenTofu state"
        )
    if changed := found.written_for.changed(WrittenFor.of(store)):
        raise UsageError(
            f"{path} was written for another verdict ({changed}). It says: {found.sentence} "
            "If it still holds, publish with --same-sentence; else give another with --sentence"
        )
    return found


def again(reports: Path, store: Published) -> Sentence:
    """The committed sentence, confirmed for what the store is found to be now. Raises UsageError if there is none."""
    found = load(reports, store.candidate)
    if found is None:
        raise UsageError(f"{reports / store.candidate / FILE} is missing: give a sentence with --sentence")
    return written(found.sentence, store)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _several(items: Sequence[str], most: int = 8) -> str:
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more
