"""Where Ceph comes from. Nothing is downloaded: `mmdebstrap` and `apt-get` are small scripts that note their calls."""

from pathlib import Path

import pytest

from readiness.errors import UsageError
from readiness.obtain import ceph as obtain_ceph
from readiness.obtain import ceph_packages
from readiness.obtain.__main__ import OBTAIN, STORES, main
from tests.support.scripts import Script, noted, scripts

pytestmark = [pytest.mark.store, pytest.mark.side_by_side]

MMDEBSTRAP = """
echo "$@" >> "$TRACE/calls"
[ -e "$TRACE/fail" ] && { echo "the signature is not valid" >&2; exit 1; }
while [ $# -gt 2 ]; do shift; done
mkdir -p "$1/usr/bin"
[ -e "$TRACE/empty" ] || { touch "$1/usr/bin/ceph-osd"; chmod +x "$1/usr/bin/ceph-osd"; }
"""
APT_GET = """
echo "http://mirror.example/security/ Debian-Security"
echo "http://mirror.example/debian/ Debian"
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Writes a script into the folder that is first on PATH, on root's machine with an empty cache."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("READINESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TRACE", str(tmp_path))
    keyring = tmp_path / "debian-archive-keyring.gpg"
    keyring.touch()
    monkeypatch.setattr(ceph_packages, "KEYRINGS", (keyring,))
    monkeypatch.setattr("readiness.obtain.ceph_packages.os.geteuid", lambda: 0)
    for name in ("READINESS_CEPH", "READINESS_CEPH_SUITE", "READINESS_DEBIAN_MIRROR"):
        monkeypatch.delenv(name, raising=False)

    return scripts(tmp_path)


def test_it_is_made_once_from_the_machines_mirror_and_verified(tmp_path: Path, script: Script) -> None:
    script("mmdebstrap", MMDEBSTRAP)
    script("apt-get", APT_GET)
    assert "ceph" in STORES
    assert "ceph" not in OBTAIN
    assert [main(["ceph"]), main(["ceph"])] == [0, 0]
    (call,) = noted(tmp_path / "calls")
    assert call.startswith(
        f"--variant=extract --keyring={tmp_path}/debian-archive-keyring.gpg --include=ceph-mon,"
    )
    assert " sid " in call
    assert call.endswith(" http://mirror.example/debian/")
    assert "trusted" not in call
    assert obtain_ceph() == tmp_path / "cache" / "ceph-sid"


def test_another_suite_and_mirror_may_be_named(
    tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    script("mmdebstrap", MMDEBSTRAP)
    monkeypatch.setenv("READINESS_CEPH_SUITE", "trixie")
    monkeypatch.setenv("READINESS_DEBIAN_MIRROR", "http://other.example/debian")
    assert obtain_ceph() == tmp_path / "cache" / "ceph-trixie"
    (call,) = noted(tmp_path / "calls")
    assert " trixie " in call
    assert call.endswith(" http://other.example/debian")
    monkeypatch.setenv("READINESS_CEPH_SUITE", "--hook=x")
    with pytest.raises(UsageError, match="is no suite of Debian"):
        obtain_ceph()


def test_a_root_file_system_that_is_named_is_taken(
    tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    script("mmdebstrap", MMDEBSTRAP)
    monkeypatch.setenv("READINESS_CEPH", str(tmp_path / "mine"))
    with pytest.raises(UsageError, match="Change or remove READINESS_CEPH"):
        obtain_ceph()
    program = tmp_path / "mine" / "usr" / "bin" / "ceph-osd"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    assert obtain_ceph() == tmp_path / "mine"
    assert not noted(tmp_path / "calls")


@pytest.mark.parametrize(
    ("lacks", "message"),
    [
        ("root", "with sudo"),
        ("mmdebstrap", "apt-get install mmdebstrap"),
        ("keyring", "install debian-archive-keyring"),
        ("mirror", "name one with READINESS_DEBIAN_MIRROR"),
        ("signature", "the signature is not valid"),
        ("package", "has no Ceph for this machine"),
    ],
)
def test_what_it_lacks_is_one_message_and_leaves_no_entry(
    lacks: str,
    message: str,
    tmp_path: Path,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    script("apt-get", "echo http://other.example/ubuntu Ubuntu" if lacks == "mirror" else APT_GET)
    script("mmdebstrap", MMDEBSTRAP)
    if lacks == "mmdebstrap":
        monkeypatch.setattr("readiness.obtain.ceph_packages.shutil.which", lambda _name: None)
    if lacks == "root":
        monkeypatch.setattr("readiness.obtain.ceph_packages.os.geteuid", lambda: 1000)
    if lacks == "keyring":
        monkeypatch.setattr(ceph_packages, "KEYRINGS", (tmp_path / "absent",))
    (tmp_path / {"signature": "fail", "package": "empty"}.get(lacks, "nothing")).touch()
    assert main(["ceph"]) == 4
    printed = capsys.readouterr()
    assert message in printed.err
    assert not printed.out
    assert not (tmp_path / "cache" / "ceph-sid").exists()
