"""The store's own housekeeping (vacuum, compaction, collection of garbage), asked for under load."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from readiness.campaign.scenarios import Scenario
from readiness.campaign.stage import Stage
from readiness.candidate.declared import Command
from readiness.contract_command import run
from readiness.errors import Unjudged
from readiness.evidence.seen import RTO
from readiness.faults import Fault
from readiness.providers.abilities import KeepsHouse
from readiness.subject import Subject
from readiness.topology import FaultKind, Proof, Topology, Unsupported

NAME = "housekeeping"


def housekeeping(_topology: Topology) -> Scenario:
    """Objects are written, overwritten and deleted; the store cleans up; everything is read through every node."""

    def play(stage: Stage, _rto: RTO) -> None:
        act = _housekeep(stage.subject)
        stage.churn()
        with stage.fault(act):
            pass
        stage.read_back()
        stage.recover()

    return Scenario(NAME, FaultKind.DRAIN, (), play)


def _housekeep(subject: Subject) -> Fault:
    """Nothing has to be undone. Raises Unsupported where neither the contract nor the provider knows how."""
    promised, provider = subject.contract.housekeeping, subject.provider
    if promised is None:
        raise Unsupported("the contract has no housekeeping")
    command, seconds = promised.command, promised.seconds
    act: Callable[[], Proof]
    if command is not None:
        act = partial(_run, subject, command, max(seconds, command.seconds))
    elif isinstance(provider, KeepsHouse):
        act = provider.housekeep
    else:
        raise Unsupported(f"the provider {provider.name} needs contract.housekeeping.command")
    return Fault(NAME, FaultKind.DRAIN, (), (), lambda _provider: [act()], lambda _provider: None)


def _run(subject: Subject, command: Command, seconds: float) -> Proof:
    """The operator's command, with the suite's environment. That one has not ended in that time is judged. Raises
    Unjudged for one that fails.
    """
    ended = run(command, subject.loaded, subject.evidence.redactor, seconds, os.environ)
    if ended.cannot_run:
        raise Unjudged(f"contract.housekeeping.command: {ended.cannot_run}")
    if ended.code is None:
        return Proof(True, f"the command had not ended after {seconds:g} s")
    if ended.code:
        raise Unjudged(f"contract.housekeeping.command ended with exit code {ended.code}: {ended.said}")
    return Proof(True, f"the command ended with exit code 0: {ended.said}")
