"""What a candidate file declares of a store in a Kubernetes cluster: where it is, how its pods are reached, and what
may be done to its nodes.

In names and commands, `{pod}`, `{ordinal}`, `{node}`, `{namespace}` and `{uid}` stand for those of the pod or node.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from readiness.candidate.declared import Act

Text = Annotated[str, Field(min_length=1)]
Port = Annotated[int, Field(ge=1, le=65535)]
Forwarded = ("address", "port-forward")
OfService = ("cluster-ip", "node-port", "load-balancer")
Via = Literal["address", "port-forward", "cluster-ip", "node-port", "load-balancer", "url"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DeclaredPods(_Strict):
    """The pods of one kind of instance. Without `port` and `url` they speak no S3.

    `via`: `address` and `port-forward` are local listeners of the suite that follow the pod through its restarts;
    `cluster-ip`, `node-port` and `load-balancer` use the Service of each pod; `url` a name that leads to it.
    """

    kind: Text = "store"
    selector: Text
    via: Via = "port-forward"
    scheme: Literal["http", "https"] = "http"
    port: Port | None = None
    admin_port: Port | None = None
    service: Text | None = None
    url: Text | None = None
    admin_url: Text | None = None

    @model_validator(mode="after")
    def _reachable(self) -> DeclaredPods:
        if self.via == "url" and not self.url:
            raise ValueError('via = "url" needs url, for example "https://{pod}.state.example"')
        if self.via != "url" and (self.url or self.admin_url):
            raise ValueError('url and admin_url go with via = "url"')
        if self.via in OfService and not (self.service and self.port):
            raise ValueError(f'via = "{self.via}" needs service and port: the Service of each pod')
        if self.admin_port and not (self.port or self.url):
            raise ValueError("admin_port needs port, where S3 is spoken")
        return self


class DeclaredService(_Strict):
    """The Service that clients use: the service endpoint. `host`: whom to ask for a node port (a virtual address)."""

    name: Text
    port: Port
    via: Via = "port-forward"
    scheme: Literal["http", "https"] = "http"
    host: Text | None = None
    url: Text | None = None

    @model_validator(mode="after")
    def _reachable(self) -> DeclaredService:
        if self.via == "url" and not self.url:
            raise ValueError('via = "url" needs url, for example "https://state.example"')
        if self.via == "node-port" and not self.host:
            raise ValueError(
                'via = "node-port" needs host: an address that survives the loss of any one node'
            )
        return self


class DeclaredHooks(_Strict):
    """The operator's own commands for what no API can do. `freeze` is per pod; `unplug`, `wipe` and `repair` per node.

    `files` prints how many files the node's data folder holds: a wipe is believed only if that falls to 0.
    """

    freeze: Act | None = None
    thaw: Act | None = None
    unplug: Act | None = None
    plug: Act | None = None
    wipe: Act | None = None
    files: Act | None = None
    repair: Act | None = None

    @model_validator(mode="after")
    def _with_undo(self) -> DeclaredHooks:
        for verb, needed in (("freeze", "thaw"), ("unplug", "plug"), ("wipe", "files")):
            if getattr(self, verb) and not getattr(self, needed):
                raise ValueError(f"{verb} needs {needed}")
        return self


class DeclaredCluster(_Strict):
    """One namespace of one cluster. `context` is always named: the current one is never used.

    `allow_nodes`: nodes that may be cordoned although pods of protected stacks run there. `protected`: those stacks,
    by namespace or by the label app.kubernetes.io/part-of, instance or name.
    `crash`: how a node is lost. `delete`: cordoned, its pods deleted with the shortest grace. `taint`: NoExecute.
    """

    context: Text | None = None
    kubeconfig: Text | None = None
    namespace: Text
    pods: Annotated[tuple[DeclaredPods, ...], Field(min_length=1)]
    service: DeclaredService | None = None
    hooks: DeclaredHooks = DeclaredHooks()
    allow_nodes: tuple[Text, ...] = ()
    protected: tuple[Text, ...] = ("attic", "arc-runners", "gitlab-runners", "runner-dashboard")
    crash: Literal["delete", "taint"] = "delete"
    drain_seconds: Annotated[float, Field(gt=0, le=1800)] = 120.0

    @model_validator(mode="after")
    def _speaks_s3(self) -> DeclaredCluster:
        if not any(pods.port or pods.url for pods in self.pods):
            raise ValueError("pods: at least one entry needs port (or url): where S3 is spoken")
        kinds = [pods.kind for pods in self.pods]
        if len(set(kinds)) < len(kinds):
            raise ValueError("pods: each entry needs a kind of its own")
        return self
