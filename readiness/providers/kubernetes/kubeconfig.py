"""A context of a kubeconfig as the client's configuration; what is wrong with it is said in one line, before any call.

The official client logs what an exec plugin says and goes on without a credential; here that is an error.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import ssl
import subprocess
import weakref
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from kubernetes import client, config
from kubernetes.config import exec_provider
from kubernetes.config import kube_config as known_in_part
from kubernetes.config.dateutil import parse_rfc3339

from readiness.errors import UsageError
from readiness.providers.kubernetes.memory import MemoryFiles
from readiness.redact import one_line

kube_config: Any = known_in_part
ExecProvider: Any = exec_provider.ExecProvider
PLUGIN_SECONDS = 60.0
"""How long an exec plugin may take; one that waits for a browser is not for a run: log in before it."""
_PROXIES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")


class _Loader(kube_config.KubeConfigLoader):  # type: ignore[misc]
    """The client's loader, with a time limit for an exec plugin, whose failure is an error; certificates and keys that
    are no files stay in memory.
    """

    def __init__(self, files: MemoryFiles, document: Any, context: str) -> None:
        self._files = files
        super().__init__(document, active_context=context, config_base_path=None)

    def _load_cluster_info(self) -> None:
        self._keep_in_memory(self._cluster, "certificate-authority")
        if self._user is not None:
            self._keep_in_memory(self._user, "client-certificate")
            self._keep_in_memory(self._user, "client-key")
        super()._load_cluster_info()

    def _keep_in_memory(self, node: Any, name: str) -> None:
        """The client writes `NAME-data` to a file in the temporary folder; it takes `NAME`, a path, as it is."""
        if data := node.value.get(f"{name}-data"):
            node.value[name] = self._files.path_of(base64.standard_b64decode(data))
            del node.value[f"{name}-data"]

    def _load_from_exec_plugin(self) -> bool | None:
        if "exec" not in self._user:
            return None
        base = self._get_base_path(self._cluster.path)
        status = _run_plugin(ExecProvider(self._user["exec"], base, self._cluster))
        if token := status.get("token"):
            self.token = f"Bearer {token}"
        elif status.get("clientCertificateData") and status.get("clientKeyData"):
            self.cert_file, self.key_file = (
                self._file_of(status, key) for key in ("clientCertificateData", "clientKeyData")
            )
        else:
            raise config.ConfigException(
                "the exec plugin gives neither a token nor a certificate with its key"
            )
        if expiration := status.get("expirationTimestamp"):
            self.expiry = parse_rfc3339(expiration)
        return True

    def _file_of(self, status: dict[str, Any], key: str) -> str:
        return self._files.path_of(str(status[key]).encode())


def _run_plugin(provider: Any) -> dict[str, Any]:
    """The status that a plugin prints. Raises ConfigException; what it prints on standard output is never shown."""
    name = provider.args[0]
    spec: dict[str, Any] = {"interactive": False}
    if provider.cluster:
        spec["cluster"] = provider.cluster.value
    info = {"apiVersion": provider.api_version, "kind": "ExecCredential", "spec": spec}
    try:
        ran = subprocess.run(
            provider.args,
            cwd=provider.cwd,
            env=provider.env | {"KUBERNETES_EXEC_INFO": json.dumps(info)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PLUGIN_SECONDS,
            check=False,
        )
    except OSError as error:
        raise config.ConfigException(
            f'the exec plugin "{name}" cannot be run: {error.strerror}; install it, or correct user.exec.command'
        ) from None
    except subprocess.TimeoutExpired:
        raise config.ConfigException(
            f'the exec plugin "{name}" did not end within {PLUGIN_SECONDS:g} s; log in before the run'
        ) from None
    if ran.returncode:
        message = one_line(ran.stderr) or "it says nothing"
        raise config.ConfigException(
            f'the exec plugin "{name}" ended with status {ran.returncode}: {message}'
        )
    try:
        answer = json.loads(ran.stdout)
        version, status = answer["apiVersion"], dict(answer["status"])
    except (ValueError, KeyError, TypeError):
        raise config.ConfigException(f'the exec plugin "{name}" does not print an ExecCredential') from None
    if version != provider.api_version:
        raise config.ConfigException(
            f'the exec plugin "{name}" speaks {one_line(str(version))}, and user.exec.apiVersion is '
            f"{provider.api_version}"
        )
    return status


def load(path: str | None, context: str) -> Any:
    """The client's configuration for exactly that context. Raises UsageError.

    `path`: as in KUBECONFIG, several files with a colon between them; None: that variable, then ~/.kube/config.
    Certificates and keys that are no files of their own are kept in memory as long as the configuration is.
    """
    where = f'kubernetes.context "{context}" cannot be used'
    try:
        files, names = _files(path), contexts(path)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None
    if context not in names:
        raise UsageError(
            f"{where}: {':'.join(files)} has no such context; known: {', '.join(names) or 'none'}"
        )
    configuration: Any = client.Configuration()
    kept = MemoryFiles()
    weakref.finalize(configuration, kept.close)
    try:
        merged = kube_config.KubeConfigMerger(":".join(files)).config
        loader = _Loader(kept, merged, context)
        loader.load_and_set(configuration)
        _check(configuration, loader)
    except config.ConfigException as error:
        raise UsageError(f"{where}: {reason_of(error)}") from None
    except OSError as error:
        raise UsageError(f"{where}: {error.strerror or one_line(str(error))}: {error.filename}") from None
    except binascii.Error:
        raise UsageError(
            f"{where}: certificate-authority-data, client-certificate-data or client-key-data is not base64"
        ) from None
    except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        raise UsageError(
            f"{where}: {':'.join(files)} is not shaped like a kubeconfig ({type(error).__name__}); compare it with "
            "what `kubectl config view` prints"
        ) from None
    return configuration


def contexts(path: str | None) -> list[str]:
    """The names of the contexts that there are. Raises UsageError for a file that is not a kubeconfig."""
    names = []
    for file in _files(path):
        listed = _document(file).get("contexts") or []
        if not isinstance(listed, list):
            raise UsageError(
                f"kubeconfig {file}: contexts is not a list; each entry is `- name: …` and `context: …`"
            )
        names += [str(entry["name"]) for entry in listed if isinstance(entry, dict) and "name" in entry]
    return names


def reason_of(error: Exception) -> str:
    """The client's complaint on one line, without the entry that it is about, which may hold a credential."""
    text = re.sub(r"\{.*\}", "{…}", str(error), flags=re.DOTALL)
    return one_line(text.replace("Invalid kube-config file. ", "").replace("kube-config", "kubeconfig"))


