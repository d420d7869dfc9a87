"""Kubeconfigs that cannot be used: one line that says what to change; and those behind a SOCKS proxy."""

from __future__ import annotations

import base64
import datetime
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from readiness.errors import UsageError
from readiness.providers.engine.record import Record
from readiness.providers.kubernetes import kubeconfig
from readiness.providers.kubernetes.api import Cluster, client_of
from tests.support.http_server import ok
from tests.support.socks5 import socks5
from tests.support.thread_server import serving_in_thread

pytestmark = pytest.mark.side_by_side

CLUSTER: dict[str, Any] = {"server": "https://127.0.0.1:26443"}
USER: dict[str, Any] = {"token": "canary-token"}
CONTEXT: dict[str, Any] = {"cluster": "c", "user": "u", "namespace": "tofu-state"}
NO_CERTIFICATE = "holds no PEM certificate"


def shaped(cluster: Any = CLUSTER, user: Any = USER, context: Any = CONTEXT, **more: Any) -> str:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": cluster}],
        "contexts": [{"name": "honey", "context": context}],
        "users": [{"name": "u", "user": user}],
    }
    return yaml.safe_dump(document | more)


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "ALL_PROXY", "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def refusal(folder: Path, text: str | bytes, context: str = "honey") -> str:
    path = folder / "config"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(UsageError) as caught:
        client_of(context, str(path))
    shown = str(caught.value)
    assert "\n" not in shown
    assert "canary" not in shown
    assert len(shown) < 500
    return shown


def plugin(folder: Path, script: str, **more: Any) -> str:
    path = folder / "plugin"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    version = "client.authentication.k8s.io/v1beta1"
    return shaped(user={"exec": {"apiVersion": version, "command": "./plugin"} | more})


@pytest.mark.store
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "config is empty"),
        ("# only a comment\n", "config is empty"),
        ("- a\n- b\n", "holds a list at the top"),
        ("just words", "holds a str at the top"),
        ("clusters: [\ncanary: {", "line 2 is not YAML"),
        ("a: b: canary", "line 1 is not YAML"),
        ("---\na: 1\n---\nb: 2\n", "is not YAML"),
        (b"\xff\xfe\x00c", "not text in UTF-8"),
        (shaped(contexts={"honey": CONTEXT}), "contexts is not a list"),
        (shaped(contexts=[]), "has no such context; known: none"),
        (shaped(clusters=[]), "Expected object with name c in"),
        (shaped(clusters="c"), "clusters list to have 'name' key"),
        (shaped(clusters=["canary"]), "clusters list to have 'name' key"),
        (shaped(context="canary"), "kubeconfig"),
        (shaped(context={"user": "u"}), "Expected key cluster"),
        (shaped(context={"cluster": "c", "user": "gone"}), 'user "gone" of the context is not among users'),
        (shaped(cluster={}), 'cluster "c" has no server'),
        (shaped(cluster={"server": "127.0.0.1:6443"}), 'cluster "c" has no server that is'),
        (shaped(cluster={"server": 6443}), "is not shaped like a kubeconfig"),
        (shaped(cluster={"server": "https://h:port"}), 'cluster "c" has no server that is'),
        (shaped(cluster=CLUSTER | {"certificate-authority-data": "not base64!"}), "is not base64"),
        (shaped(cluster=CLUSTER | {"certificate-authority-data": "bm90IGEgUEVN"}), NO_CERTIFICATE),
        (shaped(cluster=CLUSTER | {"certificate-authority": "./gone.crt"}), "gone.crt"),
        (shaped(cluster=CLUSTER | {"proxy-url": "ftp://u:canary@h"}), "the proxy ftp://[removed]@h"),
        (shaped(cluster=CLUSTER | {"proxy-url": "h:1080"}), "is none of http, https, socks4"),
        (shaped(user={"client-certificate": "./gone.crt", "client-key": "./gone.key"}), "gone.crt"),
        (shaped(user={"tokenFile": "/nowhere/token"}), "No such file or directory: /nowhere/token"),
        (
            shaped(user={"client-certificate-data": "Y2FuYXJ5"}),
            "needs both client-certificate and client-key",
        ),
        (
            shaped(user={"client-certificate-data": "Y2FuYXJ5", "client-key-data": "Y2FuYXJ5"}),
            "are not a PEM certificate with its own key",
        ),
        (shaped(user={"username": "canary"}), 'user "u" gives no credential'),
        (shaped(user={"auth-provider": {"name": "azure"}}), 'user "u" gives no credential'),
        (shaped(user={"exec": {"command": "x"}}), "missing key 'apiVersion'"),
        (
            shaped(user={"exec": {"apiVersion": "v1", "command": "not-installed"}}),
            'plugin "not-installed" cannot be run',
        ),
        (shaped(user="canary"), "kubeconfig"),
    ],
)
def test_what_is_wrong_is_said_on_one_line(tmp_path: Path, text: str | bytes, message: str) -> None:
    assert message in refusal(tmp_path, text)


