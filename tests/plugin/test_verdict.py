"""Section 4 of the design as properties: what may be READY, and what never is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.criteria import BY_ID, DECIDING, MANIFEST, PHASES, Criterion, Level
from readiness.finding import Finding, State, impossible, merge, proved, refuted, unknown, worst
from readiness.verdict import Result, Verdict, Word, judge, results_of

STATES = st.sampled_from(list(State))
IDS = [criterion.id for criterion in MANIFEST]
S3 = frozenset(criterion.id for criterion in MANIFEST if criterion.level is Level.S3)
SUBSETS = st.frozensets(st.sampled_from(IDS))
FINDINGS = st.builds(Finding, STATES, st.text(max_size=5), st.just({}), st.integers(1, 3)) | st.builds(
    proved, st.text(max_size=5), st.integers(0, 2)
)
GOOD_WORDS = (Word.READY, Word.INTERIM, Word.PHASE_PROVED, Word.SELECTION_PROVED)


def result(criterion: Criterion, state: State, issue: str | None = None) -> Result:
    return Result(criterion, Finding(state, "why", observations=1), issue)


def results(but: dict[str, State] | None = None, issues: dict[str, str] | None = None) -> tuple[Result, ...]:
    """Everything PROVED but these."""
    return tuple(result(c, (but or {}).get(c.id, State.PROVED), (issues or {}).get(c.id)) for c in MANIFEST)


def of_phase(*phases: int) -> frozenset[str]:
    return frozenset(c.id for c in MANIFEST if c.phase in phases)


def test_the_manifest_is_the_plan() -> None:
    assert len(IDS) == len(set(IDS)) == 84
    assert {c.phase for c in MANIFEST} == set(PHASES)
    assert {f"P1.{n}" for n in range(1, 31)} | {f"P2.{n}" for n in range(1, 14)} <= set(IDS)
    assert {f"S.{n}" for n in range(1, 7)} | {f"P0.{n}" for n in range(1, 8)} | {
        "B.1",
        "B.2",
        "P4.1",
        "P4.2",
        "P4.3",
    } <= set(IDS)
    assert all(
        f"P3.{stack}.{n}" in BY_ID
        for stack in ("attic", "arc-runners", "gitlab-runners", "runner-dashboard")
        for n in range(1, 6)
    )


def test_everything_proved_is_ready() -> None:
    verdict = judge(results())
    assert (verdict.word, verdict.sentence, verdict.exit_code) == (Word.READY, "READY", 0)


@pytest.mark.parametrize("id_", IDS)
@pytest.mark.parametrize("state", [State.REFUTED, State.UNKNOWN, State.NOT_RUN])
def test_one_criterion_that_is_not_proved_is_not_ready(id_: str, state: State) -> None:
    verdict = judge(results({id_: state}), levels=frozenset(Level))
    assert (verdict.word, verdict.exit_code) == (Word.NOT_READY, 1)
    if id_ not in S3:
        assert judge(results({id_: state})).word is Word.NOT_READY


@pytest.mark.parametrize("id_", sorted(S3))
@pytest.mark.parametrize("state", [State.REFUTED, State.UNKNOWN, State.NOT_RUN])
def test_a_criterion_of_level_s3_does_not_decide_and_is_named(id_: str, state: State) -> None:
    verdict = judge(results({id_: state}))
    assert (verdict.word, verdict.exit_code) == (Word.READY, 0)
    assert verdict.sentence == f"READY at levels plan and state; s3: 1 {state}"
    others = {c.id: State.NOT_RUN for c in MANIFEST if c.phase != 1}
    phase = judge(results({**others, id_: state}), selected=of_phase(1))
    assert (phase.sentence, phase.exit_code) == (f"PHASE 1 PROVED at levels plan and state; s3: 1 {state}", 0)
    assert judge(results({id_: state}), selected=frozenset({id_}), by_name=True).exit_code == 1
    assert judge(results({id_: state}), selected=frozenset({id_})).exit_code == 1
    taken = judge(results({id_: state}), taken={"P1.1": "RUN"})
    lines = f"READY at levels plan and state, 1 of {len(IDS)} taken over from RUN; s3: 1 {state}"
    assert taken.sentence == lines


def test_the_levels_beside_are_counted_by_state_and_only_good_news_say_them() -> None:
    verdict = judge(results({"P1.12": State.UNKNOWN, "P1.28": State.REFUTED, "P1.29": State.REFUTED}))
    assert verdict.sentence == "READY at levels plan and state; s3: 2 REFUTED, 1 UNKNOWN"
    red = judge(results({"P1.12": State.REFUTED, "P1.13": State.REFUTED}))
    assert (red.sentence, red.exit_code) == ("NOT READY", 1)


def test_what_is_of_level_s3() -> None:
    """Nothing about losing, denying or locking state may become one: each is argued in docs/criteria.md."""
    assert {"P1.12", "P1.28", "P1.29", "P1.30"} == S3
    assert {Level.PLAN, Level.STATE} == DECIDING


def test_proved_without_an_observation_is_unknown() -> None:
    bare = proved("a cache hit", 0)
    assert Result(MANIFEST[0], bare).state is State.UNKNOWN
    assert merge([bare, proved("direct", 5)]).state is State.UNKNOWN
    assert judge((Result(MANIFEST[0], bare), *results()[1:])).word is Word.NOT_READY


@given(st.lists(FINDINGS, max_size=6))
def test_merge_takes_the_worst_and_never_improves(findings: list[Finding]) -> None:
    order = [State.REFUTED, State.UNKNOWN, State.NOT_RUN, State.PROVED]
    merged = merge(findings)
    if not findings:
        assert merged.state is State.UNKNOWN
        return
    assert merged.state is min((f.state for f in findings), key=order.index)
    assert merged.observations == sum(f.observations for f in findings)
    assert merge([*findings, refuted("no")]).state is State.REFUTED
    assert merge(list(reversed(findings))).state is merged.state


def test_the_order_of_merging() -> None:
    assert worst([State.PROVED, State.NOT_RUN]) is State.NOT_RUN
    assert worst([State.NOT_RUN, State.UNKNOWN, State.PROVED]) is State.UNKNOWN
    assert worst(State) is State.REFUTED
    assert worst([]) is State.UNKNOWN


@given(st.binary(min_size=len(IDS), max_size=len(IDS)), st.booleans(), st.none() | SUBSETS, st.booleans())
def test_invariants_of_every_verdict(
    drawn: bytes, interim: bool, selected: frozenset[str] | None, interrupted: bool
) -> None:
    rows = tuple(
        result(criterion, list(State)[byte % 4], "TIN-1" if byte & 4 else None)
        for criterion, byte in zip(MANIFEST, drawn, strict=True)
    )
    check(
        judge(rows, interim=interim, selected=selected, interrupted=interrupted),
        selected,
        interrupted=interrupted,
    )


@given(
    st.dictionaries(st.sampled_from(IDS), STATES, max_size=2),
    st.booleans(),
    st.none() | st.just(of_phase(1)) | SUBSETS,
    st.booleans(),
)
def test_invariants_near_ready(
    but: dict[str, State], interim: bool, selected: frozenset[str] | None, interrupted: bool
) -> None:
    reds = {id_: "TIN-1" for id_, state in but.items() if state is State.REFUTED}
    check(
        judge(results(but, reds), interim=interim, selected=selected, interrupted=interrupted),
        selected,
        interrupted=interrupted,
    )


def check(verdict: Verdict, selected: frozenset[str] | None, *, interrupted: bool) -> None:
    states = {r.criterion.id: r.state for r in verdict.results}
    issues = {r.criterion.id for r in verdict.results if r.issue}
    assert set(states) == set(IDS)
    assert sum(verdict.counts().values()) == len(IDS)
    assert (verdict.exit_code == 0) == (verdict.word in GOOD_WORDS)
    whole = selected is None
    if interrupted:
        assert verdict.word is Word.INTERRUPTED
    if verdict.word is Word.READY:
        assert whole
        assert not verdict.interim
        assert all(state is State.PROVED for id_, state in states.items() if id_ not in S3)
        assert ("; s3: " in verdict.sentence) == any(states[id_] is not State.PROVED for id_ in S3)
    if verdict.word is Word.INTERIM:
        assert whole
        assert verdict.interim
        assert all(
            state is (State.REFUTED if id_ in issues else State.PROVED)
            for id_, state in states.items()
            if id_ not in S3 or id_ in issues
        )
    if verdict.word is Word.PHASE_PROVED:
        assert not whole
        assert verdict.phases
        assert all(states[id_] is State.PROVED for id_ in selected or () if id_ not in S3)
        assert "READY" not in verdict.sentence
    if not selected and selected is not None:
        assert verdict.exit_code == 1


@pytest.mark.parametrize("phase", list(PHASES))
def test_a_phase_alone_is_proved_and_never_ready(phase: int) -> None:
    others = {c.id: State.NOT_RUN for c in MANIFEST if c.phase != phase}
    verdict = judge(results(others), selected=of_phase(phase))
    assert (verdict.sentence, verdict.exit_code) == (f"PHASE {phase} PROVED", 0)
    one = min(of_phase(phase) - S3)
    assert one not in S3
    assert judge(results({**others, one: State.UNKNOWN}), selected=of_phase(phase)).exit_code == 1


def test_selected_criteria_that_are_proved_say_so_and_that_this_is_no_verdict() -> None:
    part = of_phase(1) - {"P1.4"}
    verdict = judge(results(), selected=part, by_name=True)
    message = f"{len(part)} of {len(part)} selected criteria PROVED; not a verdict"
    assert (verdict.exit_code, verdict.sentence) == (0, message)
    missing = judge(results(), selected=part)
    assert (missing.exit_code, missing.sentence) == (1, "NOTHING PROVED: no phase was selected whole")
    one = judge(results({"P1.5": State.UNKNOWN}), selected=part, by_name=True)
    assert (one.exit_code, one.sentence) == (1, "NOTHING PROVED: no phase was selected whole")
    assert judge(results(), selected=of_phase(0) | {"P1.1"}).exit_code == 1
    interim = judge(results({}, {"P1.5": "TIN-1012"}), selected=part, interim=True, by_name=True)
    assert interim.exit_code == 1


def test_a_run_that_went_on_after_a_red_phase_is_never_ready() -> None:
    assert judge(results(), selected=frozenset(IDS)).word is Word.PHASE_PROVED


def test_nothing_selected_is_nothing() -> None:
    assert judge(results(), selected=frozenset()).exit_code == 1
    assert judge(()).exit_code == 1


def test_an_expected_red_of_level_s3_is_held_to_what_the_file_says() -> None:
    listed = {"P1.12": "TIN-1012"}
    assert judge(results({"P1.12": State.REFUTED}, listed), interim=True).sentence == "INTERIM AS EXPECTED"
    assert judge(results({}, listed), interim=True).word is Word.NOT_INTERIM
    unlisted = judge(results({"P1.12": State.REFUTED}), interim=True)
    assert unlisted.sentence == "INTERIM AS EXPECTED at levels plan and state; s3: 1 REFUTED"


RED = {"P1.6": "TIN-1012"}


def test_interim_as_expected() -> None:
    verdict = judge(results({"P1.6": State.REFUTED}, RED), interim=True)
    assert (verdict.sentence, verdict.exit_code) == ("INTERIM AS EXPECTED", 0)


@pytest.mark.parametrize(
    "but",
    [
        pytest.param({"P1.6": State.UNKNOWN}, id="an error is never an expected red"),
        pytest.param({"P1.6": State.NOT_RUN}, id="not run is never an expected red"),
        pytest.param({}, id="the guardrail has moved"),
        pytest.param({"P1.6": State.REFUTED, "P1.7": State.REFUTED}, id="an unlisted red is a red"),
        pytest.param({"P1.6": State.REFUTED, "P1.7": State.UNKNOWN}, id="an unlisted error"),
        pytest.param({"P1.6": State.REFUTED, "P1.7": State.NOT_RUN}, id="one that did not run"),
    ],
)
def test_interim_not_as_expected(but: dict[str, State]) -> None:
    verdict = judge(results(but, RED), interim=True)
    assert (verdict.word, verdict.exit_code) == (Word.NOT_INTERIM, 1)


NO_POWER = impossible("nobody can cut its power here")


def declared(finding: Finding, issue: str | None = None, id_: str = "P1.22") -> tuple[Result, ...]:
    """Everything PROVED but the one whose fault, by the candidate's file, may be impossible to inject."""
    one = Result(BY_ID[id_], finding, issue, declared="TIN-1: nobody can cut its power")
    return tuple(one if r.criterion.id == id_ else r for r in results())


