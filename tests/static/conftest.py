"""The fakes of these tests store more at every look, and are never steady."""

from __future__ import annotations

import pytest

from readiness.static import stored


@pytest.fixture(autouse=True)
def _without_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "SETTLE_SECONDS", 0.0)
