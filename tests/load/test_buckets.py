"""Every bucket gets its share of the load, a suspended one too."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from readiness.load.context import Buckets, Context
from readiness.load.workloads import Registers, write_canon
from tests.load.dictionary import Store, play


@pytest.mark.parametrize("suspended", [None, "suspended"])
def test_each_has_as_many_registers_of_each_kind_and_objects_of_the_canon(
    tmp_path: Path, suspended: str | None
) -> None:
    buckets = Buckets("plain", "versioned", suspended=suspended)

    async def steps(context: Context, _store: Store) -> None:
        context = replace(context, buckets=buckets)
        kinds = Counter((each.bucket, each.weights) for each in Registers(context)._slots)
        assert {bucket for bucket, _ in kinds} == set(buckets.every())
        assert len({kinds[bucket, weights] for bucket, weights in kinds if weights[2] == 30}) == 1
        of_bucket = Counter(each.bucket for each in Registers(context)._slots)
        assert set(of_bucket.values()) == {4}
        await write_canon(context)
        assert set(Counter(known.bucket for known in context.canon).values()) == {12 // len(buckets.every())}

    play(tmp_path, steps)
