"""A candidate file proposed from nothing but endpoints."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.candidate.load import load
from readiness.cli import declare

URLS = ["--endpoint", "https://bumble.example:9000", "--endpoint", "https://honey.example:9000"]


def _unreachable(*_: object) -> None:
    raise AssertionError("a connection was made")


def test_the_file_loads_and_nothing_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("socket.socket.connect", _unreachable)
    (tmp_path / "aws").write_text("[state]\naws_access_key_id = AK\naws_secret_access_key = a-secret-of-it\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "aws"))
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    assert (
        declare.main([*URLS, "--profile", "state", "--region", "eu-north-1", "--addressing", "virtual"]) == 0
    )
    text = capsys.readouterr().out
    (tmp_path / "mine.toml").write_text(text, "utf-8")
    candidate = load(str(tmp_path / "mine.toml")).candidate
    assert [(e.node, e.url) for e in candidate.endpoints] == [
        ("bumble.example", "https://bumble.example:9000"),
        ("honey.example", "https://honey.example:9000"),
    ]
    assert (candidate.s3.region, candidate.s3.addressing) == ("eu-north-1", "virtual")
    assert candidate.candidate_class == "singleton"
    assert candidate.contract.credentials.admin.profile == "state"
    assert "a-secret-of-it" not in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--endpoint", "bumble:9000"], "is not an http or https URL"),
        (["--endpoint", "http://a", "--endpoint", "http://a/"], "http://a is given twice"),
        (["--profile", "state"], "nothing is given"),
    ],
)
def test_bad_input_is_one_message(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert declare.main(arguments) == 4
    printed = capsys.readouterr()
    assert message in printed.err
    assert not printed.out
