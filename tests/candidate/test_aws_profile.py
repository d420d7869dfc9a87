"""Profiles of the shared AWS configuration that cannot be used: one line that says what to change."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.candidate import aws_profile
from readiness.candidate.credentials import resolve, resolve_url
from readiness.candidate.model import CredentialSource
from readiness.errors import UsageError

pytestmark = pytest.mark.side_by_side

STORE = "[services store]\ns3 =\n  endpoint_url = http://127.0.0.1:19000\n"
KEYS = "aws_access_key_id = AK1\naws_secret_access_key = canary-secret\n"
SSO = "[sso-session corp]\nsso_start_url = https://corp.example/start\nsso_region = eu-north-1\n"


@pytest.fixture(autouse=True)
def nothing_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "credentials").touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def keys(folder: Path, config: str | bytes) -> str:
    """What is said of the profile `state` of this configuration as a credential."""
    (folder / "config").write_bytes(config.encode() if isinstance(config, str) else config)
    with pytest.raises(UsageError) as caught:
        resolve(CredentialSource(source="profile", profile="state"), "admin", folder)
    return one(caught.value, "contract.credentials.admin: ")


def url(folder: Path, config: str) -> str:
    """What is said of the profile `state` of this configuration as an endpoint."""
    (folder / "config").write_text(config)
    with pytest.raises(UsageError) as caught:
        resolve_url("profile:state", "endpoints.one.url")
    return one(caught.value, "endpoints.one.url: ")


def one(error: UsageError, where: str) -> str:
    message = str(error)
    assert message.startswith(where)
    assert "\n" not in message
    assert "canary" not in message
    return message.removeprefix(where)


def process(folder: Path, script: str) -> str:
    path = folder / "helper"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return f"[profile state]\ncredential_process = {path}\n"


@pytest.mark.store
@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            f"{SSO}[profile state]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = a\n",
            "uses SSO (sso_",
        ),
        ("[profile state]\nsso_session = nowhere\n", "uses SSO (sso_session)"),
        ("[profile state]\nsso_start_url = https://x\n", "uses SSO (sso_start_url)"),
        (
            "[profile state]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = base\n",
            "assumes a role (role_arn)",
        ),
        (
            f"[profile state]\nrole_arn = x\ncredential_source = Environment\n{KEYS}",
            "assumes a role (role_arn)",
        ),
        ("[profile state]\nweb_identity_token_file = /x\n", "uses a web identity"),
        (f"[profile state]\n{KEYS}aws_session_token = canary-token\n", "session token"),
        ("[profile state]\naws_access_key_id = AK1\n", "missing: aws_secret_access_key"),
        ("[profile state]\naws_access_key_id =\naws_secret_access_key =\n", "empty access key"),
        ("[profile state]\nregion = eu\n", "holds no access key: give it one"),
        (f"[profile other]\n{KEYS}", 'the shared AWS configuration has no profile "state"; it has other'),
        ("", 'the shared AWS configuration has no profile "state"; it has none'),
        ("[profile state\nregion = x\n", "config cannot be parsed: line 1 is not a [section]"),
        (f"[profile state]\n{KEYS}canary secret\n", "config cannot be parsed: line 4 is neither"),
        (f"[profile state]\n{KEYS}[profile state]\nx = y\n", "line 4: a second section [profile state]"),
        ("[profile state]\nregion = a\nregion = b\n", "line 3: a second region in [profile state]"),
        ("[profile state]\ns3 =\n  canary\n", "an indented line is not name = value"),
        (b"\xff\xfe[\x00", "not text in UTF-8"),
        (
            '[profile state]\ncredential_process = "no-closing',
            "credential_process that cannot be run: No closing",
        ),
        (
            "[profile state]\ncredential_process = /nowhere/helper x\n",
            "No such file or directory: /nowhere/helper",
        ),
    ],
)
def test_a_profile_that_gives_no_permanent_key(tmp_path: Path, config: str | bytes, message: str) -> None:
    assert message in keys(tmp_path, config)


@pytest.mark.store
@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            "echo 'session expired; token=canary-1' >&2; echo more >&2; exit 3",
            "exit status 3: session expired;",
        ),
        ("exit 7", "exit status 7"),
        ("echo canary-2", "does not print one JSON object"),
        ("echo '[]'", "does not print one JSON object"),
        ("echo '{\"Version\": 2}'", "Unsupported version"),
        (
            'echo \'{"Version": 1, "AccessKeyId": "A"}\'',
            "Missing required key in response: 'SecretAccessKey'",
        ),
        (
            'echo \'{"Version": 1, "AccessKeyId":"A", "SecretAccessKey":"canary","Expiration": "2020-01-01T00:00Z"}\'',
            "temporary credentials",
        ),
    ],
)
def test_a_credential_process_that_gives_nothing(tmp_path: Path, script: str, message: str) -> None:
    assert message in keys(tmp_path, process(tmp_path, script))


@pytest.mark.store
def test_a_credential_process_that_does_not_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws_profile, "PROCESS_SECONDS", 0.2)
    assert "did not end within 0.2 s" in keys(tmp_path, process(tmp_path, "exec sleep 600"))


@pytest.mark.store
def test_a_credential_process_that_gives_a_key(tmp_path: Path) -> None:
    message = '{"Version": 1, "AccessKeyId": "AK", "SecretAccessKey": "SK"}'
    (tmp_path / "config").write_text(process(tmp_path, f"echo '{message}'"))
    found = resolve(CredentialSource(source="profile", profile="state"), "admin", tmp_path)
    assert (found.access_key, found.secret_key) == ("AK", "SK")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            "[profile state]\nservices = none-such\n",
            'the services section "none-such", which the configuration does',
        ),
        (
            "[profile state]\nservices = x\n[services x]\ns3 = https://h\n",
            'section "x", whose s3 is not a block',
        ),
        (f"[profile state]\nregion = x\n{STORE}", "has no endpoint_url, neither for s3 nor overall: add one"),
        ("[profile state]\nendpoint_url = http://127.0.0.1:1/s3/\n", "must end after host and port"),
        ("[profile state]\nendpoint_url = http://[::1\n", "is not an http or https URL"),
        ("[profile state]\nendpoint_url = http://u:canary@h\n", "must not hold a credential"),
        ("[profile state]\nendpoint_url = ftp://h\n", "is not an http or https URL"),
        ("[profile state]\nendpoint_url = http://h:0x50\n", "is not an http or https URL"),
        ("[profile state\nendpoint_url = http://h\n", "cannot be parsed: line 1"),
    ],
)
def test_a_profile_that_names_no_endpoint(tmp_path: Path, config: str, message: str) -> None:
    assert message in url(tmp_path, config)


def test_an_endpoint_of_a_profile_with_sso_is_read_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "config").write_text(f"{SSO}{STORE}[profile state]\nsso_session = corp\nservices = store\n")
    assert resolve_url("profile:state", "x") == "http://127.0.0.1:19000"


def test_a_configuration_file_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "moved"))
    with pytest.raises(UsageError, match=r"AWS_CONFIG_FILE names .*/moved, but there is no such file"):
        resolve(CredentialSource(source="profile", profile="state"), "admin", tmp_path)
