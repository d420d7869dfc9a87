"""An endpoint whose addresses are pinned is not judged if its name has come to lead elsewhere."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from readiness.candidate.load import load
from readiness.errors import UsageError
from readiness.providers import create
from tests.commands.lab import toml
from tests.support.contract import CONTRACT


def made(place: Path, monkeypatch: pytest.MonkeyPatch, pinned: list[str], found: list[str] | None) -> Any:
    """The provider for one endpoint `store.example` that resolves to these addresses; None: to none."""

    def resolve(host: str, *_: object, **__: object) -> list[Any]:
        assert host == "store.example"
        if found is None:
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setenv("LAB_ACCESS_KEY", "AKIDLAB")
    monkeypatch.setenv("LAB_SECRET_KEY", "a-secret-of-the-lab")
    endpoint = {
        "name": "a",
        "url": "http://store.example:9000",
        "addresses": pinned,
        "node": "a",
        "instance": "store-a",
    }
    path = place / "pinned.toml"
    path.write_text(
        toml(
            {
                "schema": 1,
                "name": "pinned",
                "class": "dedicated-ha",
                "summary": "One endpoint.",
                "provider": {"kind": "commands"},
                "endpoints": [endpoint],
                "contract": CONTRACT,
            }
        )
    )
    return create(load(str(path)))


@pytest.mark.parametrize(
    ("pinned", "found"),
    [(["10.0.0.11"], ["10.0.0.11"]), (["10.0.0.11", "10.0.0.12"], ["10.0.0.12"]), ([], ["10.0.0.99"])],
)
def test_the_addresses_that_are_pinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pinned: list[str], found: list[str]
) -> None:
    (endpoint,) = made(tmp_path, monkeypatch, pinned, found).topology.endpoints
    assert endpoint.url == "http://store.example:9000"


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (["10.0.0.99"], "store.example resolves to 10.0.0.99, but its addresses are pinned to 10.0.0.11"),
        (["10.0.0.11", "10.0.0.99"], "store.example resolves to 10.0.0.99"),
        (None, "store.example is pinned to 10.0.0.11, and cannot be resolved"),
    ],
)
def test_another_address_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: list[str] | None, message: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        made(tmp_path, monkeypatch, ["10.0.0.11"], found)
    assert "\n" not in str(caught.value)


def test_what_is_no_address_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r'"store\.example" is not an IP address'):
        made(tmp_path, monkeypatch, ["store.example"], [])