@pytest.mark.store
@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            "echo 'op: session expired; token=canary-1' >&2; exit 3",
            "ended with status 3: op: session expired;",
        ),
        ("exit 1", "ended with status 1: it says nothing"),
        ("echo canary", "does not print an ExecCredential"),
        ("echo '[]'", "does not print an ExecCredential"),
        ('echo \'{"apiVersion": "v9", "status": {}}\'', "speaks v9, and user.exec.apiVersion is"),
        (
            'echo "{\\"apiVersion\\": \\"client.authentication.k8s.io/v1beta1\\", \\"status\\": {}}"',
            "gives neither a token nor a certificate",
        ),
    ],
)
def test_an_exec_plugin_that_gives_nothing(
    tmp_path: Path, script: str, message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert message in refusal(tmp_path, plugin(tmp_path, script))
    assert capfd.readouterr() == ("", "")


@pytest.mark.store
def test_an_exec_plugin_that_does_not_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubeconfig, "PLUGIN_SECONDS", 0.2)
    assert "did not end within 0.2 s" in refusal(tmp_path, plugin(tmp_path, "exec sleep 600"))


@pytest.mark.store
def test_an_exec_plugin_that_gives_a_token(tmp_path: Path) -> None:
    shown = '{"apiVersion": "client.authentication.k8s.io/v1beta1", "status": {"token": "given"}}'
    (tmp_path / "config").write_text(plugin(tmp_path, f"echo '{shown}'"))
    api = client_of("honey", str(tmp_path / "config"))
    assert api.configuration.api_key["BearerToken"] == "Bearer given"


@pytest.mark.store
def test_a_credential_that_runs_out_and_cannot_be_had_again_is_no_answer(tmp_path: Path) -> None:
    message = (
        '{"apiVersion": "client.authentication.k8s.io/v1beta1", "status": {"token": "given", '
        '"expirationTimestamp": "2020-01-01T00:00:00Z"}}'
    )
    script = f"[ -e used ] && {{ echo token=canary >&2; exit 9; }}; touch used; echo '{message}'"
    (tmp_path / "config").write_text(plugin(tmp_path, script))
    cluster = Cluster(client_of("honey", str(tmp_path / "config")), "state", Record())
    with pytest.raises(ConnectionError, match=r"ended with status 9: token=\[removed\]"):
        cluster.ask(cluster.core.list_namespaced_pod, "state")


def test_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"gone does not exist; correct kubernetes.kubeconfig"):
        client_of("honey", str(tmp_path / "gone"))
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        client_of("honey", str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "elsewhere"))
    with pytest.raises(UsageError, match="elsewhere does not exist"):
        client_of("honey", None)


def test_several_files_as_in_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one").write_text(shaped(users=[]))
    (tmp_path / "two").write_text(shaped(clusters=[], contexts=[]))
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/one:{tmp_path}/gone:{tmp_path}/two")
    assert client_of("honey", None).configuration.host == CLUSTER["server"]


@pytest.mark.parametrize(
    ("scheme", "host", "asked"),
    [("socks5h", "api.cluster.example", "api.cluster.example"), ("socks5", "localhost", "127.0.0.1")],
)
@pytest.mark.parametrize("through", ["environment", "kubeconfig"])
def test_behind_a_socks_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, host: str, asked: str, through: str
) -> None:
    with serving_in_thread(ok("200 OK", '{"items": []}')) as server, socks5("pass word") as proxy:
        url = f"{scheme}://operator:pass%20word@127.0.0.1:{proxy.port}"
        cluster = {"server": server.url.replace("127.0.0.1", host)}
        if through == "environment":
            monkeypatch.setenv("HTTP_PROXY", url)
        else:
            cluster["proxy-url"] = url
        (tmp_path / "config").write_text(shaped(cluster=cluster))
        found = Cluster(client_of("honey", str(tmp_path / "config")), "state", Record())
        assert found.ask(found.core.list_namespaced_pod, "state") == {"items": []}
    assert proxy.asked == [asked]
    assert "Bearer canary-token" in server.requests[0]


def test_a_key_in_the_kubeconfig_is_written_to_no_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also not for a moment: nothing would remove it if the process were killed."""
    made = certificate()
    given = {name: base64.b64encode(pem).decode() for name, pem in made.items()}
    user = {f"client-{name}-data": given[name] for name in ("certificate", "key")}
    cluster = CLUSTER | {"certificate-authority-data": given["certificate"]}
    (tmp_path / "config").write_text(shaped(cluster=cluster, user=user))
    temporary = tmp_path / "temporary"
    temporary.mkdir(mode=0o500)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setattr(tempfile, "mkstemp", lambda **_more: pytest.fail("a file was made"))
    configuration = client_of("honey", str(tmp_path / "config")).configuration
    assert Path(configuration.key_file).read_bytes() == made["key"]
    assert Path(configuration.cert_file).read_bytes() == made["certificate"]
    assert Path(configuration.ssl_ca_cert).read_bytes() == made["certificate"]


def certificate() -> dict[str, bytes]:
    """A certificate that signs itself, with its key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "operator")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {"certificate": made.public_bytes(pem), "key": private}
