"""P2.8: what concurrent applies leave behind, and what it proves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, merge, proved_by, refuted, unknown
from readiness.judges.opentofu.commands import (
    FAULT,
    Measured,
    absent,
    cases,
    counted,
    decided,
    fault_undone,
    last,
    named,
    of,
    refused,
    result,
    seconds,
)
from readiness.judges.opentofu.holds import LockHold, gaps, overlap, together


class Step(StrEnum):
    """What is asked. BEFORE asks with `clients`, how many contend, and `fault`, whether there is one; APPLY with
    `member`. HOLDS is what the provisioners of the applies noted: `result.holds` lists member, begin and end (Unix
    time). LEFT is the lock after every apply had ended.
    """

    BEFORE = "state object before"
    APPLY = "apply"
    LEFT = "lock object after all applies"
    HOLDS = "intervals in which the lock was held"
    STATE = "state object"
    LOCK = "lock object at the end"


INTERMEDIATE = 15.0  # tofu writes an intermediate state when an apply lasts longer than 20 s


@dataclass(frozen=True)
class Left:
    """A lock that was there after every apply had ended. `created` is Unix time, None where it cannot be read."""

    id: str
    created: float | None = None


@dataclass(frozen=True)
class Attempt:
    """One apply that adds one member; a member that failed may be tried again under the same name."""

    member: str
    run: Observation


@dataclass(frozen=True)
class Contest:
    """Everything that concurrent applies on one state left behind.

    `present` are the members in the final state as each endpoint gives it; `left` is the lock that was there
    after every apply had ended (it was then freed by force-unlock), `lock_after` whether any endpoint still shows
    one at the very end. `least` is how many applies must have succeeded for the outcome to say anything; `calm`:
    no fault was done.
    """

    attempts: tuple[Attempt, ...]
    holds: tuple[LockHold, ...]
    serial_before: int
    serials: Mapping[str, int]
    present: Mapping[str, frozenset[str]]
    left: Left | None = None
    lock_after: tuple[str, ...] = ()
    least: int = 2
    calm: bool = True
    observations: int = 0
    measured: Mapping[str, float | int | str | bool | None] = field(default_factory=dict)

    @property
    def acknowledged(self) -> frozenset[str]:
        return frozenset(attempt.member for attempt in self.attempts if attempt.run.ok)

    def writes(self) -> tuple[int, int]:
        """The fewest and the most states that these applies can have written.

        An acknowledged member was written once. One attempt more may have written if it failed after it had the
        lock, or was cut off; and one that lasted long may have written an intermediate state.
        """
        most = 0
        for attempt in self.attempts:
            if not refused(attempt.run):
                most += 1 + int(seconds(attempt.run) > INTERMEDIATE)
        return len(self.acknowledged), most


def self_collision(
    runs: Iterable[Observation], left: Left | None, slack: float = 0.005
) -> tuple[Observation, ...]:
    """The runs of which one was refused by its own lock: opentofu#4405. Empty if that is not certain.

    The PUT of the lock took effect and its answer was lost; a retry (of the SDK, or of -lock-timeout) meets 412
    against the very lock it made. tofu then shows that lock as somebody's, and leaves it behind. Certain is it by
    exclusion: the lock `left` after all runs ended was made while these were under way, and every one of them was
    refused, that is never held a lock. A run that succeeded freed its own lock; one that was cut off, or failed
    to release, can have left it in the ordinary way, and then this says nothing.
    """
    if left is None or left.created is None:
        return ()
    made = left.created
    suspects = [
        run
        for run in runs
        if not run.ok and result(run)["wall"] - slack <= made <= result(run)["wall"] + seconds(run) + slack
    ]
    return tuple(suspects) if all(refused(run) for run in suspects) else ()


def judge(contest: Contest) -> Finding:
    """P2.8: no two holders at once, every acknowledged change in the final state, the serial advanced once per
    apply, no lock left.

    opentofu#4405 (a client refused by the lock that its own lost PUT made) is named, and does not refute: the
    store kept the lock as it had acknowledged it, or had taken effect without an answer, which S3 allows; the
    client misread it. The lock is freed with force-unlock, which is recorded. The missing answer itself is an
    outage, and P1.14 and P2.4-P2.6 judge those.
    """
    runs = [attempt.run for attempt in contest.attempts]
    fewest, most = contest.writes()
    own = self_collision(runs, contest.left)
    measured = dict(contest.measured) | {
        "applies": len(runs),
        "applies_acknowledged": len(contest.acknowledged),
        "applies_refused_the_lock": sum(1 for run in runs if refused(run)),
        "opentofu_4405": bool(own),
        "locks_force_unlocked": int(contest.left is not None),
    }
    if faults := _violations(contest, fewest, most, bool(own)):
        return refuted("; ".join(faults), observations=max(contest.observations, 1), measured=measured)
    if len(contest.acknowledged) < contest.least:
        why = "; ".join(dict.fromkeys(run.why() for run in runs if not run.ok))
        return unknown(
            f"only {len(contest.acknowledged)} of at least {contest.least} applies succeeded: {why}",
            observations=contest.observations,
            measured=measured,
        )
    if unseen := sorted(
        contest.acknowledged - {hold.member for hold in contest.holds if hold.end > hold.begin}
    ):
        return unknown(
            f"it was not recorded when {', '.join(unseen)} held the lock",
            observations=contest.observations,
            measured=measured,
        )
    reason = f"{len(contest.acknowledged)} concurrent applies, one holder at a time, no update lost"
    if own:
        reason += " (a client was refused by its own lock: opentofu#4405; freed by force-unlock)"
    elif contest.left:
        reason += " (a client could not release its lock during the fault; freed by force-unlock)"
    return proved_by(reason, contest.observations, measured)


def _violations(contest: Contest, fewest: int, most: int, own: bool) -> list[str]:
    faults = []
    if both := overlap(contest.holds):
        faults.append(together(*both))
    for endpoint, members in contest.present.items():
        if lost := sorted(contest.acknowledged - members):
            faults.append(f"{endpoint}: acknowledged changes are not in the state: {', '.join(lost)}")
    for endpoint, serial in contest.serials.items():
        advance = serial - contest.serial_before
        if not fewest <= advance <= most:
            wanted = f"{fewest}" if fewest == most else f"{fewest} to {most}"
            faults.append(f"{endpoint}: the serial advanced by {advance}, not by {wanted}")
    if len(set(contest.serials.values())) > 1:
        faults.append(f"the endpoints show different serials: {dict(contest.serials)}")
    if contest.lock_after:
        faults.append(f"a lock is still there at the end: {', '.join(contest.lock_after)}")
    if contest.calm and contest.left and not own:
        faults.append("without any fault, a lock was left behind by clients that had all ended")
    return faults


LOOKS = (Step.BEFORE, Step.LEFT, Step.STATE, Step.LOCK)


def contested(seen: Seen) -> Finding:
    """P2.8: each case of it, with and without a fault."""
    found = [named(case, of_case(some)) for case, some in cases(seen.observations).items()]
    return merge(found or [unknown("no applies contended")])


def of_case(observations: Sequence[Observation]) -> Finding:
    """What the applies of one case show."""
    if found := _unseen(observations):
        both = overlap(_holds(observations))
        return refuted(together(*both), observations=max(counted(observations), 1)) if both else found
    return judge(contest_of(observations))


def _unseen(observations: Sequence[Observation]) -> Finding | None:
    """Why not everything was seen of this case."""
    if found := fault_undone(observations):
        return found
    before = last(observations, Step.BEFORE)
    if before is not None and absent(before):
        return unknown("the first state was not there")
    with_fault = before is not None and before.asked.get("fault")
    return decided(observations, (), LOOKS, (*Step, FAULT) if with_fault else tuple(Step))


def contest_of(observations: Sequence[Observation]) -> Contest:
    """What these observations of one case show. There is one of each step."""
    applies = of(observations, Step.APPLY)
    (before,) = of(observations, Step.BEFORE)
    states = of(observations, Step.STATE)
    left = last(observations, Step.LEFT)
    fault = last(observations, FAULT)
    intervals = _holds(observations)
    measured: Measured = {}
    if between := gaps(intervals):
        measured["between_holders_least_s"] = round(min(between), 3)
    if fault is not None:
        begun = float(result(fault)["fired"])
        measured["applies_acknowledged_during_the_fault"] = sum(
            1 for one in applies if one.ok and begun <= one.completed <= fault.completed
        )
    return Contest(
        attempts=tuple(Attempt(str(one.asked["member"]), one) for one in applies),
        holds=tuple(intervals),
        serial_before=int(result(before)["serial"]),
        serials={one.endpoint: int(result(one).get("serial", 0)) for one in states},
        present={one.endpoint: frozenset(result(one).get("members", ())) for one in states},
        left=_left(left),
        lock_after=tuple(one.endpoint for one in of(observations, Step.LOCK) if one.ok),
        least=int(str(before.asked["clients"])),
        calm=fault is None,
        observations=counted(observations),
        measured=measured,
    )


def _left(one: Observation | None) -> Left | None:
    shown = result(one).get("lock") if one else None
    return Left(str(shown["id"]), shown["created"]) if shown else None


def _holds(observations: Sequence[Observation]) -> list[LockHold]:
    rows = [row for one in of(observations, Step.HOLDS) for row in result(one)["holds"]]
    return [LockHold(str(member), float(begin), float(end)) for member, begin, end in rows]
