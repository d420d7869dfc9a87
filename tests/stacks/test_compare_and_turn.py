from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from readiness.criteria import PROTECTED_STACKS
from readiness.evidence.rehearsal import StateRead
from readiness.finding import Finding, State
from readiness.judges.stacks import states
from readiness.recording import Recording
from readiness.stacks.keyed import Keyed
from readiness.stacks.turn import MigrationInProgressError, holder, one_at_a_time, turn
from readiness.tofu.objects import Objects
from readiness.tofu.state import Snapshot
from readiness.topology import Keys
from tests.support.executed import executed, on_paper
from tests.tofu.fake_s3 import FakeS3

BEFORE = Snapshot(
    "l", 5, "d", 9, {"a": {"id": "1"}, "b": {}}, {"o": {"value": "secret"}}, ({"c": 1}, {"c": 2})
)


KEYED = Keyed()


def kept(state: Snapshot) -> StateRead:
    """What is kept of it."""
    read = KEYED.state(state)
    assert "secret" not in read.model_dump_json()
    return read


def differences(before: Snapshot, after: Snapshot, *, rolled_back: bool = False) -> list[str]:
    return states.differences(kept(before), kept(after), rolled_back=rolled_back)


def may_replace(source: Snapshot, destination: Snapshot | None) -> list[str]:
    return states.may_replace(kept(source), None if destination is None else kept(destination))


def test_equal_values_have_equal_digests_in_one_rehearsal_and_others_in_the_next() -> None:
    assert kept(BEFORE) == KEYED.state(dataclasses.replace(BEFORE))
    other = Keyed().state(BEFORE)
    assert [item.name for item in other.resources] == [item.name for item in kept(BEFORE).resources]
    assert {item.digest for item in other.resources}.isdisjoint(
        item.digest for item in kept(BEFORE).resources
    )


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"lineage": "other"}, "the lineage differs"),
        ({"serial": 4}, "the serial went backwards (5 became 4)"),
        ({"serial": 6}, "the serial advanced by 1"),
        ({"resources": {"a": {"id": "1"}}}, "resources lost: b"),
        ({"resources": {"a": {"id": "2"}, "b": {}, "c": {}}}, "resources added: c"),
        ({"outputs": {"o": {"value": "other"}}}, "outputs changed: o"),
        ({"checks": ({"c": 1},)}, "the check results differ"),
    ],
)
def test_every_difference_is_named_and_no_value_shown(changes: dict[str, object], word: str) -> None:
    found = differences(BEFORE, dataclasses.replace(BEFORE, **changes))  # type: ignore[arg-type]
    assert word in "; ".join(found)
    assert "secret" not in str(found)


def test_the_order_of_checks_says_nothing_and_a_pushed_rollback_counts_on() -> None:
    assert differences(BEFORE, dataclasses.replace(BEFORE, checks=BEFORE.checks[::-1])) == []
    later = dataclasses.replace(BEFORE, serial=6)
    assert differences(BEFORE, later, rolled_back=True) == []
    assert differences(BEFORE, dataclasses.replace(BEFORE, serial=4), rolled_back=True) != []


def test_a_destination_that_is_used_is_not_overwritten() -> None:
    empty = Snapshot("x", 9, "", 0, {}, {})
    assert may_replace(BEFORE, None) == may_replace(BEFORE, empty) == []
    assert "another lineage" in may_replace(BEFORE, dataclasses.replace(BEFORE, lineage="x"))[0]
    assert "serial would go backwards" in may_replace(BEFORE, dataclasses.replace(BEFORE, serial=6))[0]


@pytest.fixture
def through(store: FakeS3) -> list[Objects]:
    keys = Keys("k", "s")
    return [Objects(store.listen(name), keys, "bucket") for name in ("one", "two")]


def test_a_second_stack_is_refused_while_one_is_in_migration(through: list[Objects]) -> None:
    with turn(through[0], "run", "attic"):
        with (
            pytest.raises(
                MigrationInProgressError, match="arc-runners cannot be migrated now: attic is in migration"
            ),
            turn(through[1], "run", "arc-runners"),
        ):
            pytest.fail("two stacks at once")
        assert holder(through[1], "run") == "attic"
    with turn(through[1], "run", "arc-runners"):
        assert holder(through[0], "run") == "arc-runners"


def test_a_turn_ends_also_after_a_failure_and_never_ends_another(
    through: list[Objects], store: FakeS3
) -> None:
    with pytest.raises(RuntimeError), turn(through[0], "run", "attic"):
        raise RuntimeError
    with turn(through[0], "run", "attic"):
        store.add("run/migration-in-progress.json", b'{"stack": "other"}')
    assert holder(through[0], "run") == "other"


def judged(through: list[Objects], prefix: str, folder: Path) -> Finding:
    def tries(_subject: object, see: Recording) -> None:
        one_at_a_time(see, through, prefix, PROTECTED_STACKS)

    return executed("P3.0", tries, subject=on_paper(folder / prefix))


def test_one_at_a_time_is_proved_and_its_defect_found(
    through: list[Objects], store: FakeS3, tmp_path: Path
) -> None:
    found = judged(through, "run", tmp_path)
    assert found.state is State.PROVED, found.reason
    store.ignore_condition = True
    broken = judged(through, "run2", tmp_path)
    assert broken.state is State.REFUTED
    assert "got a turn while attic was in migration" in broken.reason


def test_a_turn_that_another_run_left_behind_refutes(
    through: list[Objects], store: FakeS3, tmp_path: Path
) -> None:
    store.add("run/migration-in-progress.json", b'{"stack": "gitlab-runners"}')
    found = judged(through, "run", tmp_path)
    assert found.state is State.REFUTED
    assert "attic cannot be migrated now: gitlab-runners is in migration" in found.reason


def test_a_candidate_that_does_not_answer_leaves_it_unknown(
    through: list[Objects], store: FakeS3, tmp_path: Path
) -> None:
    for objects in through:
        objects.patience = 0
    store.close()
    assert judged(through, "run", tmp_path).state is State.UNKNOWN
