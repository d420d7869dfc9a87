"""A store that the suite did not start: three nodes of the control, run by shell scripts as an operator would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from readiness import obtain
from readiness.providers.engine import probe
from readiness.providers.stores.base import new_keys
from readiness.providers.supervisor import linux
from readiness.s3.boto3_library import boto3_client
from readiness.s3.removal import PREFIX
from readiness.s3.wire import Target
from tests.commands.wires import Wires
from tests.support.contract import CONTRACT
from tests.support.eventually import eventually
from tests.support.ports import free_ports

NODES = ("bumble", "honey", "sting")
HOST = "127.0.0.1"
REGION = "us-east-1"
HARDWARE = ("power_off", "power_on", "write_unsynced", "unsynced_bytes", "fill", "free", "available")
TOOL = Path(__file__).with_name("lab_tool.py")
SCRIPT = """\
set -eu
verb=$1 node=$2
cd "$(dirname "$0")"
. ./secrets
pid=$(cat $node/pid 2>/dev/null || echo 0)
alive() { [ -e /proc/$pid/stat ] && ! grep -q ') Z ' /proc/$pid/stat; }
ended() { for i in $(seq 200); do alive || return 0; sleep 0.05; done; return 1; }
case $verb in
start)
  if alive; then exit 0; fi
  state=new; if [ -e $node/joining ]; then state=existing; fi
  if [ -d $node/disk ]; then mkdir -p $node/disk/data; else mkdir -p $node/data; fi
  set -- $(cat $node/prefix) $(cat $node/arguments) --cluster-state $state
  setsid sh -c 'echo $$ > '$node'/pid; exec "$@"' sh "$@" >>$node/log 2>&1 </dev/null &
  ;;
stop) kill -TERM $pid; ended ;;
kill) kill -KILL $pid ;;
pause) kill -STOP $pid ;;
unpause) kill -CONT $pid ;;
limp) setsid sh -c 'while kill -STOP '$pid'; do sleep 0.45; kill -CONT '$pid'; sleep 0.05; done' \\
  >/dev/null 2>&1 </dev/null & echo $! > $node/limper ;;
unlimp) if [ -e $node/limper ]; then kill -KILL $(cat $node/limper); rm $node/limper; fi; kill -CONT $pid ;;
identity) if alive; then echo $pid $(cut -d' ' -f22 /proc/$pid/stat); fi ;;
wipe) rm -rf $node/data ;;
bytes) echo $(($(du -s --block-size=1 $node/data 2>/dev/null | cut -f1) + 0)) ;;
connections) $(cat $node/prefix) ss -Htanp | grep "pid=$pid," ;;
isolate|rejoin) sh -c "$(cat $node/$verb)" ;;
reaches) $(cat $node/prefix) timeout 2 bash -c ": >/dev/tcp/$3/$4" ;;
version) /proc/$pid/exe version ;;
upgrade)
  case $3 in 1.0.0) program=$FIRST ;; 1.0.1) program=$SECOND ;; *) exit 1 ;; esac
  kill -TERM $pid; ended
  echo "$program $(cut -d' ' -f2- $node/arguments)" > $node/arguments
  sh run.sh start $node
  ;;
files) find $node/data -type f 2>/dev/null | wc -l ;;
repair) touch $node/joining; shift 2; exec "$@" ;;
tool) shift 2; exec "$@" ;;
log) tail -n 20 $node/log ;;
power_off) kill -KILL $pid; $CUT $node/disk; ended ;;
power_on)
  # A real node mounts its disk when it boots.
  if ! touch $node/disk/.alive 2>/dev/null; then
    umount $node/disk
    mount -t ext4 -o loop $node/disk.img $node/disk
  fi
  sh run.sh start $node
  ;;
write_unsynced) echo "never synced" > $node/disk/.unsynced ;;
unsynced_bytes) stat -c %s $node/disk/.unsynced 2>/dev/null || echo 0 ;;
fill)
  for size in 1M 4k; do
    dd if=/dev/zero of=$node/disk/.ballast bs=$size oflag=append conv=notrunc,fsync 2>/dev/null || true
  done
  ;;
