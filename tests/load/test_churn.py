"""Objects for the housekeeping: of three one stays, one is overwritten, one is deleted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from readiness.history import Verb
from readiness.judges.housekeeping import MINIMUM, SIZES, WORKLOAD
from readiness.load.churn import KEYS, churn
from readiness.load.context import Context
from tests.load.dictionary import Store, play


def test_a_third_each_in_every_bucket_and_what_is_left_is_read_on(tmp_path: Path) -> None:
    async def steps(context: Context, store: Store) -> None:
        await churn(context)
        held = {at for at in store.objects if at[1].startswith(f"{WORKLOAD}/")}
        assert {(known.bucket, known.key) for known in context.canon} == held

    context = play(tmp_path, steps)
    everything = 2 * len(SIZES) * KEYS
    assert len(context.canon) == everything * 2 // 3
    verbs = Counter(op.verb for op in context.recorder.history if op.workload == WORKLOAD)
    assert verbs == {Verb.WRITE: everything * 4 // 3, Verb.DELETE: everything // 3}
    assert verbs[Verb.DELETE] >= MINIMUM
    newest = {op.key + op.bucket: op.value for op in context.recorder.history if op.verb is Verb.WRITE}
    assert all(newest[known.key + known.bucket] == known.value for known in context.canon)


def test_what_may_have_been_written_over_is_not_taken_for_known(tmp_path: Path) -> None:
    async def steps(context: Context, store: Store) -> None:
        store.refuses = True
        context.pause = _no_pause  # type: ignore[method-assign, assignment]
        await churn(context)
        assert context.canon == []

    play(tmp_path, steps)


async def _no_pause(_seconds: float) -> None:
    pass
