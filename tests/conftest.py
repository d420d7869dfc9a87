"""For all of the project's own tests: the same Hypothesis examples on every run, and an end that cleans up."""

import signal
from types import FrameType

from hypothesis import Phase, settings

from tests.support.programs import (
    pytest_collection_modifyitems,
    pytest_runtest_protocol,
    pytest_runtest_teardown,
)

__all__ = ["pytest_collection_modifyitems", "pytest_runtest_protocol", "pytest_runtest_teardown"]

settings.register_profile("fixed", derandomize=True, deadline=None, database=None, max_examples=200)
# `./just mutants` asks only whether something fails, thousands of times, and not for the smallest example.
settings.register_profile(
    "mutants",
    settings.get_profile("fixed"),
    max_examples=40,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile("fixed")


def pytest_configure() -> None:
    """SIGTERM ends the tests as Ctrl-C does: what they started is taken down, too."""
    signal.signal(signal.SIGTERM, _end)


def _end(number: int, _frame: FrameType | None) -> None:
    """Not pytest.exit: what that raises is an Exception, which code under test may take for a failure of its own."""
    raise KeyboardInterrupt(signal.Signals(number).name)
