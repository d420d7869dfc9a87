"""The verdict's words and what a result carries; the reasons, values and witness of merged findings."""

from __future__ import annotations

import pytest

from readiness.criteria import MANIFEST
from readiness.finding import Finding, State, Unobserved, merge, proved, refuted, unknown
from readiness.history import Op, Outcome, Verb
from readiness.verdict import Result, Verdict, Word, judge, results_of

SEEN = Op(0, "w", "p", "e", Verb.READ, "b", "k", 0, 1, Outcome.OK, 404)
AGAIN = Op(1, "w", "p", "e", Verb.READ, "b", "k", 2, 3, Outcome.OK, 404)


def test_a_result_carries_what_is_known_of_its_criterion() -> None:
    one, two, three = MANIFEST[:3]
    rows = results_of(
        {one.id: [proved("a", 1), refuted("b")]},
        {two.id: "blocked"},
        {one.id: "TIN-1"},
        {one.id: 2.5},
        (one, two, three),
    )
    assert [(row.criterion, row.issue, row.seconds) for row in rows] == [
        (one, "TIN-1", 2.5),
        (two, None, 0.0),
        (three, None, 0.0),
    ]
    assert [row.finding.reason for row in rows] == ["b", "blocked", "it was not collected"]
    assert [row.state for row in rows] == [State.REFUTED, State.NOT_RUN, State.NOT_RUN]
    assert Result(one, proved("a", 1)).seconds == 0.0


@pytest.mark.parametrize(
    ("phases", "word", "sentence"),
    [
        ((1,), Word.PHASE_PROVED, "PHASE 1 PROVED"),
        ((0, 2), Word.PHASE_PROVED, "PHASES 0, 2 PROVED"),
        ((0, 1, 2), Word.PHASE_NOT_PROVED, "PHASES 0, 1, 2 NOT PROVED"),
        ((), Word.PHASE_PROVED, "NOTHING PROVED: no phase was selected whole"),
        ((1,), Word.READY, "READY"),
        ((), Word.INTERRUPTED, "INTERRUPTED"),
    ],
)
def test_the_sentence(phases: tuple[int, ...], word: Word, sentence: str) -> None:
    assert Verdict(word, phases, (), interim=False).sentence == sentence


def test_counts_name_every_state() -> None:
    rows = [Result(criterion, proved("a", 1)) for criterion in MANIFEST[:3]]
    rows += [Result(MANIFEST[3], unknown("b")), Result(MANIFEST[4], proved("hit", 0))]
    assert judge(rows).counts() == {"REFUTED": 0, "UNKNOWN": 2, "NOT RUN": 0, "PROVED": 3}
    assert judge(rows).results == tuple(rows)


def test_merged_findings_keep_what_the_worst_says() -> None:
    merged = merge(
        [
            refuted("first", witness=[SEEN], measured={"a": 1, "b": 1}, observations=3),
            proved("fine", 5, b=2),
            refuted("", measured={"c": 3}),
            refuted("second", witness=[AGAIN]),
            refuted("first"),
        ]
    )
    assert merged == Finding(State.REFUTED, "first; second", {"a": 1, "b": 1, "2: b": 2, "c": 3}, 11, (SEEN,))


def test_no_measured_value_is_lost_by_merging() -> None:
    once = merge([proved("x", 1, lost=3), proved("y", 1, lost=0), proved("z", 1, lost=3)])
    assert once.measured == {"lost": 3, "2: lost": 0}
    assert merge([once, proved("w", 1, lost=7)]).measured == {"lost": 3, "2: lost": 0, "3: lost": 7}
    assert merge([proved("x", 1, at_most_s=2.0), unknown("y", measured={"at_most_s": None})]).measured == {
        "at_most_s": 2.0,
        "2: at_most_s": None,
    }


def test_the_witness_is_of_the_state_that_won() -> None:
    other = Finding(State.UNKNOWN, "?", witness=(SEEN,))
    assert merge([other, refuted("no")]).witness == ()
    assert merge([refuted("bare"), refuted("shown", witness=[AGAIN])]).witness == (AGAIN,)
    assert merge([other, refuted("no", witness=[AGAIN])]).witness == (AGAIN,)


def test_nothing_to_merge() -> None:
    assert merge([]) == Finding(State.UNKNOWN, "nothing was judged")


def test_a_claim_without_an_observation_says_so_and_keeps_what_was_measured() -> None:
    assert proved("cache hit", 0, a=1) == Finding(
        State.UNKNOWN, "no direct observation supports it: cache hit", {"a": 1}
    )
    with pytest.raises(Unobserved, match="PROVED without a direct observation: cache hit"):
        Finding(State.PROVED, "cache hit", {"a": 1})


def test_findings_are_made_with_their_grounds() -> None:
    assert proved("a", 2, seconds=1.5) == Finding(State.PROVED, "a", {"seconds": 1.5}, 2)
    assert refuted("a") == Finding(State.REFUTED, "a", {}, 1)
    assert unknown("a") == Finding(State.UNKNOWN, "a", {}, 0)
    assert unknown("a", observations=4, measured={"b": 1}) == Finding(State.UNKNOWN, "a", {"b": 1}, 4)


def test_a_cleaned_finding_differs_in_its_texts_alone() -> None:
    found = refuted("secret", observations=2, witness=[SEEN], measured={"secret": "a secret", "n": 3})
    cleaned = found.cleaned(lambda text: text.replace("secret", "[removed]"))
    assert cleaned == refuted(
        "[removed]", observations=2, witness=[SEEN], measured={"[removed]": "a [removed]", "n": 3}
    )
