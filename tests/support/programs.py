"""Whether a test may start programs: those with the marker `store` or `lane` may, all others are unit tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

MARKERS = ("store", "lane")
_STARTS = ("subprocess.Popen", "os.posix_spawn", "os.fork", "os.forkpty", "os.exec", "os.system")


class _Guard:
    """The unit test that runs now, and what it tried to start."""

    def __init__(self) -> None:
        self.test: str | None = None
        self.tried: list[str] = []

    def hear(self, event: str, arguments: tuple[object, ...]) -> None:
        """An audit hook: ends a unit test as it starts a program, before the program runs."""
        if self.test is None or event not in _STARTS:
            return
        self.tried.append(f"{event} {arguments[0] if arguments else ''}".rstrip())
        pytest.fail(self.sentence(), pytrace=False)

    def sentence(self) -> str:
        return f"{self.test} has no marker `store`, but starts a program: {', '.join(self.tried)}"


_guard = _Guard()
sys.addaudithook(_guard.hear)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks lanes: files that are run only by name."""
    for item in items:
        if item.path.name == "real.py" or item.path.name.startswith(("lane_", "real_")):
            item.add_marker(pytest.mark.lane)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Guards the test with its fixtures."""
    allowed = any(item.get_closest_marker(name) for name in MARKERS)
    _guard.test, _guard.tried = None if allowed else item.nodeid, []
    try:
        return (yield)
    finally:
        _guard.test = None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """Fails a test that swallowed the refusal, in a thread for example."""
    try:
        return (yield)
    finally:
        if _guard.test is not None and _guard.tried:
            sentence, _guard.test = _guard.sentence(), None
            pytest.fail(sentence, pytrace=False)
