"""One namespace of one cluster, through the official client: every call is recorded, answers are plain JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from readiness.candidate.declared_kubernetes import DeclaredCluster
from readiness.errors import UsageError
from readiness.providers.engine.record import Record
from readiness.providers.kubernetes import kubeconfig as kubeconfig_file
from readiness.redact import one_line

IN_CLUSTER = "in-cluster"
CALL_SECONDS = (3.0, 15.0)
FORBIDDEN, NOT_FOUND, CONFLICT, BUSY = 403, 404, 409, 429


class Refusal(ApiException):
    """An error status of the API server, with a message of one sentence."""

    def __init__(self, error: ApiException) -> None:
        super().__init__(status=error.status, reason=error.reason)
        self.body = error.body

    def __str__(self) -> str:
        return f"the API server answers {why(self)}"


class Cluster:
    """Thread-safe. `read` and `write` record what they do; `ask` is for what is asked all the time and only reads."""

    def __init__(self, api: Any, namespace: str, record: Record) -> None:
        self.api, self.namespace, self.record = api, namespace, record
        self.core = client.CoreV1Api(api)
        self.policy = client.PolicyV1Api(api)
        self.storage = client.StorageV1Api(api)
        self.discovery = client.DiscoveryV1Api(api)
        self.access = client.AuthorizationV1Api(api)
        self.network = client.NetworkingV1Api(api)
        self.coordination = client.CoordinationV1Api(api)
        self.custom = client.CustomObjectsApi(api)

    @property
    def host(self) -> str:
        """The API server's URL."""
        return str(self.api.configuration.host)

    def ask(self, call: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """The answer as JSON. Raises Refusal (an ApiException), or ConnectionError where there is none."""
        return json.loads(self._text(call, *args, **more))

    def _text(self, call: Callable[..., Any], *args: Any, **more: Any) -> str:
        try:
            answer = call(*args, **{"_request_timeout": CALL_SECONDS, "_preload_content": False} | more)
            return bytes(answer.data).decode("utf-8", "replace")
        except ApiException as error:
            raise Refusal(error) from None
        except config.ConfigException as error:  # a credential that ran out and could not be had again
            raise ConnectionError(f"no credential for the API server: {one_line(str(error))}") from None
        except urllib3.exceptions.HTTPError as error:
            raise ConnectionError(
                f"the API server {self.host} does not answer: {getattr(error, 'reason', error)}"
            ) from None

    def read(self, verb: str, target: str, call: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """As `ask`, recorded as a read."""
        self.record.read(verb, target)
        return self.ask(call, *args, **more)

    def text(self, verb: str, target: str, call: Callable[..., Any], *args: Any, **more: Any) -> str:
        """As `read`, for an answer that is text, such as a log."""
        self.record.read(verb, target)
        return self._text(call, *args, **more)

    def write(self, verb: str, target: str, call: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """As `ask`, recorded as a write."""
        self.record.write(verb, target)
        return self.ask(call, *args, **more)

    def may(
        self, verb: str, group: str, resource: str, *, everywhere: bool = False, name: str | None = None
    ) -> bool:
        """Whether this account may do that, to every object of the kind or to the one of that name. Changes nothing:
        the answer is computed.
        """
        kind, _, sub = resource.partition("/")
        wanted: dict[str, Any] = {"verb": verb, "group": group, "resource": kind, "subresource": sub}
        if name is not None:
            wanted["name"] = name
        if not everywhere:
            wanted["namespace"] = self.namespace
        body = client.V1SelfSubjectAccessReview(
            spec=client.V1SelfSubjectAccessReviewSpec(
                resource_attributes=client.V1ResourceAttributes(**wanted)
            )
        )
        answer = self.ask(self.access.create_self_subject_access_review, body)
        return bool(answer["status"]["allowed"])


def connect(declared: DeclaredCluster, folder: Path, record: Record) -> Cluster:
    """The cluster of that context. Nothing is asked of it yet. Raises UsageError."""
    api = client_of(declared.context, kubeconfig_of(declared, folder))
    return Cluster(api, declared.namespace, record)


def kubeconfig_of(declared: DeclaredCluster, folder: Path) -> str | None:
    """The kubeconfig that is declared, None for the usual one. Raises UsageError for a variable that is not set."""
    kubeconfig = declared.kubeconfig
    if kubeconfig is None:
        return None
    if kubeconfig.startswith("env:"):
        found = os.environ.get(kubeconfig[4:], "").strip()
        if not found:
            raise UsageError(f"kubernetes.kubeconfig: the environment variable {kubeconfig[4:]} is not set")
        return found
    return str(folder / Path(kubeconfig).expanduser())


def client_of(context: str | None, kubeconfig: str | None) -> Any:
    """A client for exactly that context, never the current one. Raises UsageError with the contexts there are."""
    if context is None:
        known = ", ".join([*kubeconfig_file.contexts(kubeconfig), f"{IN_CLUSTER} (inside of a pod)"])
        raise UsageError(f"kubernetes.context is not declared: name one of {known}")
    if context == IN_CLUSTER:
        configuration = client.Configuration()
        try:
            config.load_incluster_config(client_configuration=configuration)
        except (config.ConfigException, OSError) as error:
            raise UsageError(
                f'kubernetes.context "{context}" cannot be used: {one_line(str(error))}'
            ) from None
    else:
        configuration = kubeconfig_file.load(kubeconfig, context)
    return client.ApiClient(configuration)


def why(error: ApiException) -> str:
    """The API server's reason in one sentence."""
    try:
        message = str(json.loads(str(error.body))["message"])
    except (ValueError, KeyError, TypeError):
        message = str(error.reason or "").strip()
    return f"HTTP {error.status}: {message}" if error.status else message


def items(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The objects of a list."""
    return list(answer.get("items") or [])
