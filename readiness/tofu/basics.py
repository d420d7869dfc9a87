"""P2.1, P2.2, P2.3, P2.11, P2.12: init, first write, no-op plan, the same state through every endpoint, a large
state."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from readiness.checkers.words import count
from readiness.finding import Finding, merge, proved, refuted
from readiness.tofu.env import Disposable, judgement, ready
from readiness.tofu.run import Run
from readiness.tofu.state import parse, payload_chunk
from readiness.topology import Endpoint

FIRST = "first"
LARGE = "large"
UNPARSABLE = ("Unsupported state file format", "could not be parsed", "S3 bucket does not exist")


@judgement
def init_everywhere(env: Disposable) -> Finding:
    """P2.1: `tofu init` from the committed settings succeeds through every endpoint, and `-reconfigure` moves one
    checkout on.

    init is an observation of the store: the S3 backend lists the workspaces (ListObjectsV2 under `env:/`) before
    it says "Successfully configured"; with a wrong secret key it fails.
    """
    seen = env.seen()
    failures = []
    for endpoint in env.endpoints:
        client = env.make(f"init-{endpoint.name}", endpoint, FIRST)
        run = client.init()
        recorded = _backend(client.folder / "data" / "terraform.tfstate")
        if not run.ok:
            failures.append(f"init through {endpoint.name}: {run.why()}")
        elif recorded != (env.place.bucket, endpoint.url):
            failures.append(f"init through {endpoint.name} recorded {recorded}")
    traveller = env.make("init-reconfigured", env.entry, FIRST)
    ready(traveller.init())
    for endpoint in (*env.others(env.entry), env.entry):
        run = traveller.move_to(endpoint)
        if not run.ok:
            failures.append(f"init -reconfigure to {endpoint.name}: {run.why()}")
    if failures:
        return refuted("; ".join(failures), observations=max(seen.count, 1))
    slowest = max(run.seconds for run in seen.of("init"))
    return proved(
        f"init through {count(len(env.endpoints), 'endpoint')}, and -reconfigure to each of them",
        seen.count,
        init_slowest_s=round(slowest, 2),
    )


@judgement
def first_write(env: Disposable, revision: int = 1) -> Finding:
    """P2.2: where no endpoint knows a state, `apply` writes one: serial 1, what was applied, the same through
    every endpoint."""
    seen = env.seen()
    place = env.where(FIRST)
    there = [endpoint.name for endpoint in env.endpoints if env.objects(endpoint).exists(place.key)]
    if there:
        return refuted(f"{', '.join(there)} has a state where none was written", observations=seen.count)
    client = env.client(FIRST, env.entry)
    run = client.apply({"revision": revision})
    if not run.ok:
        return refuted(f"the first apply: {run.why()}", observations=max(seen.count, 1))
    faults = []
    lineages = set()
    for endpoint in env.endpoints:
        snapshot = env.snapshot(FIRST, endpoint)
        if snapshot is None:
            faults.append(f"{endpoint.name} has no state after it was acknowledged")
            continue
        lineages.add(snapshot.lineage)
        if snapshot.serial != 1:
            faults.append(f"{endpoint.name} says serial {snapshot.serial}, not 1")
        if snapshot.inputs("revision") != {"": revision}:
            faults.append(f"{endpoint.name} does not hold what was applied")
        if env.lock(FIRST, endpoint) is not None:
            faults.append(f"{endpoint.name} still shows a lock")
    if len(lineages) > 1:
        faults.append(f"{len(lineages)} lineages for one state")
    if faults:
        return refuted("; ".join(faults), observations=seen.count)
    return proved("state written and seen", seen.count, first_apply_s=round(run.seconds, 2), serial=1)


@judgement
def no_op_plan(
    env: Disposable,
    key: str = FIRST,
    endpoints: Sequence[Endpoint] | None = None,
    variables: Mapping[str, object] | None = None,
) -> Finding:
    """P2.3: `plan -detailed-exitcode` of an unchanged configuration ends with 0 through every endpoint. No fault
    is under way."""
    findings = []
    for endpoint in endpoints or env.endpoints:
        seen = env.seen()
        run = env.client(key, endpoint).plan(variables)
        findings.append(judge_plan(run, seen.count))
    return merge(findings)


def judge_plan(run: Run, observations: int = 1) -> Finding:
    """What one plan of an unchanged configuration says, where no fault excuses an outage."""
    name = f"plan_{run.endpoint}_s"
    if run.ok:
        return proved("no-op plan", observations, **{name: round(run.seconds, 2)})
    if wrong := wrong_answer(run):
        return refuted(f"{run.endpoint}: {wrong}", observations=observations)
    return refuted(f"plan through {run.endpoint}: {run.why()}", observations=max(observations, 1))


def wrong_answer(run: Run) -> str | None:
    """Why this plan shows a violation rather than an outage: the state that it read is not the one that was
    written."""
    if run.code == 2:
        lost = run.stdout.count("will be created")
        return f"a no-op plan wants changes ({lost} to create): the state it read is not the one that was written"
    if run.code and (said := next((words for words in UNPARSABLE if words in run.stderr), None)):
        return f"the state cannot be read ({said})"
    return None


@judgement
def pull_everywhere(env: Disposable, key: str = FIRST) -> Finding:
    """P2.11: `state pull` gives the same bytes through every endpoint, and they are the state object's."""
    seen = env.seen()
    pulled: dict[str, str] = {}
    for endpoint in env.endpoints:
        run, body = env.client(key, endpoint).state_pull()
        if not run.ok:
            return refuted(
                f"state pull through {endpoint.name}: {run.why()}", observations=max(seen.count, 1)
            )
        if not body.strip():
            return refuted(f"state pull through {endpoint.name} is empty", observations=seen.count)
        pulled[endpoint.name] = parse(body).digest
        raw = env.objects(endpoint).get(env.where(key).key)
        pulled[f"{endpoint.name} (object)"] = (
            "absent" if raw is None else hashlib.sha256(raw.strip()).hexdigest()
        )
    if len(set(pulled.values())) > 1:
        shown = ", ".join(f"{name} {digest[:12]}" for name, digest in pulled.items())
        return refuted(f"the state differs: {shown}", observations=seen.count)
    return proved(f"identical through {count(len(env.endpoints), 'endpoint')}", seen.count)


