"""Previous versions while a fault is held: what is judged of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from readiness.evidence.scenario import Event, ScenarioRecord
from readiness.finding import State
from readiness.history import Op, Outcome, Verb
from readiness.judges.older import previous_versions
from readiness.judges.records import each
from readiness.judges.safety import safety
from tests.campaign.defects import Change, during
from tests.campaign.healthy import FIRED, HEALING, LOST, changed, record, without

REFUTED, UNKNOWN = State.REFUTED, State.UNKNOWN
SILENT = {"outcome": Outcome.UNKNOWN, "status": None, "value": None}
BUSY = {"outcome": Outcome.FAIL, "status": 503, "value": None}


def read(op: Op) -> bool:
    return op.verb is Verb.READ_VERSION


def read_while_held(op: Op) -> bool:
    return read(op) and FIRED <= op.invoked <= HEALING


def restored(op: Op) -> bool:
    return op.verb is Verb.WRITE and op.key.startswith("restored/")


def one(wanted: Callable[[Op], bool], **fields: object) -> Change:
    """The first such operation is changed."""

    def change(made: ScenarioRecord) -> ScenarioRecord:
        first = next(op for op in made.history if wanted(op))
        return changed(made, lambda op: op is first, **fields)

    return change


def unlisted(what: str) -> Change:
    return one(
        lambda op: op.verb is Verb.VERSIONS and op.key == "older/" and op.process.startswith("during"),
        keys=tuple(each for each in ("older/0@v0", "older/0@v1", "older/0@v2") if each != what),
    )


def undeleted(made: ScenarioRecord) -> ScenarioRecord:
    """The newest version of the object is not hidden by a delete marker."""
    seen = changed(made, lambda op: op.workload == "final" and op.key == "older/0", status=200, value="o1")
    return without(seen, lambda op: op.verb is Verb.DELETE and op.key == "older/0")


def small_writes(made: ScenarioRecord) -> ScenarioRecord:
    """Probes write, too, through every endpoint that serves."""
    reads = [op for op in made.of("probe") if op.verb is Verb.READ]
    writes = [
        replace(op, index=8000 + n, verb=Verb.WRITE, key=f"probe/{n}", value=f"p{n}")
        for n, op in enumerate(reads)
    ]
    made.history = [*made.history, *writes]
    return made


CHANGES: dict[str, tuple[Change, State, str]] = {
    "denied by a survivor": (
        one(lambda op: read(op) and during(op) and op.endpoint == "a", status=404, value=None),
        REFUTED,
        "a denied version v",
    ),
    "denied at the end by the one that returned": (
        one(lambda op: read(op) and op.invoked > 13 and op.endpoint == LOST, status=404, value=None),
        REFUTED,
        "b denied version v",
    ),
    "denied to a copy": (
        one(lambda op: restored(op) and during(op), status=404, outcome=Outcome.FAIL, version=None),
        REFUTED,
        "a denied version v0 of plain/older/0, acknowledged at 0.11 s, to a copy",
    ),
    "another version's body": (
        one(lambda op: read(op) and op.version == "v0", value="o1"),
        REFUTED,
        "another body for version v0",
    ),
    "a damaged body": (one(read, value="?17:abc"), REFUTED, "another body"),
    "a version not listed": (unlisted("older/0@v0"), REFUTED, "does not list version v0"),
    "a marker not listed": (unlisted("older/0@v2"), REFUTED, "does not list delete marker v2"),
    "never read": (
        lambda made: without(made, read),
        UNKNOWN,
        "only 0 previous versions were asked for while a fault held from 3.10 s to 8.50 s",
    ),
    "not read while the fault held": (
        lambda made: without(made, read_while_held),
        UNKNOWN,
        "only 0 previous versions were asked for",
    ),
    "only the newest read while the fault held": (
        lambda made: without(undeleted(made), lambda op: read_while_held(op) and op.version == "v0"),
        UNKNOWN,
        "only 0 previous versions were asked for",
    ),
    "no read answered while the fault held": (
        lambda made: changed(made, read_while_held, **SILENT),
        UNKNOWN,
        "previous versions that were asked for was read while a fault held from 3.10 s to 8.50 s",
    ),
    "one version refused while the fault held": (
        lambda made: changed(made, lambda op: read_while_held(op) and op.version == "v1", **BUSY),
        UNKNOWN,
        "reads of previous versions of plain/older/0 was answered, where current objects were read",
    ),
    "not restored while the fault held": (
        lambda made: without(made, lambda op: restored(op) and during(op)),
        UNKNOWN,
        "no previous version was restored",
    ),
    "no restore taken while the fault held": (
        lambda made: changed(
            small_writes(made), lambda op: restored(op) and during(op), outcome=Outcome.UNKNOWN, status=503
        ),
        UNKNOWN,
        "restores was acknowledged, where small bodies were written",
    ),
    "restores refused while the fault held": (
        lambda made: changed(
            made, lambda op: restored(op) and during(op), outcome=Outcome.FAIL, status=400, version=None
        ),
        UNKNOWN,
        "no previous version was restored",
    ),
    "not read at the end through one endpoint": (
        lambda made: without(made, lambda op: read(op) and op.invoked > 13 and op.endpoint == LOST),
        UNKNOWN,
        "2 versions were not read at the end",
    ),
    "nothing read at the end": (
        lambda made: without(made, lambda op: op.workload == "final"),
        UNKNOWN,
        "no previous version was read at the end",
    ),
    "a version without an id": (
        one(lambda op: op.verb is Verb.WRITE and op.key.startswith("older/"), version=None),
        UNKNOWN,
        "1 of 2 acknowledged writes came back without a version id",
    ),
    "never written": (
        lambda made: without(made, lambda op: op.workload == "older"),
        UNKNOWN,
        "no object with previous versions was written",
    ),
}
"""What a store did, or the load left out: one change of a record in which all is well."""


@pytest.mark.parametrize("name", CHANGES)
def test_one_change_is_seen(name: str) -> None:
    change, state, words = CHANGES[name]
    found = each([change(record())], lambda made: previous_versions(made)[0])
    assert (found.state, words in found.reason) == (state, True), found.reason


@pytest.mark.parametrize("name", CHANGES)
def test_p1_13_has_it(name: str) -> None:
    change, state, _ = CHANGES[name]
    found = each([change(record())], safety).state
    assert found is REFUTED if state is REFUTED else found is not State.PROVED


@pytest.mark.parametrize("name", [name for name, (_, state, _) in CHANGES.items() if state is REFUTED])
def test_a_wrong_answer_is_one_that_no_store_may_be_expected_to_give(name: str) -> None:
    found = each([CHANGES[name][0](record())], lambda made: previous_versions(made)[0])
    assert found.wrong_answer
    assert found.witness


def test_a_restore_that_brought_back_another_body_is_refuted() -> None:
    newest = changed(record(), lambda op: op.workload == "final" and op.key == "restored/12", value="o1")
    assert each([newest], safety).state is REFUTED


def test_what_the_lost_node_denies_while_it_is_away_is_excused() -> None:
    made = record()
    gone = next(op for op in made.history if read(op) and during(op))
    gone = replace(gone, index=9000, endpoint=LOST, in_service=False, status=404, value=None)
    made.history = [*made.history, gone]
    assert each([made], lambda one: previous_versions(one)[0]).state is State.PROVED


@pytest.mark.parametrize("what", [read, restored])
def test_a_client_that_gave_up_is_no_wrong_answer(what: Callable[[Op], bool]) -> None:
    made = one(lambda op: what(op) and during(op), **SILENT)(record())
    assert each([made], lambda one: previous_versions(one)[0]).state is State.PROVED


def test_a_version_that_is_not_read_where_nothing_is_served_says_nothing_of_previous_versions() -> None:
    made = changed(record(), lambda op: read_while_held(op) and op.version == "v1", **SILENT)
    silent = changed(made, lambda op: op.workload == "probe" and during(op), **SILENT)
    assert each([silent], lambda one: previous_versions(one)[0]).state is State.PROVED


def test_each_time_that_a_fault_is_held_must_meet_reads() -> None:
    """As when a node is lost again after a repair."""
    made = record()
    first = made.events[0]
    made.events = [replace(first, healing=5.6, healed=5.7), replace(first, injecting=5.7, fired=5.8)]
    again = without(made, lambda op: read(op) and 5.8 <= op.invoked <= HEALING)
    found = each([again], lambda one: previous_versions(one)[0])
    assert found.state is UNKNOWN
    assert "while a fault held from 5.80 s to 8.50 s" in found.reason


def test_a_fault_that_is_soon_over_need_not_meet_one() -> None:
    made = without(record(), lambda op: read_while_held(op) or (restored(op) and during(op)))
    made.events = [Event("restart:b", "restart", ("b",), ("b-0",), 3.0, 3.1, ["seen"], 4.0, 4.1, 5.0)]
    assert each([made], lambda one: previous_versions(one)[0]).state is State.PROVED


def test_a_store_that_gives_no_version_ids_is_not_asked_for_versions() -> None:
    made = without(record(), read)
    assert previous_versions(changed(made, lambda op: op.workload == "older", version=None)) == []
    assert previous_versions(changed(made, lambda op: op.workload == "older", version="null")) == []
