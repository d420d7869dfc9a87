"""Where the programs of a run come from: `tofu`, the control, `weed`, `caddy`, and other stores.

Every function returns a program that can be run now, or raises `readiness.errors.UsageError` with what to change.
What takes long (building) is done once per machine, cached outside the checkout, and shows how far it is.
"""

from readiness.obtain.ceph_packages import ceph
from readiness.obtain.etcd import etcd
from readiness.obtain.go import control, control_next, go_test
from readiness.obtain.kubernetes import kube_apiserver
from readiness.obtain.minio import minio, minio_of_machine
from readiness.obtain.opentofu import Tofu, tofu
from readiness.obtain.rustfs import rustfs, rustfs_of_machine
from readiness.obtain.versitygw import versitygw
from readiness.obtain.wheels import caddy, weed, weed_other

__all__ = [
    "Tofu",
    "caddy",
    "ceph",
    "control",
    "control_next",
    "etcd",
    "go_test",
    "kube_apiserver",
    "minio",
    "minio_of_machine",
    "rustfs",
    "rustfs_of_machine",
    "tofu",
    "versitygw",
    "weed",
    "weed_other",
]
