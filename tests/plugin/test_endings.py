"""How a test can end, each way in one run: only a judgement that rests on observations proves anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from junitparser import Error, Failure, Skipped

from tests.plugin.runs import Ran, one_clear_message, small
from tests.plugin.test_junit import cases, failing, read

pytestmark = [pytest.mark.store, pytest.mark.side_by_side]

ENDINGS = """
import contextlib
import pytest
from readiness.checkers.guard import guarded
from readiness.errors import NotRun, Refuted, Unjudged
from readiness.finding import proved, refuted, unknown

pytestmark = [pytest.mark.phase1, pytest.mark.order(1)]
c = pytest.mark.criterion

@c("P1.1")
def test_proved(judge): judge(proved("seen", 1))

@c("P1.2")
def test_no_judgement(): pass

@c("P1.3")
def test_no_observation(judge): judge(proved("a cache hit", 0))

@c("P1.4")
def test_error(judge): raise ValueError("the harness broke")

@c("P1.5")
def test_assertion(judge):
    assert 1 == 2

@c("P1.6")
def test_checker_throws(judge):
    def check(history): return history[0]
    judge(guarded(check, []))

@c("P1.7")
def test_judge_of_nothing(judge): judge()

@c("P1.8")
def test_skip(judge): pytest.skip("not here")

@c("P1.9")
def test_refuted(judge): judge(refuted("404 for an object that exists", observations=2))

@c("P1.10")
def test_refuted_and_swallowed(judge):
    with contextlib.suppress(Refuted):
        judge(refuted("lost"))

@c("P1.11")
def test_proved_and_then_an_error(judge):
    judge(proved("seen", 1))
    raise OSError("no space left")

@pytest.fixture
def broken(): raise OSError("no scratch bucket")

@c("P1.22")
def test_setup_error(broken, judge): judge(proved("seen", 1))

@pytest.fixture
def dirty():
    yield
    raise OSError("could not be healed")

@c("P1.13")
def test_teardown_error(dirty, judge): judge(proved("seen", 1))

@c("P1.14")
@pytest.mark.parametrize("good", [True, False])
def test_two_tests_of_one_criterion(good, judge): judge(proved("seen", 1) if good else refuted("lost"))

@c("P1.15")
def test_raises_refuted(): raise Refuted("stale")

@c("P1.16")
def test_unjudged(judge): raise Unjudged("the fault kill:a-0 did not fire")

@c("P1.17")
@pytest.mark.xfail(reason="an excuse")
def test_xfail_is_no_excuse(judge): raise ValueError("broken")

@c("P1.18")
def test_imperative_xfail(judge): pytest.xfail("an excuse")

@c("P1.19")
def test_refuted_swallowed_and_then_proved(judge):
    with contextlib.suppress(Refuted):
        judge(refuted("lost"))
    judge(proved("seen", 1))

@c("P1.20")
def test_not_run(judge): raise NotRun("needs --allow-faults")

@c("P0.1")
def test_whose_fault_cannot_be_undone(candidate_session, judge):
    candidate_session.not_undone.failed("crash:a", OSError("start ended with 1"))
    judge(proved("seen", 1))

@c("P0.2")
def test_after_an_undo_that_failed(judge): judge(refuted("404 for an object that exists"))

