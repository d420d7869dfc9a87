"""S.5: only a difference that the caches make refutes, whichever way they go; and they are always put back."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from readiness import contacts
from readiness.finding import Finding, State
from readiness.s3.library import Unanswered
from readiness.static import stops
from tests.static.test_static import allowed, declared, live
from tests.support.observations import judged

CACHE = "http://127.0.0.1:9"
LOADED = declared(boundary__cache_endpoints=[CACHE])


class Caches:
    """Caches that can be stopped; `stubborn` ones go on answering."""

    def __init__(self, *, stubborn: bool = False) -> None:
        self.up, self.stubborn = True, stubborn

    def stop_caches(self) -> None:
        self.up = self.stubborn

    def start_caches(self) -> None:
        self.up = True


def judge(
    monkeypatch: pytest.MonkeyPatch, answers: str, caches: Caches | None, *, served: bool = True
) -> Finding:
    """A candidate that holds `always`, `never`, or `with caches`."""

    def away() -> bool:
        return bool(contacts._BOOK.forbidden) if caches is None else not caches.up

    def trip(_library: object, _bucket: str, value: str) -> str:
        if answers == "always" or (answers == "with caches" and not away()):
            return value
        raise Unanswered("ConnectTimeout")

    monkeypatch.setattr(stops, "round_trip", trip)
    monkeypatch.setattr(stops, "libraries", lambda *_: [SimpleNamespace(name="boto3")])
    monkeypatch.setattr(stops, "_reachable", lambda _url: served and not away())
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    verbs = {} if caches is None else {"stop_caches": caches.stop_caches, "start_caches": caches.start_caches}
    return judged("S.5", stops.without_caches, allowed(live(LOADED, provider=verbs)))


@pytest.mark.parametrize("stoppable", [True, False])
@pytest.mark.parametrize(
    ("answers", "state"),
    [("always", State.PROVED), ("with caches", State.REFUTED), ("never", State.UNKNOWN)],
)
def test_only_a_difference_refutes(
    monkeypatch: pytest.MonkeyPatch, answers: str, state: State, *, stoppable: bool
) -> None:
    caches = Caches() if stoppable else None
    assert judge(monkeypatch, answers, caches).state is state
    assert caches is None or caches.up
    assert not contacts._BOOK.forbidden


def test_caches_that_stay_prove_nothing_and_are_left_up(monkeypatch: pytest.MonkeyPatch) -> None:
    caches = Caches(stubborn=True)
    found = judge(monkeypatch, "always", caches)
    assert found.state is State.UNKNOWN
    assert "did not go away" in found.reason
    assert caches.up


@pytest.mark.parametrize("stoppable", [True, False])
def test_caches_that_nobody_serves_prove_nothing(monkeypatch: pytest.MonkeyPatch, *, stoppable: bool) -> None:
    found = judge(monkeypatch, "always", Caches() if stoppable else None, served=False)
    assert found.state is State.UNKNOWN
    assert f"not reachable even before: {CACHE}" in found.reason
