"""One node: a kubelet over its own containerd, a kube-proxy and what enforces NetworkPolicies, in namespaces and
cgroups of the node's own.

Called as `python -m tests.k8s.node FOLDER NODE` in new mount and network namespaces.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.k8s import cgroups, keep
from tests.k8s.control_plane import proxy
from tests.k8s.plan import NODES, SANDBOX_IMAGE, Plan, load

CONTAINERD = """version = 2
root = "{folder}/containerd"
state = "/run/containerd"
[grpc]
  address = "{socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{folder}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{sandbox}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{plugins}"
    conf_dir = "{folder}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
"""


def main(folder: Path, node: str) -> None:
    """Run the node until its cluster ends."""
    plan = load(folder)
    here = plan.node_folder(node)
    _mount(plan, node)
    cgroups.enter(plan.cgroup(node))
    (here / "inside").touch()
    _connect(plan, node)
    _configure(plan, node)
    keeper, logs = keep.Keeper(os.environ), plan.folder / "logs" / node
    keeper.start("containerd", ["containerd", "-c", here / "containerd.toml"], logs)
    keep.wait_for(lambda: _has_sandbox_image(plan, node), "containerd and its first image")
    kubelet = [
        plan.programs.kubernetes / "kubelet",
        f"--config={here / 'kubelet.json'}",
        f"--kubeconfig={plan.kubeconfig(f'system:node:{node}')}",
        *(f"--root-dir={here / 'kubelet'}", f"--cert-dir={here / 'certs'}"),
        *(f"--hostname-override={node}", f"--node-ip={plan.address(node)}"),
    ]
    keeper.start("kubelet", kubelet, logs)
    keeper.start("kube-proxy", proxy(plan, node), logs)
    keeper.start("kube-router", _firewall(plan, node), logs)
    keeper.run()


def _firewall(plan: Plan, node: str) -> list[object]:
    """The command of kube-router as the enforcer of NetworkPolicies and nothing else."""
    return [
        *(plan.programs.kube_router, f"--kubeconfig={plan.kubeconfig('system:kube-router')}"),
        *(f"--hostname-override={node}", f"--service-cluster-ip-range={plan.services}"),
        *("--run-firewall=true", "--run-router=false", "--run-service-proxy=false", "--enable-cni=false"),
        "--iptables-sync-period=30s",
    ]


def _mount(plan: Plan, node: str) -> None:
    """Places that kubelet and containerd write to by fixed names become the node's own."""
    here = plan.node_folder(node)
    for name in ("var", "work", "containerd", "opt", "cni", "disks"):
        (here / name).mkdir(parents=True, exist_ok=True)
    layers = f"lowerdir=/var,upperdir={here / 'var'},workdir={here / 'work'}"
    for words in (
        ("-t", "overlay", "overlay", "-o", layers, "/var"),
        ("-t", "tmpfs", "tmpfs", "/run"),
        ("-t", "tmpfs", "tmpfs", "/mnt"),
    ):
        subprocess.run(["mount", *words], check=True)
    # The kubelet tells how full these are, of file systems that are mounted for them, not of folders.
    for name in ("kubelet", "containerd"):
        (here / name).mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2g", name, here / name], check=True)
    Path("/mnt/disks").mkdir()
    subprocess.run(["mount", "--bind", here / "disks", "/mnt/disks"], check=True)


def _connect(plan: Plan, node: str) -> None:
    keep.wait_for(lambda: keep.has_interface("eth0"), "the node's cable")
    keep.ip("link", "set", "lo", "up")
    keep.ip("address", "replace", f"{plan.address(node)}/24", "dev", "eth0")
    keep.ip("link", "set", "eth0", "up")
    keep.ip("route", "replace", "default", "via", plan.control_plane)
    for other in NODES:
        if other != node:
            keep.ip("route", "replace", plan.pods(other), "via", plan.address(other))
    keep.sysctl("net/ipv4/ip_forward", 1)
    keep.sysctl("net/bridge/bridge-nf-call-iptables", 1)  # policies hold between pods of one node, too


def _configure(plan: Plan, node: str) -> None:
    here = plan.node_folder(node)
    text = CONTAINERD.format(
        folder=here, socket=plan.containerd(node), sandbox=SANDBOX_IMAGE, plugins=plan.programs.cni
    )
    (here / "containerd.toml").write_text(text, encoding="utf-8")
    bridge = {
        "type": "bridge",
        "bridge": "pods",
        "isGateway": True,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": plan.pods(node)}]],
            "routes": [{"dst": "0.0.0.0/0"}],
            "dataDir": "/run/addresses",
        },
    }
    network = {"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge]}
    (here / "cni/pods.conflist").write_text(json.dumps(network), encoding="utf-8")
    (here / "kubelet.json").write_text(json.dumps(_kubelet(plan, node)), encoding="utf-8")


def _kubelet(plan: Plan, node: str) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": f"unix://{plan.containerd(node)}",
        "address": plan.address(node),
        "readOnlyPort": 0,
        "clusterDNS": [plan.control_plane],
        "clusterDomain": "cluster.local",
        "resolvConf": "",
        "volumePluginDir": str(plan.node_folder(node) / "plugins"),
        # The API server has no client certificate here; nothing outside the cluster's network reaches this port.
        "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        "cgroupDriver": "cgroupfs",
        "cgroupsPerQOS": False,
        "enforceNodeAllocatable": [],
        "failCgroupV1": False,
        "failSwapOn": False,
        "localStorageCapacityIsolation": True,
        "oomScoreAdj": 0,
        "evictionHard": {
            "memory.available": "10Mi",
            **dict.fromkeys(("nodefs.available", "imagefs.available"), "0%"),
            **dict.fromkeys(("nodefs.inodesFree", "imagefs.inodesFree"), "0%"),
        },
        "nodeStatusUpdateFrequency": "3s",
        "volumeStatsAggPeriod": "2s",
        "nodeLeaseDurationSeconds": 8,
    }


def _has_sandbox_image(plan: Plan, node: str) -> bool:
    command = ["ctr", "-a", str(plan.containerd(node)), "-n", "k8s.io", "images", "import"]
    archive = str(plan.folder / "sandbox.tar")
    done = subprocess.run([*command, archive], capture_output=True, check=False, timeout=30)
    return done.returncode == 0


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2])
    except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
        sys.exit(f"the node {sys.argv[2]} cannot go on: {error}")
