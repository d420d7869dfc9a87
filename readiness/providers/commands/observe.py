"""What an instance of someone else's store is seen to do, before and after a fault command: its exit status
proves nothing.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from readiness.providers.engine import probe
from readiness.topology import Proof

LOOK_SECONDS, ABSENCE_SECONDS, SETTLE_SECONDS, INTERVAL = 1.0, 1.0, 8.0, 0.02
_GATEWAY = (502, 504)


class Sighting(StrEnum):
    """What came of one request."""

    ANSWERED = "answered"
    GATEWAY = "answered by a proxy in front of it, which reached no server"
    REFUSED = "refused"
    RESET = "reset"
    SILENT = f"silent for {LOOK_SECONDS:g} s"
    UNREACHABLE = "unreachable"


DEAD = frozenset({Sighting.REFUSED, Sighting.RESET})
MUTE = frozenset({Sighting.SILENT})
CUT = frozenset({Sighting.SILENT, Sighting.UNREACHABLE})
AWAY = frozenset(Sighting) - {Sighting.ANSWERED}
Look = Callable[[], Sighting]


def look(url: str, tls: ssl.SSLContext | None) -> Sighting:
    """One request without a credential; any answer of the store itself counts as one, a refusal too."""
    try:
        status = probe.ask(url, LOOK_SECONDS, tls)
    except ConnectionRefusedError:
        return Sighting.REFUSED
    except TimeoutError:
        return Sighting.SILENT
    except (ConnectionError, ssl.SSLError):
        return Sighting.RESET
    except OSError:
        return Sighting.UNREACHABLE
    except (ValueError, IndexError):
        return Sighting.ANSWERED
    return Sighting.GATEWAY if status in _GATEWAY else Sighting.ANSWERED


def of_probe(code: int | None) -> Sighting:
    """What the exit status of a probe command says of an instance without an endpoint."""
    if code is None:
        return Sighting.SILENT
    return Sighting.ANSWERED if code == 0 else Sighting.REFUSED


@dataclass(frozen=True)
class Incarnation:
    """What the `identity` command printed. None: it is not declared or failed, which tells nothing."""

    identity: str | None

    def replaced_by(self, other: Incarnation) -> bool:
        """Whether both were there and differ."""
        return bool(self.identity) and bool(other.identity) and self.identity != other.identity

    def gone_at(self, other: Incarnation) -> bool:
        """Whether it was there and now none is: nothing printed, and no failure."""
        return bool(self.identity) and other.identity == ""


class Watcher:
    """Looks again and again while inside, so that a short absence is seen too."""

    def __init__(self, look_once: Look) -> None:
        self._look, self._stop = look_once, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.before = look_once()
        self.seen: list[tuple[float, Sighting]] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10 * LOOK_SECONDS)

    def _run(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            self.seen.append((began, self._look()))
            self._stop.wait(INTERVAL)

    def wait_for(self, wanted: frozenset[Sighting], seconds: float | None = None) -> Sighting | None:
        """The first such look, waiting for it; None if there is none in time."""
        deadline = time.monotonic() + (SETTLE_SECONDS if seconds is None else seconds)
        while True:
            found = next((seen for _, seen in self.seen if seen in wanted), None)
            if found is not None or time.monotonic() > deadline:
                return found
            time.sleep(INTERVAL / 5)

    def first_answer_after_absence(self) -> float | None:
        """When the instance was first seen to accept a request again."""
        gone = False
        for at, seen in self.seen:
            gone = gone or seen in DEAD
            if gone and seen is Sighting.ANSWERED:
                return at
        return None


def ended(name: str, watcher: Watcher, old: Incarnation, now: Callable[[], Incarnation], how: str) -> Proof:
    """The instance is dead: connections are refused or reset that were not before, or its identity command finds
    nobody. Another incarnation of an instance that was never seen to be away does not show that it ended.
    """
    before = watcher.before
    wanted = DEAD | {Sighting.GATEWAY} if before is Sighting.ANSWERED else DEAD
    after = watcher.wait_for(wanted) if before in (Sighting.ANSWERED, Sighting.SILENT) else None
    found = f"{name}: {before} before, {after or _last(watcher)} after {how}"
    if after is not None:
        return Proof(True, found)
    new = now()
    if old.gone_at(new):
        return Proof(True, f"{found}; its incarnation {_brief(old)} is gone")
    return Proof(False, f"{found}; incarnation {_brief(old)} before and {_brief(new)} after")


def replaced(
    name: str, watcher: Watcher, old: Incarnation, now: Callable[[], Incarnation], how: str, *, answers: bool
) -> Proof:
    """The instance was seen to be away, and where an identity is declared, another incarnation is there now. One that
    answers no endpoint is looked at by a command, too seldom to see a short absence: its identity alone tells.
    """
    away = (
        watcher.wait_for(DEAD | {Sighting.GATEWAY}, ABSENCE_SECONDS)
        if watcher.before is Sighting.ANSWERED
        else None
    )
    found = f"{name}: {watcher.before} before, {away or 'never seen to be away'} during {how}"
    if not old.identity or (answers and away is None):
        return Proof(away is not None, found)
    deadline = time.monotonic() + SETTLE_SECONDS
    new = now()
    while not old.replaced_by(new) and time.monotonic() < deadline:
        time.sleep(0.2)
        new = now()
    return Proof(old.replaced_by(new), f"{found}; incarnation {_brief(old)} before and {_brief(new)} after")


def not_telling(
    name: str, first: Incarnation, again: Incarnation, others: Mapping[str, Incarnation]
) -> str | None:
    """Why the identity of that instance tells nothing: read twice without a fault it differs, or another instance has
    the same. None if it tells, or is not declared.
    """
    if first.identity != again.identity:
        return f"{name}: its identity is {_brief(first)} and then {_brief(again)}, before anything was done"
    same = [other for other, incarnation in others.items() if first.identity and incarnation == first]
    return f"{name} has the identity of {', '.join(same)}: {_brief(first)}" if same else None


def changed(name: str, before: Sighting, look_once: Look, wanted: frozenset[Sighting], how: str) -> Proof:
    """It answered before the command, and is now seen in one of the wanted ways."""
    if before is not Sighting.ANSWERED:
        return Proof(False, f"{name}: {before} even before {how}")
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        after = look_once()
        if after in wanted:
            return Proof(True, f"{name}: {before} before, {after} after {how}")
        if time.monotonic() > deadline:
            return Proof(False, f"{name}: {before} before and {after} after {how}")
        time.sleep(INTERVAL)


@dataclass(frozen=True)
class Inside:
    """What is asked of an instance that answers no client. `states`: the states of its processes as `ps -o state=`
    prints them, "" if they are not known; `look`: its probe.
    """

    look: Look
    states: Callable[[], str]
    incarnation: Callable[[], Incarnation]


def paused(name: str, before: Sighting, old: Incarnation, inside: Inside, how: str) -> Proof:
    """An instance without an endpoint is silent: its processes are stopped, or its probe hangs, or its probe fails and
    the same incarnation is still there. A failing probe by itself does not tell a stopped process from a dead one.
    """
    if before is not Sighting.ANSWERED:
        return Proof(False, f"{name}: {before} even before {how}")
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        states = inside.states().split()
        if states and all(state[0] in "Tt" for state in states):
            return Proof(True, f"{name}: its {len(states)} processes are stopped after {how}")
        after = inside.look()
        found = f"{name}: its probe {before} before and {after} after {how}"
        if after in MUTE:
            return Proof(True, found)
        there = old.identity if after is not Sighting.ANSWERED else None
        if there and inside.incarnation() == old:
            return Proof(True, f"{found}; its incarnation {_brief(old)} is still there")
        if time.monotonic() > deadline:
            return Proof(False, f"{found}: nothing shows that its processes are stopped; declare `state`")
        time.sleep(0.2)


def _last(watcher: Watcher) -> str:
    return watcher.seen[-1][1] if watcher.seen else "not looked at"


def _brief(incarnation: Incarnation) -> str:
    return repr(incarnation.identity.strip()[:60]) if incarnation.identity is not None else "none"
