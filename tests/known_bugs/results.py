"""Whether a published bug was caught: pure, from what the default check said of the releases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from readiness.finding import State
from tests.battery.runner import Judged
from tests.known_bugs.bug import KnownBug

HOLDS = "holds without a fault"
"""How the reason begins of a criterion that is judged from faults too, and found nothing wrong without one."""


@dataclass(frozen=True)
class Outcome:
    """What the default check said of one release, with that revision of the suite."""

    release: str
    suite: str
    judged: dict[str, Judged]


class Verdict(StrEnum):
    """What came of a bug."""

    CAUGHT = "caught"
    MISSED = "missed"
    NOT_RUN = "not run yet"


@dataclass(frozen=True)
class Result:
    """`why`: of a bug that was caught, what the operator reads; of any other, what is wrong."""

    bug: KnownBug
    verdict: Verdict
    why: str
    corrected: str = ""

    @property
    def as_declared(self) -> bool:
        """Whether it is what the table of bugs says: caught, or missed for the reason that is given there."""
        return self.verdict is (Verdict.MISSED if self.bug.unseen else Verdict.CAUGHT)


def result(bug: KnownBug, outcomes: Mapping[str, Outcome]) -> Result:
    """Caught is: the criterion is REFUTED in the release that has the bug, in words that name it, and the release with
    the correction is not refuted in the same words. Without an outcome of each of the two it is not run yet.
    """
    if any(release.name not in outcomes for release in bug.releases()):
        return Result(bug, Verdict.NOT_RUN, "the release was not judged yet")
    with_correction = _corrected(bug, outcomes)
    if problem := _missed(bug, outcomes):
        return Result(bug, Verdict.MISSED, problem, with_correction)
    return Result(bug, Verdict.CAUGHT, outcomes[bug.release.name].judged[bug.expects].reason, with_correction)


def _missed(bug: KnownBug, outcomes: Mapping[str, Outcome]) -> str:
    found = outcomes[bug.release.name].judged.get(bug.expects)
    if found is None:
        return f"{bug.expects} was not judged"
    if found.state is not State.REFUTED:
        return f"{bug.expects} {_state(found)}: {found.reason.removeprefix(f'{HOLDS}: ')}"
    if bug.says not in found.reason:
        return f"{bug.expects} is REFUTED, but does not say «{bug.says}»: {found.reason}"
    if bug.corrected and _says(bug, outcomes[bug.corrected.name]):
        return f"{bug.corrected.name}, without the bug, is refuted in the same words: «{bug.says}»"
    return ""


def _says(bug: KnownBug, outcome: Outcome) -> bool:
    found = outcome.judged.get(bug.expects)
    return found is not None and found.state is State.REFUTED and bug.says in found.reason


def _corrected(bug: KnownBug, outcomes: Mapping[str, Outcome]) -> str:
    """What the criterion says of the release with the correction."""
    if bug.corrected is None:
        return ""
    found = outcomes[bug.corrected.name].judged.get(bug.expects)
    if found is None:
        return "not judged"
    same = " of this, too" if _says(bug, outcomes[bug.corrected.name]) else ", but not of this"
    return _state(found) + (same if found.state is State.REFUTED else "")


def _state(found: Judged) -> str:
    return HOLDS if found.state is State.NOT_RUN and found.reason.startswith(HOLDS) else str(found.state)
