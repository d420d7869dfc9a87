"""Which commit of the suite evidence names: in a checkout, in an image, and where nothing says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness import paths
from readiness.plugin.description import revision


@pytest.mark.store
def test_without_git_the_file_of_the_image_says_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert revision() == "unknown"
    (tmp_path / "REVISION").write_text("v1-2-gabc1234\n")
    assert revision() == "v1-2-gabc1234"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert revision() == "v1-2-gabc1234"


@pytest.mark.store
def test_git_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git = tmp_path / "git"
    git.write_text("#!/bin/sh\necho abc1234-dirty\n")
    git.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    (tmp_path / "REVISION").write_text("v1-2-gabc1234\n")
    assert revision() == "abc1234-dirty"