def test_what_is_declared_may_be_not_run_or_proved_and_the_sentence_says_which() -> None:
    verdict = judge(declared(NO_POWER), interim=True)
    assert (verdict.sentence, verdict.exit_code) == ("INTERIM AS EXPECTED, 1 NOT RUN as declared", 0)
    beside = tuple(
        result(r.criterion, State.REFUTED) if r.criterion.id == "P1.12" else r for r in declared(NO_POWER)
    )
    message = "INTERIM AS EXPECTED at levels plan and state, 1 NOT RUN as declared; s3: 1 REFUTED"
    assert judge(beside, interim=True).sentence == message
    assert judge(declared(proved("nothing is lost", 3)), interim=True).sentence == "INTERIM AS EXPECTED"


@pytest.mark.parametrize(
    "finding",
    [
        pytest.param(Finding(State.NOT_RUN, "it was deselected"), id="deselected"),
        pytest.param(merge([NO_POWER, Finding(State.NOT_RUN, "blocked")]), id="also blocked"),
        pytest.param(merge([NO_POWER, unknown("did not fire")]), id="also unknown"),
        pytest.param(merge([NO_POWER, refuted("lost")]), id="also refuted"),
        pytest.param(unknown("did not fire"), id="unknown"),
        pytest.param(refuted("lost"), id="refuted"),
    ],
)
def test_what_is_declared_is_held_to_its_cause(finding: Finding) -> None:
    assert judge(declared(finding), interim=True).word is Word.NOT_INTERIM


