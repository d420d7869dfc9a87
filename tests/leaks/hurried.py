"""`-p tests.leaks.hurried`: a run that waits only briefly for a candidate that never serves."""

from __future__ import annotations

import pytest

WAITED_SECONDS = 2.0


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    from readiness.plugin import session
    from readiness.static import isolation

    session.SERVICE_SECONDS = isolation.WHOLE_SECONDS = WAITED_SECONDS
