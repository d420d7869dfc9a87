"""What counts as caught, what the page says, and one real release with a published bug."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from readiness.criteria import MANIFEST
from readiness.errors import UsageError
from readiness.finding import State
from tests.battery.runner import Judged
from tests.known_bugs import table
from tests.known_bugs.__main__ import main
from tests.known_bugs.bug import HERE, KnownBug, Release
from tests.known_bugs.catalogue import ALL, BY_NAME
from tests.known_bugs.kept import keep, kept
from tests.known_bugs.programs import installed
from tests.known_bugs.results import HOLDS, Outcome, Verdict, result
from tests.known_bugs.runner import check
from tests.known_bugs.stores import STORES

BUG = KnownBug(
    "gnaws",
    ("hive/comb#7",),
    "it gnaws",
    Release("comb", "1.0"),
    "1.1",
    "P1.11",
    "it gnawed",
    corrected=Release("comb", "1.1"),
)
GOOD = Judged(State.NOT_RUN, f"{HOLDS}: nothing gnawed")
GNAWED = Judged(State.REFUTED, "tofu-ha-scratch-1a2b3c-plain through 127.0.0.1-1234: it gnawed | a lot")


def outcomes(bad: Judged | None, good: Judged | None = GOOD) -> dict[str, Outcome]:
    judged = {"comb-1.0": bad, "comb-1.1": good}
    return {name: Outcome(name, "abc", {"P1.11": one} if one else {}) for name, one in judged.items()}


@pytest.mark.parametrize(
    ("bad", "good", "verdict", "why"),
    [
        (GNAWED, GOOD, Verdict.CAUGHT, "it gnawed"),
        (GNAWED, Judged(State.PROVED, ""), Verdict.CAUGHT, "it gnawed"),
        (GNAWED, Judged(State.REFUTED, "it stings"), Verdict.CAUGHT, "it gnawed"),
        (GNAWED, GNAWED, Verdict.MISSED, "without the bug, is refuted in the same words"),
        (Judged(State.REFUTED, "it stings"), GOOD, Verdict.MISSED, "does not say «it gnawed»"),
        (Judged(State.UNKNOWN, "it gnawed"), GOOD, Verdict.MISSED, "P1.11 UNKNOWN"),
        (Judged(State.PROVED, "it gnawed"), GOOD, Verdict.MISSED, "P1.11 PROVED"),
        (GOOD, GOOD, Verdict.MISSED, "P1.11 holds without a fault"),
        (None, GOOD, Verdict.MISSED, "P1.11 was not judged"),
    ],
)
def test_only_a_refusal_that_names_the_bug_and_goes_with_its_correction_is_caught(
    bad: Judged | None, good: Judged, verdict: Verdict, why: str
) -> None:
    found = result(BUG, outcomes(bad, good))
    assert found.verdict is verdict
    assert why in found.why
    assert found.as_declared is (verdict is Verdict.CAUGHT)


@pytest.mark.parametrize("absent", ["comb-1.0", "comb-1.1"])
def test_without_an_outcome_of_each_release_nothing_is_caught(absent: str) -> None:
    known = outcomes(GNAWED)
    del known[absent]
    found = result(BUG, known)
    assert found.verdict is Verdict.NOT_RUN
    assert not found.as_declared


def test_a_bug_that_is_said_to_be_missed_must_be_missed() -> None:
    unseen = replace(BUG, unseen="nothing looks there")
    assert result(unseen, outcomes(GOOD)).as_declared
    assert not result(unseen, outcomes(GNAWED)).as_declared


def test_the_page_shows_what_was_caught_missed_and_not_run() -> None:
    missed = replace(BUG, name="stings", expects="P1.12", unseen="nothing looks there.")
    later = replace(BUG, name="later", release=Release("comb", "0.9"))
    page = table.written([BUG, missed, later], outcomes(GNAWED))
    assert "3 published bugs: 1 caught, 1 missed, 1 not run yet.\n" in page
    assert (
        "| [comb#7](https://github.com/hive/comb/issues/7) | comb 1.0 | it gnaws | **P1.11** | "
        "plain through the store: it gnawed \\| a lot | comb 1.1: holds without a fault; fixed: 1.1 |\n"
    ) in page
    assert "comb 1.0: it gnaws. Fixed: 1.1. P1.12 was not judged. Why: nothing looks there.\n" in page
    assert "## Not run yet\n\n- [comb#7](https://github.com/hive/comb/issues/7), comb 0.9: it gnaws." in page
    assert "- comb 1.0: judged by abc\n" in page


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    one = outcomes(GNAWED)["comb-1.0"]
    keep(one, tmp_path)
    assert kept(tmp_path) == {"comb-1.0": one}


def test_the_page_in_the_repository_is_that_of_the_outcomes_in_the_repository() -> None:
    assert table.PAGE.read_text("utf-8") == table.written(ALL, kept()), "run: ./just known-bugs --page"


def test_no_outcome_contradicts_the_table_of_bugs() -> None:
    found = [result(bug, kept()) for bug in ALL]
    assert [one.bug.name for one in found if one.verdict is not Verdict.NOT_RUN and not one.as_declared] == []


def test_every_bug_is_published_pinned_and_of_a_criterion_that_a_check_judges() -> None:
    checked = {criterion.id for criterion in MANIFEST if criterion.checked}
    assert len(BY_NAME) == len(ALL)
    for bug in ALL:
        assert bug.source
        assert all(re.fullmatch(r"[\w.-]+/[\w.-]+#\d+", source) for source in bug.source), bug.name
        assert bug.expects in checked, bug.name
        for release in bug.releases():
            assert release.store in STORES, release.name
            assert any((release.pins / name).is_file() for name in LOCKS), release.name


LOCKS = ("requirements.lock", "package-lock.json", "go.sum")


def test_every_pinned_release_is_one_of_a_bug() -> None:
    used = {release.pins for bug in ALL for release in bug.releases()}
    assert {path for path in (HERE / "releases").iterdir() if path.is_dir()} <= used


def test_the_lock_files_have_hashes_and_name_no_index() -> None:
    for lock in (HERE / "releases").glob("*/*lock*"):
        text = lock.read_text("utf-8")
        packages = len(re.findall(r"^[\w.-]+==|^    \"node_modules/", text, re.MULTILINE))
        assert 0 < packages <= len(re.findall(r"--hash=sha256:|\"integrity\": \"sha", text)), lock
        assert not re.search(r"\"resolved\"|index-url|find-links", text), lock


def test_a_release_that_is_not_pinned_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nothing says what comb-1\.0 is"):
        installed(Release("comb", "1.0"))


def test_a_bug_that_is_unknown_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["gnaws"])
    assert "unknown: gnaws; --list lists them" in capsys.readouterr().err


@pytest.mark.store
@pytest.mark.slow
def test_a_published_bug_is_caught() -> None:
    bug = BY_NAME["moto-if-match-ignored"]
    found = {release.name: check(release, "now") for release in bug.releases()}
    assert result(bug, found).verdict is Verdict.CAUGHT, found
