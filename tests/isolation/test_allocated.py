"""The bytes of a folder are those that its disk has given to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.providers.engine.disk import allocated


def test_what_is_written_counts_at_every_depth(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    before = allocated(tmp_path)
    (tmp_path / "one").write_bytes(b"x" * (1 << 20))
    (tmp_path / "a" / "b" / "two").write_bytes(b"x" * (1 << 20))
    assert allocated(tmp_path) - before >= 2 << 20


def test_a_hole_and_what_a_link_leads_to_do_not_count(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "folder", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (elsewhere / "big").write_bytes(b"x" * (4 << 20))
    with (folder / "hole").open("wb") as file:
        file.truncate(1 << 30)
    (folder / "link").symlink_to(elsewhere)
    assert allocated(folder) < 1 << 20


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        allocated(tmp_path / "nothing")
