"""What a candidate file declares of a store in containers: one entry for each container, its image pinned."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Text = Annotated[str, Field(min_length=1)]
Port = Annotated[int, Field(gt=0, lt=65536)]
REFERENCE = re.compile(
    r"(?P<name>[a-z0-9][a-zA-Z0-9._:/-]*):(?P<tag>\w[\w.-]{0,127})@(?P<digest>sha256:[0-9a-f]{64})"
)
HOW_TO_PIN = (
    "write NAME:TAG@sha256:DIGEST; an image of a registry shows its digest by docker image inspect --format "
    "'{{.RepoDigests}}' NAME:TAG, one that was built here has none: take its id, '{{.Id}}'"
)
OF_ENVIRONMENT = "env:"


def _pinned(reference: str) -> str:
    if not reference.startswith(OF_ENVIRONMENT) and not REFERENCE.fullmatch(reference):
        raise ValueError(f'"{reference}" is not pinned by tag and digest: {HOW_TO_PIN}')
    return reference


def _arguments(given: Any) -> Any:
    if isinstance(given, str):
        raise ValueError('it is a list of arguments, for example ["server", "/data"]')  # noqa: TRY004 - for pydantic
    return given


Image: TypeAlias = Annotated[str, AfterValidator(_pinned)]
Arguments: TypeAlias = Annotated[tuple[Text, ...], BeforeValidator(_arguments)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")]
InContainer = Annotated[str, Field(pattern=r"^/.+")]


class DeclaredContainer(BaseModel):
    """A container on each of these nodes: the instance NAME-NODE of the store. In `command`, `emptied_command` and
    `environment`, ${READINESS_…} stands for a value of the run: see candidates/TEMPLATE.toml.

    `image`: NAME:TAG@sha256:DIGEST, or "env:NAME" of a variable that holds such a reference. `emptied_command` is the
    command from the wipe of its node on. `volumes`: folders that outlive the container, each a volume of its own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    nodes: Annotated[tuple[Name, ...], Field(min_length=1)]
    kind: Text | None = None
    image: Image
    entrypoint: Arguments = ()
    command: Arguments = ()
    emptied_command: Arguments = ()
    environment: dict[str, str] = {}
    volumes: tuple[InContainer, ...] = ()
    s3_port: Port | None = None
    admin_port: Port | None = None
    stop_seconds: Annotated[int, Field(gt=0, le=300)] = 10

    @model_validator(mode="after")
    def _ports_differ(self) -> DeclaredContainer:
        if self.s3_port is not None and self.s3_port == self.admin_port:
            raise ValueError("s3_port and admin_port are the same; leave admin_port out")
        return self

    def instance(self, node: str) -> str:
        """Its instance on that node."""
        return f"{self.name}-{node}"


def images_of_environment(containers: tuple[DeclaredContainer, ...], environ: Mapping[str, str]) -> list[str]:
    """What the variables of `env:NAME` images hold now: part of a candidate's fingerprint."""
    names = {c.image.removeprefix(OF_ENVIRONMENT) for c in containers if c.image.startswith(OF_ENVIRONMENT)}
    return [f"{name}={environ.get(name, '')}" for name in sorted(names)]
