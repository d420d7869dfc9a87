"""Which store a workload of a cluster runs, by its images and labels. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.errors import UsageError

Raw = Mapping[str, Any]


@dataclass(frozen=True)
class KnownStore:
    """One store. `images`: the last part of its image's name. `port`: where it speaks S3 unless its pods say so.
    `ready`: the path of its readiness, asked on the S3 port, where no probe says it. `s3_roles`: which of its roles
    speak S3; empty: all. `roles`: its only ones, where tools come in the same image. `repair`: how an emptied node is
    made whole. `program`: the name of its program on a host.
    """

    name: str
    title: str
    images: tuple[str, ...]
    port: int
    ready: str | None = None
    s3_roles: tuple[str, ...] = ()
    candidate_class: str = "dedicated-ha"
    repair: str = "none"
    roles: tuple[str, ...] = ()
    program: str = ""


_CEPH = ("mon", "mgr", "osd", "mds", "rgw")
STORES = (
    KnownStore(
        "control", "the suite's own control", ("ha-control", "tofu-state-control"), 9000, program="ha-control"
    ),
    KnownStore("minio", "MinIO", ("minio",), 9000, "/minio/health/ready", repair="itself", program="minio"),
    KnownStore(
        "rustfs",
        "RustFS",
        ("rustfs",),
        9000,
        "/health/ready",
        candidate_class="replicated-rustfs",
        repair="itself",
        program="rustfs",
    ),
    KnownStore(
        "seaweedfs", "SeaweedFS", ("seaweedfs",), 8333, s3_roles=("s3", "filer", "all-in-one"), program="weed"
    ),
    KnownStore(
        "ceph",
        "Ceph (Rook)",
        ("ceph",),
        8080,
        s3_roles=("rgw",),
        repair="itself",
        roles=_CEPH,
        program="radosgw",
    ),
    KnownStore(
        "garage",
        "Garage",
        ("garage", "amd64_garage", "arm64_garage"),
        3900,
        repair="itself",
        program="garage",
    ),
    KnownStore("versitygw", "the Versity S3 Gateway", ("versitygw",), 7070, program="versitygw"),
)
_PORT_NAMES = ("s3", "swfs-s3", "s3-api", "https-minio", "http-minio", "minio", "api", "s3api")
_NO_ROLE = "store"


def the_store(
    there: Collection[str], images: Collection[str], wanted: str | None, place: str, verb: str
) -> KnownStore:
    """The one of these, by name, that is proposed: `wanted`, or the only one. `place` and `verb`: who runs or holds
    them. Raises UsageError, which says what there is.
    """
    if not there:
        known = ", ".join(store.title for store in STORES)
        seen = ", ".join(sorted(images)) or "none"
        raise UsageError(f"{place} {verb} none of {known}; its images: {seen}")
    if wanted is not None and wanted not in there:
        raise UsageError(f"{place} {verb} no {wanted}; it {verb} {', '.join(there)}")
    if wanted is None and len(there) > 1:
        raise UsageError(f"{place} {verb} {', '.join(there)}: name one with --store")
    return next(store for store in STORES if store.name == (wanted or next(iter(there))))


def store_of(workload: Raw) -> KnownStore | None:
    """The store that a StatefulSet or Deployment runs; None if it is not a known one."""
    names = {image_name(str(each.get("image", ""))) for each in containers(workload)}
    store = next((store for store in STORES if names & set(store.images)), None)
    return None if store and store.roles and role_of(workload) not in store.roles else store


def role_of(workload: Raw) -> str:
    """What its pods do within the store, such as filer or rgw: by their labels. `store` if they have no such label."""
    labels = pod_labels(workload)
    rook = re.fullmatch(r"rook-ceph-(\w+)", labels.get("app", ""))
    role = rook[1] if rook else labels.get("app.kubernetes.io/component", _NO_ROLE)
    return re.sub(r"[^a-z0-9-]", "-", role.lower()) or _NO_ROLE


def speaks_s3(store: KnownStore, workload: Raw) -> bool:
    """Whether its pods answer S3 requests: their role does, and where a role may or may not, a port says so."""
    role = role_of(workload)
    if role == "filer" and store.name == "seaweedfs":
        return declared_port(store, workload) is not None
    return not store.s3_roles or role in (*store.s3_roles, _NO_ROLE)


def declared_port(store: KnownStore, workload: Raw) -> int | None:
    """The port of its pods on which S3 is spoken, as the pods declare it."""
    ports = [port for each in containers(workload) for port in each.get("ports") or ()]
    by_name = [port for name in _PORT_NAMES for port in ports if port.get("name") == name]
    by_number = [port for port in ports if port.get("containerPort") == store.port]
    found = next(iter([*by_name, *by_number]), None)
    return int(found["containerPort"]) if found else None


def containers(workload: Raw) -> list[Raw]:
    """The containers of its pods."""
    return list(workload["spec"]["template"]["spec"].get("containers") or ())


def pod_labels(workload: Raw) -> dict[str, str]:
    """The labels of its pods."""
    return dict(workload["spec"]["template"].get("metadata", {}).get("labels") or {})


def image_name(image: str) -> str:
    """`minio` of `quay.io/minio/minio:RELEASE@sha256:…`."""
    return image.split("@", 1)[0].rsplit("/", 1)[-1].split(":", 1)[0]
