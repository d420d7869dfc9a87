"""What an interim shape lacks may be expected red; an answer that is wrong never is, whatever criterion it refutes."""

from __future__ import annotations

import pytest

from readiness.criteria import BY_ID
from readiness.evidence.scenario import ScenarioRecord
from readiness.evidence.seen import Promises
from readiness.finding import Finding, State
from readiness.judges.agreement import winners
from readiness.judges.heads import heads
from readiness.judges.outage import outage
from readiness.judges.records import each, needs
from readiness.judges.recovery import made_whole
from readiness.judges.safety import safety
from readiness.verdict import Word, judge, results_of
from tests.campaign.defects import Change, denied, failing, lost, two_winners
from tests.campaign.healthy import FIRED, HEALING, RTO, record


def nothing_left(made: ScenarioRecord) -> ScenarioRecord:
    """The only node is away: no endpoint serves through that."""
    made.endpoints_through = ()
    return made


JUDGED = {
    "P1.6": lambda made: each([made], lambda one: heads(one, Promises(RTO))),
    "P1.11": lambda made: each([made], winners),
    "P1.14": lambda made: each([made], lambda one: outage(one, Promises(RTO))),
    "P1.19": lambda made: needs([made], "two nodes", made_whole, safety),
    "P1.20": lambda made: needs([made], "three nodes", made_whole, safety),
}


def verdict_of(id_: str, finding: Finding) -> tuple[Word, str | None, str]:
    """Of an interim run whose file expects that criterion red, and in which all else is PROVED."""
    fine = Finding(State.PROVED, "fine", observations=1)
    findings = {each_id: [fine] for each_id in BY_ID} | {id_: [finding]}
    results = results_of(findings, {}, {id_: "TIN-1"}, {})
    (result,) = (one for one in results if one.criterion.id == id_)
    return judge(results, interim=True).word, result.issue, result.finding.reason


@pytest.mark.parametrize(
    ("id_", "change"),
    [
        ("P1.6", denied("a")),
        ("P1.11", two_winners),
        ("P1.19", lost),
        ("P1.19", denied("a")),
        ("P1.20", lost),
        ("P1.20", denied("a")),
    ],
)
def test_a_wrong_answer_is_not_expected(id_: str, change: Change) -> None:
    finding = JUDGED[id_](change(record()))
    assert finding.state is State.REFUTED
    word, issue, reason = verdict_of(id_, finding)
    assert (word, issue) == (Word.NOT_INTERIM, None)
    assert "a wrong answer is never to be expected of a store that serves (expected_red: TIN-1)" in reason


@pytest.mark.parametrize(
    ("id_", "finding"),
    [
        ("P1.11", JUDGED["P1.11"](nothing_left(record()))),
        ("P1.14", JUDGED["P1.14"](failing(record(), FIRED, HEALING))),
        ("P1.19", needs([], "two nodes", made_whole, safety)),
        ("P1.20", needs([], "three nodes", made_whole, safety)),
    ],
)
def test_what_the_shape_lacks_is_expected(id_: str, finding: Finding) -> None:
    assert finding.state is State.REFUTED, finding.reason
    word, issue, _ = verdict_of(id_, finding)
    assert (word, issue) == (Word.INTERIM, "TIN-1")
