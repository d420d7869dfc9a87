"""The load around a power cut: one last write, then only reads, and what was acknowledged last is read on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from readiness.errors import Unjudged
from readiness.history import Outcome, Verb
from readiness.load import runner
from readiness.load.context import Context, KnownObject
from tests.load.dictionary import Store, play


@pytest.mark.parametrize("again", [False, True])
def test_the_last_write_is_one_and_is_read_from_then_on(tmp_path: Path, again: bool) -> None:
    async def steps(context: Context, store: Store) -> None:
        await runner.last_write(context, again=again)
        assert [method for method, _ in store.asked] == ["PUT"] * (2 if again else 1)
        store.asked.clear()
        await runner.only_read(context)
        await asyncio.sleep(0.5)
        await runner.end(context)
        assert {method for method, _ in store.asked} <= {"GET", "HEAD"}
        assert ("GET", "last/cut/state") in store.asked

    context = play(tmp_path, steps)
    (known,) = context.recent
    writes = [op for op in context.recorder.history if op.verb is Verb.WRITE]
    assert known.value == writes[-1].value
    assert len({op.value for op in writes}) == len(writes)


def test_a_last_write_that_is_not_acknowledged_proves_nothing(tmp_path: Path) -> None:
    async def steps(context: Context, store: Store) -> None:
        store.refuses = True
        with pytest.raises(Unjudged, match="was not acknowledged: HTTP 503"):
            await runner.last_write(context, again=False)

    assert not play(tmp_path, steps).recent


def test_what_was_acknowledged_last_joins_the_canon_once(tmp_path: Path) -> None:
    async def steps(context: Context, _store: Store) -> None:
        context.canon.append(KnownObject("plain", "canon/0", "v"))
        context.recent.extend(KnownObject("plain", f"probe/{number}", "v") for number in range(3))
        await runner.keep_recent(context)
        await runner.keep_recent(context)

    assert [known.key for known in play(tmp_path, steps).canon] == [
        "canon/0",
        "probe/0",
        "probe/1",
        "probe/2",
    ]


def test_bodies_that_need_space_are_written_until_there_are_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("readiness.load.workloads.BULK_OBJECTS", 3)
    monkeypatch.setattr("readiness.load.workloads.BULK_BYTES", 5000)

    async def steps(context: Context, store: Store) -> None:
        await runner.write_bulk(context)
        while context.tasks and not all(task.done() for task in context.tasks):
            await asyncio.sleep(0.02)
        await runner.end(context)
        assert [len(body) for body, _ in store.objects.values()] == [5000] * 3

    history = play(tmp_path, steps).recorder.history
    assert [op.outcome for op in history] == [Outcome.OK] * 3
