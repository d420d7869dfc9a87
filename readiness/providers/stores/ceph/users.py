"""The gateways' users, by `radosgw-admin`: one user, a subuser of it that only reads, and further keys of the first.

Secrets go through standard input and output; an argument would be seen by everybody on the machine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Protocol

from readiness.topology import Keys

USER, READER = "admin", "reader"


class Administration(Protocol):
    """Calls `radosgw-admin` with these arguments and that input; its output. Raises RuntimeError."""

    def __call__(self, *arguments: str, given: str = "") -> str: ...


def provision(administration: Administration, keys: Mapping[str, Keys]) -> None:
    """Makes both users, with these keys in the place of those that Ceph makes."""
    administration("user", "create", f"--uid={USER}", "--display-name=readiness")
    reads = ("--access=read", "--key-type=s3", "--gen-access-key", "--gen-secret")
    administration("subuser", "create", f"--uid={USER}", f"--subuser={READER}", *reads)
    record = json.loads(administration("metadata", "get", f"user:{USER}"))
    wanted = {USER: keys["admin"], f"{USER}:{READER}": keys["read_only"]}
    for entry in record["data"]["keys"]:
        of_user = wanted[entry["user"]]
        entry |= {"access_key": of_user.access_key, "secret_key": of_user.secret_key}
    administration("metadata", "put", f"user:{USER}", given=json.dumps(record))


def add(administration: Administration) -> Keys:
    """A further key of the first user."""
    had = _keys(administration("user", "info", f"--uid={USER}"))
    new = ("--key-type=s3", "--gen-access-key", "--gen-secret")
    fresh = _keys(administration("key", "create", f"--uid={USER}", *new)) - had
    if len(fresh) != 1:
        raise RuntimeError(f"radosgw-admin key create made {len(fresh)} keys")
    return fresh.pop()


def retire(administration: Administration, keys: Keys) -> None:
    """Removes that key."""
    administration("key", "rm", f"--uid={USER}", "--key-type=s3", f"--access-key={keys.access_key}")


def _keys(info: str) -> set[Keys]:
    return {Keys(each["access_key"], each["secret_key"]) for each in json.loads(info)["keys"]}
