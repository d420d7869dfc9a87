"""Counts as an operator reads them."""

from __future__ import annotations

import pytest

from readiness.checkers.words import count


@pytest.mark.parametrize(
    ("number", "noun", "message"),
    [
        (1, "race that nobody won", "1 race that nobody won"),
        (2, "race that nobody won", "2 races that nobody won"),
        (0, "corrupt body", "0 corrupt bodies"),
        (3, "loser not answered 412", "3 losers not answered 412"),
        (2, "false 404", "2 false 404s"),
        (5, "race whose winner's body was not found", "5 races whose winner's body was not found"),
    ],
)
def test_counts(number: int, noun: str, message: str) -> None:
    assert count(number, noun) == message