@judgement
def large_state(env: Disposable, megabytes: int = 10) -> Finding:
    """P2.12: a state of 10 MB is written and read whole through every endpoint, holds what was applied, and plans
    as no-op.

    What must be in it is computed here, apart from tofu (`payload_chunk`). The no-op plan runs through the
    service endpoint and one other: it re-reads the same bytes that were already compared through all of them, and
    takes seconds.
    """
    seen = env.seen()
    seed = secrets.token_hex(8)
    variables = {"payload_mb": megabytes, "payload_seed": seed}
    run = env.client(LARGE, env.entry).apply(variables)
    if not run.ok:
        return refuted(f"apply of {megabytes} MB: {run.why()}", observations=max(seen.count, 1))
    expected = {f"{chunk:02d}": payload_chunk(seed, chunk) for chunk in range(megabytes)}
    digests = {}
    slowest = 0.0
    for endpoint in env.endpoints:
        pull, body = env.client(LARGE, endpoint).state_pull()
        slowest = max(slowest, pull.seconds)
        if not pull.ok:
            return refuted(f"state pull through {endpoint.name}: {pull.why()}", observations=seen.count)
        snapshot = parse(body)
        digests[endpoint.name] = snapshot.digest
        if snapshot.inputs("payload") != expected:
            return refuted(
                f"{endpoint.name}: the large state does not hold what was applied", observations=seen.count
            )
    if len(set(digests.values())) > 1:
        return refuted(f"the large state differs between {', '.join(digests)}", observations=seen.count)
    plans = [
        judge_plan(env.client(LARGE, endpoint).plan(variables))
        for endpoint in (env.entry, *env.others(env.entry)[:1])
    ]
    size = len(body)
    measured = {"state_bytes": size, "apply_s": round(run.seconds, 2), "pull_slowest_s": round(slowest, 2)}
    return merge([proved("written and read whole", seen.count, **measured), *plans])


def _backend(path: Path) -> tuple[str, str] | None:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))["backend"]["config"]
        return config["bucket"], config["endpoints"]["s3"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
