"""Phase 0 without a store: what a contract, an alert file, a topology and volumes must say, each both ways."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from readiness.candidate.load import Loaded, load
from readiness.candidate.model import Candidate, CandidateClass
from readiness.finding import Finding, State
from readiness.judges import contract as judging
from readiness.judges import durability as judging_durability
from readiness.judges.contract import alert_rules
from readiness.judges.stops import judge_volumes
from readiness.load.context import Buckets
from readiness.paths import CANDIDATES
from readiness.static import contract, divergence, stops
from readiness.topology import Endpoint, Topology, Unsupported, VolumeFact, WayOut
from tests.plugin.fake import TOPOLOGY
from tests.support.observations import judged

PROVED, REFUTED, UNKNOWN = State.PROVED, State.REFUTED, State.UNKNOWN
EMBEDDED = load("embedded")
METRICS = "".join(f"{m.name} 0\n" for m in EMBEDDED.candidate.contract.observability.metrics)


def declared(**changes: Any) -> Loaded:
    """The embedded candidate with these values, by dotted path with `__` for the dot."""
    raw = EMBEDDED.candidate.model_dump(mode="json", by_alias=True)
    for path, value in changes.items():
        *way, last = path.split("__")
        place = raw
        for part in way:
            place = place[part]
        place[last] = value
    return replace(EMBEDDED, candidate=Candidate.model_validate(raw))


def growing() -> Callable[[str], int]:
    """A node that has stored more each time it is looked at."""
    looked: Counter[str] = Counter()

    def look(node: str) -> int:
        looked[node] += 32 << 20
        return looked[node]

    return look


def live(loaded: Loaded = EMBEDDED, **more: Any) -> Any:
    """As much of a live candidate as these judgements ask."""
    provider = {
        "in_service": lambda _i: True,
        "metrics": lambda _i, _p, _t: METRICS,
        "volumes": tuple,
        "owns_candidate": True,
        "way_out": lambda _node: WayOut(("10.0.0.1:7",), ()),
        "stored_bytes": growing(),
    } | more.pop("provider", {})
    fields = {
        "topology": TOPOLOGY,
        "loaded": loaded,
        "candidate": loaded.candidate,
        "contract": loaded.candidate.contract,
        "provider": SimpleNamespace(**provider),
        "evidence": SimpleNamespace(observe=lambda seen: seen),
        "now": time.monotonic,
        "response_seconds": 3.0,
        "front": TOPOLOGY.endpoints[0],
        "target": lambda _endpoint, _role="admin": None,
        "client": lambda _endpoint, _seconds=None: SimpleNamespace(
            put_object=lambda **_: {},
            delete_object=lambda **_: {},
            list_buckets=lambda: {"Buckets": []},
            head_bucket=no_state_bucket,
            get_bucket_versioning=lambda **_: {},
        ),
        "random": random.Random,
        **more,
    }
    return SimpleNamespace(**fields)


def no_state_bucket(**_: str) -> None:
    answer: Any = {"Error": {"Code": "404"}, "ResponseMetadata": {"HTTPStatusCode": 404}}
    raise ClientError(answer, "HeadBucket")


def checked(loaded: Loaded = EMBEDDED, **more: Any) -> Any:
    """What a check of phase 0 is given."""
    return (live(loaded, **more),)


def rigged(subject: Any) -> Any:
    """What a check is given that works in the scratch buckets."""
    buckets = Buckets("plain", "versioned", {"versioned": "HTTP 501 NotImplemented"})
    return subject, SimpleNamespace(buckets=buckets)


def allowed(subject: Any) -> Any:
    """What a check is given that may also do faults."""
    return *rigged(subject), lambda: None


def rules(tmp_path: Path, text: str | bytes) -> Loaded:
    """A candidate whose alert file says this."""
    (tmp_path / "alerts").mkdir()
    (tmp_path / "alerts" / "embedded.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
    return replace(EMBEDDED, path=tmp_path / "embedded.toml")


GOOD = "groups: [{name: g, rules: [{alert: A, expr: 'control_index_divergence > 0'}]}]"


@pytest.mark.parametrize("path", sorted(CANDIDATES.glob("[a-z]*.toml")), ids=lambda path: path.stem)
def test_the_alert_rules_that_come_along_parse_and_watch(path: Path) -> None:
    loaded = load(str(path))
    if loaded.candidate.contract.observability.alert_rules is not None:
        assert judged("P0.5", contract.observability, checked(loaded), alert_rules).state is PROVED


@pytest.mark.parametrize(
    ("text", "state"),
    [
        (GOOD, PROVED),
        (f"kind: PrometheusRule\nspec: {{{GOOD}}}", PROVED),
        ("groups: [{name: g, rules: [{record: r, expr: control_index_divergence}]}]", REFUTED),
        ("groups: [{name: g, rules: [{alert: A, expr: 'up == 0'}]}]", REFUTED),
        (
            "groups: [{name: g, rules: [{alert: A, expr: 'other_control_index_divergence_total > 0'}]}]",
            REFUTED,
        ),
        ("groups: [{name: g, rules: [{alert: A}]}]", REFUTED),
        ("groups: []", REFUTED),
        ("groups: [{name: g}]", REFUTED),
        ("groups: [{name: g, rules: [text]}]", REFUTED),
        ("groups: 7", REFUTED),
        ("[]", REFUTED),
        ("", REFUTED),
        ("a: [", REFUTED),
        (b"\xff\xfe", REFUTED),
    ],
)
def test_alert_rules(tmp_path: Path, text: str | bytes, state: State) -> None:
    found = judged("P0.5", contract.observability, checked(rules(tmp_path, text)), alert_rules)
    assert found.state is state, found.reason


def test_alert_rules_that_are_not_there(tmp_path: Path) -> None:
    assert (
        judged(
            "P0.5", contract.observability, checked(replace(EMBEDDED, path=tmp_path / "x.toml")), alert_rules
        ).state
        is REFUTED
    )
    assert (
        judged(
            "P0.5",
            contract.observability,
            checked(declared(contract__observability__alert_rules=None)),
            alert_rules,
        ).state
        is REFUTED
    )


def test_metrics_must_answer() -> None:
    assert judged("P0.5", contract.observability, checked()).state is PROVED
    absent = METRICS.replace(
        "control_index_divergence 0\n", "# control_index_divergence 0\ncontrol_index_divergence_total 0\n"
    )
    found = judged("P0.5", contract.observability, checked(provider={"metrics": lambda _i, _p, _t: absent}))
    assert found.state is REFUTED
    assert "control_index_divergence" in found.reason

    def silent(_instance: str, _path: str, _target: str) -> str:
        raise Unsupported("no metrics")

    assert judged("P0.5", contract.observability, checked(provider={"metrics": silent})).state is REFUTED
    assert (
        judged("P0.5", contract.observability, checked(declared(contract__observability__metrics=[]))).state
        is REFUTED
    )


def test_failure_behaviour_is_numbers() -> None:
    found = judged("P0.4", contract.failure_behaviour, checked())
    assert (found.state, found.measured["rto_silence"]) == (PROVED, 5)
    three = {"restart": 1, "drain": 1, "crash": 1}
    missing = judged(
        "P0.4", contract.failure_behaviour, checked(declared(contract__failure__rto_seconds=three))
    )
    assert missing.state is REFUTED
    assert "no RTO for silence" in missing.reason
    assert (
        judged(
            "P0.4",
            contract.failure_behaviour,
            checked(declared(contract__failure__rpo_acknowledged_writes=1)),
        ).state
        is REFUTED
    )
    slow = judged(
        "P0.4", contract.failure_behaviour, checked(declared(contract__failure__response_seconds=3600))
    )
    assert slow.state is REFUTED
    assert "contract.failure.response_seconds = 3600 s, 10 s at most" in slow.reason
    down = judged("P0.4", contract.failure_behaviour, checked(provider={"in_service": lambda i: i != "b-0"}))
    assert down.state is REFUTED
    assert "b-0" in down.reason


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, PROVED),
        ({"class": "singleton"}, REFUTED),
        ({"class": "sting-local-path"}, REFUTED),
        ({"class": "cache-surface"}, REFUTED),
        ({"class": "replicated-rustfs"}, PROVED),
        ({"class": "replicated-rustfs", "contract__repair__kind": "none"}, REFUTED),
    ],
)
def test_candidate_classes(changes: dict[str, Any], state: State) -> None:
    assert judged("P0.7", contract.candidate_class, checked(declared(**changes))).state is state
    assert set(judging.ADMISSIBLE) == {CandidateClass.DEDICATED_HA, CandidateClass.REPLICATED_RUSTFS}


def test_a_class_is_no_better_than_what_runs() -> None:
    assert (
        judged("P0.7", contract.candidate_class, checked(provider={"in_service": lambda i: i == "a-0"})).state
        is REFUTED
    )


def topology(*endpoints: tuple[str, str, str]) -> Topology:
    """Endpoints by url, node and instance."""
    made = tuple(Endpoint(f"e{n}", url, node, instance) for n, (url, node, instance) in enumerate(endpoints))
    return replace(TOPOLOGY, endpoints=made)


ONE, TWO = ("http://127.0.0.1:1", "a", "a-0"), ("http://127.0.0.2:1", "b", "b-0")


@pytest.mark.parametrize(
    ("endpoints", "state"),
    [
        pytest.param((ONE, TWO), PROVED, id="independent"),
        pytest.param((ONE,), REFUTED, id="one"),
        pytest.param((ONE, ("http://localhost:1", "b", "b-0")), REFUTED, id="two names for one address"),
        pytest.param((ONE, ("http://127.0.0.2:1", "b", "a-0")), REFUTED, id="two addresses of one instance"),
        pytest.param((ONE, ("http://127.0.0.2:1", "a", "a-1")), REFUTED, id="two instances of one node"),
        pytest.param(
            (("http://127.0.0.1", "a", "a-0"), ("http://127.0.0.1:80", "b", "b-0")),
            REFUTED,
            id="the port that http means",
        ),
    ],
)
def test_independent_endpoints(endpoints: tuple[tuple[str, str, str], ...], state: State) -> None:
    assert (
        judged("S.1", stops.independent_endpoints, allowed(live(topology=topology(*endpoints)))).state
        is state
    )


def test_endpoints_that_do_not_answer_do_not_count() -> None:
    both = topology(ONE, TWO)
    assert (
        judged(
            "S.1",
            stops.independent_endpoints,
            allowed(live(topology=both, provider={"in_service": lambda i: i == "a-0"})),
        ).state
        is REFUTED
    )
    assert (
        judged(
            "S.1",
            stops.independent_endpoints,
            allowed(live(topology=both, provider={"in_service": lambda _i: False})),
        ).state
        is UNKNOWN
    )


def volume(node: str, kind: str = "openebs-zfs", access: str = "RWO") -> VolumeFact:
    return VolumeFact(node, kind, access)


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        pytest.param([volume("bumble")], REFUTED, id="one bumble-scoped RWO volume"),
        pytest.param([volume("bumble"), volume("bumble")], REFUTED, id="two volumes of one node"),
        pytest.param([volume("bumble"), volume("honey")], PROVED, id="two nodes"),
        pytest.param([volume("bumble", access="RWX")], PROVED, id="shared"),
        pytest.param(
            [volume("bumble"), volume("sting", "local-path")],
            REFUTED,
            id="Sting local-path is no second copy",
        ),
        pytest.param(
            [volume("sting", "local-path"), volume("honey", "local-path")],
            REFUTED,
            id="local-path everywhere",
        ),
        pytest.param([volume("sting", "local-path", "RWX")], REFUTED, id="local-path that says shared"),
        pytest.param([volume("bumble"), volume("honey", "scratch")], REFUTED, id="scratch"),
        pytest.param([], UNKNOWN, id="unknown"),
    ],
)
def test_volumes(facts: list[VolumeFact], state: State) -> None:
    assert judge_volumes(facts).state is state
    assert (
        judged("S.2", stops.volumes, allowed(live(provider={"volumes": lambda: tuple(facts)}))).state is state
    )


def test_documentation_and_divergence_that_are_not_there() -> None:
    nothing = declared(contract__durability__versioning=False, contract__durability__backup="")
    assert judged("S.3", contract.durability, rigged(live(nothing))).state is REFUTED
    none = declared(contract__divergence={"response": "none", "statement": "we look by hand"})
    found = judged("S.4", divergence.divergence_response, allowed(live(none)))
    assert found.state is REFUTED
    assert "we look by hand" in found.reason
    assert (
        judged("S.5", stops.without_caches, allowed(live(declared(boundary__cache_endpoints=[])))).state
        is UNKNOWN
    )


def test_the_cache_statement_names_all_three() -> None:
    message = judged(
        "P0.6",
        contract.cache_statement,
        checked(declared(contract__cache_statement="Attic and Bazel do not use it")),
    )
    assert message.state is REFUTED
    assert "rbe" in message.reason


def seen(*states: str | None) -> Any:
    """A live candidate whose endpoints call the versioned bucket this, one look after the other."""
    answers = iter(states)

    class Client:
        head_bucket = staticmethod(no_state_bucket)

        def get_bucket_versioning(self, **_: str) -> dict[str, str]:
            state = next(answers)
            return {"Status": state} if state else {}

    return live(
        declared(contract__durability__versioning_suspended=False),
        client=lambda _endpoint: Client(),
    )


@pytest.mark.parametrize(
    ("promised", "state", "found"),
    [
        (True, "Enabled", PROVED),
        (True, "Suspended", REFUTED),
        (True, "", REFUTED),
        (False, "Suspended", UNKNOWN),
        (False, "Enabled", UNKNOWN),
        (False, "", PROVED),
    ],
)
def test_the_state_bucket_that_is_there_is_as_the_scratch_buckets(
    promised: bool, state: str, found: State
) -> None:
    """Without a third scratch bucket nothing is proved of a bucket whose versions were suspended."""
    asked, judgement = looked_at(state, promised=promised)
    assert judgement.state is found
    assert "tofu-state" in judgement.reason
    assert asked.count("tofu-state") == 1


@pytest.mark.parametrize(
    ("promised", "named", "made", "state", "found"),
    [
        (False, True, "Suspended", "Suspended", PROVED),
        (False, True, "Suspended", "", PROVED),
        (False, True, "Suspended", "Enabled", UNKNOWN),
        (False, True, "Enabled", "Suspended", REFUTED),
        (False, True, "", "", REFUTED),
        (False, True, None, "Suspended", UNKNOWN),
        (False, False, "Suspended", "Suspended", PROVED),
        (False, False, "Enabled", "Suspended", UNKNOWN),
        (True, True, "Suspended", "Enabled", PROVED),
        (True, True, "Suspended", "Suspended", REFUTED),
        (True, False, "Suspended", "Suspended", REFUTED),
    ],
)
def test_a_suspended_state_bucket_takes_a_scratch_bucket_that_is_suspended(
    promised: bool, named: bool, made: str | None, state: str, found: State
) -> None:
    """`named`: the contract says so. `made`: what the third scratch bucket is; None: there is none."""
    _, judgement = looked_at(state, promised=promised, named=named, made=made)
    assert judgement.state is found, judgement.reason


def looked_at(
    state: str, *, promised: bool, named: bool = False, made: str | None = None
) -> tuple[list[str], Finding]:
    """The buckets that P0.3 asked for the versioning of, and what was found."""
    asked: list[str] = []
    states = {"versioned": "Enabled" if promised else "", "suspended": made, "tofu-state": state}

    def versioning(*, Bucket: str) -> dict[str, str]:  # noqa: N803  as boto3 calls it
        asked.append(Bucket)
        status = states[Bucket]
        return {"Status": status} if status else {}

    client = SimpleNamespace(head_bucket=lambda **_: {}, get_bucket_versioning=versioning)
    loaded = declared(
        contract__durability__versioning=promised,
        contract__durability__versioning_suspended=named,
        contract__durability__restore="previous-version" if promised else "backup",
    )
    subject = live(loaded, client=lambda _endpoint: client)
    buckets = Buckets("plain", "versioned", suspended=None if made is None else "suspended")
    return asked, judged("P0.3", contract.durability, (subject, SimpleNamespace(buckets=buckets)))


def test_versioning_is_as_stated_through_every_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    endpoints = len(TOPOLOGY.all_endpoints())
    assert judged("P0.3", contract.durability, rigged(seen(*["Enabled"] * endpoints))).state is PROVED
    late = judged("P0.3", contract.durability, rigged(seen("Enabled", None, *["Enabled"] * (endpoints - 1))))
    assert late.state is PROVED
    assert late.measured["seconds_until_seen"] not in (None, 0.0)
    monkeypatch.setattr(contract, "SETTINGS_SEEN_WITHIN", 0.0)
    monkeypatch.setattr(judging_durability, "SETTINGS_SEEN_WITHIN", 0.0)
    found = judged("P0.3", contract.durability, rigged(seen("Enabled", None, None)))
    assert found.state is REFUTED
    assert (
        f"{TOPOLOGY.all_endpoints()[1].name} reports never enabled for a bucket on which it was requested"
        in found.reason
    )
    assert "HTTP 501 NotImplemented" in found.reason


@pytest.mark.parametrize(("owns", "state"), [(True, PROVED), (False, REFUTED)])
def test_ports_of_one_host_are_one_address_of_a_store_that_was_there(owns: bool, state: State) -> None:
    ports = topology(ONE, ("http://127.0.0.1:2", "b", "b-0"))
    found = judged(
        "S.1", stops.independent_endpoints, allowed(live(topology=ports, provider={"owns_candidate": owns}))
    )
    assert found.state is state, found.reason
    hosts = allowed(live(topology=topology(ONE, TWO), provider={"owns_candidate": owns}))
    assert judged("S.1", stops.independent_endpoints, hosts).state is PROVED


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"divergences": []}, []),
        ({"divergences": None, "objects": 3}, []),
        ({"divergences": ["k"]}, ["k"]),
        ({"divergences": "k is missing"}, ["k is missing"]),
        ({"a": {"divergences": []}, "b": {"divergences": None}}, []),
        ({"a": {"divergences": []}, "b": {"divergences": ["k"]}}, ["k"]),
        ({"a": {"divergences": []}, "b": {"unanswered": "ConnectionRefusedError"}}, None),
        ({"a": {"divergences": ["k"]}, "b": {"unanswered": "ConnectionRefusedError"}}, ["k"]),
        ({"output": ""}, None),
        ({}, None),
    ],
)
def test_what_a_response_says_that_diverges(answer: object, found: list[object] | None) -> None:
    assert divergence.divergences(answer) == found
