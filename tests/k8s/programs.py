"""What the cluster is made of: Kubernetes, CoreDNS and kube-router built from their Go modules, the rest from Debian's
packages.

Everything is cached outside the checkout and nothing is installed on the machine. From the command line:

    python -m tests.k8s.programs               obtain all (some minutes the first time)
    python -m tests.k8s.programs --is-cached   exit code 0 if nothing would have to be obtained, else 1
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from readiness import obtain
from readiness.errors import UsageError
from readiness.obtain import kubernetes
from readiness.obtain.cache import cached, fingerprint, intact
from readiness.obtain.etcd import MODULE as ETCD
from readiness.obtain.go import build
from readiness.obtain.progress import run_long
from readiness.paths import TOOLS

COREDNS = TOOLS / "coredns"
KUBE_ROUTER = TOOLS / "kube-router"
COMMANDS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl")
PACKAGES = (
    *("containerd", "runc", "containernetworking-plugins", "busybox-static"),
    *("nftables", "iproute2", "iptables", "ipset"),
)
IPTABLES = ("iptables", "iptables-save", "iptables-restore")


@dataclass(frozen=True)
class Programs:
    """Folders with the programs of a cluster; `coredns`, `kube_router` and `etcd` are the programs themselves."""

    kubernetes: Path
    debian: Path
    coredns: Path
    kube_router: Path
    etcd: Path

    @property
    def cni(self) -> Path:
        """The folder of the CNI plugins."""
        return self.debian / "usr/lib/cni"

    @property
    def busybox(self) -> Path:
        """One static program with a shell, for test pods and as the sandbox of every pod."""
        return self.debian / "bin/busybox"

    @property
    def kubectl(self) -> Path:
        return self.kubernetes / "kubectl"

    def environment(self) -> dict[str, str]:
        """The environment in which all of them are found."""
        places = [self.kubernetes, *(self.debian / place for place in ("usr/sbin", "usr/bin", "sbin", "bin"))]
        libraries = [str(path) for path in (self.debian / "usr/lib").glob("*-linux-*")]
        return {
            "PATH": ":".join([*map(str, places), "/usr/sbin", "/usr/bin", "/sbin", "/bin"]),
            "LD_LIBRARY_PATH": ":".join(libraries),
            "XTABLES_LIBDIR": ":".join(f"{library}/xtables" for library in libraries),
            "HOME": "/root",
        }


def programs() -> Programs:
    """All of them, obtained now if they are not cached. Raises UsageError with what to change."""
    return Programs(
        cached(_kubernetes_key(), kubernetes.builder(COMMANDS)),
        cached(_debian_key(), _unpack_packages) / "root",
        cached(_coredns_key(), build(COREDNS, ".", "coredns", "building CoreDNS", ["-ldflags=-s -w"]))
        / "coredns",
        cached(_kube_router_key(), _build_kube_router) / "kube-router",
        obtain.etcd(),
    )


def is_cached() -> bool:
    """Whether `programs` would have nothing to build or to load."""
    etcd = f"etcd-{fingerprint(ETCD, [ETCD / 'go.mod', ETCD / 'go.sum'])}"
    keys = (_kubernetes_key(), _debian_key(), _coredns_key(), _kube_router_key(), etcd)
    return all(intact(key) for key in keys)


def _kubernetes_key() -> str:
    return kubernetes.key("kubernetes")


def _coredns_key() -> str:
    return f"coredns-{fingerprint(COREDNS, [COREDNS / name for name in ('go.mod', 'go.sum', 'main.go')])}"


def _kube_router_key() -> str:
    return f"kube-router-{fingerprint(KUBE_ROUTER, [KUBE_ROUTER / name for name in ('go.mod', 'go.sum')])}"


def _build_kube_router(folder: Path) -> None:
    package = "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router"
    build(KUBE_ROUTER, package, "kube-router", "building kube-router", ["-ldflags=-s -w"])(folder)


def _debian_key() -> str:
    try:
        release = Path("/etc/os-release").read_bytes()
    except OSError:
        release = b""
    return f"containerd-{hashlib.sha256(release + repr(PACKAGES).encode()).hexdigest()[:16]}"


def _unpack_packages(folder: Path) -> None:
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise UsageError(
            "containerd and the CNI plugins come from Debian's packages: run this on Debian or Ubuntu"
        )
    archives = folder / "archives"
    (archives / "partial").mkdir(parents=True)
    run_long(
        [
            *("apt-get", "install", "--download-only", "--reinstall", "--yes", "--no-install-recommends"),
            *("-o", f"Dir::Cache::archives={archives}", *PACKAGES),
        ],
        f"loading {', '.join(PACKAGES)} (once; nothing is installed)",
        cwd=folder,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        advice="Are you root, and are the lists of packages there (apt-get update)?",
    )
    for archive in archives.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", archive, folder / "root"], check=True)
    shutil.rmtree(archives)
    for name in IPTABLES:  # which an installation would link
        (folder / "root/usr/sbin" / name).symlink_to("xtables-nft-multi")


def main(arguments: Sequence[str]) -> int:
    """Obtain, or say whether everything is there."""
    answers: dict[tuple[str, ...], Callable[[], int]] = {
        (): _obtain,
        ("--is-cached",): lambda: 0 if is_cached() else 1,
    }
    if (answer := answers.get(tuple(arguments))) is None:
        print("usage: python -m tests.k8s.programs [--is-cached]", file=sys.stderr)
        return 4
    try:
        return answer()
    except UsageError as error:
        print(f"readiness: {error}", file=sys.stderr)
        return 4


def _obtain() -> int:
    print(programs())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