def test_impossible_and_not_declared_is_not_as_expected_and_declared_is_never_ready() -> None:
    plain = tuple(Result(r.criterion, NO_POWER) if r.criterion.id == "P1.22" else r for r in results())
    assert judge(plain, interim=True).word is Word.NOT_INTERIM
    assert judge(declared(NO_POWER)).word is Word.NOT_READY
    assert judge(declared(NO_POWER), selected=of_phase(1)).exit_code == 1
    assert judge(declared(NO_POWER), selected=frozenset({"P1.22"}), by_name=True).exit_code == 1


def test_one_that_is_expected_red_and_declared_is_either_and_never_proved() -> None:
    for finding in (NO_POWER, refuted("no other node")):
        assert judge(declared(finding, "TIN-1", "P1.24"), interim=True).word is Word.INTERIM
    for finding in (proved("whole", 1), unknown("?"), Finding(State.NOT_RUN, "blocked")):
        assert judge(declared(finding, "TIN-1", "P1.24"), interim=True).word is Word.NOT_INTERIM


def test_only_what_did_not_run_is_impossible() -> None:
    for state in (State.REFUTED, State.UNKNOWN, State.PROVED):
        with pytest.raises(ValueError, match="and impossible"):
            Finding(state, "x", observations=1, impossible=True)
    assert merge([NO_POWER, proved("one of two", 1)]).impossible
    assert merge([NO_POWER, NO_POWER]).impossible


