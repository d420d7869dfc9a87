"""P2.1, P2.2, P2.3, P2.11, P2.12: init, first write, no-op plan, the same state through every endpoint, a large
state.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from pydantic import JsonValue

from readiness.judges.opentofu.basics import Step
from readiness.recording import Recording
from readiness.subject import Subject
from readiness.tofu.env import Disposable
from readiness.tofu.state import payload_chunk
from readiness.tofu.watched import Watched, digest

FIRST = "first"
LARGE = "large"


def init_everywhere(_subject: Subject, see: Recording, env: Disposable) -> None:
    """P2.1: `tofu init` from the committed settings through every endpoint, and `-reconfigure` moves one checkout on.

    init is an observation of the store: the S3 backend lists the workspaces (ListObjectsV2 under `env:/`) before
    it says "Successfully configured"; with a wrong secret key it fails.
    """
    watched = Watched(env, see)
    for endpoint in env.endpoints:
        client = env.make(f"init-{endpoint.name}", endpoint, FIRST)
        run = client.init()
        kept = {"backend": _backend(client.folder / "data" / "terraform.tfstate")}
        watched.ran(Step.INIT, run, kept, bucket=env.place.bucket, url=endpoint.url)
    traveller = watched.made("init-reconfigured", env.entry, FIRST)
    for endpoint in (*env.others(env.entry), env.entry):
        watched.ran(Step.MOVE, traveller.move_to(endpoint))


def first_write(_subject: Subject, see: Recording, env: Disposable) -> None:
    """P2.2: where no endpoint knows a state, `apply` writes one: serial 1, what was applied, the same through
    every endpoint.
    """
    watched = Watched(env, see)
    there = [watched.exists(Step.HEAD, FIRST, endpoint).ok for endpoint in env.endpoints]
    if any(there):
        return
    run = watched.client(FIRST, env.entry).apply({"revision": 1})
    if not watched.ran(Step.APPLY, run, revision=1).ok:
        return
    for endpoint in env.endpoints:
        if watched.state(Step.STATE, FIRST, endpoint, revision=1).ok:
            watched.lock(Step.LOCK, FIRST, endpoint)


def no_op_plan(_subject: Subject, see: Recording, env: Disposable) -> None:
    """P2.3: `plan -detailed-exitcode` of an unchanged configuration through every endpoint. No fault is under way."""
    watched = Watched(env, see)
    for endpoint in env.endpoints:
        watched.ran(Step.PLAN, watched.client(FIRST, endpoint).plan())


def pull_everywhere(_subject: Subject, see: Recording, env: Disposable) -> None:
    """P2.11: `state pull` through every endpoint, and the state object."""
    watched = Watched(env, see)
    for endpoint in env.endpoints:
        _, body = watched.pull(Step.PULL, FIRST, endpoint)
        if body is None:
            return
        watched.state(Step.STATE, FIRST, endpoint)


def large_state(_subject: Subject, see: Recording, env: Disposable, megabytes: int = 10) -> None:
    """P2.12: a state of 10 MB is written, read through every endpoint, and planned.

    What must be in it is computed here, apart from tofu (`payload_chunk`). The no-op plan runs through the
    service endpoint and one other: it re-reads the same bytes that were already compared through all of them, and
    takes seconds.
    """
    watched = Watched(env, see)
    seed = secrets.token_hex(8)
    variables = {"payload_mb": megabytes, "payload_seed": seed}
    run = watched.client(LARGE, env.entry).apply(variables)
    if not watched.ran(Step.APPLY, run, megabytes=megabytes).ok:
        return
    payload = digest({f"{chunk:02d}": payload_chunk(seed, chunk) for chunk in range(megabytes)})
    for endpoint in env.endpoints:
        _, body = watched.pull(Step.PULL, LARGE, endpoint, payload=payload)
        if body is None:
            return
    for endpoint in (env.entry, *env.others(env.entry)[:1]):
        watched.ran(Step.PLAN, watched.client(LARGE, endpoint).plan(variables))


def _backend(path: Path) -> JsonValue:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))["backend"]["config"]
        return [str(config["bucket"]), str(config["endpoints"]["s3"])]
    except (OSError, ValueError, KeyError, TypeError):
        return None
