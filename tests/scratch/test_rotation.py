"""P1.18 leaves no credential behind, however it ends; and asks for nothing where the contract offers no rotation."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from readiness.finding import State
from readiness.load.context import Buckets
from readiness.s3.library import Answered
from readiness.scratch import rotation
from readiness.topology import Keys, Unsupported
from tests.static.test_static import declared, live
from tests.support.observations import judged

RIG = SimpleNamespace(buckets=Buckets("plain", "versioned"))


class Store:
    """Knows which credentials it has; the `fails`-th that is asked for cannot be made."""

    def __init__(self, fails: int = 0) -> None:
        self.valid: list[Keys] = []
        self.made, self.fails = 0, fails

    def rotate(self, old: Keys | None) -> Keys:
        if old is not None:
            self.valid.remove(old)
            return old
        self.made += 1
        if self.made == self.fails:
            raise RuntimeError("rotate_add ended with 1")
        keys = Keys(f"key{self.made}", f"secret-{self.made}")
        self.valid.append(keys)
        return keys


def subject(store: Store, offered: str = "provider") -> Any:
    given = live(declared(contract__credentials__rotation=offered), provider={"rotate": store.rotate})
    given.evidence.redactor = SimpleNamespace(add=lambda *_: None)
    given.target = lambda _endpoint, _role="admin": SimpleNamespace(keys=Keys("admin", "secret"))
    return given


def look(store: Store, then: Callable[[], None] = lambda: None) -> Callable[..., object]:
    """Looks as they come back from a store that knows its credentials."""

    def put(_subject: object, _rig: object, see: Any, step: str, endpoint: Any, keys: Keys) -> object:
        then()

        def call() -> None:
            if keys not in store.valid and keys.access_key != "admin":
                raise Answered(403, "InvalidAccessKeyId", "")

        return see.ask(step, endpoint, "boto3", call)

    return put


def test_a_rotation_leaves_no_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()
    monkeypatch.setattr(rotation, "_look", look(store))
    monkeypatch.setattr(rotation, "_used", lambda *_: contextlib.nullcontext())
    found = judged("P1.18", rotation.rotation, (subject(store), RIG))
    assert (store.made, store.valid) == (2, [])
    assert found.state is State.UNKNOWN  # nobody used it meanwhile
    assert "not tried: get with the second credential" in found.reason


def test_an_interrupted_rotation_leaves_no_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    store = Store()
    monkeypatch.setattr(rotation, "_look", look(store, interrupt))
    with pytest.raises(KeyboardInterrupt):
        judged("P1.18", rotation.rotation, (subject(store), RIG))
    assert (store.made, store.valid) == (2, [])


def test_a_second_credential_that_cannot_be_made_leaves_none(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(fails=2)
    monkeypatch.setattr(rotation, "_look", look(store))
    found = judged("P1.18", rotation.rotation, (subject(store), RIG))
    assert (store.made, store.valid) == (2, [])
    assert found.state is State.UNKNOWN
    assert "rotate_add ended with 1" in found.reason


def test_a_contract_without_rotation_is_taken_at_its_word(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()
    monkeypatch.setattr(rotation, "_look", look(store))
    found = judged("P1.18", rotation.rotation, (subject(store, "none"), RIG))
    assert (store.made, found.state) == (0, State.PROVED)


def test_a_provider_that_cannot_rotate_though_the_contract_offers_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def rotate(_old: Keys | None) -> Keys:
        raise Unsupported("commands.rotate_add is not there")

    given = subject(Store())
    given.provider.rotate = rotate
    found = judged("P1.18", rotation.rotation, (given, RIG))
    assert found.state is State.UNKNOWN
    assert "commands.rotate_add is not there" in found.reason
