"""Previous versions: written, read by their ids, and copied to keys of their own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from readiness.history import Op, Outcome, Verb
from readiness.load import older, runner
from readiness.load.bodies import identify
from readiness.load.context import Context
from readiness.load.large import forget
from readiness.s3.wire import Reply
from tests.load.dictionary import Store, play


class Versioned(Store):
    """Every write and delete is a version; a copy may be answered with an error in a 200."""

    def __init__(self) -> None:
        super().__init__()
        self.versions: dict[str, bytes] = {}
        self.breaks = False

    async def request(self, method: str, bucket: str, key: str, **more: Any) -> Reply:
        query, source = more.get("query", ""), (more.get("headers") or {}).get("x-amz-copy-source")
        if method == "GET" and query and not self.away:
            body = self.versions.get(query.removeprefix("versionId="))
            return Reply(200 if body is not None else 404, {}, body or b"")
        version = f"v{len(self.versions)}"
        if source:
            if self.breaks:
                return Reply(200, {}, b"<Error><Code>InternalError</Code></Error>")
            more["body"] = self.versions[source.partition("?versionId=")[2]]
        if method == "PUT" and not self.away:
            self.versions[version] = more["body"]
        reply = await super().request(method, bucket, key, **more)
        return Reply(reply.status, {**reply.headers, "x-amz-version-id": version}, reply.body)


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(older, "READ_SECONDS", 0.01)
    monkeypatch.setattr("tests.load.dictionary.Store", Versioned)


async def _until(context: Context, restored: int) -> None:
    context.spawn(older.older(context))
    while len(_restored(context.recorder.history)) < restored:
        await asyncio.sleep(0.01)
    await runner.end(context)


def _restored(history: list[Op]) -> list[Op]:
    return [op for op in history if op.verb is Verb.WRITE and op.key.startswith("restored/")]


def test_versions_are_read_by_their_ids_and_a_restore_has_the_body_of_its_version(tmp_path: Path) -> None:
    async def steps(context: Context, store: Store) -> None:
        await older.write_older(context)
        assert len(context.older) == len(older.SIZES) * older.VERSIONS
        assert sum(known.previous for known in context.older) == len(context.older) - len(older.SIZES) + 1
        await _until(context, 3)
        bodies = {key: identify(body) for (_, key), (body, _) in store.objects.items()}
        for op in _restored(context.recorder.history):
            assert bodies[op.key] == op.value
        previous = {known.value for known in context.older if known.previous}
        asked = {op.value for op in context.recorder.history if op.verb is Verb.READ_VERSION}
        assert asked | {op.value for op in _restored(context.recorder.history)} <= previous
        await older.read_older(context, context.targets(), tries=1)

    context = play(tmp_path, steps)
    known = {each.version: each.value for each in context.older}
    reads = [op for op in context.recorder.history if op.verb is Verb.READ_VERSION]
    assert {op.version for op in reads} == known.keys()
    assert all(op.value == known[op.version or ""] for op in reads)
    assert [op.key for op in context.recorder.history if op.verb is Verb.DELETE] == ["older/cut/0"]


def test_an_error_in_the_body_of_a_200_is_no_acknowledgement(tmp_path: Path) -> None:
    async def steps(context: Context, store: Store) -> None:
        await older.write_older(context)
        assert isinstance(store, Versioned)
        store.breaks = True
        await _until(context, 1)

    assert {op.outcome for op in _restored(play(tmp_path, steps).recorder.history)} == {Outcome.UNKNOWN}


def test_where_nothing_is_versioned_nothing_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.load.dictionary.Store", Store)

    async def steps(context: Context, _store: Store) -> None:
        await older.write_older(context)
        await older.older(context)

    context = play(tmp_path, steps)
    assert not context.older
    assert {op.verb for op in context.recorder.history} == {Verb.WRITE}


def test_they_are_rare_while_no_fault_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(older, "CALM", 10**6)

    async def steps(context: Context, _store: Store) -> None:
        await older.write_older(context)
        context.spawn(older.older(context))
        await asyncio.sleep(0.3)
        assert len(_restored(context.recorder.history)) == 1
        context.faults_held = 1
        while len(_restored(context.recorder.history)) < 3:
            await asyncio.sleep(0.01)
        await runner.end(context)

    play(tmp_path, steps)


def test_an_endpoint_that_gives_no_answer_is_not_asked_for_every_version(tmp_path: Path) -> None:
    async def steps(context: Context, store: Store) -> None:
        await older.write_older(context)
        store.away = True
        await older.read_older(context, context.targets(), tries=1)

    history = play(tmp_path, steps).recorder.history
    assert [op.outcome for op in history if op.verb is Verb.READ_VERSION] == [Outcome.FAIL]


def test_they_are_removed_at_the_end_without_a_record(tmp_path: Path) -> None:
    async def steps(context: Context, store: Store) -> None:
        await older.write_older(context)
        await _until(context, 2)
        deleted = [op for op in context.recorder.history if op.verb is Verb.DELETE]
        await forget(context)
        assert not store.objects
        assert [op for op in context.recorder.history if op.verb is Verb.DELETE] == deleted

    play(tmp_path, steps)
