"""What is shaped like a credential is cleaned, whatever its case, also when nobody named it as a secret."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.redact import _PATTERNS, Redactor, _removed, one_line, redact, secrets_of_environment

CANARY = "Canary7Of9Quiet"
PIECES = (
    *("https", "://", "me:", f"{CANARY}", "@host", "X-Amz-", "Signature", "credential", "security-token"),
    *("authorization", "Bearer ", "basic ", "set-cookie", "-----BEGIN RSA PRIVATE KEY-----", "eyJ.a.b"),
    *("AKIA", "ASIA", "0123456789ABCDEF", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-"),
    *("gldt-", "glrt-", "glcbt-", "hvs.", "hvb.", "xoxb-", "xoxp-", "AGE-SECRET-KEY-", "a" * 24, "secret"),
    *("passwd", "password", "passphrase", "token", "private_key", "access-key", "key_data", "api_key"),
    *("apikey", "encryption-key", "=", ": ", "%3D", '"', "'", "\\", "[", " ", "\n", "expired"),
)


@pytest.mark.parametrize(
    "text",
    [
        f"https://{CANARY}:x@gitlab.example/api",
        f"postgres://state:{CANARY}@db.example:5432/tofu",
        f"PRIVATE-TOKEN: {CANARY}",
        f"curl -H 'private-token: {CANARY}'",
        f'headers = {{ "Private-Token" = "{CANARY}" }}',
        f"Authorization: Bearer {CANARY}",
        f"AUTHORIZATION: Basic {CANARY}",
        f"proxy-authorization: {CANARY}",
        f"authorization: Custom {CANARY}",
        f"the header says bearer {CANARY}",
        f"Set-Cookie: session={CANARY}",
        f'client_private_key_pem = "{CANARY}"',
        f"CLIENT_PRIVATE_KEY_PEM = '{CANARY}'",
        f"-----BEGIN EC PRIVATE KEY-----\n{CANARY}\n-----END EC PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{CANARY}",
        f"AWS_SECRET_ACCESS_KEY={CANARY}",
        f"aws_secret_access_key = {CANARY}",
        f"export Tf_Http_Password='{CANARY}'",
        f'password = "two words {CANARY}"',
        f'password: "not closed {CANARY}',
        f"op: session expired; token={CANARY}",
        f"passphrase: {CANARY}",
        f"encryption_key={CANARY}",
        f"X-Amz-Security-Token={CANARY}&x=1",
        f"security-token%3D{CANARY}",
        f"X-Amz-Signature={CANARY}",
        f"X-Amz-Credential={CANARY}/20261124/us-east-1/s3/aws4_request",
        f"glpat-{CANARY}0123456789",
        f"ghp_{CANARY}0123456789",
        f"hvs.{CANARY}0123456789",
        f"hvb.{CANARY}0123456789",
        f"xoxb-{CANARY}",
        f"AGE-SECRET-KEY-{CANARY}0123456789",
        f"eyJhbGciOiJub25lIn0.{CANARY}.sig",
        json.dumps({"password": f'with "quotes" {CANARY}'}),
        json.dumps({"said": json.dumps({"client_secret": CANARY, "n": 1})}),
    ],
)
def test_a_known_shape_is_removed_though_nobody_named_it(text: str) -> None:
    cleaned = Redactor().clean(text)
    assert CANARY not in cleaned
    assert Redactor().clean(cleaned) == cleaned
    assert redact(text, ()) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "https://s3.state.example:9000 does not answer",
        'contract.credentials.admin: source = "environment" needs access_key and secret_key',
        "HTTP 403 InvalidAccessKeyId: the key is unknown",
        "no bearer token was given",
        "mail ops@example.org",
        json.dumps({"secret_key": None, "token": 3, "password": True}),
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor().clean(text) == text


@pytest.mark.parametrize("prefix", ["AKIA", "ASIA"])
def test_an_access_key_of_aws_is_removed_wherever_it_stands(prefix: str) -> None:
    assert Redactor().clean(f"user {prefix}0123456789ABCDEF.") == "user [removed]."


@given(
    st.lists(
        st.sampled_from(PIECES).flatmap(lambda piece: st.sampled_from([piece, piece.upper()])), max_size=8
    )
)
def test_a_pattern_is_passed_over_only_where_it_matches_nothing(pieces: list[str]) -> None:
    text = expected = "".join(pieces)
    for _, pattern in _PATTERNS:
        expected = pattern.sub(_removed, expected)
    assert Redactor().clean(text) == expected


def test_a_character_that_only_matches_without_case_hides_no_secret() -> None:
    assert CANARY not in Redactor().clean(f"\u017fecret={CANARY}")


def test_json_stays_json() -> None:
    given = {"a": 'x "password": "p q" y', "token": [1, {"Authorization": "Bearer abcdefgh1"}], "n": None}
    assert json.loads(Redactor().clean(json.dumps(given)))["n"] is None
    assert json.loads(Redactor().clean(json.dumps({"a": json.dumps(given)})))


def test_a_registered_secret_is_found_in_every_spelling() -> None:
    secret = 'p/q+r "s" ü'
    redactor = Redactor([secret])
    for spelled in ('p/q+r "s" ü', "p%2Fq%2Br%20%22s%22%20%C3%BC", "p%2Fq%2Br+%22s%22+%C3%BC"):
        assert redactor.clean(f"<{spelled}>") == "<[secret]>"
    assert redactor.clean(json.dumps(secret)) == '"[secret]"'
    assert redactor.clean(json.dumps(secret, ensure_ascii=False)) == '"[secret]"'
    assert "cC9xK3IgInMi" not in redactor.clean("data: cC9xK3IgInMiIMO8")


def test_values_are_cleaned_also_where_only_the_key_says_that_they_are_secret() -> None:
    cleaned = Redactor().clean_value(
        {"client_private_key_pem": CANARY, "list": [{"Private-Token": CANARY}], "token_count": 5}
    )
    assert CANARY not in json.dumps(cleaned)
    assert cleaned["token_count"] == 5


def test_a_reference_to_a_secret_is_kept() -> None:
    message = {"access_key": "READINESS_ACCESS", "secret_key": "READINESS_SECRET", "password_file": "/run/x"}
    assert Redactor().clean_value(message) == message


def test_the_environment_names_secrets() -> None:
    found = secrets_of_environment(
        {
            "AWS_SECRET_ACCESS_KEY": "the-secret-key",
            "AWS_ACCESS_KEY_ID": "AKOPERATOR",
            "tf_http_password": "lower-case-too",
            "HTTPS_PROXY": "socks5h://operator:pa%40ssword@127.0.0.1:1080",
            "TOKEN": "1",
            "AWS_WEB_IDENTITY_TOKEN_FILE": "/run/token-file",
            "SECRETS_DIR": "/run/secrets-dir",
            "MY_TOKEN": "/",
            "PATH": "/usr/bin:/bin",
        }
    )
    assert sorted(found) == [
        "AKOPERATOR",
        "lower-case-too",
        "operator",
        "pa%40ssword",
        "pa@ssword",
        "the-secret-key",
    ]


def test_one_line_is_one_line_and_redacted() -> None:
    assert one_line(f"a\n  token={CANARY}\n\tb") == "a token=[removed] b"
    assert len(one_line("word " * 100)) == 300
