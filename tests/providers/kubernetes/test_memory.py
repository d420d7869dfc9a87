"""Files of credentials: private while they are there, and gone once they are closed, on every platform."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from readiness.providers.kubernetes.memory import MemoryFiles


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_a_file_is_there_until_it_is_closed(
    platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "platform", platform)
    files = MemoryFiles()
    key, certificate = Path(files.path_of(b"a key")), Path(files.path_of(b"a certificate"))
    assert (key.read_bytes(), certificate.read_bytes()) == (b"a key", b"a certificate")
    on_disk = list(tmp_path.iterdir())
    assert len(on_disk) == (0 if platform == "linux" else 1)
    assert not [path for path in (*on_disk, *tmp_path.glob("*/*")) if path.stat().st_mode & 0o077]
    files.close()
    files.close()
    assert not key.exists()
    assert not certificate.exists()
    assert not list(tmp_path.iterdir())
