"""A candidate as its TOML file declares it. Every field is checked; an unknown one is an error that names the
nearest valid one.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from readiness.candidate.declared import (
    Act,
    DeclaredCommands,
    DeclaredEndpoint,
    DeclaredInstance,
    DeclaredNode,
)
from readiness.candidate.declared_containers import DeclaredContainer
from readiness.candidate.declared_kubernetes import DeclaredCluster
from readiness.candidate.declared_upgrade import DeclaredUpgrade
from readiness.topology import PROMISED, FaultKind

Text = Annotated[str, Field(min_length=1)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CandidateClass(StrEnum):
    """The plan's candidate classes; P0.7 judges which are admissible as final authority."""

    DEDICATED_HA = "dedicated-ha"
    REPLICATED_RUSTFS = "replicated-rustfs"
    SINGLETON = "singleton"
    STING_LOCAL_PATH = "sting-local-path"
    CACHE_SURFACE = "cache-surface"


class S3(_Strict):
    """How the S3 API is spoken."""

    region: Text = "us-east-1"
    addressing: Literal["path", "virtual"] = "path"
    ca_bundle: str | None = None


class CredentialSource(_Strict):
    """Where one credential comes from, by reference: never the secret itself.

    `generated`: the provider makes it for this run. `environment`: two variables are named. `profile`: a
    profile of the shared AWS configuration (not named: that of AWS_PROFILE). `file`: two files (as Kubernetes
    mounts a Secret). `secret`: a Kubernetes Secret of the provider's namespace.
    """

    source: Literal["generated", "environment", "profile", "file", "secret"]
    access_key: str | None = None
    secret_key: str | None = None
    profile: str | None = None
    secret: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> CredentialSource:
        needs: dict[str, tuple[str, ...]] = {
            "environment": ("access_key", "secret_key"),
            "file": ("access_key", "secret_key"),
        }
        needs["secret"] = ("secret", "access_key", "secret_key")
        missing = [name for name in needs.get(self.source, ()) if not getattr(self, name)]
        if missing:
            raise ValueError(f'source = "{self.source}" needs {" and ".join(missing)}')
        return self


class Credentials(_Strict):
    """P0.2: the credentials, their source and who rotates them."""

    rotation_owner: Text
    rotation_days: Annotated[int, Field(gt=0)]
    admin: CredentialSource
    read_only: CredentialSource | None = None
    rotation: Literal["provider", "none"] = "none"


class Durability(_Strict):
    """P0.3 and S.3: what the store promises about versions, retention, backup and restore. `copies`: on how many nodes
    the data of an object lies (S.2). `versioning_suspended`: the state bucket is, or may come to be, one that kept
    versions once and whose versioning is suspended: what is asked of the other scratch buckets is asked of such a one,
    too.

    Without versions a backup takes their place: `backup_command` is run every `backup_every_seconds`, `restore_command`
    brings one object back (readiness/backup.py says what they are given), and no backup is older than
    `backup_rpo_seconds`: what was applied since is lost with a state.
    """

    versioning: bool = False
    versioning_suspended: bool = False
    retention_days: Annotated[int, Field(ge=0)] = 0
    backup: str = ""
    restore: Literal["previous-version", "backup", "none"] = "none"
    copies: Annotated[int, Field(ge=2)] = 2
    backup_command: Act | None = None
    restore_command: Act | None = None
    backup_every_seconds: Seconds = 300.0
    backup_rpo_seconds: Seconds = 900.0

    @model_validator(mode="after")
    def _both_commands(self) -> Durability:
        if (self.backup_command is None) is not (self.restore_command is None):
            raise ValueError("backup_command and restore_command go together")
        return self

    @property
    def documented(self) -> bool:
        """Whether any restore behaviour is promised at all."""
        return self.versioning or (bool(self.backup) and self.restore != "none")


class Readiness(_Strict):
    """The rule that says when an instance is in service: an HTTP probe of the instance, and seconds after its
    start.
    """

    path: str | None = None
    target: Literal["s3", "admin"] = "s3"
    status: int = 200
    seconds_after_start: Annotated[float, Field(ge=0, le=600)] = 0


class Failure(_Strict):
    """P0.4: failure behaviour as numbers. RTO in seconds per fault kind; RPO in acknowledged writes (only 0
    is admissible). `recovery_seconds`: how long the candidate may be degraded after a fault is healed, until it is
    whole again.
    """

    statement: Text
    rto_seconds: dict[FaultKind, Seconds]
    rpo_acknowledged_writes: Annotated[int, Field(ge=0)]
    response_seconds: Seconds = 3.0
    recovery_seconds: Seconds = 600.0
    readiness: Readiness = Readiness()

    @model_validator(mode="after")
    def _promised(self) -> Failure:
        if others := [kind for kind in self.rto_seconds if kind not in PROMISED]:
            raise ValueError(
                f"rto_seconds.{others[0]} has no promise of its own: it is held to rto_seconds.silence; leave it out"
            )
        return self


