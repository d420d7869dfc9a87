from __future__ import annotations

from pathlib import Path

import pytest

from readiness.errors import UsageError
from readiness.stacks.stack import load

GOOD = 'schema = 1\nname = "attic"\nconfiguration = "tofu/stacks/attic"\nbackend = "http"\n'


def test_a_stack_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "stack.toml").write_text(GOOD + 'read = ["tofu", "state", "pull"]\n')
    assert load(tmp_path).read == ("tofu", "state", "pull")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (GOOD + "reed = []\n", "reed"),
        (GOOD.replace("http", "gcs"), "backend"),
        ("schema = \n", "not valid TOML"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, word: str) -> None:
    (tmp_path / "stack.toml").write_text(text)
    with pytest.raises(UsageError, match=word):
        load(tmp_path)
