"""Bad input to `explore` ends with one message and exit code 4."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from readiness.cli.explore import Exploration, main
from readiness.errors import NotRun, UsageError
from readiness.plugin.exploring import Exploring
from readiness.plugin.run import Run
from readiness.plugin.session import Session


@pytest.mark.parametrize("minutes", ["0", "-1", "1441", "nan", "soon"])
def test_minutes_that_are_none_are_refused(minutes: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([f"--minutes={minutes}"])
    assert ended.value.code == 4
    assert capsys.readouterr().err.startswith("ERROR: argument --minutes: ")


def test_a_schedule_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--replay", str(tmp_path / "gone.json")]) == 4
    assert capsys.readouterr().err == f"ERROR: --replay {tmp_path / 'gone.json'}: No such file or directory\n"


def test_where_faults_are_not_allowed_nothing_is_searched() -> None:
    def refuse() -> None:
        raise NotRun("faults on a candidate that the suite did not start need --allow-faults")

    session = cast(Session, SimpleNamespace(need_faults=refuse))
    exploring = Exploring(cast(Run, None), session, Exploration(60.0, None, shrink=False))
    with pytest.raises(UsageError, match="a search injects faults, and faults on a candidate that"):
        exploring.search()


def test_the_live_line_is_there_before_the_first_segment(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    class Searched:
        def __init__(self, *_: object) -> None: ...
        def random(self, _log: object) -> list[object]:
            return []

        def run(self, *_: object) -> str:
            done.append("searched")
            return "the time was over"

    monkeypatch.setattr("readiness.plugin.exploring.Search", Searched)
    progress = SimpleNamespace(begin_search=lambda: done.append("shown"))
    session = SimpleNamespace(need_faults=lambda: None, subject=None, rig=None, progress=progress)
    exploring = Exploring(cast(Run, None), cast(Session, session), Exploration(60.0, None, shrink=False))
    exploring.search()
    assert done == ["shown", "searched"]
