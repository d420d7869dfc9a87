"""A Lease in the candidate's namespace: one run at a time, from whatever machine, and a copy of its undo journal.

The copy is an annotation that is written before each fault, so that a fault can be undone from another machine after
the run, its supervisor and the disk with its journal are gone. Whether the holder lives is seen by whether it renews
the Lease, never by comparing clocks.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from readiness.errors import UsageError
from readiness.providers.engine.journal import FaultVerb, Journal, KeptEntry, KeptJournal, Undo
from readiness.providers.kubernetes.api import CONFLICT, NOT_FOUND, Cluster, why

NAME = "tofu-state-ha-readiness"
UNDO = "tofu-state-readiness/undo"
LEASE_SECONDS, RENEW_SECONDS, LOOK_SECONDS = 20, 5.0, 1.0
TRIES = 5
Raw = Mapping[str, Any]


def entries_of(lease: Raw) -> tuple[KeptEntry, ...]:
    """What the run that holds (or held) the Lease has done and not undone. Raises UsageError if that cannot be read."""
    annotation = (lease["metadata"].get("annotations") or {}).get(UNDO) or "[]"
    try:
        return tuple(
            KeptEntry(row["id"], row["time"], row["action"], Undo.of_data(row), dict(row["reach"]))
            for row in json.loads(annotation)
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UsageError(
            f"the annotation {UNDO} of lease {NAME} cannot be read: another version wrote it; undo what it lists by "
            f"hand, then: kubectl delete lease {NAME}"
        ) from None


def holder_of(lease: Raw) -> str:
    """The run that holds it; empty if none does."""
    return str((lease.get("spec") or {}).get("holderIdentity") or "")


@dataclass(frozen=True)
class Held:
    """The Lease as it is: by whom, whether that run still renews it, and what is open."""

    version: str
    holder: str
    lives: bool
    entries: tuple[KeptEntry, ...]


def look(cluster: Cluster) -> Held | None:
    """The Lease of the namespace, None if there is none. A holder is watched until it renews, or could have."""
    lease = _read(cluster)
    if lease is None:
        return None
    first, deadline, lives = _renewed(lease), time.monotonic() + LEASE_SECONDS + 2 * LOOK_SECONDS, False
    while holder_of(lease) and not lives and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
        now = _read(cluster)
        if now is None:
            return None
        lives, lease = _renewed(now) != first, now
    return Held(lease["metadata"]["resourceVersion"], holder_of(lease), lives, entries_of(lease))


class RunLease:
    """The Lease of one run, renewed in a thread of its own from `take` until `release`. Thread-safe."""

    def __init__(self, cluster: Cluster, run: str, command: str) -> None:
        self._cluster, self.run, self._undo_command = cluster, run, command
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._lease: dict[str, Any] | None = None
        self._entries: dict[str, KeptEntry] = {}
        self._thread: threading.Thread | None = None

    @property
    def taken(self) -> bool:
        """Whether this run holds it."""
        return self._lease is not None

    def take(self) -> None:
        """Raises UsageError if another run holds it, or has left something that is not undone, and ApiException or
        OSError.
        """
        found = look(self._cluster)
        if found is not None:
            self._check(found)
        with self._lock:
            try:
                self._lease = self._write_first(found)
            except ApiException as error:
                if error.status != CONFLICT:
                    raise
                raise UsageError(
                    "another run against this candidate has begun at the same time; wait until it has ended"
                ) from None
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._thread.start()

    def add(self, entry: KeptEntry) -> None:
        """This is about to be done. Raises OSError if the API server does not take it: it must not be done then."""
        with self._lock:
            self._entries[entry.id] = entry
            try:
                self._write()
            except (ApiException, OSError) as error:
                del self._entries[entry.id]
                reason = why(error) if isinstance(error, ApiException) else str(error)
                raise OSError(f"the undo could not be written to lease {NAME}: {reason}") from None

    def remove(self, id_: str) -> None:
        """It is undone. What cannot be written now is written with the next renewal."""
        with self._lock:
            if self._entries.pop(id_, None) is not None:
                self._try_to_write()

    def release(self) -> None:
        """Others may take it. It goes if nothing is open, else it stays without a holder. Safe to call twice."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(2 * RENEW_SECONDS)
        with self._lock:
            if self._lease is None:
                return
            try:
                if self._entries:
                    self._lease["spec"]["holderIdentity"] = None
                    self._write()
                else:
                    delete(self._cluster, str(self._lease["metadata"]["resourceVersion"]))
            except (ApiException, OSError):
                return  # nobody renews it: it runs out
            finally:
                self._lease = None

    def _check(self, found: Held) -> None:
        where = f"lease {NAME} of namespace {self._cluster.namespace}"
        if found.lives:
            raise UsageError(
                f"run {found.holder} is still going on against this candidate ({where}): two at once would inject "
                "faults into two nodes; wait until it has ended"
            )
        if found.entries:
            left = ", ".join(f"{entry.action} {entry.undo.target}" for entry in found.entries[:5])
            raise UsageError(
                f"a run ended before it could undo what it did to this candidate ({left}; {where}): what is found now "
                f"could come from that; undo it first with: {self._undo_command}"
            )

    def _write_first(self, found: Held | None) -> dict[str, Any]:
        namespace, call = self._cluster.namespace, self._cluster.coordination
        meta: dict[str, Any] = {"name": NAME, "namespace": namespace, "annotations": {UNDO: "[]"}}
        spec = {"holderIdentity": self.run, "leaseDurationSeconds": LEASE_SECONDS, "acquireTime": _now()}
        body = {"metadata": meta, "spec": {**spec, "renewTime": _now()}}
        if found is None:
            made: dict[str, Any] = self._cluster.write(
                "take lease", NAME, call.create_namespaced_lease, namespace, body
            )
            return made
        meta["resourceVersion"] = found.version
        taken: dict[str, Any] = self._cluster.write(
            "take lease", NAME, call.replace_namespaced_lease, NAME, namespace, body
        )
        return taken

    def _renew(self) -> None:
        while not self._over.wait(RENEW_SECONDS):
            self._try_to_write()

    def _try_to_write(self) -> None:
        try:
            self._write()
        except (ApiException, OSError):
            return  # with the next renewal; a fault asks for itself, see `add`

    def _write(self) -> None:
        """The whole Lease as it must become. Raises OSError if it is another run's now."""
        with self._lock:
            for left in range(TRIES - 1, -1, -1):
                if self._lease is None:
                    raise OSError("the run does not hold it")
                lease = self._lease
                lease["metadata"].setdefault("annotations", {})[UNDO] = _text(self._entries.values())
                lease["spec"]["renewTime"] = _now()
                call = self._cluster.coordination.replace_namespaced_lease
                try:
                    self._lease = self._cluster.ask(call, NAME, self._cluster.namespace, lease)
                    return
                except ApiException as error:
                    if error.status not in (CONFLICT, NOT_FOUND) or not left:
                        raise
                self._read_again()

    def _read_again(self) -> None:
        found = _read(self._cluster)
        if found is None or holder_of(found) != self.run:
            self._lease = None
            raise OSError(
                f"it was taken by {holder_of(found) if found else 'nobody'}: this run was not heard of"
            )
        self._lease = dict(found)


