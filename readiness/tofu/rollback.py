"""P2.7: the previous version of a state is restored and rolled forward again, by both ways that an operator has."""

from __future__ import annotations

from functools import partial
from typing import Any

from pydantic import JsonValue

from readiness.backup import ContractBackup
from readiness.evidence.observation import Observation
from readiness.judges.opentofu.commands import result
from readiness.judges.opentofu.rollback import Step, broken, disagreement
from readiness.recording import Recording, Stopped
from readiness.subject import Subject
from readiness.tofu.env import Disposable
from readiness.tofu.objects import Objects
from readiness.tofu.state import parse
from readiness.tofu.watched import Watched

KEY = "restored"


def restore_and_forward(subject: Subject, see: Recording, env: Disposable) -> None:
    """P2.7: write revision 1, then 2; restore 1 and plan it as no-op; go forward to 2 and plan it as no-op. Ends with
    the first step that does not do what it must.

    Where the contract promises versions, the older version of the object is copied over the key. Where it promises a
    backup instead, the state is deleted and brought back by its commands. Then the state pulled before is pushed
    back. What OpenTofu says about a serial that goes backwards (statemgr.CheckValidImport): `state push` refuses an
    older serial without -force, which is asked here; a *restored object* is simply believed, for the backend
    compares with nothing outside the bucket. After a restore the next serial is therefore used a second time, with
    other contents.
    """
    watched = Watched(env, see)
    client = watched.client(KEY, env.entry)
    watched.prepared(client.apply({"revision": 1}))
    pulled, first = watched.pull(Step.PULL, KEY, env.entry)
    if first is None:
        raise Stopped(pulled.why())
    one = result(pulled)
    backed_up = subject.promises.backup and not subject.promises.versioning
    folder = env.tools.folder / "backup"
    if backed_up:
        folder.mkdir(mode=0o700, exist_ok=True)
        _right(ContractBackup(subject, see, env.place.bucket, folder).backup(Step.BACKUP))
    watched.prepared(client.apply({"revision": 2}))
    if backed_up:
        _lose_and_bring_back(watched, ContractBackup(subject, see, env.place.bucket, folder))
        _check(watched, one, "after it was brought back from the backup", 1, one["serial"])
        _forward(watched, one, one["serial"] + 1)
    if subject.promises.versioning:
        _restore_version(watched, str(one["digest"]))
        _check(watched, one, "after the previous version was copied over the key", 1, one["serial"])
        _forward(watched, one, one["serial"] + 1)
    _push_back(watched, first)
    _check(watched, one, "after the pulled state was pushed back", 1)
    _forward(watched, one)


def _lose_and_bring_back(watched: Watched, commands: ContractBackup) -> None:
    env = watched.env
    key = env.where(KEY).key

    def lose() -> JsonValue:
        env.objects(env.entry).delete(key)
        return {}

    watched.look(Step.LOSE, env.entry, KEY, lose)
    _right(commands.restore(Step.BRING_BACK, key))


def _restore_version(watched: Watched, digest: str) -> None:
    """Find, through every endpoint, the version that holds the older state; copy it over the key through one of
    them.
    """
    env = watched.env
    key = env.where(KEY).key
    listed = []
    for endpoint in env.endpoints:
        look = partial(_versions, env.objects(endpoint), key, digest)
        listed.append(_right(watched.look(Step.VERSIONS, endpoint, KEY, look)))
    if differ := disagreement(listed):
        raise Stopped(differ)
    previous = str(result(listed[0])["previous"])

    def restore() -> JsonValue:
        env.objects(env.entry).restore(key, previous)
        return {}

    watched.look(Step.RESTORE, env.entry, KEY, restore)


def _versions(objects: Objects, key: str, digest: str) -> JsonValue:
    versions = [version for version in objects.versions(key) if not version.marker]
    if len(versions) < 2:
        return {"versions": len(versions), "previous": None}
    older = (v.id for v in versions if parse(objects.get_version(key, v.id)).digest == digest)
    return {"versions": len(versions), "previous": next(older, None)}


def _push_back(watched: Watched, body: bytes) -> None:
    client = watched.client(KEY, watched.env.entry)
    path = client.private_file("pulled.tfstate", body)
    try:
        refusal = client.state_push(path)
        cannot = "cannot" in refusal.stderr
        _right(watched.ran(Step.PUSH_OLDER, refusal, {"cannot": cannot}))
        what = "state push -force of the pulled state"
        _right(watched.ran(Step.PUSH_FORCED, client.state_push(path, force=True), what=what))
    finally:
        path.unlink()


def _check(watched: Watched, one: Any, when: str, revision: int, serial: int | None = None) -> None:
    """Through every endpoint: the object's lineage, serial and contents, and a no-op plan."""
    asked: dict[str, JsonValue] = {"lineage": one["lineage"], "revision": revision, "when": when}
    if serial is not None:
        asked["serial"] = serial
    for endpoint in watched.env.endpoints:
        _right(watched.state(Step.STATE, KEY, endpoint, **asked))
        run = watched.client(KEY, endpoint).plan({"revision": revision})
        what = f"the no-op plan of revision {revision} through {endpoint.name} {when}"
        _right(watched.ran(Step.PLAN, run, what=what))


def _forward(watched: Watched, one: Any, serial: int | None = None) -> None:
    run = watched.client(KEY, watched.env.entry).apply({"revision": 2})
    _right(watched.ran(Step.FORWARD, run, what="the apply forward to revision 2"))
    _check(watched, one, "after going forward again", 2, serial)


def _right(one: Observation) -> Observation:
    """The command, if it did what it must. Raises Stopped if it did not."""
    if why := broken(one):
        raise Stopped(why)
    return one
