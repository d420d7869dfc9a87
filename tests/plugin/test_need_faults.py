"""When a fault is refused: on somebody else's candidate, without leave, or where it may damage somebody's state."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from readiness.errors import NotRun
from readiness.finding import Finding, State, proved, refuted, unknown
from readiness.plugin.session import Session
from readiness.s3.library import Answered
from readiness.scratch.live_state import held_state
from suites import test_phase1_scratch_s3 as phase1

NOT_GIVEN = Finding(State.NOT_RUN, "give --stacks DIR")


class Store:
    """Its state bucket holds these keys, or does not exist."""

    def __init__(self, keys: list[str] | None) -> None:
        self.keys = keys

    def list_objects_v2(self, Bucket: str, MaxKeys: int) -> dict[str, Any]:  # noqa: N803 - boto3's
        assert (Bucket, MaxKeys) == ("tofu-state", 1000)
        if self.keys is None:
            raise Answered(404, "NoSuchBucket", "no such bucket")
        return {"Contents": [{"Key": key} for key in self.keys]}


@pytest.fixture
def made() -> Any:
    """A session of a candidate that runs already, with leave for faults."""
    options = SimpleNamespace(allow_faults=True, faults_on_state=None, stacks=None)
    session: Any = Session(SimpleNamespace(options=options, id="run", loaded=None), SimpleNamespace())  # type: ignore[arg-type]
    subject = SimpleNamespace(
        provider=SimpleNamespace(owns_candidate=False),
        candidate=SimpleNamespace(boundary=SimpleNamespace(state_bucket="tofu-state")),
        front=None,
        client=lambda _endpoint: Store([]),
    )
    vars(session).update(subject=subject, active_stacks=proved("none points at it", 4))
    return session


def holds(session: Any, keys: list[str] | None) -> None:
    session.subject.client = lambda _endpoint: Store(keys)


def test_with_leave_and_no_active_stack_faults_are_allowed(made: Any) -> None:
    made.need_faults()
    vars(made)["active_stacks"] = NOT_GIVEN
    made.need_faults()


def test_without_leave_they_are_not(made: Any) -> None:
    made.run.options.allow_faults = False
    with pytest.raises(NotRun, match="need --allow-faults"):
        made.need_faults()


@pytest.mark.parametrize("found", [refuted("attic points at it"), unknown("attic is unclear: endpoint")])
def test_an_active_stack_that_may_point_at_the_candidate_forbids_them(made: Any, found: Finding) -> None:
    vars(made)["active_stacks"] = found
    with pytest.raises(NotRun, match=f"an active stack may use the candidate .P1.8.: {found.reason}"):
        made.need_faults()


def test_a_state_bucket_that_holds_state_forbids_them_until_it_is_named(made: Any) -> None:
    holds(made, ["readme", "attic/terraform.tfstate"])
    with pytest.raises(
        NotRun, match=r"the state bucket tofu-state holds attic/terraform\.tfstate; name the bucket"
    ):
        made.need_faults()
    made.run.options.faults_on_state = "another"
    with pytest.raises(NotRun):
        made.need_faults()
    made.run.options.faults_on_state = "tofu-state"
    made.need_faults()


def test_a_candidate_of_the_suites_own_needs_no_leave(made: Any) -> None:
    made.subject.provider.owns_candidate, made.run.options.allow_faults = True, False
    holds(made, ["attic/terraform.tfstate"])
    made.need_faults()


@pytest.mark.parametrize(
    ("keys", "key"), [(None, None), ([], None), (["a"], "a"), (["a", "b/x.tflock"], "b/x.tflock")]
)
def test_what_says_that_state_lies_there(made: Any, keys: list[str] | None, key: str | None) -> None:
    holds(made, keys)
    assert held_state(made.subject) == key


@pytest.mark.parametrize("rotation", ["provider", "none"])
def test_credentials_are_not_added_to_a_store_without_leave(made: Any, rotation: str) -> None:
    made.run.options.allow_faults = False
    made.subject.contract = SimpleNamespace(credentials=SimpleNamespace(rotation=rotation))
    judged: list[object] = []
    if rotation == "none":
        phase1.test_rotation_without_an_outage(lambda *what: judged.append(what), None, made)  # type: ignore[arg-type]
        assert len(judged) == 1
        return
    with pytest.raises(NotRun, match="need --allow-faults"):
        phase1.test_rotation_without_an_outage(lambda *what: judged.append(what), None, made)  # type: ignore[arg-type]
    assert judged == []
