"""One thing that the suite asked of the candidate outside of a load, and what came back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

OBSERVATIONS = "observations.jsonl"
PROVIDER = "provider"
"""The client of what is not S3: what the provider says, and what the suite itself found of the candidate."""
Outcome = Literal["ok", "error", "unanswered", "malformed"]


class Observation(BaseModel):
    """`step` is the judge's handle on it; `asked` and `result` hold what the judge needs of the request and the
    answer. `invoked` and `completed` are seconds since the run began.

    `outcome`: ok: answered as a success; error: answered with an error (`status` is its HTTP status or the exit code of
    a program); unanswered: no whole answer came in time, so a change may have happened; malformed: something that is
    not an answer. `required`: it succeeds on any store that serves, so that it refutes if it did not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    criterion: str
    step: str
    endpoint: str
    client: str
    asked: dict[str, JsonValue] = {}
    invoked: Annotated[float, Field(ge=0)]
    completed: Annotated[float, Field(ge=0)]
    outcome: Outcome
    status: int | None = None
    error: str | None = None
    result: JsonValue = None
    required: bool = False

    @property
    def ok(self) -> bool:
        """Answered as a success."""
        return self.outcome == "ok"

    @property
    def answered(self) -> bool:
        """The candidate answered, whatever it said."""
        return self.outcome != "unanswered"

    @property
    def where(self) -> str:
        """Through which endpoint, with which client."""
        return f"through {self.endpoint} with {self.client}"

    @property
    def request(self) -> str:
        """The step with the bucket and the key that it was about."""
        named = [str(self.asked[name]) for name in ("bucket", "key") if name in self.asked]
        return f"{self.step} {'/'.join(named)}".strip()

    def why(self) -> str:
        """How it failed, for a reason."""
        return self.error or (f"HTTP {self.status}" if self.status else self.outcome)


class UnreadableObservations(Exception):
    """The folder's observations cannot be read; the message says what is wrong."""


def load_observations(folder: Path, criterion: str | None = None) -> Iterator[Observation]:
    """The observations of a run (of one criterion) in the order in which they were kept.

    Raises UnreadableObservations for a line that is no observation.
    """
    path = folder / OBSERVATIONS
    if not path.exists():
        return
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                found = Observation.model_validate_json(line)
            except ValidationError as error:
                first: dict[str, Any] = dict(error.errors()[0])
                raise UnreadableObservations(f"{path}:{number}: {first['loc']}: {first['msg']}") from None
            if criterion is None or found.criterion == criterion:
                yield found
