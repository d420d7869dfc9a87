"""What would have happened to OpenTofu: one plain sentence for each kind of violation, and for what was shown.

Facts (OpenTofu 1.12, internal/backend/remote-state/s3): a state that answers 404 is an empty state; the lock file is
created with `If-None-Match: *`, and a refusal other than 412 is an error; a state that cannot be written is left in
`errored.tfstate`; workspaces are found by listing keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.finding import State
from readiness.grounds import ViolationKind as Kind
from readiness.report.html.meanings import meaning
from readiness.report.words import short

Row = Mapping[str, Any]
"""A criterion of verdict.json."""

MOST_REASON = 140


@dataclass(frozen=True)
class Consequence:
    """One sentence. `because` has the criteria that it rests on, each with its state."""

    state: State
    sentence: str
    because: tuple[tuple[str, State], ...]


@dataclass(frozen=True)
class Question:
    """What somebody asks. `about` says it in the words that follow "not shown:", `would` what happens if one of `kinds`
    was found (EVERYTHING stands for what a plan would create); `shown` is what a run says in which all
    of `criteria` are PROVED. Questions without it are asked only if one of `kinds` was found.
    """

    kinds: frozenset[Kind]
    would: str
    criteria: tuple[str, ...] = ()
    about: str = ""
    shown: Callable[[Figures], str] | None = None


class Figures:
    """The figures of a run that sentences name, as its criteria measured them."""

    def __init__(self, criteria: Sequence[Row]) -> None:
        self._measured = {str(row["id"]): row["measured"] for row in criteria}

    def total(self, name: str, *criteria: str) -> int:
        """The sum over all scenarios and cases of these criteria; 0 if it was not measured."""
        return sum(
            int(value)
            for id_ in criteria
            for key, value in self._measured.get(id_, {}).items()
            if (key == name or key.endswith(f": {name}")) and isinstance(value, int | float)
        )

    def largest_state(self) -> tuple[str, int] | None:
        """The protected stack with the most resources that was pulled, and how many it has; None if none was."""
        found = [
            (int(resources), id_.split(".")[1])
            for id_, measured in self._measured.items()
            if id_.startswith("P3.") and isinstance(resources := measured.get("resources"), int | float)
        ]
        return max(found)[::-1] if found else None


def consequences(criteria: Sequence[Row]) -> list[Consequence]:
    """All sentences for the criteria of a verdict: what went wrong first, then what is not shown, then what is."""
    rows = [row for row in criteria if row.get("level") != "s3"]
    figures = Figures(criteria)
    wrong, open_, shown = [], [], []
    for question in QUESTIONS:
        behind = [row for row in rows if question.kinds & set(row.get("violations", ()))]
        asked = [row for row in rows if row["id"] in question.criteria]
        if behind:
            wrong.append(Consequence(State.REFUTED, _with_size(question.would, figures), _because(behind)))
        elif question.shown is not None and asked:
            not_shown = [row for row in asked if row["state"] != State.PROVED]
            if not not_shown:
                shown.append(Consequence(State.PROVED, question.shown(figures), _because(asked)))
            elif not all(_has_a_sentence(row) for row in not_shown):
                open_.append(_not_shown(question, not_shown))
    return [*wrong, *_by_criterion(rows, wrong), *_together(open_), *shown]


def _because(rows: Sequence[Row]) -> tuple[tuple[str, State], ...]:
    return tuple((str(row["id"]), State(row["state"])) for row in rows)


def _with_size(sentence: str, figures: Figures) -> str:
    """The sentence with the size of the largest state that the run knows, where that is what would be created."""
    largest = figures.largest_state()
    size = (
        f"all {largest[1]:,} resources of {largest[0]} again, for example"
        if largest
        else "every resource again"
    )
    return sentence.replace("EVERYTHING", size)


def _not_shown(question: Question, rows: Sequence[Row]) -> Consequence:
    """UNKNOWN if anything could not be judged, or is red for another reason; NOT RUN if nothing was tried."""
    because = _because(rows)
    if {state for _, state in because} <= {State.NOT_RUN}:
        return Consequence(State.NOT_RUN, question.about, because)
    return Consequence(State.UNKNOWN, f"Not shown: {question.about}.", because)


def _together(open_: Sequence[Consequence]) -> list[Consequence]:
    """All that was not run in one sentence."""
    not_run = [each for each in open_ if each.state is State.NOT_RUN]
    made = [each for each in open_ if each.state is not State.NOT_RUN]
    if not_run:
        because = tuple(dict.fromkeys(one for each in not_run for one in each.because))
        sentence = f"Not run, and so not shown: {'; '.join(each.sentence for each in not_run)}."
        made.append(Consequence(State.NOT_RUN, sentence, because))
    return made


def _by_criterion(rows: Sequence[Row], wrong: Sequence[Consequence]) -> list[Consequence]:
    """A sentence for what is red without a wrong answer of a load: what real tofu did, or what the criterion means."""
    explained = {id_ for one in wrong for id_, _ in one.because}
    made: dict[str, list[Row]] = {}
    for row in rows:
        if row["state"] == State.REFUTED and row["id"] not in explained and not _adds_up(str(row["id"])):
            made.setdefault(_sentence(row), []).append(row)
    return [Consequence(State.REFUTED, sentence, _because(behind)) for sentence, behind in made.items()]


def _has_a_sentence(row: Row) -> bool:
    """It is red without a wrong answer of a load: what that means is said of the criterion."""
    return row["state"] == State.REFUTED and not row.get("violations")


def _adds_up(id_: str) -> bool:
    """Criteria of the gate follow from others."""
    return id_.startswith("P4.") or id_ == "S.6"


def _sentence(row: Row) -> str:
    id_, reason = str(row["id"]), short(str(row["reason"]), MOST_REASON)
    if id_.startswith("P2."):
        return f"Real tofu: {reason}"
    if id_.startswith("P3."):
        return f"The rehearsed migration: {reason}"
    return meaning(id_) or f"{row['title']}: {reason}"


def _older(figures: Figures) -> str:
    answers = figures.total("bodies_judged", "P1.13")
    return (
        "No plan would have worked from an older state: none of "
        f"{answers:,} answers with a body was older than what had been acknowledged before."
    )


def _lock(figures: Figures) -> str:
    holds = figures.total("holds", "P1.13")
    applies = figures.total("applies_acknowledged", "P2.8", "P2.14")
    return (
        f"No two applies would have held the lock: {holds:,} times it was held under load, by one client at a time; "
        f"{applies:,} applies of real tofu at the same time, one holder at a time, no change lost."
    )


QUESTIONS: tuple[Question, ...] = (
    Question(
        frozenset({Kind.LOST_AT_THE_END}),
        "A state that OpenTofu had saved would have been gone: the next plan would have wanted to create EVERYTHING, "
        "although all of it exists.",
        ("P1.13",),
        "whether a state that was saved is there afterwards",
        lambda _: "No saved state would have been lost: what was acknowledged was there at the end.",
    ),
    Question(
        frozenset({Kind.ABSENT, Kind.ABSENT_DESPITE_DELETES, Kind.EXISTENCE_DIFFERS, Kind.WINNER_ABSENT}),
        "OpenTofu would have been answered that a state does not exist while it does: a plan would have wanted to "
        "create EVERYTHING, although all of it exists.",
        ("P1.9", "P1.13", "P2.3", "P2.5", "P2.6"),
        "whether every plan sees the state that exists",
        lambda _: (
            "No plan would have wanted to create what exists: no answer denied an object that was there, "
            "and real plans, before, during and after faults, had nothing to change."
        ),
    ),
    Question(
        frozenset({Kind.OLDER, Kind.OLDER_AT_THE_END}),
        "A plan would have worked from the state before the last apply, and would have wanted to make again what that "
        "apply had made.",
        ("P1.10", "P1.13"),
        "whether a plan ever works from an older state",
        _older,
    ),
    Question(
        frozenset({Kind.TWO_WINNERS, Kind.TWO_HOLDERS, Kind.CREATED_THOUGH_THERE}),
        "Two applies would have held the lock at the same time, and one would have overwritten the other's state.",
        ("P1.11", "P1.13", "P2.8", "P2.14"),
        "whether two applies can hold the lock at the same time",
        _lock,
    ),
    Question(
        frozenset({Kind.CAME_BACK, Kind.DELETED, Kind.DELETED_AT_THE_END, Kind.LISTED_AFTER_DELETE}),
        "What was deleted would have come back: a lock that was released stops every plan and apply until somebody "
        "forces it open, and a deleted workspace is there again.",
        ("P1.13", "P2.2"),
        "whether a released lock stays released",
        lambda _: "No released lock would have come back: nothing that was deleted was found again.",
    ),
    Question(
        frozenset({Kind.NO_WINNER, Kind.REFUSED_THOUGH_ABSENT}),
        "Nobody would have got a lock that nobody held: every plan and apply would have stopped.",
    ),
    Question(
        frozenset({Kind.NEVER_WRITTEN, Kind.FOUND_BEFORE_WRITTEN, Kind.BODY_DIFFERS, Kind.WINNER_REPLACED}),
        "OpenTofu would have read a state that nobody had written like that: cut, mixed up, or somebody else's.",
        ("P1.3", "P1.13"),
        "whether a state comes back as it was written",
        lambda _: (
            "No state would have come back cut or mixed up: every body that was read had been written so."
        ),
    ),
    Question(
        frozenset({Kind.REFUSED_WRITE_FOUND}),
        "An apply would have been told that its state was not saved, although it was: pushing `errored.tfstate` then "
        "meets a newer state.",
    ),
    Question(
        frozenset({Kind.NO_ORDER}),
        "The answers about one object contradict each other: which state, or which lock, OpenTofu sees would have "
        "depended on luck.",
    ),
    Question(
        frozenset({Kind.WRONG_REFUSAL}),
        "An apply that finds the lock taken would have ended with an error of the store, and not with the name of the "
        "holder.",
    ),
    Question(
        frozenset({Kind.OMITTED}),
        "`tofu workspace list` would have left out a workspace that exists.",
    ),
    Question(
        frozenset({Kind.LISTED_NEVER_WRITTEN, Kind.LISTED_REPEATEDLY, Kind.LISTED_OUTSIDE_PREFIX}),
        "`tofu workspace list` would have shown a workspace that is not there, or one of them twice.",
    ),
    Question(
        frozenset({Kind.VERSIONS_MISSING, Kind.VERSIONS_DIFFER}),
        "The earlier state that you want to restore would have been missing, or another one depending on the endpoint.",
    ),
    Question(
        frozenset({Kind.OUTAGE}),
        "Plans and applies would have failed for longer than promised; an apply that ends in the outage leaves its "
        "state in `errored.tfstate` on somebody's disk.",
        ("P1.14",),
        "whether plans and applies are answered in time through faults",
        lambda _: "No plan or apply would have gone without an answer for longer than was promised.",
    ),
    Question(
        frozenset({Kind.REFUSED_THOUGH_MET, Kind.ACCEPTED_THOUGH_UNMET}),
        "A write on a condition would have been decided wrongly; OpenTofu sends none on a state, other programs may.",
    ),
)
"""Every kind of violation belongs to one of them."""
