"""The architecture that must not be believed: one process with one disk, behind three forwarders declared as nodes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from readiness import obtain
from readiness.providers.engine import probe
from readiness.providers.stores.base import new_keys
from tests.commands.lab import toml
from tests.isolation.script import script
from tests.support.contract import CONTRACT
from tests.support.eventually import eventually
from tests.support.ports import free_ports

NODES = ("bumble", "honey", "sting")
FORWARDER = Path(__file__).with_name("forwarder.py")
SCRIPT = script(
    "pause) kill -STOP $pid ;;",
    "unpause) kill -CONT $pid ;;",
)


class Attack:
    """Call `stop` at the end. The store is one node of the control; nothing of the suite touches it but forwarders."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.keys = folder, new_keys()
        s3, admin, peer, cache, front = free_ports(5)
        self.store, self.admin = f"127.0.0.1:{s3}", f"127.0.0.1:{admin}"
        self.cache = f"http://127.0.0.1:{cache}"
        self.fronts = {node: f"127.0.0.{number + 2}:{front}" for number, node in enumerate(NODES)}
        self.data = folder / "the-one-disk"
        (folder / "run.sh").write_text(SCRIPT)
        for node, listen in self.fronts.items():
            (folder / node).mkdir()
            (folder / node / "command").write_text(f"{sys.executable} {FORWARDER} {listen} {self.store}")
        self._commands = (
            [
                *(str(obtain.control()), "serve", "--name", "one", "--data-dir", str(self.data)),
                *("--s3-listen", self.store, "--admin-listen", self.admin),
                *("--peer-listen", f"127.0.0.1:{peer}", "--initial-cluster", f"one=http://127.0.0.1:{peer}"),
            ],
            [sys.executable, "-m", "readiness.providers.auxiliary.cache_stand_in", "127.0.0.1", str(cache)],
        )
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def environment(self) -> dict[str, str]:
        return {"LAB_ACCESS_KEY": self.keys.access_key, "LAB_SECRET_KEY": self.keys.secret_key}

    def start(self) -> None:
        env = {
            **os.environ,
            "CONTROL_ROOT_ACCESS_KEY": self.keys.access_key,
            "CONTROL_ROOT_SECRET_KEY": self.keys.secret_key,
            "CONTROL_ADMIN_TOKEN": os.urandom(12).hex(),
        }
        for command in self._commands:
            out = (self.folder / "log").open("ab")
            self._processes.append(subprocess.Popen(command, env=env, stdout=out, stderr=out))
            out.close()
        eventually(lambda: probe.status(f"http://{self.admin}/readyz", 0.5) == 200, 30)
        for node in NODES:
            subprocess.run(["sh", "run.sh", "start", node], cwd=self.folder, check=True, timeout=20)
        eventually(lambda: all(self._accepts(node) for node in NODES), 30)

    def _accepts(self, node: str) -> bool:
        host, port = self.fronts[node].split(":")
        return probe.answers(host, int(port), 0.5) == "accepted"

    def pid(self, node: str) -> int:
        return int((self.folder / node / "pid").read_text())

    @property
    def store_pid(self) -> int:
        """The process of the store behind the forwarders."""
        return self._processes[0].pid

    def stop(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait(5)
        for node in NODES:
            if (self.folder / node / "pid").exists():
                try:
                    os.kill(self.pid(node), signal.SIGKILL)
                except ProcessLookupError:
                    continue

    def bytes_of(self, folder: Path) -> list[str]:
        """The verb `bytes` for that folder."""
        return ["sh", "-c", f"du -s --block-size=1 {folder} | cut -f1"]

    def connections(self, node: str) -> list[str]:
        """The verb `connections` of that node's forwarder."""
        tool = str(Path(__file__).with_name("sockets_of.py"))
        return [sys.executable, tool, str(self.folder / node / "pid")]

    def declared(
        self,
        bytes_: Mapping[str, list[str]] | None = None,
        connections: Mapping[str, list[str]] | None = None,
    ) -> dict[str, Any]:
        """The candidate file: three nodes, their verbs on the forwarders, and by node those that show what is so."""
        verbs = ("stop", "start", "kill", "pause", "unpause", "identity")
        return {
            "schema": 1,
            "name": "attack",
            "class": "dedicated-ha",
            "summary": "It says that it is three nodes.",
            "provider": {"kind": "commands"},
            "endpoints": [
                {"name": n, "url": f"http://{at}", "node": n, "instance": f"store-{n}"}
                for n, at in self.fronts.items()
            ],
            "instances": [
                {
                    "name": f"store-{n}",
                    "node": n,
                    **{verb: ["sh", "run.sh", verb, n] for verb in verbs},
                    **({"connections": connections[n]} if connections else {}),
                }
                for n in NODES
            ],
            "nodes": [{"name": n, **({"bytes": bytes_[n]} if bytes_ else {})} for n in NODES],
            "volumes": [{"node": n, "kind": "local-dir"} for n in NODES],
            "contract": CONTRACT,
            "boundary": {"cache_endpoints": [self.cache]},
        }

    def write(self, raw: dict[str, Any]) -> Path:
        """The candidate file, beside the scripts."""
        path = self.folder / "attack.toml"
        path.write_text(toml(raw))
        return path
