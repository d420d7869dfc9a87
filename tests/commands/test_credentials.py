"""Credentials and URLs by reference, and what is said where one is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.candidate.credentials import resolve, resolve_url
from readiness.candidate.model import CredentialSource
from readiness.errors import UsageError

CONFIG = """\
[default]
region = eu-north-1
[profile state]
services = store
[services store]
s3 =
  endpoint_url = https://state.example:9000
[profile empty]
region = eu-north-1
"""
CREDENTIALS = """\
[state]
aws_access_key_id = AKSTATE
aws_secret_access_key = the-secret
[default]
aws_access_key_id = AKDEFAULT
aws_secret_access_key = another-secret
[passing]
aws_access_key_id = AKPASSING
aws_secret_access_key = a-third-secret
aws_session_token = a-token
"""


@pytest.fixture(autouse=True)
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text(CONFIG)
    (tmp_path / "credentials").write_text(CREDENTIALS)
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKOPERATOR")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "operators-own")


def profile(name: str | None) -> CredentialSource:
    return CredentialSource(source="profile", profile=name)


def test_profile_is_read_and_nothing_else(tmp_path: Path) -> None:
    keys = resolve(profile("state"), "admin", tmp_path)
    assert (keys.access_key, keys.secret_key) == ("AKSTATE", "the-secret")
    assert "the-secret" not in repr(keys)


def test_profile_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve(profile(None), "admin", tmp_path).access_key == "AKDEFAULT"
    monkeypatch.setenv("AWS_PROFILE", "state")
    assert resolve(profile(None), "admin", tmp_path).access_key == "AKSTATE"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nobody", 'has no profile "nobody"'),
        ("empty", "holds no access key"),
        ("passing", "session token"),
    ],
)
def test_profile_that_gives_nothing(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        resolve(profile(name), "admin", tmp_path)
    assert "contract.credentials.admin" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_files_as_kubernetes_mounts_them(tmp_path: Path) -> None:
    source = CredentialSource(source="file", access_key="keys/access", secret_key="keys/secret")
    with pytest.raises(UsageError, match=r"keys/access cannot be read: No such file"):
        resolve(source, "read_only", tmp_path)
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/access").write_text("AKFILE\n")
    (tmp_path / "keys/secret").write_text("")
    with pytest.raises(UsageError, match=r"keys/secret is empty"):
        resolve(source, "read_only", tmp_path)
    (tmp_path / "keys/secret").write_text("in-a-file\n")
    assert resolve(source, "read_only", tmp_path).secret_key == "in-a-file"


def test_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = CredentialSource(source="environment", access_key="STORE_KEY", secret_key="STORE_SECRET")
    monkeypatch.setenv("STORE_KEY", "AKENV")
    with pytest.raises(UsageError, match="the environment variable STORE_SECRET is not set"):
        resolve(source, "admin", tmp_path)
    monkeypatch.setenv("STORE_SECRET", "from-the-environment")
    assert resolve(source, "admin", tmp_path).secret_key == "from-the-environment"


def test_urls_by_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_url("profile:state", "endpoints.a.url") == "https://state.example:9000"
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://10.0.0.1:9000/")
    assert resolve_url("env:AWS_ENDPOINT_URL_S3", "endpoints.a.url") == "http://10.0.0.1:9000"
    with pytest.raises(UsageError, match=r"endpoints.a.url: .*NO_SUCH is not set"):
        resolve_url("env:NO_SUCH", "endpoints.a.url")
    for bad in ("profile:empty", "ftp://h", "http://", "http://h:port", "http://h/path", "http://a:b@h"):
        with pytest.raises(UsageError, match=r"endpoints\.a\.url"):
            resolve_url(bad, "endpoints.a.url")