def unpromised(state: State, but: dict[str, State] | None = None) -> tuple[Result, ...]:
    """Everything PROVED but these, of a candidate that does not promise P1.27."""
    one = Result(BY_ID["P1.27"], Finding(state, "why", observations=1), not_promised="no [upgrade]")
    return tuple(one if r.criterion.id == "P1.27" else r for r in results(but))


def test_what_is_not_promised_is_not_missed_and_every_good_word_says_so() -> None:
    rows = unpromised(State.NOT_RUN)
    assert (judge(rows).sentence, judge(rows).exit_code) == ("READY, 1 not promised", 0)
    assert judge(rows, interim=True).sentence == "INTERIM AS EXPECTED, 1 not promised"
    assert judge(rows, selected=of_phase(1)).sentence == "PHASE 1 PROVED, 1 not promised"
    assert judge(rows, selected=of_phase(0)).sentence == "PHASE 0 PROVED"
    beside = unpromised(State.NOT_RUN, {"P1.12": State.REFUTED})
    message = "READY at levels plan and state, 1 not promised; s3: 1 REFUTED"
    assert judge(beside).sentence == message
    phase = judge(beside, selected=of_phase(1))
    assert phase.sentence == "PHASE 1 PROVED at levels plan and state, 1 not promised; s3: 1 REFUTED"
    taken = judge(rows, taken={"P1.1": "RUN"})
    assert taken.sentence == f"READY, 1 of {len(IDS)} taken over from RUN, 1 not promised"


