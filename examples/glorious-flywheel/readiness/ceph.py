"""What `rook-ceph.toml` asks of Ceph, in the toolbox of Rook: `ceph.py whole` and `ceph.py bucket-check`. Both read."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

TOOLBOX = (
    "kubectl",
    "--context",
    "honey",
    "--namespace",
    "rook-ceph",
    "exec",
    "deploy/rook-ceph-tools",
    "--",
)


def ask(*command: str) -> Any:
    """The JSON that a command in the toolbox prints. Raises CalledProcessError, and ValueError if it is none."""
    return json.loads(subprocess.run([*TOOLBOX, *command], check=True, capture_output=True, text=True).stdout)


def whole() -> int:
    """0 if every placement group is active and clean and every monitor is in the quorum."""
    status = ask("ceph", "status", "--format", "json")
    groups = status["pgmap"]
    clean = sum(each["count"] for each in groups["pgs_by_state"] if each["state_name"] == "active+clean")
    monitors = len(status["quorum"]) == status["monmap"]["num_mons"]
    return 0 if monitors and clean == groups["num_pgs"] else 1


def bucket_check() -> int:
    """Prints what diverges between the index of each bucket and its objects; 0 if nothing does."""
    divergences = []
    for bucket in ask("radosgw-admin", "bucket", "list"):
        found = ask("radosgw-admin", "bucket", "check", f"--bucket={bucket}")
        divergences += [f"{bucket}/{entry}" for entry in found["invalid_multipart_entries"]]
        headers = found["check_result"]
        if headers["existing_header"] != headers["calculated_header"]:
            divergences.append(f"{bucket}: the index counts other objects or bytes than there are")
    print(json.dumps({"divergences": divergences}))
    return 1 if divergences else 0


if __name__ == "__main__":
    sys.exit({"whole": whole, "bucket-check": bucket_check}[sys.argv[1]]())
