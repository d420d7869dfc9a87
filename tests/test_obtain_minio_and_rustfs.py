"""Where minio and rustfs come from. Nothing is compiled: `go` and `cargo` are small scripts that note their calls."""

from pathlib import Path

import pytest

from readiness.errors import UsageError
from readiness.obtain import minio, minio_of_machine, rustfs, rustfs_of_machine
from readiness.obtain.__main__ import OBTAIN, main
from readiness.obtain.minio import pinned_version
from tests.support.scripts import Script, noted, scripts

pytestmark = [pytest.mark.store, pytest.mark.side_by_side]

GO = """
[ "$1" = version ] && { echo "go version go1.99.0 linux/amd64"; exit; }
echo "$@" >> "$TRACE/go"
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\necho "minio version built"\\n' > "$2"
chmod +x "$2"
"""
CARGO = """
[ "$1" = --version ] && { echo "cargo 1.95.0 (abc 2026-01-01)"; exit; }
[ "$2" = --version ] && { echo "cargo $NIGHTLY-nightly (abc 2026-05-19)"; exit; }
echo "$@" >> "$TRACE/cargo"
while [ "$1" != --root ]; do shift; done
mkdir -p "$2/bin" "$4"
[ -e "$TRACE/fail" ] && { touch "$4/compiled"; exit 1; }
touch "$2/bin/rustfs"
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Writes a script into the folder that is first on PATH, on a machine with an empty cache."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("READINESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TRACE", str(tmp_path))
    monkeypatch.setenv("NIGHTLY", "1.97.0")
    for name in ("READINESS_MINIO", "READINESS_RUSTFS", "PROTOC"):
        monkeypatch.delenv(name, raising=False)

    return scripts(tmp_path)


def test_minio_is_built_once_and_says_its_commit(tmp_path: Path, script: Script) -> None:
    script("go", GO)
    assert minio_of_machine() is None
    built = minio()
    assert minio() == minio_of_machine() == built
    (call,) = noted(tmp_path / "go")
    moment, commit = pinned_version()
    assert f"-X github.com/minio/minio/cmd.Version={moment} " in call
    assert f"cmd.CommitID={commit} " in call
    assert call.endswith(" github.com/minio/minio")


def test_a_minio_that_is_there_needs_no_build(
    script: Script, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = script("minio", "echo a client")
    assert minio_of_machine() is None
    assert f"{other} is not used: it is not a MinIO server" in capsys.readouterr().err
    on_path = script("minio", "echo minio version 1")
    assert minio() == on_path
    named = script("minio-of-mine", "echo minio version 2")
    monkeypatch.setenv("READINESS_MINIO", str(named))
    assert minio() == named
    monkeypatch.setenv("READINESS_MINIO", str(named.parent / "absent"))
    with pytest.raises(UsageError, match="Change or remove READINESS_MINIO"):
        minio()


def test_a_run_never_builds_rustfs_and_the_recipe_says_how_long_it_takes(
    tmp_path: Path, script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    script("cargo", CARGO)
    script("protoc", "")
    assert not {"minio", "rustfs"} & set(OBTAIN)
    with pytest.raises(
        UsageError, match=r"python -m readiness\.obtain rustfs builds it once \(an hour to two on two cores"
    ):
        rustfs()
    assert not noted(tmp_path / "cargo")
    assert [main(["rustfs"]), main(["rustfs"])] == [0, 0]
    assert "building rustfs 1.0.1: an hour to two" in capsys.readouterr().err
    (call,) = noted(tmp_path / "cargo")
    assert call.startswith("+nightly install rustfs --version =1.0.1 --locked ")
    assert "--no-default-features --ignore-rust-version " in call
    assert rustfs() == rustfs_of_machine() == tmp_path / "cache" / "rustfs-1.0.1-release" / "bin" / "rustfs"
    assert not (tmp_path / "cache" / "building-rustfs").exists()


def test_an_interrupted_build_of_rustfs_keeps_what_is_compiled(tmp_path: Path, script: Script) -> None:
    script("cargo", CARGO)
    script("protoc", "")
    (tmp_path / "fail").touch()
    assert main(["rustfs"]) == 4
    assert [path.name for path in (tmp_path / "cache" / "building-rustfs").iterdir()] == ["compiled"]
    assert rustfs_of_machine() is None


@pytest.mark.parametrize(
    ("scripts", "nightly", "message"),
    [
        (("protoc",), "1.97.0", "put cargo on PATH"),
        (("cargo",), "1.97.0", "install Debian's protobuf-compiler"),
        (("cargo", "protoc"), "1.96.0", "needs Rust 1.98.1, or a nightly of 1.97"),
    ],
)
def test_what_the_build_of_rustfs_lacks_is_said(
    scripts: tuple[str, ...],
    nightly: str,
    message: str,
    tmp_path: Path,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in scripts:
        script(name, CARGO if name == "cargo" else "")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{only_shell(tmp_path)}")
    monkeypatch.setenv("NIGHTLY", nightly)
    assert main(["rustfs"]) == 4
    assert message in capsys.readouterr().err


def only_shell(folder: Path) -> Path:
    """A folder of PATH with what the scripts need and no compiler."""
    place = folder / "shell"
    place.mkdir()
    for name in ("sh", "mkdir", "touch"):
        (place / name).symlink_to(Path("/bin") / name)
    return place
