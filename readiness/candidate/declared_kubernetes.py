"""What a candidate file declares of a store in a Kubernetes cluster: where it is, how its pods are reached, and what
may be done to its nodes.

In names and commands, `{pod}`, `{ordinal}`, `{node}`, `{namespace}` and `{uid}` stand for those of the pod or node.
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from readiness.candidate.declared import Act, DeclaredHardware


def _network(cidr: str) -> str:
    """Raises ValueError for what is no network in CIDR notation."""
    ipaddress.ip_network(cidr)
    return cidr


Text = Annotated[str, Field(min_length=1)]
Network = Annotated[str, AfterValidator(_network)]
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


class DeclaredHooks(DeclaredHardware):
    """The operator's own commands for what no API can do. `freeze` is per pod; all others per node.

    `files` prints how many files the node's data folder holds: a wipe is believed only if that falls to 0. `bytes`
    prints how many bytes the node's data takes (per node), `connections` the TCP sockets of a pod, as `ss -Htan` does.
    """

    freeze: Act | None = None
    thaw: Act | None = None
    unplug: Act | None = None
    plug: Act | None = None
    wipe: Act | None = None
    files: Act | None = None
    repair: Act | None = None
    bytes: Act | None = None
    connections: Act | None = None

    @model_validator(mode="after")
    def _with_undo(self) -> DeclaredHooks:
        for verb, needed in (("freeze", "thaw"), ("unplug", "plug"), ("wipe", "files")):
            if getattr(self, verb) and not getattr(self, needed):
                raise ValueError(f"{verb} needs {needed}")
        return self


class DeclaredIsolation(_Strict):
    """NetworkPolicies for the time of the run: the candidate's pods reach one another, DNS and nothing else, and are
    reached by one another, their nodes and the suite.

    `image`: of the probe pods that show whether the network enforces it: with `sh`, `wget`, `timeout` and `httpd`
    (busybox).
    `dns`: addresses (CIDR) of name servers that are no pods of kube-system; `allow_from`: of clients besides the suite,
    or of the suite if it is seen under another address.
    """

    image: Text
    dns: tuple[Network, ...] = ()
    allow_from: tuple[Network, ...] = ()


class DeclaredCluster(_Strict):
    """One namespace of one cluster. `context` is always named: the current one is never used. `cluster_uid`: the uid of
    that cluster's namespace kube-system; another cluster is refused.

    `allow_nodes`: nodes that may be cordoned although pods of protected stacks run there. `protected`: those stacks,
    by namespace or by the label app.kubernetes.io/part-of, instance or name.
    `crash`: how a node is lost. `delete`: cordoned, its pods deleted with the shortest grace. `taint`: NoExecute.
    """

    context: Text | None = None
    kubeconfig: Text | None = None
    cluster_uid: Text | None = None
    namespace: Text
    pods: Annotated[tuple[DeclaredPods, ...], Field(min_length=1)]
    service: DeclaredService | None = None
    hooks: DeclaredHooks = DeclaredHooks()
    isolation: DeclaredIsolation | None = None
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