def test_it_is_not_promised_only_as_long_as_it_is_not_run() -> None:
    for state in (State.REFUTED, State.UNKNOWN):
        assert judge(unpromised(state)).word is Word.NOT_READY
        assert judge(unpromised(state), interim=True).word is Word.NOT_INTERIM
    assert judge(unpromised(State.PROVED)).sentence == "READY"
    assert judge(results({"P1.27": State.NOT_RUN})).word is Word.NOT_READY
    assert judge(unpromised(State.NOT_RUN, {"P1.26": State.NOT_RUN})).sentence == "NOT READY"


def test_one_that_is_named_must_be_proved_though_it_is_not_promised() -> None:
    rows = unpromised(State.NOT_RUN)
    for named in ({"P1.27"}, {"P1.26", "P1.27"}):
        assert judge(rows, selected=frozenset(named), by_name=True).exit_code == 1
    assert judge(rows, selected=frozenset({"P1.27"})).exit_code == 1


def test_interim_of_a_selection_is_never_good() -> None:
    assert judge(results({"P1.6": State.REFUTED}, RED), interim=True, selected=of_phase(1)).exit_code == 1
    assert judge(results(), interim=False, selected=None, interrupted=True).exit_code == 1


@given(
    st.dictionaries(st.sampled_from(IDS), st.lists(FINDINGS, min_size=1, max_size=3)),
    st.dictionaries(st.sampled_from(IDS), st.just("why")),
)
def test_every_criterion_of_the_manifest_has_one_result(
    found: dict[str, list[Finding]], reasons: dict[str, str]
) -> None:
    rows = results_of(found, reasons, {}, {})
    assert [row.criterion.id for row in rows] == IDS
    for row in rows:
        id_ = row.criterion.id
        if id_ not in found:
            assert row.state is State.NOT_RUN
            assert row.finding.reason == reasons.get(id_, "it was not collected")


def test_findings_of_a_criterion_that_is_not_in_the_manifest_change_nothing() -> None:
    assert (
        results_of({"P9.9": [proved("x", 1)], "P1.1": [unknown("y")]}, {}, {}, {})[12].state is State.UNKNOWN
    )
