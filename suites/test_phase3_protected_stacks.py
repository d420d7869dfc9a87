"""Phase 3: Protected Stack Migration Plan. One stack at a time, rehearsed on a disposable copy, and taken
back again.
"""

from __future__ import annotations

import pytest

from fixtures.judge import Prove
from readiness.criteria import PROTECTED_STACKS
from readiness.stacks.rehearsals import Rehearsals

pytestmark = [pytest.mark.phase3, pytest.mark.order(3)]

STATE_PULL, BACKEND_CONFIG_REVIEW, INIT_MIGRATE_PLAN, NO_OP_PLAN, ROLLBACK_NOTE = range(1, 6)


@pytest.mark.criterion("P3.0")
def test_migration_is_one_stack_at_a_time(rehearsals: Rehearsals, prove: Prove) -> None:
    prove(rehearsals.one_at_a_time)


def _each(step: int) -> list[object]:
    return [
        pytest.param(stack, step, marks=pytest.mark.criterion(f"P3.{stack}.{step}"), id=f"{stack}-{step}")
        for stack in PROTECTED_STACKS
    ]


@pytest.mark.parametrize(("stack", "step"), _each(STATE_PULL))
def test_state_pull(rehearsals: Rehearsals, prove: Prove, stack: str, step: int) -> None:
    prove(rehearsals.step, stack, step)


@pytest.mark.parametrize(("stack", "step"), _each(BACKEND_CONFIG_REVIEW))
def test_backend_config_review(rehearsals: Rehearsals, prove: Prove, stack: str, step: int) -> None:
    prove(rehearsals.step, stack, step)


@pytest.mark.parametrize(("stack", "step"), _each(INIT_MIGRATE_PLAN))
def test_init_migrate_plan(rehearsals: Rehearsals, prove: Prove, stack: str, step: int) -> None:
    prove(rehearsals.step, stack, step)


@pytest.mark.parametrize(("stack", "step"), _each(NO_OP_PLAN))
def test_no_op_plan(rehearsals: Rehearsals, prove: Prove, stack: str, step: int) -> None:
    prove(rehearsals.step, stack, step)


@pytest.mark.parametrize(("stack", "step"), _each(ROLLBACK_NOTE))
def test_rollback_note(rehearsals: Rehearsals, prove: Prove, stack: str, step: int) -> None:
    prove(rehearsals.step, stack, step)
