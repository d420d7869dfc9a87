"""A real Kubernetes cluster of three nodes on this machine, for tests and for people (root on Linux is needed).

    python -m tests.k8s.cluster start            start it, wait until its nodes are ready, leave it running
    python -m tests.k8s.cluster kubeconfig       the path of its kubeconfig (context `lane`)
    python -m tests.k8s.cluster freeze NODE      every process of the node stops where it is; also: thaw
    python -m tests.k8s.cluster unplug NODE      the node's cable is pulled; also: plug
    python -m tests.k8s.cluster files NODE       how many files lie on the node's disks
    python -m tests.k8s.cluster wipe NODE        remove them
    python -m tests.k8s.cluster import IMAGE.tar give an image to all nodes
    python -m tests.k8s.cluster kubectl ARGS…    kubectl of the cluster's release, as its administrator
    python -m tests.k8s.cluster stop             end it and remove every trace

`--dir FOLDER` before the verb names another cluster than the one in the machine's temporary folder.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from readiness.command_line import Parser
from readiness.errors import UsageError
from readiness.providers.supervisor import network
from tests.k8s import cgroups, warden
from tests.k8s.control_plane import CABLE, port
from tests.k8s.image import pack
from tests.k8s.keep import wait_for
from tests.k8s.machine import why_not
from tests.k8s.plan import (
    APPLETS,
    NODES,
    SANDBOX_IMAGE,
    Plan,
    kubeconfig_text,
    load,
    token_file,
    users,
)
from tests.k8s.programs import programs
from tests.k8s.roles import ROLES

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_FOLDER = Path(tempfile.gettempdir()) / "tofu-ha-kubernetes"
READY_SECONDS = 180
DISKS, DISK_SIZE = "/mnt/disks", "4g"
LONGEST_FOLDER = 50  # a socket's path has 107 characters at most, and kubelet puts some deep below this


class Cluster:
    """Nodes bumble, honey and sting. Use it as a context manager: it ends with the block, and with its process."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._plan: Plan | None = None
        self._warden: subprocess.Popen[bytes] | None = None

    @classmethod
    def running(cls, folder: Path) -> Cluster:
        """The cluster that runs in that folder. Raises UsageError."""
        cluster = cls(folder)
        try:
            cluster._plan = load(folder)
        except FileNotFoundError:
            raise UsageError(
                f"no cluster runs in {folder}: `python -m tests.k8s.cluster start` starts one"
            ) from None
        return cluster

    @property
    def plan(self) -> Plan:
        """Where everything is. Raises UsageError before the start."""
        if self._plan is None:
            raise UsageError("the cluster is not started")
        return self._plan

    def start(self, *, detached: bool = False) -> Cluster:
        """Start it and wait until the three nodes are ready. Raises UsageError with the logs' ends."""
        self._plan = plan = _prepare(self._folder)
        command = [sys.executable, "-m", "tests.k8s.warden", str(plan.folder)]
        self._warden = subprocess.Popen(
            [*command, *(["--detached"] if detached else [])],
            cwd=ROOT,
            stdin=subprocess.DEVNULL if detached else subprocess.PIPE,
            start_new_session=True,
        )
        (plan.folder / "warden.pid").write_text(str(self._warden.pid), encoding="ascii")
        try:
            self._wait(lambda: (plan.folder / "inside").exists(), "its network")
            _cable(plan, self._warden.pid)
            self._wait(self._roles_made, "its API server")
            self._wait(self._nodes_ready, "its nodes")
        except BaseException as error:
            words = warden.last_words(plan)
            self.stop()
            if isinstance(error, (TimeoutError, subprocess.CalledProcessError)):
                raise UsageError(f"the cluster did not start ({error}):\n{words}") from error
            raise
        return self

    def stop(self) -> None:
        """End it and remove every trace; nothing if there is none."""
        if self._warden is not None:
            self._warden.terminate()
            self._warden.wait(60)
            if self._warden.stdin is not None:
                self._warden.stdin.close()
        elif self._plan is not None:
            _stop_detached(self._plan)
        self._warden = self._plan = None

    def __enter__(self) -> Cluster:
        return self.start() if self._plan is None else self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    def kubeconfig(self, user: str = "admin") -> Path:
        """A kubeconfig file whose only context is `lane`."""
        return self.plan.kubeconfig(user)

    def service_account(self, namespace: str, name: str) -> Path:
        """A kubeconfig with a token of that ServiceAccount, good for an hour."""
        token = self.kubectl("create", "token", name, "--namespace", namespace).strip()
        path = self.plan.kubeconfig(f"{namespace}.{name}")
        _write_private(path, kubeconfig_text(self.plan, token))
        return path

    def kubectl(self, *words: str, user: str = "admin", text: str | None = None) -> str:
        """What kubectl prints. Raises CalledProcessError, whose stderr says why."""
        command = [str(self.plan.programs.kubectl), "--kubeconfig", str(self.kubeconfig(user)), *words]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=120)
        if done.returncode:
            error = subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
            error.add_note(done.stderr)
            raise error
        return done.stdout

    def get(self, *words: str) -> Any:
        """The objects that `kubectl get` names, as parsed JSON. Raises CalledProcessError."""
        return json.loads(self.kubectl("get", *words, "--output", "json"))

    def import_image(self, archive: Path) -> None:
        """Give an image (a tar file, see image.py) to every node."""
        for node in NODES:
            command = ["ctr", "-a", str(self.plan.containerd(node)), "-n", "k8s.io", "images", "import"]
            subprocess.run(
                [*command, str(archive)],
                check=True,
                capture_output=True,
                env=self.plan.programs.environment(),
            )

    def cgroup(self, node: str) -> Path:
        """The cgroup that holds every process of the node, those of its pods too."""
        return cgroups.freezer(self.plan.cgroup(node))

    def freeze_node(self, node: str) -> None:
        """Silence: every process of the node, kubelet and pods, stops where it is; its kernel goes on."""
        cgroups.freeze(self.cgroup(node))

    def thaw_node(self, node: str) -> None:
        cgroups.thaw(self.cgroup(node))

    def frozen(self, node: str) -> bool:
        """Whether the node is frozen."""
        return cgroups.is_frozen(self.cgroup(node))

    def unplugged(self, node: str) -> bool:
        """Whether the node's cable is pulled."""
        return "state DOWN" in self._inside("ip", "link", "show", port(node))

    def unplug_node(self, node: str) -> None:
        """Silence: nothing to or from the node arrives; its processes go on."""
        self._inside("ip", "link", "set", port(node), "down")

    def plug_node(self, node: str) -> None:
        self._inside("ip", "link", "set", port(node), "up")

    def files(self, node: str) -> int:
        """How many files lie on the node's disks."""
        return len(self._on_node(node, "find", DISKS, "-type", "f").splitlines())

    def wipe_node(self, node: str) -> None:
        """Remove all files on the node's disks; the disks themselves stay."""
        self._on_node(node, "find", DISKS, "-mindepth", "2", "-delete")

    def make_disk(self, node: str, name: str) -> None:
        """A file system of its own, in memory, that the node sees as /mnt/disks/NAME, for a local volume."""
        disk = f"{DISKS}/{name}"
        if disk in self._on_node(node, "cat", "/proc/mounts"):
            return
        self._on_node(node, "mkdir", "-p", disk)
        self._on_node(node, "mount", "-t", "tmpfs", "-o", f"size={DISK_SIZE},mode=0777", name, disk)

    def _on_node(self, node: str, *words: str) -> str:
        """What the command prints with the file systems of the node. Raises CalledProcessError."""
        first = psutil.Process(_first_process(int((self.plan.folder / "warden.pid").read_text("ascii"))))
        wanted = ["-m", "tests.k8s.node", str(self.plan.folder), node]
        pid = next(one.pid for one in first.children() if one.cmdline()[-4:] == wanted)
        command = ["nsenter", "--target", str(pid), "--mount", "--pid", "--", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    def _inside(self, *words: str) -> str:
        pid = str(_first_process(int((self.plan.folder / "warden.pid").read_text(encoding="ascii"))))
        return subprocess.run(
            ["nsenter", "--target", pid, "--net", "--", *words],
            check=True,
            capture_output=True,
            text=True,
            env=self.plan.programs.environment(),
        ).stdout

    def _wait(self, holds: Callable[[], bool], what: str) -> None:
        def holds_or_ended() -> bool:
            if self._warden is not None and self._warden.poll() is not None:
                raise TimeoutError(f"{what}: the cluster ended")
            return holds()

        wait_for(holds_or_ended, what, READY_SECONDS)

    def _roles_made(self) -> bool:
        try:
            self.kubectl("apply", "-f", "-", text=ROLES)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            return False
        return True

    def _nodes_ready(self) -> bool:
        try:
            nodes = self.get("nodes")["items"]
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            return False
        ready = [
            node["metadata"]["name"]
            for node in nodes
            for condition in node["status"].get("conditions", ())
            if (condition["type"], condition["status"]) == ("Ready", "True")
        ]
        return sorted(ready) == sorted(NODES)


def _prepare(folder: Path | None) -> Plan:
    if reason := why_not():
        raise UsageError(reason)
    if folder is not None and (folder / "plan.json").exists():
        raise UsageError(f"a cluster is in {folder} already: stop it first")
    if len(str(place := (folder or DEFAULT_FOLDER).absolute())) > LONGEST_FOLDER:
        raise UsageError(f"{place}: name a folder whose path has {LONGEST_FOLDER} characters at most")
    found = programs()
    folder = Path(tempfile.mkdtemp(prefix="tofu-ha-kubernetes-")) if folder is None else folder.absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("logs", "kubeconfigs", "certs"):
        (folder / name).mkdir(exist_ok=True)
    tokens = {user: secrets.token_urlsafe(24) for user in users()}
    plan = Plan(folder, f"tsk{secrets.token_hex(4)}", _free_block(), found, tokens)
    plan.save()
    _write_private(folder / "tokens.csv", token_file(tokens))
    for user, token in tokens.items():
        _write_private(plan.kubeconfig(user), kubeconfig_text(plan, token))
    key = folder / "service-accounts.key"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    pack(
        folder / "sandbox.tar",
        SANDBOX_IMAGE,
        {f"/bin/{name}": found.busybox for name in ("busybox", *APPLETS)},
        ["/bin/busybox", "sleep", "inf"],
    )
    return plan


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


def _free_block() -> int:
    """A /21 of 198.18.0.0/16 that no route of this machine touches. Raises UsageError."""
    routes = network._routes()
    for block in range(0, 256, 8):
        wanted = ipaddress.ip_network(f"198.18.{block}.0/21")
        if not any(wanted.overlaps(route) for route in routes):
            return block
    raise UsageError(
        "no network is left in 198.18.0.0/16: are clusters of earlier runs still there (`ip route`)?"
    )


def _cable(plan: Plan, warden_pid: int) -> None:
    """Connect the machine with the cluster. The cable goes when the cluster's namespace does."""
    pid = _first_process(warden_pid)
    for words in (
        ("link", "add", plan.name, "type", "veth", "peer", "name", CABLE, "netns", str(pid)),
        ("address", "add", f"{plan.outside}/30", "dev", plan.name),
        ("link", "set", plan.name, "up"),
        ("route", "add", plan.range, "via", plan.inside),
    ):
        subprocess.run(["ip", *words], check=True, env=plan.programs.environment())


def _first_process(warden_pid: int) -> int:
    """The first process inside the namespaces: the child of `unshare`, the child of the warden."""
    pid = warden_pid
    for _ in range(2):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        if not children:
            raise UsageError("the cluster has ended")
        pid = int(children[0])
    return pid


def _stop_detached(plan: Plan) -> None:
    pid = int((plan.folder / "warden.pid").read_text(encoding="ascii"))
    command = Path(f"/proc/{pid}/cmdline")
    if not command.exists() or b"tests.k8s.warden" not in command.read_bytes():
        shutil.rmtree(plan.folder, ignore_errors=True)  # the machine was restarted
        return
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not plan.folder.exists(), "the end of the cluster", 60)


