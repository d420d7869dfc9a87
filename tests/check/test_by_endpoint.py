"""A store of which only the endpoints are known, as a candidate; and what is refused before anything is asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from readiness.candidate.by_endpoint import Known, by_endpoint
from readiness.cli import check, clean
from readiness.providers.commands.resolved import ResolvedCandidate
from readiness.undo.lock import keys_of

KEYS = {"AWS_ACCESS_KEY_ID": "AKCHECK", "AWS_SECRET_ACCESS_KEY": "a-secret-of-the-check"}
URLS = ("http://bumble.example:9000", "https://honey.example")


@pytest.fixture(autouse=True)
def _nobody_s_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*KEYS, "AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "config").write_text(
        "[profile honey]\nregion = eu-north-1\naws_access_key_id = AKHONEY\naws_secret_access_key = hidden\n"
        "[profile role]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = honey\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)


def set_keys(monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    for name, value in (KEYS | more).items():
        monkeypatch.setenv(name, value)


def test_each_endpoint_is_an_instance_of_its_own_that_nothing_can_be_done_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_keys(monkeypatch)
    resolved = ResolvedCandidate(by_endpoint(Known(URLS)))
    assert [e.url for e in resolved.topology.endpoints] == list(URLS)
    assert [e.name for e in resolved.topology.endpoints] == ["bumble.example-9000", "honey.example"]
    assert len(resolved.topology.nodes) == len(resolved.topology.instances) == 2
    assert resolved.topology.service is None
    assert list(resolved.all_commands()) == []
    assert resolved.keys["admin"].access_key == "AKCHECK"


def test_it_promises_nothing_and_is_known_by_its_endpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    set_keys(monkeypatch)
    loaded = by_endpoint(Known(URLS))
    contract = loaded.candidate.contract
    assert not contract.failure.rto_seconds
    assert contract.durability.backup_command is None
    assert loaded.promises.versioning
    assert not by_endpoint(Known(URLS, versioning=False)).promises.versioning
    assert {"endpoint bumble.example:9000", "endpoint honey.example:443"} <= set(keys_of(loaded))
    assert loaded.fingerprint != by_endpoint(Known(URLS[:1])).fingerprint
    assert "a-secret-of-the-check" not in repr(loaded)


@pytest.mark.parametrize(
    ("given", "environ", "region"),
    [
        (Known(URLS), KEYS, "us-east-1"),
        (Known(URLS), KEYS | {"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        (Known(URLS, region="here"), KEYS | {"AWS_REGION": "eu-west-1"}, "here"),
        (Known(URLS, profile="honey"), {}, "eu-north-1"),
        (Known(URLS), {"AWS_PROFILE": "honey"}, "eu-north-1"),
    ],
)
def test_the_region_is_that_of_the_option_the_environment_or_the_profile(
    monkeypatch: pytest.MonkeyPatch, given: Known, environ: Mapping[str, str], region: str
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert by_endpoint(given).candidate.s3.region == region


def test_a_named_profile_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    set_keys(monkeypatch)
    loaded = by_endpoint(Known(URLS, profile="honey"))
    assert ResolvedCandidate(loaded).keys["admin"].access_key == "AKHONEY"


@pytest.mark.parametrize(
    ("arguments", "environ", "message"),
    [
        ([], KEYS, "name each endpoint of the store with --endpoint URL"),
        (["--endpoint", "bumble:9000"], KEYS, '--endpoint: "bumble:9000" is not an http or https URL'),
        (["--endpoint", "http://a/bucket"], KEYS, "must end after host and port"),
        (["--endpoint", "http://me:a-secret-of-the-check@a"], KEYS, "a URL must not hold a credential"),
        (["--endpoint", "http://a", "--endpoint", "http://a/"], KEYS, "http://a is given twice"),
        (["--endpoint", "http://a"], {}, "no credential: give --profile P, or export AWS_ACCESS_KEY_ID"),
        (["--endpoint", "http://a", "--profile", "hony"], KEYS, '--profile: the shared AWS configuration has no'),
        (["--endpoint", "http://a", "--profile", "role"], KEYS, 'profile "role" assumes a role'),
        (["--endpoint", "http://a"], KEYS | {"AWS_SESSION_TOKEN": "t"}, "the credential is a temporary one"),
        (["--endpoint", "http://a", "--ca-bundle", "none.pem"], KEYS, "--ca-bundle none.pem: no such file"),
        (["--endpoint", "http://a", "--bucket", "a/b"], KEYS, '--bucket: "a/b" is not the name of a bucket'),
        (["--endpoint", "http://a", "--bucket", "x"], KEYS, '--bucket: "x" is not the name of a bucket'),
        (["--endpoint", "http://a", "--bucket", "tofu-ha-scratch-1"], KEYS, "is called as scratch of runs is"),
    ],
)  # fmt: skip
def test_bad_input_is_one_message_and_exit_code_4(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    arguments: list[str],
    environ: Mapping[str, str],
    message: str,
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert check.main([*arguments, "--runs", str(tmp_path / "runs")]) == 4
    printed = capsys.readouterr()
    (line,) = printed.err.splitlines()
    assert line.startswith("ERROR: ")
    assert message in line
    assert "a-secret-of-the-check" not in line
    assert not printed.out
    assert not (tmp_path / "runs").exists()


def test_a_misspelt_option_is_one_message_and_exit_code_4(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        check.main(["--endpont", "http://a"])
    assert ended.value.code == 4
    assert capsys.readouterr().err == "ERROR: unrecognized arguments: --endpont http://a\n"


@pytest.mark.parametrize("watched", [True, False])
def test_what_endpoints_answer_is_shown_where_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, watched: bool
) -> None:
    set_keys(monkeypatch)
    asked: list[list[str]] = []

    def note(arguments: list[str], **_: object) -> int:
        asked.append(arguments)
        return 0

    monkeypatch.setattr("pytest.main", note)
    assert check.main(["--endpoint", "http://a", *(["--watch"] if watched else [])]) == 0
    (arguments,) = asked
    assert ("--watch" in arguments) is watched


def test_a_bucket_of_a_candidate_s_own_is_not_cleaned(capsys: pytest.CaptureFixture[str]) -> None:
    assert clean.main(["--candidate", "singleton", "--bucket", "mine"]) == 4
    assert "--bucket goes with --endpoint" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--candidate", "lab", "--endpoint", "http://a"]])
def test_clean_is_told_of_one_store(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert clean.main(arguments) == 4
    assert "either with --candidate NAME|PATH or with --endpoint URL" in capsys.readouterr().err


def test_a_dry_run_says_what_would_be_asked_and_asks_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    set_keys(monkeypatch)
    monkeypatch.setattr("socket.socket.connect", _unreachable)
    arguments = ["--endpoint", URLS[0], "--endpoint", URLS[1], "--plain", "--dry-run"]
    assert check.main([*arguments, "--runs", str(tmp_path / "runs")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [f"asked: {url}" for url in URLS]
    assert "  P1.12 If-Match refuses a stale ETag and does not create" in lines
    assert any(
        line.startswith("  P1.11 ") and line.endswith("(as far as no fault is needed)") for line in lines
    )
    assert any(line.startswith("  P1.15: backup_command") for line in lines)
    assert "a-secret-of-the-check" not in "\n".join(lines)
    assert not (tmp_path / "runs").exists()


def test_a_dry_run_with_a_bucket_says_that_all_is_below_a_prefix_of_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    set_keys(monkeypatch)
    monkeypatch.setattr("socket.socket.connect", _unreachable)
    arguments = [
        "--endpoint",
        URLS[0],
        "--bucket",
        "tofu-scratch",
        "--dry-run",
        "--runs",
        str(tmp_path / "runs"),
    ]
    assert check.main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    (written,) = [line for line in lines if line.startswith("written: ")]
    assert "below tofu-scratch/tofu-ha-scratch-… alone" in written
    assert "which must keep versions" in written
    asked = lines[lines.index("asked for:") : lines.index("not asked, and what it needs:")]
    assert not [line for line in asked if line.startswith(("  P1.1 ", "  P1.2 "))]
    assert "  P1.1, P1.2: a credential that may make buckets, and no --bucket" in lines


def _unreachable(*_: object) -> None:
    raise AssertionError("a connection was made")


@pytest.mark.parametrize(
    ("message", "explained"),
    [
        ("refuses the credential of contract.credentials.admin: HTTP 403", "refuses the credential: HTTP 403"),
        ("contract.credentials.admin: the environment variable X", "the credential: the environment variable X"),
        ("s3.ca_bundle: /x holds no PEM certificate", "--ca-bundle: /x holds no PEM certificate"),
        ('of the signature: s3.region = "eu"', 'of the signature: --region is "eu"'),
    ],
)  # fmt: skip
def test_messages_name_options_where_there_is_no_file(
    monkeypatch: pytest.MonkeyPatch, message: str, explained: str
) -> None:
    set_keys(monkeypatch)
    assert check.Check(by_endpoint(Known(URLS)), "", ()).explained(message) == explained
