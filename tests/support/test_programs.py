"""A unit test cannot start a program, however it does it."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from tests.support import programs

pytestmark = pytest.mark.side_by_side


@pytest.mark.parametrize(
    "start",
    [
        lambda: subprocess.run(["true"], check=True),
        lambda: os.system("true"),  # noqa: S605
        lambda: os.posix_spawn("/bin/true", ["true"], {}),
    ],
    ids=["subprocess", "shell", "posix_spawn"],
)
def test_a_test_without_the_marker_fails_as_it_starts_a_program(start: Callable[[], object]) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"test_programs.* has no marker `store`, but starts"):
        start()
    assert programs._guard.tried
    programs._guard.tried.clear()


def test_a_refusal_that_a_thread_swallowed_is_remembered() -> None:
    def start() -> None:
        with pytest.raises(pytest.fail.Exception):
            subprocess.run(["true"], check=True)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    teardown = programs.pytest_runtest_teardown()
    next(teardown)
    with pytest.raises(pytest.fail.Exception, match="has no marker `store`"):
        next(teardown)
    programs._guard.tried.clear()


@pytest.mark.store
def test_a_test_with_the_marker_may() -> None:
    assert subprocess.run(["true"], check=True).returncode == 0


@pytest.mark.parametrize(
    ("name", "marked"),
    [("lane_faults.py", True), ("real.py", True), ("real_verbs.py", True), ("test_real.py", False)],
)
def test_a_lane_is_known_by_its_file(name: str, *, marked: bool) -> None:
    added: list[object] = []
    item = SimpleNamespace(path=SimpleNamespace(name=name), add_marker=added.append)
    programs.pytest_collection_modifyitems([item])  # type: ignore[list-item]
    assert (added == [pytest.mark.lane]) is marked
