"""Bodies that stores do not keep in their metadata: written, read at once, and removed at the end."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from readiness.history import Outcome, Verb
from readiness.load import runner
from readiness.load.context import Context
from readiness.load.large import forget, large
from readiness.s3.wire import NotSent, Reply
from tests.load.dictionary import Store, play


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(large.__globals__["INTERVALS"], "large", 0.02)


async def _until(context: Context, written: int) -> None:
    context.stopping.clear()
    context.faults_held = 1
    context.spawn(large(context, "large"))
    while sum(op.verb is Verb.WRITE for op in context.recorder.history) < written:
        await asyncio.sleep(0.01)
    await runner.end(context)


def test_each_is_written_in_full_and_read_and_all_are_removed_without_a_record(tmp_path: Path) -> None:
    async def steps(context: Context, store: Store) -> None:
        await _until(context, 4)
        assert {len(body) for body, _ in store.objects.values()} == {256 << 10}
        assert {bucket for bucket, _ in store.objects} == {"plain", "versioned"}
        await forget(context)
        assert not store.objects

    history = play(tmp_path, steps).recorder.history
    written = {op.key: op.value for op in history if op.acknowledged}
    assert {op.key: op.value for op in history if op.verb is Verb.READ} == written
    assert not any(op.verb is Verb.DELETE for op in history)


def test_a_removal_that_is_not_answered_ends_and_leaves_nothing_under_way(tmp_path: Path) -> None:
    async def steps(context: Context, store: Store) -> None:
        await _until(context, 6)
        ask, asked = store.request, []

        async def request(method: str, bucket: str, key: str, **more: Any) -> Reply:
            asked.append(key)
            if len(asked) == 1:
                raise NotSent("refused")
            return await ask(method, bucket, key, **more)

        store.request = request  # type: ignore[method-assign]
        beside = asyncio.all_tasks()
        await forget(context)
        assert asyncio.all_tasks() == beside
        assert len(asked) == len(set(asked))
        assert {key for _, key in store.objects} == {asked[0]}

    play(tmp_path, steps)


def test_one_that_certainly_was_not_taken_is_sent_again_and_one_that_may_have_been_is_not(
    tmp_path: Path,
) -> None:
    async def steps(context: Context, store: Store) -> None:
        refused = iter([True])
        ask = store.request

        async def request(method: str, bucket: str, key: str, **more: Any) -> Reply:
            if next(refused, False):
                raise NotSent("refused")
            return await ask(method, bucket, key, **more)

        store.request = request  # type: ignore[method-assign]
        await _until(context, 2)
        store.refuses = True
        await _until(context, 5)

    writes = [op for op in play(tmp_path, steps).recorder.history if op.verb is Verb.WRITE]
    first = [op.outcome for op in writes if op.key == writes[0].key][:2]
    assert first == [Outcome.FAIL, Outcome.OK]
    assert Outcome.UNKNOWN in {op.outcome for op in writes}
    assert all(later.key != op.key for op, later in pairwise(writes) if op.status == 503)


def test_they_are_rare_while_no_fault_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(large.__globals__["CALM"], "large", 10**6)

    async def steps(context: Context, _store: Store) -> None:
        context.spawn(large(context, "large"))
        while not context.recorder.history:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        assert sum(op.verb is Verb.WRITE for op in context.recorder.history) == 1
        await _until(context, 3)

    play(tmp_path, steps)


def test_a_store_that_does_not_answer_is_left_with_them(tmp_path: Path) -> None:
    async def steps(context: Context, store: Store) -> None:
        await _until(context, 2)
        store.away = True
        await forget(context)
        assert store.objects

    play(tmp_path, steps)
