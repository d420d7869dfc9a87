"""The first process of the cluster's namespaces: it makes the network, runs the control plane and starts the nodes.

Called as `python -m tests.k8s.control_plane FOLDER` in new pid, mount and network namespaces. When it ends,
the kernel ends everything that it started, and what it mounted and connected is gone.
"""

from __future__ import annotations

import http.client
import os
import ssl
import subprocess
import sys
from pathlib import Path

from tests.k8s import keep
from tests.k8s.plan import NODES, Plan, load

SWITCH = "switch"
CABLE = "cable"  # to the machine; made from outside, because only there both ends are in reach

NAMES = """cluster.local:53 {{
    bind {address}
    errors
    kubernetes cluster.local {{
        kubeconfig {kubeconfig}
        ttl 1
    }}
}}
"""


def main(folder: Path) -> None:
    """Run the cluster until this process is killed."""
    plan = load(folder)
    os.environ.update(plan.programs.environment())
    keeper = keep.Keeper(os.environ)
    _connect(plan)
    _start_control_plane(plan, keeper)
    for node in NODES:
        _start_node(plan, keeper, node)
    keeper.run()


def _connect(plan: Plan) -> None:
    """A switch for the nodes, with the control plane on it, which is also the way to and from the machine."""
    keep.ip("link", "set", "lo", "up")
    keep.ip("link", "add", SWITCH, "type", "bridge")
    keep.ip("address", "add", f"{plan.control_plane}/24", "dev", SWITCH)
    keep.ip("link", "set", SWITCH, "up")
    keep.sysctl("net/ipv4/ip_forward", 1)
    keep.sysctl("net/bridge/bridge-nf-call-iptables", 0)
    for node in NODES:
        keep.ip("route", "add", plan.pods(node), "via", plan.address(node))
    (plan.folder / "inside").touch()
    keep.wait_for(lambda: keep.has_interface(CABLE), "the cable to the machine")
    keep.ip("address", "add", f"{plan.inside}/30", "dev", CABLE)
    keep.ip("link", "set", CABLE, "up")


def _start_control_plane(plan: Plan, keeper: keep.Keeper) -> None:
    kubernetes, logs = plan.programs.kubernetes, plan.log("x").parent
    etcd = [f"http://{plan.control_plane}:{port}" for port in (2379, 2380)]
    keeper.start(
        "etcd",
        [
            *(plan.programs.etcd, "--data-dir", plan.folder / "etcd", "--log-level", "warn"),
            *("--listen-client-urls", etcd[0], "--advertise-client-urls", etcd[0], "--unsafe-no-fsync"),
            *("--listen-peer-urls", etcd[1], "--initial-advertise-peer-urls", etcd[1]),
            *("--initial-cluster", f"default={etcd[1]}"),
        ],
        logs,
    )
    keeper.start("kube-apiserver", [kubernetes / "kube-apiserver", *_api_server(plan, etcd[0])], logs)
    keep.wait_for(lambda: _api_answers(plan), "the API server", 120)
    keeper.start(
        "kube-controller-manager",
        [
            *(kubernetes / "kube-controller-manager", "--leader-elect=false"),
            f"--kubeconfig={plan.kubeconfig('system:kube-controller-manager')}",
            f"--service-account-private-key-file={plan.folder / 'service-accounts.key'}",
            *(f"--root-ca-file={plan.certificate}", "--use-service-account-credentials=true"),
            *("--node-monitor-grace-period=12s", "--node-monitor-period=2s"),
            f"--flex-volume-plugin-dir={plan.folder / 'plugins'}",  # which it makes, by default in /usr
        ],
        logs,
    )
    scheduler = [
        kubernetes / "kube-scheduler",
        "--leader-elect=false",
        f"--kubeconfig={plan.kubeconfig('system:kube-scheduler')}",
    ]
    keeper.start("kube-scheduler", scheduler, logs)
    names = plan.folder / "Corefile"
    names.write_text(
        NAMES.format(address=plan.control_plane, kubeconfig=plan.kubeconfig("system:coredns")), "utf-8"
    )
    keeper.start("coredns", [plan.programs.coredns, "-conf", names], logs)
    keeper.start("kube-proxy", proxy(plan, NODES[0]), logs)  # the machine's way to the Services


def proxy(plan: Plan, node: str) -> list[object]:
    """The command of a kube-proxy."""
    return [
        plan.programs.kubernetes / "kube-proxy",
        f"--kubeconfig={plan.kubeconfig('system:kube-proxy')}",
        *("--proxy-mode=nftables", f"--hostname-override={node}", "--masquerade-all"),
        *("--conntrack-max-per-core=0", "--conntrack-min=0"),
        *("--conntrack-tcp-timeout-established=0s", "--conntrack-tcp-timeout-close-wait=0s"),
    ]


def _api_server(plan: Plan, etcd: str) -> list[str]:
    key = plan.folder / "service-accounts.key"
    return [
        f"--etcd-servers={etcd}",
        f"--bind-address={plan.control_plane}",
        f"--advertise-address={plan.control_plane}",
        "--secure-port=6443",
        f"--cert-dir={plan.certificate.parent}",
        f"--token-auth-file={plan.folder / 'tokens.csv'}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--anonymous-auth=false",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-cluster-ip-range={plan.services}",
        "--kubelet-preferred-address-types=InternalIP",
    ]


def _api_answers(plan: Plan) -> bool:
    if not plan.certificate.exists():
        return False
    try:
        trust = ssl.create_default_context(cafile=str(plan.certificate))
        connection = http.client.HTTPSConnection(plan.control_plane, 6443, timeout=2, context=trust)
        connection.request("GET", "/readyz", headers={"Authorization": f"Bearer {plan.tokens['admin']}"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


def _start_node(plan: Plan, keeper: keep.Keeper, node: str) -> None:
    program = [sys.executable, "-m", "tests.k8s.node", plan.folder, node]
    command = ["unshare", "--mount", "--net", "--", *program]
    # Not restarted: its network would be a new one, without a cable.
    process = keeper.start(f"node-{node}", command, plan.log("x").parent, restarts=0)
    keep.wait_for((plan.node_folder(node) / "inside").exists, f"the namespaces of {node}")
    keep.ip("link", "add", port(node), "type", "veth", "peer", "name", "eth0", "netns", process.pid)
    keep.ip("link", "set", port(node), "master", SWITCH)
    keep.ip("link", "set", port(node), "up")


def port(node: str) -> str:
    """The switch's end of the node's cable."""
    return f"port-{node}"


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
        sys.exit(f"the cluster cannot go on: {error}")
