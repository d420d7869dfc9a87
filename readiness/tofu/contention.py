"""What concurrent applies leave behind, and what it proves: pure judgement of P2.8, apart from running them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from readiness.finding import Finding, proved, refuted, unknown
from readiness.tofu.locks import Lock, refused, self_collision
from readiness.tofu.run import Run

INTERMEDIATE = 15.0  # tofu writes an intermediate state when an apply lasts longer than 20 s


@dataclass(frozen=True)
class Hold:
    """An interval (Unix time) that lies inside the time in which one client held the lock. Open at the end: `end`
    is `begin`."""

    member: str
    begin: float
    end: float


def holds(log: str) -> list[Hold]:
    """The intervals in a hold log (stacks/disposable/main.tf). Raises ValueError if its times cannot be read."""
    begun: dict[str, float] = {}
    found = []
    for line in log.splitlines():
        match = re.fullmatch(r"(\S+) (begin|end) (\d+\.\d+)", line.strip())
        if not match:
            raise ValueError(f"not a line of a hold log: {line!r}")
        member, what, when = match[1], match[2], float(match[3])
        if what == "begin":
            if member in begun:
                found.append(Hold(member, begun[member], begun[member]))
            begun[member] = when
        else:
            found.append(Hold(member, begun.pop(member), when))
    found += [Hold(member, when, when) for member, when in begun.items()]
    return sorted(found, key=lambda hold: hold.begin)


def overlap(intervals: Iterable[Hold]) -> tuple[Hold, Hold] | None:
    """Two clients that held the lock at the same time, if any did."""
    furthest: Hold | None = None
    for hold in sorted(intervals, key=lambda hold: hold.begin):
        if furthest is not None and hold.begin < furthest.end:
            return furthest, hold
        if furthest is None or hold.end > furthest.end:
            furthest = hold
    return None


@dataclass(frozen=True)
class Attempt:
    """One apply that adds one member; a member that failed may be tried again under the same name."""

    member: str
    run: Run


@dataclass(frozen=True)
class Contest:
    """Everything that concurrent applies on one state left behind.

    `present` are the members in the final state as each endpoint gives it; `left` is the lock that was there
    after every apply had ended (it was then freed by force-unlock), `lock_after` whether any endpoint still shows
    one at the very end. `least` is how many applies must have succeeded for the outcome to say anything; `calm`:
    no fault was done.
    """

    attempts: tuple[Attempt, ...]
    holds: tuple[Hold, ...]
    serial_before: int
    serials: Mapping[str, int]
    present: Mapping[str, frozenset[str]]
    left: Lock | None = None
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
                most += 1 + int(attempt.run.seconds > INTERMEDIATE)
        return len(self.acknowledged), most


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
    reason = f"{len(contest.acknowledged)} concurrent applies, one holder at a time, no update lost"
    if own:
        reason += " (a client was refused by its own lock: opentofu#4405; freed by force-unlock)"
    elif contest.left:
        reason += " (a client could not release its lock during the fault; freed by force-unlock)"
    return proved(reason, contest.observations, **measured)


def _violations(contest: Contest, fewest: int, most: int, own: bool) -> list[str]:
    faults = []
    if both := overlap(contest.holds):
        first, second = both
        faults.append(
            f"{first.member} and {second.member} held the lock at the same time, for at least "
            f"{min(first.end, second.end) - second.begin:.3f} s"
        )
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


def gaps(intervals: Iterable[Hold]) -> list[float]:
    """Seconds between one holder and the next, for the report."""
    return [
        after.begin - before.end for before, after in pairwise(sorted(intervals, key=lambda hold: hold.begin))
    ]
