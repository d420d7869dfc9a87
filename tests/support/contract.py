"""What the stores that tests declare promise at least."""

from __future__ import annotations

from typing import Any

CONTRACT: dict[str, Any] = {
    "endpoint_shape": "three endpoints",
    "audience": "tests",
    "cache_statement": "Attic, Bazel cache and RBE CAS/AC do not use the state bucket as authority",
    "credentials": {
        "rotation_owner": "tests",
        "rotation_days": 90,
        "admin": {
            "source": "environment",
            "access_key": "LAB_ACCESS_KEY",
            "secret_key": "LAB_SECRET_KEY",
        },
    },
    "durability": {"versioning": True, "retention_days": 30, "restore": "previous-version"},
    "failure": {
        "statement": "any one node may be lost",
        "rto_seconds": {"restart": 4, "drain": 4, "crash": 4, "silence": 5},
        "rpo_acknowledged_writes": 0,
    },
}
