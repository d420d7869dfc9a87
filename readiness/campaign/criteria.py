"""Which criteria are judged from which scenarios, and how: one table for the suites and for `./just recheck`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from readiness.campaign import judgements as of
from readiness.campaign.campaign import Campaign
from readiness.campaign.judgements import RTO
from readiness.campaign.record import Record
from readiness.finding import Finding, merge

Groups = list[list[Record]]


@dataclass(frozen=True)
class FromRecords:
    """`scenarios` plays what the criterion needs, in groups; `judgement` is pure.

    `rest`: what else the criterion is judged from, if anything; that has no stored history.
    """

    scenarios: Callable[[Campaign], Groups]
    judgement: Callable[[Groups, RTO], Finding]
    rest: str | None = None


def _heads(groups: Groups, rto: RTO) -> Finding:
    return merge(of.each(records, lambda record: of.heads(record, rto)) for records in groups)


def _losses(groups: Groups, rto: RTO) -> Finding:
    """Crash and silence are needed; a third way (an unplugged network) counts where the provider can do it."""
    needed, more = groups[:2], [records for records in groups[2:] if of.possible(records)]
    return _heads([*needed, *more], rto)


def _each(*judgements: Callable[[Record], Finding]) -> Callable[[Groups, RTO], Finding]:
    return lambda groups, _rto: of.each(
        _flat(groups), lambda record: merge(judge(record) for judge in judgements)
    )


def _needs(what: str, *judgements: Callable[[Record], Finding]) -> Callable[[Groups, RTO], Finding]:
    return lambda groups, _rto: of.needs(
        _flat(groups), what, lambda record: merge(judge(record) for judge in judgements)
    )


def _outages(groups: Groups, rto: RTO) -> Finding:
    judged = [record for record in _flat(groups) if record.judged_outage and record.kind]
    return of.each(judged, lambda record: of.outage(record, rto))


def _flat(groups: Groups) -> Sequence[Record]:
    return [record for records in groups for record in records]


RECORD_CRITERIA: dict[str, FromRecords] = {
    "P1.4": FromRecords(lambda c: [c.restarts()], _heads),
    "P1.5": FromRecords(lambda c: [c.drains()], _heads),
    "P1.6": FromRecords(lambda c: [c.crashes(), c.silences(), c.unplugged()], _losses),
    "P1.7": FromRecords(lambda c: [c.crashes()[:1]], _each(of.capture)),
    "P1.9": FromRecords(
        lambda c: [c.steady(), c.restarts(), c.drains(), c.node_losses(), c.unplugged()],
        _each(of.agreement),
        "pages of long listings",
    ),
    "P1.11": FromRecords(
        lambda c: [c.steady(), c.node_losses()],
        _each(of.winners),
        "races without load, on each kind of bucket",
    ),
    "P1.13": FromRecords(lambda c: [c.everything()], _each(of.safety)),
    "P1.14": FromRecords(lambda c: [c.everything()], _outages),
    "P1.19": FromRecords(
        lambda c: [c.repairs()], _needs("two nodes", of.made_whole, of.safety, of.agreement)
    ),
    "P1.20": FromRecords(lambda c: [c.two_lost()], _needs("three nodes", of.made_whole, of.safety)),
    "P1.21": FromRecords(lambda c: [c.all_killed()], _each(of.made_whole, of.safety, of.denials)),
}
"""Every criterion that is judged, wholly or in part, from the records of scenarios."""


def from_records(campaign: Campaign, criterion: str, rto: RTO) -> Finding:
    """Plays what the criterion needs and judges it.

    Which records it was judged from, and what that gave, is kept as evidence.
    """
    entry = RECORD_CRITERIA[criterion]
    groups = entry.scenarios(campaign)
    finding = entry.judgement(groups, rto)
    campaign.keep_judgement(criterion, groups, finding)
    return finding
