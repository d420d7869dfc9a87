"""A Kubernetes API server of the suite's own, on loopback, and the source of states that `backend "kubernetes"` keeps
in its Secrets.

Facts (OpenTofu 1.12, internal/backend/remote-state/kubernetes/client.go): the state is the Secret
`tfstate-WORKSPACE-SUFFIX`, its key `tfstate` holds it compressed by gzip, and labels say which state it is; the lock is
the Lease `lock-` of that name, held while it has a `holderIdentity`.
"""

from __future__ import annotations

import base64
import gzip
import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import kubernetes.client
import urllib3.exceptions
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from kubernetes.client.exceptions import ApiException

from readiness import obtain
from readiness.judges.stacks.workspaces import DEFAULT
from readiness.stacks.own_server import OwnServer

SECONDS = 90.0
NAMESPACE = "default"
_ABSENT = 404
_KUBECONFIG = """apiVersion: v1
kind: Config
clusters:
- name: source
  cluster: {{server: "{url}", certificate-authority-data: {authority}}}
contexts:
- name: source
  context: {{cluster: source, user: source}}
users:
- name: source
  user: {{}}
current-context: source
"""


class ApiServer(OwnServer):
    """An API server with etcd behind it and one token. Raises UsageError if a program cannot be had, RuntimeError if it
    does not answer.
    """

    def __init__(self) -> None:
        self._etcd, self._server = obtain.etcd(), obtain.kube_apiserver()
        self.token = secrets.token_urlsafe(32)
        super().__init__("kube")

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def certificate(self) -> Path:
        """What it signs its own certificate with."""
        return self._folder / "certificates" / "apiserver.crt"

    def client(self) -> kubernetes.client.ApiClient:
        """A client that may do everything."""
        configuration: Any = kubernetes.client.Configuration()
        configuration.host = self.url
        configuration.ssl_ca_cert = str(self.certificate)
        configuration.api_key = {"BearerToken": f"Bearer {self.token}"}
        configuration.proxy = None
        configuration.retries = False
        return kubernetes.client.ApiClient(configuration)

    def _start(self) -> None:
        clients, peers, self.port = self._ports(3)
        at, beside = f"http://127.0.0.1:{clients}", f"http://127.0.0.1:{peers}"
        self._spawn(
            "etcd",
            [
                *(
                    self._etcd,
                    "--data-dir",
                    self._folder / "etcd",
                    "--log-level",
                    "warn",
                    "--unsafe-no-fsync",
                ),
                *("--listen-client-urls", at, "--advertise-client-urls", at),
                *("--listen-peer-urls", beside, "--initial-advertise-peer-urls", beside),
                *("--initial-cluster", f"default={beside}"),
            ],
        )
        tokens = self._private("tokens.csv", f"{self.token},suite,suite,system:masters\n".encode())
        key = self._private("service-accounts.key", _key())
        self._spawn(
            "kube-apiserver",
            [
                *(
                    self._server,
                    f"--etcd-servers={at}",
                    "--bind-address=127.0.0.1",
                    f"--secure-port={self.port}",
                    "--advertise-address=127.0.0.1",
                ),
                *(f"--cert-dir={self.certificate.parent}", f"--token-auth-file={tokens}"),
                *("--authorization-mode=RBAC", "--anonymous-auth=false", "--endpoint-reconciler-type=none"),
                *(f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}"),
                "--service-account-issuer=https://kubernetes.default.svc",
                "--service-cluster-ip-range=10.0.0.0/24",
            ],
        )
        self._wait()

    def _spawn(self, name: str, command: list[str | Path]) -> None:
        log = self._supervised.folder / f"{name}.log"
        self._supervised.spawn(name, command, env={"PATH": os.defpath}, cwd=self._folder, log=log)

    def _wait(self) -> None:
        """Until states can be kept: the namespace is made by the server itself."""
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                if self.certificate.is_file():
                    kubernetes.client.CoreV1Api(self.client()).read_namespace(NAMESPACE)
                    return
            except (ApiException, urllib3.exceptions.HTTPError, OSError) as error:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"kube-apiserver does not answer: {type(error).__name__}") from error
            if time.monotonic() > deadline:
                raise RuntimeError("kube-apiserver has made no certificate")
            time.sleep(0.2)


class KubernetesSource:
    """States in Secrets of that server, one for each key."""

    kind = "kubernetes"

    def __init__(self, server: ApiServer, workspace: str = DEFAULT) -> None:
        self._server, self._workspace = server, workspace
        self._client = server.client()
        self._core = kubernetes.client.CoreV1Api(self._client)
        self._leases = kubernetes.client.CoordinationV1Api(self._client)

    def of(self, workspace: str) -> KubernetesSource:
        return self if workspace == self._workspace else KubernetesSource(self._server, workspace)

    def options(self, key: str) -> tuple[str, ...]:
        return (f"-backend-config=secret_suffix={key}", f"-backend-config=namespace={NAMESPACE}")

    def environment(self, home: Path) -> Mapping[str, str]:
        """OpenTofu wants a kubeconfig (KUBE_HOST alone is "no configuration"); the token is in no file."""
        path = home / "kubeconfig"
        authority = base64.b64encode(self._server.certificate.read_bytes()).decode()
        path.touch(mode=0o600)
        path.write_text(_KUBECONFIG.format(url=self._server.url, authority=authority), encoding="utf-8")
        return {"KUBE_CONFIG_PATH": str(path), "KUBE_TOKEN": self._server.token}

    def hosts(self) -> tuple[str, ...]:
        return ()

    def secrets(self) -> tuple[str, ...]:
        return (self._server.token,)

    def locked(self, key: str) -> bool:
        try:
            lease = self._leases.read_namespaced_lease(f"lock-{self._name(key)}", NAMESPACE)
        except ApiException as error:
            return _absent(error)
        return bool(lease.spec and lease.spec.holder_identity)

    def stored(self, key: str) -> bytes | None:
        try:
            secret = self._core.read_namespaced_secret(self._name(key), NAMESPACE)
        except ApiException as error:
            _absent(error)
            return None
        packed = (secret.data or {}).get("tfstate")
        return gzip.decompress(base64.b64decode(packed)) if packed else None

    def version(self, key: str) -> str | None:
        return None

    def place(self, key: str, body: bytes) -> None:
        self.lose(key)
        labels = {"tfstate": "true", "tfstateSecretSuffix": key, "tfstateWorkspace": self._workspace}
        metadata = kubernetes.client.V1ObjectMeta(
            name=self._name(key), labels=labels, annotations={"encoding": "gzip"}
        )
        packed = base64.b64encode(gzip.compress(body)).decode()
        secret = kubernetes.client.V1Secret(metadata=metadata, data={"tfstate": packed})
        self._core.create_namespaced_secret(NAMESPACE, secret)

    def lose(self, key: str) -> None:
        try:
            self._core.delete_namespaced_secret(self._name(key), NAMESPACE)
        except ApiException as error:
            _absent(error)

    def restore(self, key: str, version: str) -> None:
        raise NotImplementedError("a Secret has no versions")

    def _name(self, key: str) -> str:
        return f"tfstate-{self._workspace}-{key}"


def _absent(error: ApiException) -> bool:
    """Always False; raises the error again if it says anything but that the object is not there."""
    if error.status != _ABSENT:
        raise error
    return False


def _key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