free) rm -f $node/disk/.ballast ;;
available) df --output=avail -B1 $node/disk | tail -n 1 ;;
esac
"""


class Lab:
    """Call `stop` at the end. `keys` and `reader` are in the environment variables of `environment`.

    Every node is on this machine, or a host of its own on the wires, and can be isolated then. `megabytes`: each node
    gets a disk of that size of its own, an ext4 in a loop device (which takes root); 0: a folder.
    """

    def __init__(self, folder: Path, wires: Wires | None = None, megabytes: int = 0) -> None:
        self._disks: list[Path] = []
        self.folder, self.region, self._wires = folder, REGION, wires
        hosts = tuple(wires.hosts.values()) if wires else (HOST,) * len(NODES)
        self.keys, self.reader = new_keys(), new_keys()
        self.admin_token = os.urandom(12).hex()
        ports = free_ports(9)
        self.s3, self.admin, self.peer = (
            {node: f"http://{hosts[at]}:{ports[3 * group + at]}" for at, node in enumerate(NODES)}
            for group in range(3)
        )
        (folder / "run.sh").write_text(SCRIPT)
        secrets = {
            "CONTROL_ROOT_ACCESS_KEY": self.keys.access_key,
            "CONTROL_ROOT_SECRET_KEY": self.keys.secret_key,
            "CONTROL_READONLY_ACCESS_KEY": self.reader.access_key,
            "CONTROL_READONLY_SECRET_KEY": self.reader.secret_key,
            "CONTROL_ADMIN_TOKEN": self.admin_token,
        }
        exports = "".join(f"export {name}={value}\n" for name, value in secrets.items())
        exports += f"FIRST={obtain.control()}\nSECOND={obtain.control_next()}\n"
        exports += f"CUT='{sys.executable} -S {TOOL} cut'\n"
        (folder / "secrets").write_text(exports)
        members = ",".join(f"{node}={url}" for node, url in self.peer.items())
        for node in NODES:
            (folder / node).mkdir()
            if megabytes:
                self._make_disk(folder / node, megabytes)
            listen = [("--s3-listen", self.s3), ("--admin-listen", self.admin), ("--peer-listen", self.peer)]
            flags = [f"{flag} {urls[node].removeprefix('http://')}" for flag, urls in listen]
            (folder / node / "prefix").write_text(wires.prefix(node) if wires else "")
            if wires:
                (folder / node / "isolate").write_text(wires.isolate(node))
                (folder / node / "rejoin").write_text(wires.rejoin(node))
            (folder / node / "arguments").write_text(
                f"{obtain.control()} serve --name {node} --data-dir {node}/data {' '.join(flags)} "
                f"--plantable --initial-cluster {members}"
            )

    def _make_disk(self, folder: Path, megabytes: int) -> None:
        image, point = folder / "disk.img", folder / "disk"
        with image.open("xb") as out:
            out.truncate(megabytes << 20)
        point.mkdir()
        (folder / "data").symlink_to("disk/data")
        for argv in (("mkfs.ext4", "-q", "-F", "-m", "0", image), ("mount", "-o", "loop", image, point)):
            subprocess.run(argv, check=True, timeout=20)
        self._disks.append(point)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LAB_ACCESS_KEY": self.keys.access_key,
            "LAB_SECRET_KEY": self.keys.secret_key,
            "LAB_READER_ACCESS_KEY": self.reader.access_key,
            "LAB_READER_SECRET_KEY": self.reader.secret_key,
        }

    def run(self, verb: str, node: str) -> None:
        subprocess.run(["sh", "run.sh", verb, node], cwd=self.folder, check=True, timeout=20)

    def start(self) -> None:
        for node in NODES:
            self.run("start", node)
        try:
            eventually(lambda: all(self.ready(node) for node in NODES), 30)
        except AssertionError:
            raise AssertionError(
                [(self.folder / node / "log").read_text()[-500:] for node in NODES]
            ) from None

    def ready(self, node: str) -> bool:
        return probe.status(self.admin[node] + "/readyz", 0.5) == 200

    def pid(self, node: str) -> int:
        return int((self.folder / node / "pid").read_text())

    def state(self, node: str) -> str | None:
        found = linux.stat(self.pid(node))
        return found.state if found else None

    def scratch(self) -> list[str]:
        """The scratch buckets that the store has."""
        target = Target(self.s3["bumble"], self.keys, self.region)
        names = [bucket["Name"] for bucket in boto3_client(target, 5).list_buckets()["Buckets"]]
        return [name for name in names if name.startswith(PREFIX)]

    def stop(self) -> None:
        for node in NODES:
            pid_file = self.folder / node / "pid"
            if pid_file.exists() and self.state(node) not in (None, "Z"):
                os.kill(self.pid(node), signal.SIGKILL)
        for point in self._disks:
            eventually(lambda point=point: not self._mounted(point), 20)  # type: ignore[misc]

    @staticmethod
    def _mounted(point: Path) -> bool:
        """Whether it could not be unmounted yet: a process that was killed may still have files of it open."""
        return point.is_mount() and subprocess.run(["umount", point], check=False, timeout=20).returncode != 0

    def declared(self, *, faults: bool = True, **changes: Any) -> dict[str, Any]:
        """The candidate as a dict; `changes` replace top-level parts."""
        tool = [sys.executable, "-S", str(TOOL)]
        admins = list(self.admin.values())

        def act(verb: str, node: str, *more: str) -> list[str]:
            return ["sh", "run.sh", verb, node, *more]

        verbs = ("stop", "start", "kill", "pause", "unpause", "identity") if faults else ()
        shows = (*verbs, "connections")
        raw: dict[str, Any] = {
            "schema": 1,
            "name": "lab",
            "class": "dedicated-ha",
            "summary": "The control, started by scripts.",
            "s3": {"region": self.region},
            "provider": {"kind": "commands"},
            "endpoints": [
                {
                    "name": n,
                    "url": self.s3[n],
                    "admin_url": self.admin[n],
                    "node": n,
                    "instance": f"store-{n}",
                }
                for n in NODES
            ],
            "instances": [
                {"name": f"store-{n}", "node": n, **{verb: act(verb, n) for verb in shows}} for n in NODES
            ],
            "nodes": [
                {
                    "name": n,
                    **self._isolating(n),
                    "bytes": act("bytes", n),
                    **({verb: act(verb, n) for verb in HARDWARE} if self._disks else {}),
                    "limp": act("limp", n),
                    "unlimp": act("unlimp", n),
                    "wipe": act("wipe", n),
                    "files": act("files", n),
                    "repair": act("repair", n, *tool, "replace", n, self.peer[n], *admins),
                }
                for n in NODES
            ]
            if faults
            else [{"name": n, "bytes": act("bytes", n)} for n in NODES],
            "commands": {
                "whole": [*tool, "whole", *admins],
                "capture": {f"log-{n}": act("log", n) for n in NODES},
                "versions": {"control": [str(obtain.control()), "version"]},
                "rotate_add": act("tool", "bumble", *tool, "add", *admins),
                "rotate_retire": act("tool", "bumble", *tool, "retire", *admins),
                "chosen_access_key": True,
                "plant_divergence": act("tool", "bumble", *tool, "plant", *admins),
                "remove_divergence": act("tool", "bumble", *tool, "remove", *admins),
            },
            "volumes": [{"node": n, "kind": "local-dir"} for n in NODES],
            "contract": {
                **CONTRACT,
                "credentials": {
                    **CONTRACT["credentials"],
                    "rotation": "provider",
                    "read_only": {
                        "source": "environment",
                        "access_key": "LAB_READER_ACCESS_KEY",
                        "secret_key": "LAB_READER_SECRET_KEY",
                    },
                },
                "failure": {**CONTRACT["failure"], "readiness": {"path": "/readyz", "target": "admin"}},
                "observability": {
                    "metrics": [{"name": "control_index_divergence"}],
                    "alert_rules": "alerts.yaml",
                },
                "divergence": {"response": "command", "command": [*tool, "check", *admins]},
                "repair": {"kind": "procedure", "budget_seconds": 60},
            },
        }
        return raw | changes

    def _isolating(self, node: str) -> dict[str, Any]:
        verbs = {verb: ["sh", "run.sh", verb, node] for verb in ("isolate", "rejoin", "reaches")}
        return {**verbs, "outside": [self._wires.outside]} if self._wires else {}

    def write(self, raw: dict[str, Any], name: str = "lab.toml") -> Path:
        """The candidate file, beside the scripts."""
        path = self.folder / name
        path.write_text(toml(raw))
        rules = {
            "groups": [
                {"name": "g", "rules": [{"alert": "Diverges", "expr": "control_index_divergence > 0"}]}
            ]
        }
        (self.folder / "alerts.yaml").write_text(json.dumps(rules))
        return path


@contextmanager
def running(lab: Lab, state: Path) -> Iterator[Lab]:
    """The lab, started, and its credentials in the environment; undo journals are kept in `state`."""
    before = dict(os.environ)
    os.environ.update(lab.environment)
    os.environ["XDG_STATE_HOME"] = str(state)
    try:
        lab.start()
        yield lab
    finally:
        lab.stop()
        os.environ.clear()
        os.environ.update(before)


def toml(raw: dict[str, Any]) -> str:
    """TOML of plain values: everything below the first level is inline."""
    return "".join(f"{key} = {_inline(value)}\n" for key, value in raw.items())


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_inline(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value)
