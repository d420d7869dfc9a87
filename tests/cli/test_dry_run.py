"""A dry run of each provider: what a run would find and do, from the candidate file, without asking anybody."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from readiness.cli.dry_run import dry_run
from readiness.errors import EXIT_USAGE
from readiness.paths import ROOT

EXAMPLE = ROOT / "candidates" / "examples" / "bare-metal.toml"


def _unreachable(*_: object) -> None:
    raise AssertionError("something was asked or started")


@pytest.fixture
def bare_metal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example, with keys, in a folder that has what it names."""
    monkeypatch.setattr("socket.socket.connect", _unreachable)
    monkeypatch.setattr("subprocess.Popen", _unreachable)
    keys = tmp_path / "aws"
    keys.write_text(
        "".join(
            f"[{name}]\naws_access_key_id = AK\naws_secret_access_key = a-secret-of-it\n"
            for name in ("state-admin", "state-reader")
        )
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(keys))
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    shutil.copytree(EXAMPLE.parent / "alerts", tmp_path / "alerts")
    (tmp_path / "ca.pem").write_text("")
    path = tmp_path / "mine.toml"
    path.write_text(EXAMPLE.read_text("utf-8"), "utf-8")
    return path


def lines(capsys: pytest.CaptureFixture[str], path: Path | str) -> list[str]:
    assert dry_run(str(path)) == 0, capsys.readouterr().err
    return capsys.readouterr().out.splitlines()


def test_a_missing_ca_is_one_message_that_says_what_to_do(
    bare_metal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (bare_metal.parent / "ca.pem").unlink()
    assert dry_run(str(bare_metal)) == EXIT_USAGE
    (line,) = capsys.readouterr().err.splitlines()
    assert (
        f"s3.ca_bundle names {bare_metal.parent}/ca.pem, but there is no such file: put the certificate of"
        in line
    )
    assert "or remove the line if a public CA did" in line


def test_commands_are_shown_with_what_undoes_them(
    bare_metal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = lines(capsys, bare_metal)
    assert "  endpoint bumble: https://bumble.example:9000 on bumble, instance store-bumble" in found
    assert "  service endpoint: https://state.example:9000" in found
    freeze, thaw = (f"ssh honey 'sudo systemctl {verb} store'" for verb in ("freeze", "thaw"))
    assert f"  freeze store-honey: {freeze}   undone by: {thaw}" in found
    assert (
        "  drain sting: ssh sting 'sudo systemctl stop store'   undone by: ssh sting 'sudo systemctl unmask --runtime "
        "store; sudo systemctl start store'" in found
    )
    assert any(line.startswith("  power_off bumble: ipmitool") for line in found)
    order = [
        next(number for number, line in enumerate(found) if line.startswith(f"  {verb} "))
        for verb in ("restart", "kill", "freeze", "drain", "unplug")
    ]
    assert order == sorted(order)


def test_what_is_not_possible_is_said_with_its_reason(
    bare_metal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = bare_metal.read_text("utf-8")
    text = re.sub(r"^(pause|unplug) = ", r"# \g<0>", text, flags=re.MULTILINE)
    text = re.sub(r"^(upgrade|version|from|to) = .*$|^\[upgrade\]$", "", text, flags=re.MULTILINE)
    bare_metal.write_text(text, "utf-8")
    found = lines(capsys, bare_metal)
    impossible = found[found.index("not possible, so that criteria that need it are NOT RUN:") :]
    assert any("no pause command of instance store-bumble (and 2 more)" in line for line in impossible)
    assert any("no unplug command of node bumble (and 2 more)" in line for line in impossible)
    assert any("no limp command of node bumble" in line for line in impossible)
    assert any("upgrade: the candidate file has no [upgrade]" in line for line in impossible)
    assert not any(line.startswith("  repair ") for line in found), "this store repairs itself"
    assert not [line for line in found if line.startswith(("  freeze ", "  unplug store"))]
    assert "a-secret-of-it" not in "\n".join(found)


def test_a_program_that_is_not_there_is_named(
    bare_metal: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    found = lines(capsys, bare_metal)
    assert 'nodes.bumble.power_off: there is no program "ipmitool": a run would end with exit code 4' in found


def test_a_reference_that_leads_nowhere_is_one_message_and_exit_code_4(
    bare_metal: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    assert dry_run(str(bare_metal)) == 4
    printed = capsys.readouterr()
    (line,) = printed.err.splitlines()
    assert "state-admin" in line
    assert not printed.out


@pytest.mark.parametrize(
    ("candidate", "says"),
    [
        ("embedded", "  control on this machine, on nodes bumble, honey, sting"),
        ("containers", "  container control of env:READINESS_CONTROL_IMAGE on nodes bumble, honey, sting"),
    ],
)
def test_what_the_suite_would_start_is_named_and_not_started(
    candidate: str, says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subprocess.Popen", _unreachable)
    found = lines(capsys, candidate)
    assert says in found
    assert "nothing was started" in found[0]


def test_the_order_is_that_of_the_run_with_the_times_that_are_promised(
    bare_metal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = bare_metal.read_text("utf-8")
    rto = "rto_seconds = { restart = 5, drain = 5, crash = 5, silence = 20 }"
    assert rto in text
    found = lines(capsys, bare_metal)
    assert "    P1.5: drain:bumble, drain:honey, drain:sting (at least 21 s)" in found
    assert "    P1.4: restart:store-sting (at least 2 s)" in found
    assert any(line.startswith("    P1.24: split:bumble, split:honey, split:sting") for line in found)
    assert any(line.startswith("    P1.27: rolling-upgrade") for line in found)
    phases = [line for line in found if line.startswith("  phase ")]
    assert [line[:9] for line in phases] == [f"  phase {number}" for number in range(5)]
    bare_metal.write_text(text.replace(rto, rto.replace("drain = 5", "drain = 15")), "utf-8")
    assert "    P1.5: drain:bumble, drain:honey, drain:sting (at least 51 s)" in lines(capsys, bare_metal)


def test_a_single_node_is_played_what_one_node_can_show(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subprocess.Popen", _unreachable)
    text = "\n".join(lines(capsys, "singleton"))
    assert "P1.5: drain:bumble (at least" in text
    assert "split:" not in text
    assert "two-lost" not in text
    assert "P1.27" not in text, "it is not promised"
