"""A store that takes no writes after a full disk is refuted for it, and restarted for what comes next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from readiness.campaign.stuck import RESTARTED, restart_if_stuck
from readiness.evidence.folder import Evidence
from readiness.evidence.scenario import ScenarioRecord
from readiness.finding import State
from readiness.judges.recovery import serves_again
from readiness.load.rig import Rig
from readiness.not_undone import NotUndone
from readiness.redact import Redactor
from readiness.subject import Subject
from readiness.topology import Proof
from tests.campaign.test_away import TOPOLOGY
from tests.campaign.test_hardware import full


class Provider:
    """Notes what is done to it. `stays`: a node that does not come back."""

    def __init__(self, stays: str = "") -> None:
        self.done: list[str] = []
        self._stays = stays

    def drain(self, node: str) -> Proof:
        self.done.append(f"drain {node}")
        return Proof(fired=True, observed=f"{node} ended")

    def restore(self, node: str) -> None:
        if node == self._stays:
            raise RuntimeError(f"{node} does not start")
        self.done.append(f"restore {node}")

    def whole(self) -> bool:
        return True


@pytest.fixture
def subject(tmp_path: Path) -> Callable[[Provider], Subject]:
    def make(provider: Provider) -> Subject:
        evidence = Evidence(tmp_path / "run", Redactor(set()))
        given = SimpleNamespace(
            provider=provider,
            topology=TOPOLOGY,
            evidence=evidence,
            now=evidence.now,
            announce=lambda _line: None,
            not_undone=NotUndone(lambda _line: None),
        )
        return cast("Subject", given)

    return make


def _rig() -> Rig:
    watch = SimpleNamespace(hold_out=lambda _: None, readmit=lambda _: None, all_in_service=lambda: True)
    return cast("Rig", SimpleNamespace(watch=watch))


def _restarted(subject: Subject, record: ScenarioRecord) -> None:
    restart_if_stuck(subject, _rig(), record, 1.0)


def test_each_node_is_restarted_and_the_record_refutes_all_the_same(
    subject: Callable[[Provider], Subject],
) -> None:
    provider, record = Provider(), full(later=False)
    _restarted(subject(provider), record)
    assert provider.done == [f"{what} {node}" for node in TOPOLOGY.nodes for what in ("drain", "restore")]
    assert RESTARTED in record.notes
    assert serves_again(record).state is State.REFUTED


@pytest.mark.parametrize("whole", [True, False])
def test_one_that_takes_writes_or_never_was_whole_is_left_alone(
    whole: bool, subject: Callable[[Provider], Subject]
) -> None:
    provider, record = Provider(), full(later=whole)
    record.whole = whole
    _restarted(subject(provider), record)
    assert provider.done == []
    assert RESTARTED not in record.notes


def test_a_node_that_does_not_come_back_is_not_undone(subject: Callable[[Provider], Subject]) -> None:
    given, record = subject(Provider(stays=TOPOLOGY.nodes[0])), full(later=False)
    _restarted(given, record)
    assert given.not_undone.reason is not None
    assert f"{TOPOLOGY.nodes[0]} does not start" in given.not_undone.reason
    assert record.spoiled is None
