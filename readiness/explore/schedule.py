"""What a search does and when: segments of steps, each step one fault. A schedule is kept as JSON and played again."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from readiness.errors import UsageError

Seconds = Annotated[float, Field(ge=0, le=600)]


class Kind(StrEnum):
    """What a step does to its target: an instance, a node, or all nodes at once (`ALL`)."""

    RESTART = "restart"
    KILL = "kill"
    FREEZE = "freeze"
    DRAIN = "drain"
    CRASH = "crash"
    SILENCE = "silence"
    UNPLUG = "unplug"
    SPLIT = "split"
    SPLIT_OUTGOING = "split-outgoing"
    SPLIT_INCOMING = "split-incoming"
    LIMP = "limp"
    FULL_DISK = "full-disk"
    POWER_CUT = "power-cut"
    ALL_KILLED = "all-killed"
    ALL_POWER_CUT = "all-power-cut"


OF_INSTANCES = (Kind.RESTART, Kind.KILL, Kind.FREEZE)
OF_ALL = (Kind.ALL_KILLED, Kind.ALL_POWER_CUT)
ALL = "all"


class When(StrEnum):
    """What a step waits for, before its pause."""

    WHOLE = "whole"
    """Every earlier fault of the segment is healed, and the candidate is whole again."""
    HEALED = "healed"
    """Every earlier fault of the segment is healed; the candidate may not be whole yet."""
    MEANWHILE = "meanwhile"
    """Nothing: earlier faults may be held still."""


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Step(_Kept):
    """One fault: `pause` seconds after what it waits for, held for `held` seconds."""

    kind: Kind
    target: str
    when: When
    pause: Seconds
    held: Seconds

    @property
    def name(self) -> str:
        """Kind and target."""
        return f"{self.kind}:{self.target}"


class Segment(_Kept):
    """Steps under one load, whose history is judged as a whole."""

    number: int
    steps: tuple[Step, ...] = Field(min_length=1)

    def __str__(self) -> str:
        words = {When.WHOLE: "; ", When.HEALED: ", then at once ", When.MEANWHILE: " + "}
        parts = [(words[step.when] if at else "") + step.name for at, step in enumerate(self.steps)]
        return "".join(parts)


class Schedule(_Kept):
    """The segments of one search, in the order of play."""

    candidate: str
    seed: int
    segments: tuple[Segment, ...] = Field(min_length=1)

    @classmethod
    def read(cls, path: Path) -> Self:
        """From its file. Raises UsageError for a file that holds no schedule."""
        try:
            return cls.model_validate_json(path.read_text("utf-8"))
        except OSError as error:
            raise UsageError(f"--replay {path}: {error.strerror or error}") from None
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the file"
            raise UsageError(f"--replay {path} holds no schedule: {where}: {first['msg']}") from None
        except UnicodeDecodeError:
            raise UsageError(f"--replay {path} holds no schedule: it is not text in UTF-8") from None