@c("P1.21")
@pytest.mark.skipif(True, reason="never")
def test_skipif(judge): judge(proved("seen", 1))
"""

EXPECTED = {
    "P1.1": ("PROVED", "seen"),
    "P1.2": ("UNKNOWN", "the test ended without a judgement"),
    "P1.3": ("UNKNOWN", "no direct observation supports it: a cache hit"),
    "P1.4": ("UNKNOWN", "ValueError: the harness broke"),
    "P1.5": ("UNKNOWN", "AssertionError"),
    "P1.6": ("UNKNOWN", "check could not judge: IndexError"),
    "P1.7": ("UNKNOWN", "nothing was judged"),
    "P1.8": ("NOT RUN", "not here"),
    "P1.9": ("REFUTED", "404 for an object that exists"),
    "P1.10": ("REFUTED", "lost"),
    "P1.11": ("UNKNOWN", "OSError: no space left"),
    "P1.22": ("UNKNOWN", "OSError: no scratch bucket"),
    "P1.13": ("UNKNOWN", "OSError: could not be healed"),
    "P1.14": ("REFUTED", "lost"),
    "P1.15": ("REFUTED", "stale"),
    "P1.16": ("UNKNOWN", "the fault kill:a-0 did not fire"),
    "P1.17": ("UNKNOWN", "ValueError: broken"),
    "P1.18": ("UNKNOWN", "an excuse"),
    "P1.19": ("REFUTED", "lost"),
    "P1.20": ("NOT RUN", "needs --allow-faults"),
    "P0.1": ("PROVED", "seen"),
    "P0.2": (
        "UNKNOWN",
        "the suite itself left the candidate broken: it could not undo crash:a: OSError: start ended with 1",
    ),
    "P1.21": ("NOT RUN", "never"),
}


@pytest.fixture(scope="module")
def endings(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return small(tmp_path_factory.mktemp("endings") / "run", ENDINGS)


@pytest.mark.parametrize("id_", EXPECTED)
def test_ending(endings: Ran, id_: str) -> None:
    state, reason = EXPECTED[id_]
    row = endings.criterion(id_)
    assert row["state"] == state
    assert reason in row["reason"]
    kinds = {"PROVED": [], "REFUTED": [Failure], "UNKNOWN": [Error], "NOT RUN": [Skipped]}
    assert [type(result) for result in cases(read(endings.junit))[id_].result] == kinds[state]


def test_the_run_fails_and_its_evidence_says_why(endings: Ran) -> None:
    assert endings.code == 1
    assert failing(read(endings.junit))
    assert endings.verdict["counts"] == {"REFUTED": 5, "UNKNOWN": 13, "NOT RUN": 64, "PROVED": 2}
    rows = [json.loads(line) for line in (endings.folder / "criteria.jsonl").read_text().splitlines()]
    assert {row["criterion"] for row in rows} == set(EXPECTED)


def one(id_: str, body: str, extra: str = "") -> str:
    return f"import pytest\n{extra}\n@pytest.mark.criterion({id_!r})\ndef test_one(judge):\n    {body}\n"


PROVED = "from readiness.finding import proved; judge(proved('seen', 1))"


def test_a_criterion_of_which_one_test_was_deselected_is_not_proved(tmp_path: Path) -> None:
    text = one("P0.1", PROVED, "pytestmark = pytest.mark.phase0") + one("P0.1", PROVED).replace(
        "test_one", "test_other"
    )
    ran = small(tmp_path / "run", text, "-k", "test_one")
    assert ran.state("P0.1") != "PROVED"
    assert ran.code == 1


def test_a_test_without_a_criterion_of_the_manifest_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "run"
    place.mkdir()
    (place / "junit.xml").write_text(READY)
    ran = small(place, one("P9.9", PROVED))
    one_clear_message(ran, "judges the unknown criterion P9.9")
    assert failing(read(ran.junit))


READY = (
    '<testsuites><testsuite name="x" tests="1" failures="0" errors="0">'
    '<testcase name="verdict READY"/></testsuite></testsuites>'
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("def test_broken(:\n", 2, id="a suite that does not import"),
        pytest.param(one("P1.1", "import os; os._exit(0)"), 0, id="a process that is gone in the middle"),
        pytest.param(one("P1.1", "pytest.exit('enough', returncode=0)"), 1, id="pytest.exit with 0"),
        pytest.param("", 1, id="no test at all"),
    ],
)
def test_a_report_of_an_earlier_run_never_stands_for_one_that_did_not_end(
    tmp_path: Path, text: str, code: int
) -> None:
    place = tmp_path / "run"
    place.mkdir()
    (place / "junit.xml").write_text(READY)
    ran = small(place, text)
    assert failing(read(ran.junit)), ran.out + ran.err
    assert ran.code == code
    assert "READY (" not in ran.out


def test_collecting_only_leaves_no_report_that_passes(tmp_path: Path) -> None:
    ran = small(tmp_path / "run", one("P1.1", PROVED), "--collect-only")
    assert not ran.junit.exists() or failing(read(ran.junit))
    assert not ran.folders


def test_a_run_that_ends_leaves_no_journal_and_says_what_it_locked(tmp_path: Path) -> None:
    ran = small(tmp_path / "run", one("P1.1", PROVED))
    journals = ran.place / "state" / "tofu-state-ha-readiness" / "undo"
    assert list(journals.iterdir()) == []
    rows = [json.loads(line) for line in (ran.folder / "events.jsonl").read_text().splitlines()]
    assert [row["of"] for row in rows if row["event"] == "lock"] == ["this machine and user"]
