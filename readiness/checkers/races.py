"""Conditional creates under contention: one winner of a race, one holder of a lock."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from readiness.checkers.register import acts_of
from readiness.checkers.shrink import prefix
from readiness.checkers.tally import Tally
from readiness.checkers.wgl import search
from readiness.finding import Finding
from readiness.grounds import Doubt, DoubtKind, Summary, SummaryKind, Violation, ViolationKind
from readiness.history import READS, WRITES, Op, Outcome, Verb, binding, by_key


def check_one_winner(history: Sequence[Op], *, minimum: int = 1) -> Finding:
    """Whether each raced conditional create had exactly one winner, and every later read found the winner's
    body.

    Judges the workload "race": each object is new, and is only created (by many at once) and then read.
    Losers must be answered 412: a redirection, 304 or 404 refutes; any other clean failure says nothing. No winner
    is right only if a create is of unknown outcome. PROVED needs `minimum` decided rounds (a winner
    acknowledged, at least two creates answered), and a winner's body found again.
    """
    tally = Tally("rounds_with_two_winners", "rounds_without_a_winner", "wrong_refusals", "wrong_bodies")
    counts: Counter[str] = Counter()
    for ops in by_key(op for op in binding(history) if op.workload == "race").values():
        _round(ops, tally, counts)
    names = ("rounds", "decided", "overlapping", "with_unknown", "read_back", "disturbed", "undecided")
    tally.measured |= {f"rounds_{each}" if each != "rounds" else each: counts[each] for each in names}
    doubts = []
    if counts["decided"] < minimum:
        doubts.append(Doubt(DoubtKind.FEW_ROUNDS, counted=counts["decided"], needed=minimum))
    elif not counts["read_back"]:
        doubts.append(Doubt(DoubtKind.NO_WINNER_READ_BACK))
    right = Summary(SummaryKind.ONE_WINNER, (counts["decided"], counts["read_back"]))
    return tally.finding(right, counts["decided"], doubts)


def _round(ops: list[Op], tally: Tally, counts: Counter[str]) -> None:
    creates = [op for op in ops if op.verb is Verb.CREATE]
    if not creates:
        return
    counts["rounds"] += 1
    end = max(op.completed for op in creates)
    if any(op.verb in WRITES and op.verb is not Verb.CREATE and op.invoked <= end for op in ops):
        counts["disturbed"] += 1
        return
    winners = [op for op in creates if op.acknowledged]
    refusals = [op for op in creates if op.ok and not op.acknowledged]
    unsure = [op for op in creates if op.outcome is Outcome.UNKNOWN]
    counts["with_unknown"] += bool(unsure)
    for op in filter(_wrongly_refused, creates):
        tally.add(
            Violation(ViolationKind.WRONG_REFUSAL, op, others=tuple(winners[:1]), measure="wrong_refusals")
        )
    if len(winners) > 1:
        second = Violation(
            ViolationKind.TWO_WINNERS,
            winners[1],
            winners[0],
            tuple(winners),
            measure="rounds_with_two_winners",
        )
        tally.add(second)
        return
    if not winners and not unsure and refusals:
        nobody = Violation(
            ViolationKind.NO_WINNER,
            refusals[-1],
            others=tuple(refusals),
            measure="rounds_without_a_winner",
        )
        tally.add(nobody)
        return
    reads = [
        op
        for op in ops
        if op.verb in READS and op.ok and op.invoked > end and (op.status == 404 or op.value is not None)
    ]
    if winners and len(refusals) + len(winners) > 1:
        counts["decided"] += 1
        counts["overlapping"] += any(_overlap(winners[0], op) for op in creates if op is not winners[0])
        counts["read_back"] += bool(reads)
    else:
        counts["undecided"] += 1
    for wrong in _wrong_body(reads, winners, refusals, unsure):
        tally.add(wrong)


def _wrongly_refused(op: Op) -> bool:
    """A create was refused with something that does not say that the object is there."""
    if op.ok:
        return not op.acknowledged and op.status != 412
    return (
        op.outcome is Outcome.FAIL and op.status is not None and (300 <= op.status < 400 or op.status == 404)
    )


def _overlap(one: Op, other: Op) -> bool:
    return one.invoked <= other.completed and other.invoked <= one.completed


def _wrong_body(
    reads: list[Op], winners: list[Op], refusals: list[Op], unsure: list[Op]
) -> Iterator[Violation]:
    """The first read that does not find the winner's body, or an unknown one's if nobody is known to have won."""
    right = {op.value for op in winners or unsure}
    proof = winners[0] if winners else next((op for op in refusals if op.status == 412), None)
    for op in sorted(reads, key=lambda each: each.completed):
        if op.status == 404:
            if proof is not None and proof.completed < op.invoked:
                yield Violation(ViolationKind.WINNER_ABSENT, op, proof, measure="wrong_bodies")
                return
        elif op.value not in right:
            won = winners[0] if winners else None
            others = (*winners, *unsure)
            yield Violation(ViolationKind.WINNER_REPLACED, op, won, others, measure="wrong_bodies")
            return
        elif not winners:
            right = {op.value}
            proof = op


@dataclass(frozen=True, slots=True)
class _Hold:
    """A lock certainly held from `start` until `end`."""

    create: Op
    start: float
    end: float


def check_mutual_exclusion(history: Sequence[Op], *, minimum: int = 1) -> Finding:
    """Whether no lock was ever given to two holders at once.

    Judges the workload "lock": CREATE acknowledged to a process means that it holds the lock from then until
    a DELETE is invoked: its own, or anyone's who breaks the lock. Two holds of one lock that certainly
    overlap, with no delete between their creates that could have freed it, refute. A create or a delete of
    unknown outcome makes a hold a *maybe*; overlaps with a maybe are counted (`maybe_overlaps`), and refute
    nothing: the store is not to blame that a client got no answer.

    `own_lock_412` counts the pattern of opentofu#4405: a process is refused (412) by the lock object that its
    own earlier create, whose answer was lost or retried, made. PROVED needs `minimum` holds, and one create
    refused: a lock that nobody contends for shows nothing.
    """
    tally = Tally("double_holds")
    counts: Counter[str] = Counter()
    for ops in by_key(op for op in binding(history) if op.workload == "lock").values():
        _lock(ops, tally, counts)
    names = ("locks", "holds", "refused", "maybe_holds", "maybe_overlaps", "broken_by_others", "own_lock_412")
    tally.measured |= {each: counts[each] for each in names}
    doubts = []
    if counts["holds"] < minimum:
        doubts.append(Doubt(DoubtKind.FEW_HOLDS, counted=counts["holds"], needed=minimum))
    elif not counts["refused"]:
        doubts.append(Doubt(DoubtKind.NO_CONTENTION))
    right = Summary(SummaryKind.ONE_HOLDER, (counts["holds"], counts["locks"]))
    return tally.finding(right, counts["holds"], doubts)


def _lock(ops: list[Op], tally: Tally, counts: Counter[str]) -> None:
    counts["locks"] += 1
    creates = [op for op in ops if op.verb is Verb.CREATE]
    deletes = [op for op in ops if op.verb is Verb.DELETE and op.outcome is not Outcome.FAIL]
    counts["refused"] += sum(op.ok and op.status == 412 for op in creates)
    counts["maybe_holds"] += sum(op.outcome is Outcome.UNKNOWN for op in creates)
    counts["own_lock_412"] += _own(ops, creates, deletes)
    holds = [_hold(op, deletes, counts) for op in creates if op.acknowledged]
    counts["holds"] += len(holds)
    open_: list[_Hold] = []
    for hold in sorted(holds, key=lambda each: each.start):
        open_ = [other for other in open_ if other.end > hold.start]
        for other in open_:
            if _freed(ops, deletes, other.create, hold.create):
                counts["maybe_overlaps"] += 1
                continue
            twice = Violation(ViolationKind.TWO_HOLDERS, hold.create, other.create, measure="double_holds")
            tally.add(twice)
        open_.append(hold)


def _hold(create: Op, deletes: list[Op], counts: Counter[str]) -> _Hold:
    """The certain hold of an acknowledged create: until the first delete invoked that may have come after it."""
    for op in deletes[bisect_right(deletes, create.invoked, key=lambda each: each.invoked) :]:
        if op.process == create.process:
            return _Hold(create, create.completed, op.invoked)
        if op.acknowledged and create.completed < op.invoked:
            counts["broken_by_others"] += 1
            return _Hold(create, create.completed, op.invoked)
    return _Hold(create, create.completed, float("inf"))


def _freed(ops: list[Op], deletes: list[Op], first: Op, second: Op) -> bool:
    """Whether some delete may have come between the two accepted creates.

    One that overlaps the first create may have been needed before it, to free the lock for it: the search for
    an order of all creates and deletes until then tells.
    """
    between = [
        op
        for op in deletes
        if op.invoked <= second.completed and (op.outcome is Outcome.UNKNOWN or op.completed >= first.invoked)
    ]
    if not between:
        return False
    effects = [act for act in acts_of(ops) if act.effect]
    return search(prefix(effects, second.completed), states=20_000).ordered is not False


def _own(ops: list[Op], creates: list[Op], deletes: list[Op]) -> int:
    """How many refusals were of a process by its own lock: the lock object is found to hold a body of that process."""
    found = {op.value for op in ops if op.verb in READS and op.ok and op.status == 200}
    made = [op for op in creates if op.value is not None and op.value in found]
    return sum(
        any(_by(earlier, op, deletes) for earlier in made) for op in creates if op.ok and op.status == 412
    )


def _by(earlier: Op, refusal: Op, deletes: list[Op]) -> bool:
    """`earlier` is this very create, or an unanswered one of the same process that nobody freed in between."""
    if earlier is refusal:
        return True
    return (
        earlier.outcome is Outcome.UNKNOWN
        and earlier.process == refusal.process
        and earlier.invoked < refusal.completed
        and not any(
            op.acknowledged and earlier.completed < op.invoked and op.completed < refusal.invoked
            for op in deletes
        )
    )
