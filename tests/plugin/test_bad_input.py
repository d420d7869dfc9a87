"""Bad input: one clear message, exit code 4, nothing written; and a report of an earlier run stands for nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from readiness import paths
from readiness.candidate.load import load
from readiness.cli import run as main
from readiness.errors import UsageError
from readiness.paths import CANDIDATES
from tests.plugin.runs import one_clear_message, run
from tests.plugin.test_endings import READY
from tests.plugin.test_junit import failing, properties, read

pytestmark = pytest.mark.side_by_side

EMBEDDED = (CANDIDATES / "embedded.toml").read_text()


def changed(tmp_path: Path, old: str, new: str) -> Path:
    """The embedded candidate with that change."""
    assert EMBEDDED.count(old) == 1
    path = tmp_path / "changed.toml"
    path.write_text(EMBEDDED.replace(old, new))
    return path


def refusal(path: Path | str) -> str:
    with pytest.raises(UsageError) as caught:
        load(str(path))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.store
def test_unknown_candidate(tmp_path: Path) -> None:
    place = tmp_path / "run"
    ran = run(place, "--candidate", "embeded")
    one_clear_message(ran, 'unknown candidate "embeded"', 'did you mean "embedded"?', "singleton")
    assert not ran.junit.exists()


def test_candidate_file_that_is_not_there() -> None:
    assert "does not exist" in refusal("/nowhere/x.toml")
    assert 'unknown candidate "zzz": known:' in refusal("zzz")


@pytest.mark.store
def test_misspelt_field_is_named_with_the_nearest(tmp_path: Path) -> None:
    path = changed(tmp_path, "rotation_owner =", "rotation_onwer =")
    message = (
        'unknown field "contract.credentials.rotation_onwer", did you mean "rotation_owner"?',
        str(path),
    )
    for part in (*message, 'missing field "contract.credentials.rotation_owner"'):
        assert part in refusal(path)
    one_clear_message(run(tmp_path / "run", "--candidate", str(path)), *message)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('summary = "', '# summary = "', 'missing field "summary"'),
        ('class = "dedicated-ha"', 'class = "ha"', 'field "class"'),
        ("restart = 6,", "restrat = 4,", 'field "contract.failure.rto_seconds'),
        ("restart = 6,", "restart = 0,", 'field "contract.failure.rto_seconds.restart"'),
        ("restart = 6,", 'restart = "soon",', 'field "contract.failure.rto_seconds.restart"'),
        ("[boundary]", "[boundery]", 'unknown field "boundery", did you mean "boundary"?'),
        (
            'admin = { source = "generated" }',
            'admin = { source = "environment" }',
            "needs access_key and secret_key",
        ),
        ("schema = 1", "schema = 2", 'field "schema"'),
        (
            "[boundary]",
            '[expected_red]\n"P1.99" = "TIN-1"\n[boundary]',
            'expected_red names the unknown criterion "P1.99", did you mean "P1.9"?',
        ),
        (
            "[boundary]",
            '[declared_not_run]\n"P1.99" = "TIN-1"\n[boundary]',
            'declared_not_run names the unknown criterion "P1.99", did you mean "P1.9"?',
        ),
        (
            "[boundary]",
            '[declared_not_run]\n"P1.6" = "TIN-1"\n[boundary]',
            "which can be run everywhere; remove it (only P1.22, P1.23, P1.24, P1.25, P1.26, P1.27, P2.13, P2.14",
        ),
        ('disks = "auto"', 'disks = "folders"\nsynchronous = true', "synchronous is for nodes with disks"),
        ("schema = 1", "schema = ", "is not valid TOML"),
    ],
)
def test_what_is_wrong_with_a_candidate_file_is_said(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert message in refusal(changed(tmp_path, old, new))


def test_a_candidate_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xff\xfe\x00")
    assert "is not valid TOML" in refusal(path)
    assert "does not exist" in refusal(f"{tmp_path}/")


@pytest.mark.store
@pytest.mark.parametrize("option", ["--stacks", "--plans", "--evidence"])
def test_what_is_named_must_be_a_folder(tmp_path: Path, option: str) -> None:
    one_clear_message(run(tmp_path, option, str(tmp_path / "nowhere")), option, "no such folder")


@pytest.mark.store
@pytest.mark.parametrize(
    ("arguments", "env", "message"),
    [
        (("--tofu", "/nowhere/tofu"), {}, "--tofu /nowhere/tofu: no such file"),
        (("-m", "phase0", "--tofu", "/bin/true"), {}, "cannot be used as tofu: it is not OpenTofu"),
        (("-m", "phase2"), {"READINESS_TOFU": "/bin/true"}, "Change or remove READINESS_TOFU"),
    ],
)
def test_no_tofu(tmp_path: Path, arguments: tuple[str, ...], env: dict[str, str], message: str) -> None:
    place = tmp_path / "run"
    place.mkdir()
    (place / "junit.xml").write_text(READY)
    ran = run(place, *arguments, env=env)
    one_clear_message(ran, message)
    assert failing(read(ran.junit)), "the report of an earlier run must not stand"
    assert properties(read(ran.junit))["verdict"] == "NOT JUDGED"
    assert not list((place / "tmp").iterdir())


def test_a_command_line_that_pytest_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = tmp_path / "junit.xml"
    report.write_text(READY)
    monkeypatch.setattr(paths, "junit", lambda: report)
    monkeypatch.setattr("pytest.main", lambda _arguments: 4)
    assert main.main(["--candidat", "x"]) == 4
    assert failing(read(report))


def test_a_candidate_is_the_same_whatever_its_comments(tmp_path: Path) -> None:
    shutil.copytree(CANDIDATES / "alerts", tmp_path / "alerts")  # what a file refers to is part of it
    path = tmp_path / "embedded.toml"
    path.write_text("# a comment\n" + EMBEDDED.replace("\n[boundary]", "\n\n\n[boundary]"))
    assert load(str(path)).fingerprint == load("embedded").fingerprint
    path.write_text(EMBEDDED.replace("silence = 5", "silence = 6"))
    assert load(str(path)).fingerprint != load("embedded").fingerprint


def test_every_candidate_that_comes_along_is_valid(tmp_path: Path) -> None:
    for path in CANDIDATES.glob("*.toml"):
        assert load(str(path)).candidate.name
    shutil.copy(CANDIDATES / "embedded.toml", tmp_path / "mine.toml")
    assert load("mine", folder=tmp_path).path == tmp_path / "mine.toml"
