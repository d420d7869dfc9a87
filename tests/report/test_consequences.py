"""What the report says would have happened to OpenTofu, from the rows of verdict.json."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from readiness.criteria import BY_ID, MANIFEST, Level
from readiness.finding import State
from readiness.grounds import ViolationKind as Kind
from readiness.report.html.consequences import QUESTIONS, Consequence, consequences
from readiness.report.html.meanings import meaning


def rows(
    changed: dict[str, dict[str, Any]] | None = None, state: State = State.PROVED
) -> list[dict[str, Any]]:
    made = []
    for criterion in MANIFEST:
        row = {"id": criterion.id, "title": criterion.title, "level": criterion.level.value, "state": state}
        made.append(
            row | {"reason": "", "measured": {}, "violations": []} | (changed or {}).get(criterion.id, {})
        )
    return made


def wrong(*kinds: Kind, reason: str = "seen") -> dict[str, Any]:
    return {"state": State.REFUTED, "violations": list(kinds), "reason": reason}


def reds(found: Sequence[Consequence]) -> list[str]:
    return [each.sentence for each in found if each.state is State.REFUTED]


def test_every_kind_of_violation_has_one_sentence() -> None:
    count = Counter(kind for question in QUESTIONS for kind in question.kinds)
    assert count == dict.fromkeys(Kind, 1)


def test_every_criterion_that_is_judged_alone_means_something() -> None:
    silent = {
        criterion.id
        for criterion in MANIFEST
        if meaning(criterion.id) is None
        and criterion.level is not Level.S3
        and not criterion.id.startswith(("P2.", "P3.", "P4."))
    }
    assert silent == {"S.6"}


def test_the_criteria_of_questions_exist() -> None:
    assert {id_ for question in QUESTIONS for id_ in question.criteria} <= BY_ID.keys()


def test_a_clean_run_says_what_was_shown_with_the_figures_of_the_run() -> None:
    figures = {
        "P1.13": {"measured": {"steady: holds": 70, "crash:a: holds": 30, "steady: bodies_judged": 1234}},
        "P2.8": {"measured": {"no fault: applies_acknowledged": 8, "crash:a: applies_acknowledged": 3}},
    }
    found = consequences(rows(figures))
    assert {each.state for each in found} == {State.PROVED}
    text = " ".join(each.sentence for each in found)
    assert "100 times it was held under load" in text
    assert "11 applies of real tofu" in text
    assert "none of 1,234 answers" in text


def test_a_plan_would_have_wanted_to_create_what_exists() -> None:
    found = consequences(rows({"P1.6": wrong(Kind.ABSENT), "P1.9": wrong(Kind.EXISTENCE_DIFFERS)}))
    (sentence,) = reds(found)
    assert sentence == (
        "OpenTofu would have been answered that a state does not exist while it does: a plan would have wanted to "
        "create every resource again, although all of it exists."
    )
    assert [id_ for id_, _ in found[0].because] == ["P1.6", "P1.9"]


def test_how_much_a_plan_would_have_created_is_what_the_run_pulled() -> None:
    pulled = {
        "P3.attic.1": {"measured": {"resources": 40}},
        "P3.arc-runners.1": {"measured": {"resources": 12}},
    }
    (sentence,) = reds(consequences(rows(pulled | {"P1.13": wrong(Kind.ABSENT)})))
    assert "create all 40 resources of attic again, for example, although" in sentence


def test_two_applies_would_have_held_the_lock() -> None:
    found = consequences(rows({"P1.11": wrong(Kind.TWO_WINNERS)}))
    assert reds(found) == [
        "Two applies would have held the lock at the same time, and one would have overwritten the other's state."
    ]
    assert "No two applies" not in " ".join(each.sentence for each in found)


def test_a_criterion_that_is_red_for_one_thing_shows_nothing_about_another() -> None:
    found = consequences(rows({"P1.13": wrong(Kind.NEVER_WRITTEN)}))
    open_ = {each.sentence: each for each in found if each.state is State.UNKNOWN}
    lost = open_["Not shown: whether a state that was saved is there afterwards."]
    assert lost.because == (("P1.13", State.REFUTED),)
    assert "No saved state would have been lost" not in " ".join(each.sentence for each in found)


@pytest.mark.parametrize("state", [State.UNKNOWN, State.NOT_RUN])
def test_what_was_not_judged_is_never_shown(state: State) -> None:
    found = consequences(rows(state=state))
    assert {each.state for each in found} == {state}
    assert len(found) == (1 if state is State.NOT_RUN else sum(bool(q.shown) for q in QUESTIONS))


def test_what_opentofu_does_not_send_is_not_about_opentofu() -> None:
    assert reds(consequences(rows({"P1.28": wrong(Kind.LOST_AT_THE_END)}))) == []


def test_red_without_a_wrong_answer_is_said_by_its_criterion_once() -> None:
    found = consequences(
        rows({"P1.5": wrong(), "P1.14": wrong(), "P4.1": wrong(), "P2.5": wrong(reason="wants to create 40")})
    )
    assert reds(found) == [
        "While a node is away, plans and applies would have stopped, or seen another state than before.",
        "Real tofu: wants to create 40",
    ]
    assert [id_ for id_, _ in found[0].because] == ["P1.5", "P1.14"]
    assert not any("answered in time" in each.sentence for each in found)
