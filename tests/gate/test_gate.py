"""P4.1 to P4.3, S.6, B.1 and B.2, each both ways, without a store."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from readiness import contacts
from readiness.candidate.load import load
from readiness.criteria import BY_ID, MANIFEST, STOP_CONDITIONS
from readiness.evidence.folder import Evidence
from readiness.finding import Finding, State, impossible, proved, refuted, unknown
from readiness.gate import boundary, gate
from readiness.gate.earlier import Earlier
from readiness.gate.gate import GateFindings
from readiness.load.context import Buckets
from readiness.redact import Redactor
from readiness.tofu.peers import Peers
from tests.gate.test_evidence import put
from tests.support.observations import judged

PROVED, REFUTED, UNKNOWN = State.PROVED, State.REFUTED, State.UNKNOWN
EMBEDDED = load("embedded")


def run(**findings: Finding) -> GateFindings:
    """Findings of a run in which everything is PROVED but these (ids with _ for the dot)."""
    found = {c.id: [proved("seen", 2)] for c in MANIFEST}
    for id_, finding in findings.items():
        found[id_.replace("_", ".")] = [finding]

    return GateFindings(found, EMBEDDED, None)


def without(found: GateFindings, id_: str) -> GateFindings:
    """The same without any finding of that criterion."""
    return replace(found, findings={k: v for k, v in found.findings.items() if k != id_})


def test_everything_proved() -> None:
    assert [f(run()).state for f in (gate.all_proved, gate.no_stop)] == [PROVED] * 2


@pytest.mark.parametrize(
    "finding",
    [refuted("lost"), unknown("?"), Finding(State.NOT_RUN, "no"), proved("a cache hit", 0)],
)
@pytest.mark.parametrize("id_", ["P0_1", "P1_13", "P2_9", "P3_0", "S_6", "B_2"])
def test_one_that_is_not_proved(id_: str, finding: Finding) -> None:
    found = gate.all_proved(run(**{id_: finding}))
    assert found.state is REFUTED
    assert id_.replace("_", ".") in found.reason


def test_one_that_was_never_judged() -> None:
    assert "P1.5 NOT RUN" in gate.all_proved(without(run(), "P1.5")).reason


@pytest.mark.parametrize("id_", STOP_CONDITIONS)
def test_stop_conditions(id_: str) -> None:
    name = id_.replace(".", "_")
    assert gate.no_stop(run(**{name: refuted("holds")})).state is REFUTED
    assert gate.no_stop(run(**{name: unknown("?")})).state is UNKNOWN
    assert gate.no_stop(without(run(), id_)).state is UNKNOWN


def test_indirect_evidence_is_a_stop_condition(kept: GateFindings, tmp_path: Path) -> None:
    assert gate.direct_evidence(kept).state is PROVED
    empty = replace(kept, evidence=Evidence(tmp_path / "empty", Redactor()))
    found = gate.direct_evidence(empty)
    assert found.state is REFUTED
    assert "the evidence holds none" in found.reason
    assert gate.direct_evidence(replace(kept, findings={})).state is UNKNOWN
    assert gate.direct_evidence(replace(kept, evidence=None)).state is UNKNOWN
    assert BY_ID["S.6"].phase == 4


@pytest.fixture
def kept(tmp_path: Path) -> Any:
    """A run with evidence of one operation and one finding."""
    evidence = Evidence(tmp_path / "run", Redactor())
    put(evidence.recorder("steady"), value="v")
    evidence.append("criteria.jsonl", {"criterion": "P1.1"})
    yield replace(run(), evidence=evidence)
    evidence.close()


NO_POWER = impossible("nobody can cut its power here")


def test_what_is_not_run_as_declared_leaves_the_evidence_complete_and_is_named(kept: Any) -> None:
    found = replace(kept, findings={**kept.findings, "P1.22": [NO_POWER]})
    strict = gate.evidence_complete(found)
    assert (strict.state, "1 criteria were not run, for example P1.22" in strict.reason) == (REFUTED, True)
    interim = gate.evidence_complete(replace(found, declared_not_run={"P1.22": "TIN-1"}))
    assert (interim.state, "NOT RUN as declared: P1.22" in interim.reason) == (PROVED, True)
    assert gate.all_proved(replace(found, declared_not_run={"P1.22": "TIN-1"})).state is REFUTED


def test_what_is_not_promised_is_not_missed_and_is_named(kept: Any) -> None:
    for given in ([], [Finding(State.NOT_RUN, "not promised")]):
        found = replace(kept, findings={**kept.findings, "P1.27": given})
        assert gate.all_proved(found).state is REFUTED
        assert gate.evidence_complete(found).state is REFUTED
        told = replace(found, not_promised={"P1.27": "no [upgrade]"})
        every = gate.all_proved(told)
        assert (every.state, "; not promised: P1.27" in every.reason) == (PROVED, True)
        assert gate.evidence_complete(told).state is PROVED
    for finding in (refuted("lost"), unknown("?")):
        red = replace(kept, findings={**kept.findings, "P1.27": [finding]}, not_promised={"P1.27": "no"})
        assert gate.all_proved(red).state is REFUTED


@pytest.mark.parametrize("finding", [[], [Finding(State.NOT_RUN, "blocked")]])
def test_what_is_declared_and_not_run_for_another_cause_leaves_it_incomplete(
    kept: Any, finding: list[Finding]
) -> None:
    found = replace(kept, findings={**kept.findings, "P1.22": finding}, declared_not_run={"P1.22": "TIN-1"})
    assert gate.evidence_complete(found).state is REFUTED


def test_complete_evidence(kept: Any) -> None:
    found = gate.evidence_complete(kept)
    assert (found.state, found.observations) == (PROVED, 1)


def test_evidence_that_misses_criteria(kept: Any) -> None:
    found = gate.evidence_complete(without(kept, "P1.5"))
    assert found.state is REFUTED
    assert "P1.5" in found.reason


def test_histories_of_earlier_runs_count(kept: Any, tmp_path: Path) -> None:
    earlier = Evidence(tmp_path / "earlier", Redactor())
    put(earlier.recorder("steady"), value="v")
    earlier.seal()
    programs = {"control": "1.0.0"}
    run = Earlier("earlier", earlier.folder, datetime.now(UTC), "abc", frozenset(), programs, None, {})
    found = replace(kept, earlier=(run,), programs=programs)
    assert gate.evidence_complete(found).observations == 2
    other = gate.evidence_complete(replace(found, programs={"control": "1.0.1"}))
    assert (other.state, "used other versions: control 1.0.0" in other.reason) == (REFUTED, True)


def test_a_history_that_was_not_kept_whole(kept: Any) -> None:
    (recorder,) = kept.evidence.recorders()
    recorder.flush()
    recorder.path.write_text("")
    assert gate.evidence_complete(kept).state is REFUTED


def test_old_evidence_and_a_candidate_that_changed(kept: Any, tmp_path: Path) -> None:
    kept.evidence.epoch -= 25 * 3600
    assert "25.0 h old" in gate.evidence_complete(kept).reason
    kept.evidence.epoch += 25 * 3600
    path = tmp_path / "embedded.toml"
    path.write_text(EMBEDDED.path.read_text())
    kept = replace(kept, loaded=load(str(path)))
    assert gate.evidence_complete(kept).state is PROVED
    path.write_text(path.read_text().replace("silence = 5", "silence = 50"))
    assert gate.evidence_complete(kept).state is REFUTED
    path.write_text("nonsense")
    assert gate.evidence_complete(kept).state is REFUTED


def test_no_evidence_is_unknown(tmp_path: Path) -> None:
    assert gate.evidence_complete(run()).state is UNKNOWN
    evidence = Evidence(tmp_path / "run", Redactor())
    evidence.append("criteria.jsonl", {"criterion": "P1.1"})
    assert gate.evidence_complete(replace(run(), evidence=evidence)).state is UNKNOWN


def live(
    monkeypatch: pytest.MonkeyPatch,
    keys: tuple[str, ...] = (),
    buckets: tuple[str, ...] = ("plain",),
    **declared: Any,
) -> Any:
    """A candidate on one endpoint, whose plain bucket holds these keys."""

    def paginate(Bucket: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        for first in range(0, len(keys), 1000):
            page = [{"Key": key} for key in keys[first : first + 1000]]
            yield {"Contents": page, "IsTruncated": first + 1000 < len(keys)}

    client = SimpleNamespace(
        list_buckets=lambda: {"Buckets": [{"Name": name} for name in buckets]},
        get_paginator=lambda _name: SimpleNamespace(paginate=paginate),
    )
    message = EMBEDDED.candidate.boundary.model_copy(update=declared)
    endpoint = SimpleNamespace(name="one", url="http://127.0.0.1:9000")
    return SimpleNamespace(
        candidate=EMBEDDED.candidate.model_copy(update={"boundary": message}),
        evidence=SimpleNamespace(observe=lambda seen: seen),
        now=time.monotonic,
        provider=SimpleNamespace(),
        front=endpoint,
        client=lambda _endpoint: client,
        topology=SimpleNamespace(all_endpoints=lambda: (endpoint,)),
    )


def asked(subject: Any) -> Any:
    """What the check is given."""
    return (subject,)


def rigged(subject: Any) -> Any:
    """What the check is given."""
    return subject, SimpleNamespace(buckets=Buckets("plain", "versioned"))


@pytest.mark.parametrize(
    ("key", "state"),
    [
        ("attic/terraform.tfstate", PROVED),
        ("nar/abc", REFUTED),
        ("nix-cache-info", REFUTED),
        (f"cas/{'0' * 64}", REFUTED),
        (f"bazel/ac/{'a' * 64}", REFUTED),
        ("a" * 32 + ".narinfo", REFUTED),
    ],
)
def test_cache_objects(monkeypatch: pytest.MonkeyPatch, key: str, state: State) -> None:
    assert (
        judged("B.1", boundary.no_cache_objects, rigged(live(monkeypatch, ("stack.tfstate", key)))).state
        is state
    )


def test_a_cache_object_beyond_the_first_page_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = tuple(f"stack-{number}.tfstate" for number in range(2500))
    found = judged("B.1", boundary.no_cache_objects, rigged(live(monkeypatch, keys)))
    assert found.state is PROVED
    assert "2500 keys of plain looked at" in found.reason
    there = judged("B.1", boundary.no_cache_objects, rigged(live(monkeypatch, (*keys, "nix-cache-info"))))
    assert there.state is REFUTED


def test_a_bucket_that_is_not_looked_through_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boundary, "MOST", 2000)
    keys = tuple(f"stack-{number}.tfstate" for number in range(2001))
    found = judged("B.1", boundary.no_cache_objects, rigged(live(monkeypatch, keys)))
    assert found.state is UNKNOWN
    assert "2000 keys of plain looked at, and there are more" in found.reason
    whole = judged("B.1", boundary.no_cache_objects, rigged(live(monkeypatch, keys[:2000])))
    assert whole.state is PROVED


def test_cache_buckets_and_endpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (
        judged("B.1", boundary.no_cache_objects, rigged(live(monkeypatch, buckets=("plain", "attic")))).state
        is REFUTED
    )
    assert (
        judged(
            "B.1",
            boundary.no_cache_objects,
            rigged(live(monkeypatch, cache_endpoints=("http://localhost:9000",))),
        ).state
        is REFUTED
    )
    assert (
        judged(
            "B.1",
            boundary.no_cache_objects,
            rigged(live(monkeypatch, cache_endpoints=("http://localhost:9001",))),
        ).state
        is PROVED
    )


def test_contacts(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {("127.0.0.1", 9000): 7}
    monkeypatch.setattr(contacts, "made", lambda: dict(made))
    there = live(
        monkeypatch, cache_endpoints=("http://127.0.0.1:9001",), executor_endpoints=("grpc://127.0.0.1:9002",)
    )
    found = judged("B.2", boundary.no_cache_contacts, (*asked(there), Peers()))
    assert (found.state, found.observations) == (PROVED, 7)
    assert "no process of tofu was observed" in found.reason
    made[("127.0.0.1", 9002)] = 1
    assert judged("B.2", boundary.no_cache_contacts, (*asked(there), Peers())).state is REFUTED
    made.clear()
    assert judged("B.2", boundary.no_cache_contacts, (*asked(there), Peers())).state is UNKNOWN


@pytest.mark.parametrize(
    ("seen", "state", "reason"),
    [
        ({("127.0.0.1", 9000): 3}, PROVED, "3 to the candidate's endpoints, none to a cache or executor"),
        ({("127.0.0.1", 9000): 3, ("127.0.0.1", 4444): 1}, PROVED, "none to a cache or executor"),
        ({("127.0.0.1", 9000): 3, ("10.0.0.9", 443): 1}, PROVED, "others to 10.0.0.9:443"),
        ({("127.0.0.1", 9000): 3, ("127.0.0.1", 9001): 1}, REFUTED, "tofu contacted http://127.0.0.1:9001"),
        ({("127.0.0.1", 9002): 1}, REFUTED, "tofu contacted grpc://127.0.0.1:9002"),
        ({}, UNKNOWN, "tofu ran 2 times, and no connection of it was seen"),
    ],
)
def test_contacts_of_tofu(
    monkeypatch: pytest.MonkeyPatch, seen: dict[tuple[str, int], int], state: State, reason: str
) -> None:
    monkeypatch.setattr(contacts, "made", lambda: {("127.0.0.1", 9000): 7})
    there = live(
        monkeypatch, cache_endpoints=("http://127.0.0.1:9001",), executor_endpoints=("grpc://127.0.0.1:9002",)
    )
    peers = Peers(processes=2, looks=40, seen=Counter(seen))
    found = judged("B.2", boundary.no_cache_contacts, (*asked(there), peers))
    assert found.state is state, found.reason
    assert reason in found.reason


def test_addresses_are_those_of_every_name() -> None:
    assert ("127.0.0.1", 80) in contacts.addresses("http://localhost")
    assert ("127.0.0.1", 443) in contacts.addresses("https://127.0.0.1/x")
    assert contacts.addresses("127.0.0.1:7") == {("127.0.0.1", 7)}
    assert socket.gethostbyname("localhost") == "127.0.0.1"
