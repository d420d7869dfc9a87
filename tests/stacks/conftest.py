"""The store that the tests of stacks speak to, where no real one is needed."""

from tests.tofu.conftest import store

__all__ = ["store"]