def main(arguments: Sequence[str]) -> int:
    """The command line; 0 is done, 4 a wrong call or a machine that cannot have a cluster."""
    parser = Parser(prog="python -m tests.k8s.cluster", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--dir", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("verb")
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    call = parser.parse_args(arguments)
    try:
        return _do(call.verb, call.rest, call.dir)
    except (UsageError, subprocess.CalledProcessError, TimeoutError) as error:
        print(f"readiness: {error}", file=sys.stderr)
        return 4


def _do(verb: str, rest: Sequence[str], folder: Path) -> int:
    if verb == "start" and not rest:
        started = time.monotonic()
        cluster = Cluster(folder).start(detached=True)
        print(f"ready in {time.monotonic() - started:.0f} s; KUBECONFIG={cluster.kubeconfig()}")
        return 0
    cluster = Cluster.running(folder)
    if verb == "kubectl":
        command = [str(cluster.plan.programs.kubectl), "--kubeconfig", str(cluster.kubeconfig()), *rest]
        return subprocess.run(command, check=False).returncode
    plain: dict[str, Callable[[], object]] = {
        "stop": cluster.stop,
        "kubeconfig": lambda: print(cluster.kubeconfig()),
    }
    of_one: dict[str, Callable[[str], object]] = {
        "freeze": cluster.freeze_node,
        "thaw": cluster.thaw_node,
        "unplug": cluster.unplug_node,
        "plug": cluster.plug_node,
        "files": lambda node: print(cluster.files(node)),
        "wipe": cluster.wipe_node,
        "import": lambda archive: cluster.import_image(Path(archive)),
    }
    if verb in plain and not rest:
        plain[verb]()
    elif verb in of_one and len(rest) == 1 and (verb == "import" or rest[0] in NODES):
        of_one[verb](rest[0])
    else:
        raise UsageError(
            f"unknown: {' '.join([verb, *rest])}; `python -m tests.k8s.cluster --help`\n{__doc__}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
