from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from readiness.stacks.http_backend import HttpBackend

PASSWORD = "a-password"


@pytest.fixture
def backend() -> Iterator[HttpBackend]:
    with HttpBackend(PASSWORD) as backend:
        yield backend


def call(
    backend: HttpBackend, method: str, path: str = "", body: bytes = b"", password: str = PASSWORD
) -> tuple[int, bytes]:
    request = urllib.request.Request(backend.address("attic") + path, body, method=method)  # noqa: S310
    secret = base64.b64encode(f"{backend.user}:{password}".encode()).decode()
    request.add_header("Authorization", f"Basic {secret}")
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def lock(name: str) -> bytes:
    return json.dumps({"ID": name}).encode()


def test_a_state_is_kept_and_removed(backend: HttpBackend) -> None:
    assert call(backend, "GET")[0] == 404
    assert call(backend, "POST", body=b"one")[0] == 200
    assert call(backend, "GET") == (200, b"one")
    assert call(backend, "DELETE")[0] == 200
    assert call(backend, "GET")[0] == 404


def test_a_password_is_needed(backend: HttpBackend) -> None:
    assert call(backend, "GET", password="wrong")[0] == 401
    assert call(backend, "POST", body=b"x", password="wrong")[0] == 401
    assert not backend.states


@pytest.mark.parametrize(("take", "free", "path"), [("POST", "DELETE", "/lock"), ("LOCK", "UNLOCK", "")])
def test_a_lock_has_one_holder(backend: HttpBackend, take: str, free: str, path: str) -> None:
    assert call(backend, take, path, lock("a"))[0] == 200
    assert call(backend, take, path, lock("b")) == (423, lock("a"))
    assert call(backend, "POST", "?ID=b", b"x")[0] == 423
    assert call(backend, "POST", "", b"x")[0] == 423
    assert call(backend, "POST", "?ID=a", b"x")[0] == 200
    assert call(backend, free, path, lock("b"))[0] == 409
    assert call(backend, free, path, lock("a"))[0] == 200
    assert call(backend, take, path, lock("b"))[0] == 200
    assert call(backend, free, path)[0] == 200, "a body that names none frees it, as force-unlock needs"
