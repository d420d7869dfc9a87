"""The current state of some objects of the cluster: a list, then a watch, again and again. It only reads."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import urllib3
from kubernetes import watch
from kubernetes.client.exceptions import ApiException

from readiness.providers.kubernetes.api import Cluster, items

WATCH_SECONDS, PAUSE = 30, 0.5
Change = Callable[[str, Mapping[str, Any]], None]


class Mirror:
    """The objects of one list call, by uid. `on_change(type, object)` is called in the mirror's own thread."""

    def __init__(
        self,
        cluster: Cluster,
        what: str,
        call: Callable[..., Any],
        on_change: Change | None = None,
        **selection: str,
    ) -> None:
        self._cluster, self._call, self._selection = cluster, call, selection
        self._on_change = on_change or (lambda _type, _object: None)
        self._objects: dict[str, Mapping[str, Any]] = {}
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._broken_since: float | None = time.monotonic()
        self._watch: Any = None
        self._name = f"mirror of {what}"
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """List once, then follow. Raises ApiException or ConnectionError if the list is refused."""
        version = self._list()
        self._thread = threading.Thread(target=self._run, args=(version,), name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the watch."""
        self._stop.set()
        if self._watch is not None:
            self._watch.stop()
        if self._thread is not None:
            self._thread.join(5)

    def objects(self) -> list[Mapping[str, Any]]:
        """The objects as they were last seen."""
        with self._lock:
            return list(self._objects.values())

    def broken_for(self) -> float:
        """Seconds since the watch broke; 0 while it works."""
        since = self._broken_since
        return 0.0 if since is None else time.monotonic() - since

    def _list(self) -> str:
        answer = self._cluster.ask(self._call, **self._selection)
        found: dict[str, Mapping[str, Any]] = {raw["metadata"]["uid"]: raw for raw in items(answer)}
        with self._lock:
            gone = [raw for uid, raw in self._objects.items() if uid not in found]
            self._objects = found
        self._broken_since = None
        for raw in gone:
            self._on_change("DELETED", raw)
        return str(answer["metadata"]["resourceVersion"])

    def _run(self, version: str) -> None:
        while not self._stop.is_set():
            try:
                version = version or self._list()
                self._follow(version)
            except (
                ApiException,
                OSError,
                urllib3.exceptions.HTTPError,
                ValueError,
                KeyError,
                AttributeError,
            ):
                # AttributeError: a response that `stop` closed under the reader
                self._broken_since = self._broken_since or time.monotonic()
                self._stop.wait(PAUSE)
            version = ""

    def _follow(self, version: str) -> None:
        self._watch = watch.Watch()
        events = self._watch.stream(
            self._call,
            resource_version=version,
            timeout_seconds=WATCH_SECONDS,
            deserialize=False,
            _request_timeout=(3.0, WATCH_SECONDS + 10.0),
            **self._selection,
        )
        for event in events:
            seen: Any = json.loads(event) if isinstance(event, str) else event
            self._take(str(seen["type"]), seen["object"])

    def _take(self, kind: str, raw: Mapping[str, Any]) -> None:
        if kind not in ("ADDED", "MODIFIED", "DELETED"):
            return
        uid = raw["metadata"]["uid"]
        with self._lock:
            if kind == "DELETED":
                self._objects.pop(uid, None)
            else:
                self._objects[uid] = raw
        self._on_change(kind, raw)