class Metric(_Strict):
    """A metric that must answer: its name, and what it is read from."""

    name: Text
    path: str = "/metrics"
    target: Literal["s3", "admin"] = "admin"


class Observability(_Strict):
    """P0.5: metrics that answer and alert rules that parse and name them."""

    metrics: tuple[Metric, ...] = ()
    alert_rules: str | None = None


class Divergence(_Strict):
    """S.4: the non-destructive response to bucket-index divergence: a read-only check of the provider, or a
    command.
    """

    response: Literal["provider-check", "command", "none"] = "none"
    command: tuple[str, ...] = ()
    statement: str = ""


class Repair(_Strict):
    """P1.19: how a node that returns with an empty disk is made whole."""

    kind: Literal["itself", "procedure", "none"] = "none"
    statement: str = ""
    budget_seconds: Seconds = 120.0


class Housekeeping(_Strict):
    """P1.13: the store's own housekeeping (vacuum, compaction, collection of garbage), and within how many seconds a
    round of it ends. `command` triggers one, and returns when it is over, with exit code 0 if it was done; where the
    suite starts the store, a recipe may know how without it.
    """

    seconds: Annotated[float, Field(gt=0, le=900)]
    command: Act | None = None


class Contract(_Strict):
    """The written static contract of phase 0; its numbers are promises that later phases measure."""

    endpoint_shape: Text
    audience: Text
    cache_statement: Text
    credentials: Credentials
    durability: Durability
    failure: Failure
    observability: Observability = Observability()
    divergence: Divergence = Divergence()
    repair: Repair = Repair()
    housekeeping: Housekeeping | None = None


class Volume(_Strict):
    """Where state data lies: S.2 is judged on these (on Kubernetes the real PVCs and PVs replace them)."""

    node: Text
    kind: Text
    access: Literal["RWO", "RWX", "ROX", "local"] = "local"


class Boundary(_Strict):
    """The surfaces the state authority must not share: B.1, B.2, S.5 and P0.6."""

    state_bucket: Text = "tofu-state"
    cache_endpoints: tuple[str, ...] = ()
    executor_endpoints: tuple[str, ...] = ()
    cache_buckets: tuple[str, ...] = ("attic", "bazel-cache", "rbe-cas")


class ProviderTable(_Strict):
    """How the candidate is reached and how faults are done to it. `synchronous`: where a node has a disk of its own,
    what the store writes is on it before the write returns, as on a volume with `sync=always` (ZFS).
    """

    kind: Text
    store: str = ""
    nodes: tuple[str, ...] = ()
    network: Literal["auto", "loopback", "namespaces"] = "auto"
    disks: Literal["auto", "folders", "loop-devices"] = "auto"
    synchronous: bool = False
    options: dict[str, str | int | bool | float | list[str]] = {}

    @model_validator(mode="after")
    def _has_disks(self) -> ProviderTable:
        if self.synchronous and (self.kind != "processes" or self.disks == "folders"):
            raise ValueError(
                'synchronous is for nodes with disks that the suite makes: kind = "processes", and disks not "folders"'
            )
        return self


class Candidate(_Strict):
    """A whole candidate file."""

    schema_version: Literal[1] = Field(alias="schema")
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")]
    candidate_class: CandidateClass = Field(alias="class")
    summary: Text
    s3: S3 = S3()
    provider: ProviderTable
    endpoints: tuple[DeclaredEndpoint, ...] = ()
    nodes: tuple[DeclaredNode, ...] = ()
    instances: tuple[DeclaredInstance, ...] = ()
    containers: tuple[DeclaredContainer, ...] = ()
    kubernetes: DeclaredCluster | None = None
    commands: DeclaredCommands = DeclaredCommands()
    volumes: tuple[Volume, ...] = ()
    contract: Contract
    upgrade: DeclaredUpgrade | None = None
    boundary: Boundary = Boundary()
    expected_red: dict[str, Text] = {}
    declared_not_run: dict[str, Text] = {}

    @model_validator(mode="after")
    def _names_versions(self) -> Candidate:
        with_upgrade = next((node.name for node in self.nodes if node.upgrade), None)
        if with_upgrade and self.upgrade is None:
            raise ValueError(f"nodes.{with_upgrade}.upgrade needs [upgrade], which names the two versions")
        return self
