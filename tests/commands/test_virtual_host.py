"""Virtual-host style and another region, on real SeaweedFS with a domain name, through all four clients."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from readiness import obtain
from readiness.paths import ROOT
from tests.support.ports import free_ports

pytestmark = pytest.mark.store

KEYS = {"VIRTUAL_ACCESS_KEY": "virtualkey", "VIRTUAL_SECRET_KEY": "virtual-secret"}


def own_mounts() -> bool:
    unshare = shutil.which("unshare")
    return unshare is not None and subprocess.run([unshare, "-m", "true"], check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(not own_mounts(), reason="needs a mount namespace of its own, for a resolver")
def test_virtual_host_style(tmp_path: Path) -> None:
    master, volume, filer, s3 = free_ports(4)
    credentials = [{"accessKey": KEYS["VIRTUAL_ACCESS_KEY"], "secretKey": KEYS["VIRTUAL_SECRET_KEY"]}]
    identity = {"name": "a", "credentials": credentials, "actions": ["Admin", "Read", "Write", "List"]}
    (tmp_path / "s3.json").write_text(json.dumps({"identities": [identity]}))
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.53\n")
    (tmp_path / "data").mkdir()
    flags = {
        "ip": "127.0.0.1", "ip.bind": "127.0.0.1", "dir": "data", "master.port": master, "volume.port": volume,
        "filer.port": filer, "s3.port": s3, "s3.port.iceberg": 0, "s3.port.lance": 0, "s3.domainName": "s3.lab.test",
        "s3.config": "s3.json", "s3.localSocket": tmp_path / "s", "filer.localSocket": tmp_path / "f",
        "master.telemetry": "false", "master.volumeSizeLimitMB": 64, "volume.max": 64,
        "master.port.grpc": free_ports(1)[0], "volume.port.grpc": free_ports(1)[0],
        "filer.port.grpc": free_ports(1)[0], "s3.port.grpc": free_ports(1)[0],
    }  # fmt: skip
    argv = [
        "-logtostderr=true",
        "server",
        "-s3",
        "-filer",
        *(f"-{name}={value}" for name, value in flags.items()),
    ]
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen([obtain.weed(), *argv], cwd=tmp_path, stdout=log, stderr=log) as store,
    ):
        try:
            client = [sys.executable, "-m", "tests.commands.virtual_host_client"]
            done = subprocess.run(
                ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"',
                 tmp_path / "resolv.conf", *client, f"http://s3.lab.test:{s3}", "eu-north-1", tmp_path / "tofu"],
                cwd=ROOT, env=os.environ | KEYS, capture_output=True, text=True, timeout=600, check=False,
            )  # fmt: skip
        finally:
            store.kill()
    assert done.returncode == 0, done.stderr[-2000:] + (tmp_path / "log").read_text()[-1000:]
    assert "tofu: done" in done.stdout