class LeaseJournal:
    """Implements `readiness.providers.engine.journal.Journal`: each line in that journal, and in the Lease as well."""

    def __init__(self, inner: Journal, lease: RunLease) -> None:
        self._inner, self._lease = inner, lease

    def open(self, action: FaultVerb, target: str, undo: Undo, reach: Mapping[str, str]) -> str:
        id_ = self._inner.open(action, target, undo, reach)
        if self._lease.taken:
            try:
                self._lease.add(KeptEntry(id_, _now(), str(action), undo, dict(reach)))
            except OSError:
                self._inner.close(id_)
                raise
        return id_

    def close(self, id_: str) -> None:
        self._inner.close(id_)
        self._lease.remove(id_)


def kept(cluster: Cluster) -> KeptJournal | None:
    """What a run has left in the Lease, or is about to undo itself; None if nothing is open and no dead run holds it.
    Raises ApiException.
    """
    found = look(cluster)
    if found is None or (found.lives and not found.entries):
        return None
    return KeptJournal(found.holder or "a run that has ended", found.lives, found.entries)


def settle(cluster: Cluster, undone: Callable[[KeptEntry], bool], *, dead: bool = False) -> None:
    """These entries are undone; a Lease in which nothing is open any more goes. `dead`: that of a run that is known to
    be over goes even if nothing was.
    """
    for left in range(TRIES - 1, -1, -1):
        lease = _read(cluster)
        if lease is None:
            return
        before = entries_of(lease)
        after = [entry for entry in before if not undone(entry)]
        version = str(lease["metadata"]["resourceVersion"])
        try:
            if len(after) == len(before) and not dead:
                return
            if not after:
                delete(cluster, version)
                return
            body = dict(lease)
            body["metadata"]["annotations"][UNDO] = _text(after)
            call = cluster.coordination.replace_namespaced_lease
            cluster.write("close undo", NAME, call, NAME, cluster.namespace, body)
            return
        except ApiException as error:
            if error.status != CONFLICT or not left:
                raise


def delete(cluster: Cluster, version: str) -> None:
    """Delete the Lease if it has not changed since. Raises ApiException."""
    body = client.V1DeleteOptions(preconditions=client.V1Preconditions(resource_version=version))
    call = cluster.coordination.delete_namespaced_lease
    cluster.write("release lease", NAME, call, NAME, cluster.namespace, body=body)


def _read(cluster: Cluster) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = cluster.ask(
            cluster.coordination.read_namespaced_lease, NAME, cluster.namespace
        )
    except ApiException as error:
        if error.status == NOT_FOUND:
            return None
        raise
    return found


def _renewed(lease: Raw) -> tuple[str, str]:
    return holder_of(lease), str((lease.get("spec") or {}).get("renewTime") or "")


def _text(entries: Iterable[KeptEntry]) -> str:
    rows = [
        {"id": one.id, "time": one.time, "action": one.action, **one.undo.as_data(), "reach": dict(one.reach)}
        for one in entries
    ]
    return json.dumps(rows)


def _now() -> str:
    """As the API's MicroTime."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
