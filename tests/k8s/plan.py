"""Where everything of one cluster lies: addresses, files, and the cgroups of its nodes."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from tests.k8s.programs import Programs

NODES = ("bumble", "honey", "sting")
CONTEXT = "lane"
SANDBOX_IMAGE = "lane.local/busybox:1"
"""Of every pod's sandbox, and of test pods: a static busybox with the applets that `APPLETS` names."""
APPLETS = ("cat", "chmod", "httpd", "mkdir", "sh", "sleep", "timeout", "wc", "wget")


@dataclass(frozen=True)
class Plan:
    """One cluster. `block` is the third octet of its /21 in 198.18.0.0/15, addresses that no real network uses:
    the first /24 is the nodes' network, the next three are the pods', the fifth is the Services', and the sixth is
    that of the cable to the machine.
    """

    folder: Path
    name: str
    block: int
    programs: Programs
    tokens: dict[str, str]

    @property
    def range(self) -> str:
        return f"198.18.{self.block}.0/21"

    @property
    def outside(self) -> str:
        """The machine's end of its cable."""
        return f"198.18.{self.block + 5}.1"

    @property
    def inside(self) -> str:
        """The cluster's end of that cable."""
        return f"198.18.{self.block + 5}.2"

    @property
    def control_plane(self) -> str:
        """The address of the API server and of DNS."""
        return f"198.18.{self.block}.2"

    @property
    def server(self) -> str:
        return f"https://{self.control_plane}:6443"

    @property
    def services(self) -> str:
        return f"198.18.{self.block + 4}.0/24"

    def address(self, node: str) -> str:
        return f"198.18.{self.block}.{11 + NODES.index(node)}"

    def pods(self, node: str) -> str:
        return f"198.18.{self.block + 1 + NODES.index(node)}.0/24"

    def node_folder(self, node: str) -> Path:
        return self.folder / "nodes" / node

    def disks(self, node: str) -> Path:
        """What the node sees as /mnt/disks: each folder in it is a disk."""
        return self.node_folder(node) / "disks"

    def containerd(self, node: str) -> Path:
        return self.node_folder(node) / "containerd.sock"

    def log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    @property
    def certificate(self) -> Path:
        """The API server's certificate, signed by a CA that is in the same file."""
        return self.folder / "certs" / "apiserver.crt"

    def kubeconfig(self, user: str) -> Path:
        return self.folder / "kubeconfigs" / f"{user}.yaml"

    def cgroup(self, node: str) -> str:
        """What holds every process of the node, in every hierarchy."""
        return f"/{self.name}/{node}"

    def save(self) -> None:
        """Write it for the processes that run the cluster."""
        text = json.dumps(dataclasses.asdict(self), default=str)
        path = self.folder / "plan.json"
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")


def load(folder: Path) -> Plan:
    """The plan that was saved there. Raises FileNotFoundError."""
    stated = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    places = {name: Path(value) for name, value in stated.pop("programs").items()}
    return Plan(folder=Path(stated.pop("folder")), programs=Programs(**places), **stated)


def token_file(tokens: dict[str, str]) -> str:
    """The API server's users: one line a token."""
    groups = {"admin": "system:masters"} | {f"system:node:{node}": "system:nodes" for node in NODES}
    return "".join(f'{token},{user},{user},"{groups.get(user, "")}"\n' for user, token in tokens.items())


def users() -> tuple[str, ...]:
    """Everyone who needs a token, under the names that Kubernetes' own roles are bound to."""
    parts = ("kube-controller-manager", "kube-scheduler", "kube-proxy", "kube-router", "coredns")
    return ("admin", *(f"system:{part}" for part in parts), *(f"system:node:{node}" for node in NODES))


def kubeconfig_text(plan: Plan, token: str) -> str:
    """A kubeconfig (JSON is YAML) with one context, `lane`; it is also the current one of this file."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": CONTEXT,
                    "cluster": {"server": plan.server, "certificate-authority": str(plan.certificate)},
                }
            ],
            "users": [{"name": CONTEXT, "user": {"token": token}}],
            "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
            "current-context": CONTEXT,
        },
        indent=1,
    )
