"""Whom this process connected to, from the interpreter's own audit events: what B.2 is judged on."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

Address = tuple[str, int]


class Forbidden(ConnectionRefusedError):
    """The address was put out of reach for this time."""


class _Book:
    def __init__(self) -> None:
        self.contacts: dict[Address, int] = {}
        self.forbidden: frozenset[Address] = frozenset()
        self.silent = threading.local()
        self.open = False


_BOOK = _Book()


def _hook(event: str, args: tuple[object, ...]) -> None:
    if event != "socket.connect" or not _BOOK.open:
        return
    address = args[1]
    if not isinstance(address, tuple) or len(address) < 2:
        return
    at = (str(address[0]), int(address[1]))
    if at in _BOOK.forbidden:
        raise Forbidden(f"{at[0]}:{at[1]} is out of reach for this proof")
    if not getattr(_BOOK.silent, "on", False):
        _BOOK.contacts[at] = _BOOK.contacts.get(at, 0) + 1


def begin() -> None:
    """Record from now on. Audit hooks cannot be removed: this is for the process of a run."""
    if not _BOOK.open:
        sys.addaudithook(_hook)
        _BOOK.open = True


def forget() -> None:
    """What was contacted so far was the provider's own start, not the proof."""
    _BOOK.contacts.clear()


def made() -> dict[Address, int]:
    """Address and number of connections so far."""
    return dict(_BOOK.contacts)


@contextlib.contextmanager
def deliberate() -> Iterator[None]:
    """Connections of this thread are not the proof's: it looks whether a cache is there at all."""
    _BOOK.silent.on = True
    try:
        yield
    finally:
        _BOOK.silent.on = False


@contextlib.contextmanager
def forbidden(urls: Iterable[str]) -> Iterator[None]:
    """This process cannot connect to these URLs' addresses meanwhile."""
    _BOOK.forbidden = frozenset(address for url in urls for address in addresses(url))
    try:
        yield
    finally:
        _BOOK.forbidden = frozenset()


def addresses(url: str) -> set[Address]:
    """Every address that the URL's host resolves to, with its port."""
    split = urlsplit(url if "//" in url else f"//{url}")
    port = split.port or (443 if split.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(split.hostname or "", port, type=socket.SOCK_STREAM)
    except OSError:
        return {(split.hostname or "", port)}
    return {(str(info[4][0]), port) for info in found}
