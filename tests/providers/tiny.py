"""A candidate whose store is tests/providers/tiny_store.py: two instances on each of two nodes."""

import sys
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from readiness.candidate.load import Loaded, load
from readiness.candidate.model import Candidate
from readiness.providers.engine import probe
from readiness.providers.stores.base import Health, Site, StartCommand, Store
from readiness.topology import Endpoint, Instance

TINY = Path(__file__).with_name("tiny_store.py")
ENVIRONMENT: dict[str, str] = {}


class TinyStore(Store):
    stop_seconds = 0.5
    health = Health("/ready")

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.port, self.back_port = site.layout.ports(2)
        backs = [Instance(f"back-{node}", node, "back") for node in site.nodes]
        fronts = [Instance(f"front-{node}", node, "front") for node in site.nodes]
        self.instances = (*backs, *fronts)
        self.endpoints = tuple(
            Endpoint(front.node, self.url(front.node, self.port), front.node, front.name) for front in fronts
        )

    def url(self, node: str, port: int) -> str:
        return f"http://{self.site.layout.addresses[node]}:{port}"

    def command(self, instance: Instance) -> StartCommand:
        port = self.port if instance.kind == "front" else self.back_port
        address = self.site.layout.addresses[instance.node]
        argv = (sys.executable, "-S", TINY, address, str(port), self.site.data(instance.node))
        return StartCommand(argv, {"TINY_SECRET": self.site.keys["admin"].secret_key} | ENVIRONMENT)

    def in_service(self, instance: Instance, seconds: float) -> bool:
        return probe.status(self.url(instance.node, self.back_port) + "/ready", seconds) == 200

    def versions(self) -> Mapping[str, str]:
        return {"tiny": "1"}


def tiny(**provider: Any) -> Loaded:
    """The candidate singleton with the tiny store, and with these fields of [provider]."""
    loaded = load("singleton")
    raw = tomllib.loads(loaded.path.read_text())
    raw["provider"] = {"kind": "processes", "store": "tiny", "nodes": ["bumble", "honey"]} | provider
    raw["contract"]["failure"]["readiness"] = {"path": "/ready"}
    return replace(loaded, candidate=Candidate.model_validate(raw))
