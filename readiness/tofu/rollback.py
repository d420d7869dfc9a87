"""P2.7: the previous version of a state is restored and rolled forward again, by both ways that an operator has."""

from __future__ import annotations

from readiness.checkers.words import count
from readiness.finding import Finding, proved, refuted
from readiness.tofu.basics import wrong_answer
from readiness.tofu.env import Disposable, judgement, ready
from readiness.tofu.run import Run
from readiness.tofu.state import parse

KEY = "restored"


class _WrongError(Exception):
    """A step of the restore did not do what it must; the message says which."""


@judgement
def restore_and_forward(env: Disposable, *, versioned: bool = True) -> Finding:
    """P2.7: write revision 1, then 2; restore 1 and plan it as no-op; go forward to 2 and plan it as no-op.

    `versioned`: the older version of the object is copied over the key (the bucket is versioned). Then, and for a
    bucket without versions alone, the state pulled before is pushed back. What OpenTofu says about a serial that
    goes backwards (statemgr.CheckValidImport): `state push` refuses an older serial without -force, which is
    checked here; a *restored object* is simply believed, for the backend compares with nothing outside the
    bucket. After a restore the next serial is therefore used a second time, with other contents.
    """
    seen = env.seen()
    client = env.client(KEY, env.entry)
    try:
        ready(client.apply({"revision": 1}))
        pulled, first = client.state_pull()
        ready(pulled)
        one = parse(first)
        ready(client.apply({"revision": 2}))
        ways = []
        if versioned:
            _restore_version(env, one.digest)
            ways.append("previous version copied over the key")
            _check(env, one.lineage, one.serial, 1, "after the previous version was copied over the key")
            _forward(env, one.lineage, one.serial + 1)
        _push_back(env, first)
        ways.append("pulled state pushed back")
        _check(env, one.lineage, None, 1, "after the pulled state was pushed back")
        _forward(env, one.lineage, None)
    except _WrongError as error:
        return refuted(str(error), observations=max(seen.count, 1))
    return proved(f"restored and rolled forward: {', '.join(ways)}", seen.count, restored_serial=one.serial)


def _restore_version(env: Disposable, digest: str) -> None:
    """Find, through every endpoint, the version that holds the older state; copy it over the key through one of
    them."""
    key = env.where(KEY).key
    chosen: set[str | None] = set()
    for endpoint in env.endpoints:
        objects = env.objects(endpoint)
        versions = [version for version in objects.versions(key) if not version.marker]
        if len(versions) < 2:
            raise _WrongError(
                f"{endpoint.name} lists {count(len(versions), 'version')} of a state that was written twice"
            )
        older = (v.id for v in versions if parse(objects.get_version(key, v.id)).digest == digest)
        chosen.add(next(older, None))
    if len(chosen) > 1 or None in chosen:
        raise _WrongError(f"the endpoints do not agree on the previous version: {sorted(map(str, chosen))}")
    env.objects(env.entry).restore(key, str(chosen.pop()))


def _push_back(env: Disposable, body: bytes) -> None:
    client = env.client(KEY, env.entry)
    path = client.private_file("pulled.tfstate", body)
    try:
        refusal = client.state_push(path)
        if refusal.code is None:
            raise _WrongError(f"state push: {refusal.why()}")
        if refusal.ok or "cannot" not in refusal.stderr:
            raise _WrongError(f"state push took an older serial without -force ({refusal.why()})")
        _must(client.state_push(path, force=True), "state push -force of the pulled state")
    finally:
        path.unlink()


def _check(env: Disposable, lineage: str, serial: int | None, revision: int, when: str) -> None:
    """Through every endpoint: the object's lineage, serial and contents, and a no-op plan."""
    for endpoint in env.endpoints:
        snapshot = env.snapshot(KEY, endpoint)
        if snapshot is None:
            raise _WrongError(f"{endpoint.name} has no state {when}")
        if snapshot.lineage != lineage:
            raise _WrongError(f"{endpoint.name} has another lineage {when}")
        if serial is not None and snapshot.serial != serial:
            raise _WrongError(f"{endpoint.name} has serial {snapshot.serial}, not {serial}, {when}")
        if snapshot.inputs("revision") != {"": revision}:
            raise _WrongError(f"{endpoint.name} does not hold revision {revision} {when}")
        run = env.client(KEY, endpoint).plan({"revision": revision})
        _must(run, f"the no-op plan of revision {revision} through {endpoint.name} {when}")


def _forward(env: Disposable, lineage: str, serial: int | None) -> None:
    _must(env.client(KEY, env.entry).apply({"revision": 2}), "the apply forward to revision 2")
    _check(env, lineage, serial, 2, "after going forward again")


def _must(run: Run, what: str) -> None:
    if not run.ok:
        raise _WrongError(f"{what}: {wrong_answer(run) or run.why()}")
