"""What ends a stack's rehearsal as a whole says so of each of its five steps."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from readiness.errors import NotRun, UsageError
from readiness.finding import Finding, State
from readiness.providers.base import Provider
from readiness.stacks.http_backend import HttpBackend
from readiness.stacks.rehearsals import PREFIX, Rehearsals
from readiness.stacks.turn import NAME
from readiness.subject import Subject
from readiness.tofu import Disposable, StatePlace, Tools
from tests.stacks.shapes import write
from tests.support.executed import executed, on_paper
from tests.tofu.conftest import KEYS
from tests.tofu.fake_s3 import FakeS3

pytestmark = pytest.mark.side_by_side


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    provider = cast(Provider, SimpleNamespace(owns_candidate=False))
    return dataclasses.replace(on_paper(tmp_path), provider=provider)


@pytest.fixture
def env(store: FakeS3, tmp_path: Path) -> Disposable:
    """No command is run in it: there is no such program."""
    tools = Tools(tmp_path / "no-tofu", tmp_path / "tofu", KEYS, lambda: 0.0)
    return Disposable(tools, StatePlace("bucket", "unused"), "run", (store.listen("one"),))


def steps(subject: Subject, env: Disposable, stacks: Path | None, work: Path) -> list[Finding]:
    """What is found of the five steps of attic."""
    rehearsals: Any = Rehearsals(subject, env, stacks, None, work)
    return [
        executed(f"P3.attic.{number}", rehearsals.step, "attic", number, subject=subject)
        for number in range(1, 6)
    ]


def test_a_stack_that_is_not_there_refutes(subject: Subject, env: Disposable, tmp_path: Path) -> None:
    (tmp_path / "checkout").mkdir()
    found = steps(subject, env, tmp_path / "checkout", tmp_path)
    assert {one.state for one in found} == {State.REFUTED}
    assert all("the stack attic is in none of" in one.reason for one in found)


def test_plans_are_those_of_the_folder_that_was_named(
    subject: Subject, env: Disposable, tmp_path: Path
) -> None:
    (tmp_path / "plans" / "attic").mkdir(parents=True)
    (tmp_path / "plans" / "attic" / "stack.toml").write_text("schema = 2\n")
    rehearsals: Any = Rehearsals(subject, env, tmp_path, tmp_path / "plans", tmp_path)
    found = executed("P3.attic.1", rehearsals.step, "attic", 1, subject=subject)
    assert found.state is not State.PROVED
    assert f"{tmp_path}/plans/attic/stack.toml: schema" in found.reason


def test_without_stacks_nothing_is_run_on_a_candidate_of_somebody_else(
    subject: Subject, env: Disposable, tmp_path: Path
) -> None:
    with pytest.raises(NotRun, match="give --stacks DIR"):
        steps(subject, env, None, tmp_path)


@pytest.mark.store  # just looks for Justfiles
def test_a_backend_without_a_stand_in_is_unknown(subject: Subject, env: Disposable, tmp_path: Path) -> None:
    files = {"backend.tf": 'terraform {\n  backend "oss" {\n    bucket = "b"\n  }\n}\n'}
    found = steps(subject, env, write(tmp_path / "checkout", files), tmp_path)
    assert {one.state for one in found} == {State.UNKNOWN}
    assert all("Alibaba Cloud OSS" in one.reason for one in found)


@pytest.mark.store  # just looks for Justfiles
def test_another_stack_in_migration_refutes_and_nothing_is_begun(
    subject: Subject, env: Disposable, store: FakeS3, tmp_path: Path
) -> None:
    files = {"main.tf": "", "backend.tf": 'terraform {\n  backend "local" {}\n}\n'}
    store.add(f"{PREFIX}/turn/{NAME}", b'{"stack": "arc-runners"}')
    found = steps(subject, env, write(tmp_path / "checkout", files), tmp_path)
    assert {one.state for one in found} == {State.REFUTED}
    assert all("arc-runners is in migration" in one.reason for one in found)
    assert env.tools.runs == []


def elsewhere(tmp_path: Path, address: str = "https://git.example/state") -> Path:
    """A checkout whose attic has its state behind this address."""
    block = f'terraform {{\n  backend "http" {{\n    address = "{address}"\n  }}\n}}\n'
    return write(tmp_path / "checkout", {"main.tf": "", "backend.tf": block})


def test_a_stack_on_the_candidate_is_refused_before_anything_is_started(
    subject: Subject, env: Disposable, store: FakeS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []

    def start() -> HttpBackend:
        started.append("http")
        return HttpBackend()

    monkeypatch.setattr("readiness.stacks.rehearsals.HttpBackend", start)
    address = f"{env.endpoints[0].url}/state/attic"
    first, *later = steps(subject, env, elsewhere(tmp_path, address), tmp_path)
    assert first.state is State.REFUTED
    assert "its backend already points at the candidate" in first.reason
    assert {one.state for one in later} == {State.UNKNOWN}
    assert all(
        "not reached: attic: its backend already points at the candidate" in one.reason for one in later
    )
    assert (started, env.tools.runs, store.rows) == ([], [], {})


def test_a_stack_that_opentofu_does_not_take_is_refused_before_anything_is_started(
    subject: Subject, env: Disposable, store: FakeS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("readiness.stacks.rehearsals.HttpBackend", None)
    checkout = write(tmp_path / "checkout", {"main.tf": "module {{{\n"})
    first, *later = steps(subject, env, checkout, tmp_path)
    assert first.state is State.REFUTED
    assert "its configuration cannot be read" in first.reason
    assert {one.state for one in later} == {State.UNKNOWN}
    assert store.rows == {}


@pytest.mark.parametrize(
    "error",
    [UsageError("no port is free"), RuntimeError("it does not answer"), OSError("no space"), ValueError()],
)
def test_a_stand_in_that_does_not_start_says_nothing_of_the_stack(
    error: Exception, subject: Subject, env: Disposable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> HttpBackend:
        raise error

    monkeypatch.setattr("readiness.stacks.rehearsals.HttpBackend", fail)
    found = steps(subject, env, elsewhere(tmp_path), tmp_path)
    assert {one.state for one in found} == {State.UNKNOWN}
    said = f"attic: its stand-in (backend http) could not be started: {str(error) or 'ValueError'}"
    assert {one.reason for one in found} == {said}