def _files(path: str | None) -> list[str]:
    asked = path or os.environ.get("KUBECONFIG") or "~/.kube/config"
    named = [str(Path(part).expanduser()) for part in asked.split(":") if part]
    there = [name for name in named if Path(name).exists()]
    if not there:
        raise UsageError(
            f"kubeconfig {':'.join(named)} does not exist; correct kubernetes.kubeconfig, or set KUBECONFIG"
        )
    return there


def _document(path: str) -> dict[str, Any]:
    try:
        read = yaml.safe_load(Path(path).read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"kubeconfig {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"kubeconfig {path} is not text in UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        raise UsageError(
            f"kubeconfig {path}{place} is not YAML: {getattr(error, 'problem', None) or type(error).__name__}"
        ) from None
    if read is None:
        raise UsageError(f"kubeconfig {path} is empty; write it with `kubectl config`, or name another one")
    if not isinstance(read, dict):
        raise UsageError(
            f"kubeconfig {path} holds a {type(read).__name__} at the top; it must be a mapping with clusters, contexts "
            "and users"
        )
    return read


def _check(configuration: Any, loader: Any) -> None:
    """Raises ConfigException for what the client would find out only in its first call, or never."""
    entry = loader.current_context["context"]
    try:
        server = urlsplit(str(configuration.host))
        right = server.scheme in ("http", "https") and bool(server.hostname) and (server.port or 1) > 0
    except ValueError:
        right = False
    if "host" not in vars(loader) or not right:
        raise config.ConfigException(
            f'cluster "{entry["cluster"]}" has no server that is an http or https URL: '
            f"{one_line(str(vars(loader).get('host', 'none')))}"
        )
    _check_user(configuration, loader, entry.get("user"))
    _check_tls(configuration, entry)
    proxy = urlsplit(str(configuration.proxy or ""))
    if configuration.proxy and (proxy.scheme not in _PROXIES or not proxy.hostname):
        raise config.ConfigException(
            f"the proxy {one_line(str(configuration.proxy))} (proxy-url, or HTTPS_PROXY) is none of "
            f"{', '.join(_PROXIES)}://HOST:PORT"
        )


def _check_user(configuration: Any, loader: Any, user: str | None) -> None:
    if user and loader._user is None:
        raise config.ConfigException(f'user "{user}" of the context is not among users')
    has = "BearerToken" in configuration.api_key or configuration.cert_file
    if loader._user is not None and len(loader._user) and not has:
        raise config.ConfigException(
            f'user "{user}" gives no credential: it needs token, tokenFile, client-certificate with client-key, exec, '
            "or username with password"
        )


def _check_tls(configuration: Any, entry: Any) -> None:
    if configuration.ssl_ca_cert:
        try:
            ssl.create_default_context(cafile=configuration.ssl_ca_cert)
        except (ssl.SSLError, OSError):
            raise config.ConfigException(
                f'certificate-authority(-data) of cluster "{entry["cluster"]}" holds no PEM certificate (the -data '
                "form is base64 of one)"
            ) from None
    if bool(configuration.cert_file) is not bool(configuration.key_file):
        raise config.ConfigException(
            f'user "{entry.get("user")}" needs both client-certificate and client-key'
        )
    if configuration.cert_file:
        try:
            ssl.create_default_context().load_cert_chain(configuration.cert_file, configuration.key_file, "")
        except (ssl.SSLError, OSError, ValueError):
            raise config.ConfigException(
                f'client-certificate and client-key of user "{entry.get("user")}" are not a PEM certificate with its '
                "own key, without a passphrase"
            ) from None
