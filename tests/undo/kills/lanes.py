"""Where the kills are done: a store of somebody else that lives through all of them, or one that goes with its run."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from readiness import obtain
from readiness.s3.boto3_library import boto3_client
from readiness.s3.library import Answered, Unanswered, translate
from readiness.s3.wire import Target
from readiness.topology import Keys
from tests.commands.lab import NODES, Lab
from tests.support.eventually import eventually
from tests.undo.kills.serving import serving

ADDED = "added.jsonl"


class Lane(Protocol):
    """One kind of provider. `candidate`: its file or name. `stays`: the store lives through the kills."""

    candidate: str
    stays: bool

    def left(self) -> Counter[str]:
        """What is not as it was, beside what the machine shows."""
        ...

    def settle(self) -> None:
        """Wait until the next one may be killed. Raises AssertionError where the store does not come back."""
        ...


class Own:
    """A store that the run itself starts: everything goes with it."""

    stays = False

    def __init__(self, candidate: str) -> None:
        self.candidate = candidate

    def left(self) -> Counter[str]:
        return Counter()

    def settle(self) -> None:
        """The next one starts its own."""


class Engine(Own):
    """As `Own`, on a container engine, on which nothing with the label of a run may stay."""

    def left(self) -> Counter[str]:
        from tests.containers.real import everything  # needs an engine

        return Counter(f"engine {each}" for each in everything())


class Lent:
    """A lab of real processes that scripts start and break: a kill leaves its nodes as they are."""

    stays = True

    def __init__(self, lab: Lab, candidate: str) -> None:
        self.lab, self.candidate = lab, candidate

    def left(self) -> Counter[str]:
        states = {node: self.lab.state(node) for node in NODES}
        found = [f"node {name} is {state}" for name, state in states.items() if state in (None, "T", "Z")]
        if not found:
            found = [f"node {name} does not serve" for name in self._silent()]
        if not found:
            found = [f"bucket {name}" for name in self.lab.scratch()]
            found += [
                f"credential {keys.access_key} is accepted" for keys in self._added() if self._works(keys)
            ]
        return Counter(found)

    def _silent(self, seconds: float = 20.0) -> list[str]:
        """Nodes that run and do not serve, although they had that time: one that was just started may need it."""
        deadline = time.monotonic() + seconds
        while (
            silent := [node for node in NODES if not self.lab.ready(node)]
        ) and time.monotonic() < deadline:
            time.sleep(0.2)
        return silent

    def settle(self) -> None:
        eventually(lambda: all(self.lab.ready(node) for node in NODES), 60)

    def _added(self) -> Iterator[Keys]:
        path = self.lab.folder / ADDED
        for line in path.read_text().splitlines() if path.exists() else ():
            made = json.loads(line)
            yield Keys(made["access_key"], made["secret_key"])

    def _works(self, keys: Keys) -> bool:
        try:
            translate(boto3_client(Target(self.lab.s3["bumble"], keys, self.lab.region), 5).list_buckets)
        except Answered as error:
            return error.status not in (401, 403)
        except Unanswered:
            return True
        return True


@contextmanager
def lane(kind: str, place: Path) -> Iterator[Lane]:
    """That one, ready for the first kill."""
    if kind == "commands":
        with _lab(place) as lent:
            yield lent
    elif kind == "containers":
        from readiness.obtain.image import image
        from tests.containers import engine

        with engine.running("docker") as host:
            os.environ["DOCKER_HOST"] = host
            os.environ["READINESS_CONTROL_IMAGE"] = image("control")
            _first_network()
            yield Engine("containers")
    else:
        yield Own("embedded")


def _first_network() -> None:
    """With the first network that it makes, Docker adds rules to the firewall, and keeps them when the network is gone:
    they belong to what there was before the first kill.
    """
    import docker  # type: ignore[import-untyped]

    client = docker.from_env()
    client.networks.create("first", driver="bridge").remove()
    client.close()


@contextmanager
def _lab(place: Path) -> Iterator[Lent]:
    (place / "lab").mkdir()
    lab = Lab(place / "lab")
    os.environ.update(lab.environment | {"LAB_ADDED": str(lab.folder / ADDED)})
    with serving(place) as before:
        try:
            lab.start()
            yield Lent(lab, str(lab.write(_outside(lab.declared(), lab, before))))
        finally:
            lab.stop()


def _outside(value: Any, lab: Lab, before: list[str]) -> Any:
    """The candidate with every command of the lab begun by `before`, and its script by an absolute path."""
    if isinstance(value, dict):
        return {key: _outside(item, lab, before) for key, item in value.items()}
    if isinstance(value, list) and value and value[0] in ("sh", sys.executable, str(obtain.control())):
        script = str(lab.folder / "run.sh")
        return [*before, *(script if part == "run.sh" else part for part in value)]
    if isinstance(value, list):
        return [_outside(item, lab, before) for item in value]
    return value
