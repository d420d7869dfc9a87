"""What a candidate file declares of rolling upgrades: the two versions, and where the other one comes from."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from readiness.topology import Versions

Version = Annotated[str, Field(pattern=r"^\w[\w.+-]*$")]


class DeclaredUpgrade(BaseModel):
    """A rolling upgrade that the candidate promises: every node in turn from the version `from`, which it runs, to the
    version `to`, and back, while the others serve. The versions are written as the store itself prints them.

    `program`: where the suite starts the store, the program of the version `to`, relative to the candidate file, or
    "env:NAME" of a variable that holds its path. The control and the recipe `weed-cluster` have one without it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    first: Version = Field(alias="from")
    second: Version = Field(alias="to")
    program: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _differ(self) -> DeclaredUpgrade:
        if self.first == self.second:
            raise ValueError(f"from and to are both {self.first}; name two versions")
        return self

    @property
    def versions(self) -> Versions:
        """Both."""
        return Versions(self.first, self.second)
