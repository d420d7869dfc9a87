"""Phase 1: Scratch S3 Proof."""

from readiness.criteria.model import PROTECTED_STACKS, Criterion, Level
from readiness.evidence.seen import Group, Seen
from readiness.finding import Finding, merge, unknown
from readiness.judges import buckets, conditions, objects
from readiness.judges.access import refused
from readiness.judges.agreement import agreement, winners
from readiness.judges.backups import backups
from readiness.judges.capture import capture
from readiness.judges.completions import creations
from readiness.judges.heads import heads
from readiness.judges.housekeeping import housekept
from readiness.judges.later import later
from readiness.judges.listings import pages
from readiness.judges.outage import outage
from readiness.judges.partial import half_there
from readiness.judges.records import each, each_of_all, needs
from readiness.judges.recovery import made_whole, serves_again
from readiness.judges.rotation import rotation
from readiness.judges.safety import denials, mixed_writes, safety
from readiness.judges.stacks.points import no_active_stack
from readiness.judges.upgrade import upgraded
from readiness.judges.uploads import damaged
from readiness.judges.versions import versions

NODE_LOSSES = (Group.CRASHES, Group.SILENCES)
OF_THEIR_OWN = (
    Group.POWER_CUTS,
    Group.POWER_CUT_OF_ONE,
    Group.FULL_DISKS,
    Group.SPLITS,
    Group.LIMPS,
    Group.UPGRADES,
    Group.HOUSEKEEPING,
)
"""Groups that only the criterion judges that they are played for: not every provider can do their faults."""
EVERYTHING = tuple(group for group in Group if group not in OF_THEIR_OWN)
UNPLUGGED = frozenset({Group.UNPLUGGED})
"""An unplugged network counts where the provider can do it."""


def _heads(seen: Seen) -> Finding:
    promises = seen.promises
    return merge(each(records, lambda record: heads(record, promises)) for records in seen.scenarios.values())


def _outages(seen: Seen) -> Finding:
    judged = [record for record in seen.records() if record.judged_outage and record.kind]
    return each(judged, lambda record: outage(record, seen.promises))


def _nothing_lost(seen: Seen) -> Finding:
    after = seen.group(Group.HOUSEKEEPING)
    parts = [each(seen.records(), safety)]
    parts += [each(after, lambda record: housekept(record, seen))] if after else []
    return merge(parts)


def _full_disks(seen: Seen) -> Finding:
    """The promise for silence holds for the others."""
    records = seen.records()
    some = [record for record in records if record.judged_outage]
    parts = [each_of_all(records, made_whole, safety, denials, serves_again)]
    parts += [each(some, lambda record: outage(record, seen.promises))] if some else []
    return merge(parts)


def _versions(seen: Seen) -> Finding:
    """Kept from the first object on, and since versioning was enabled where that came later."""
    if not seen.promises.versioning:
        return backups(seen)
    since = later(seen)
    return versions(seen) if since is None else merge([versions(seen), since])


def _upgrades(seen: Seen) -> Finding:
    versions = seen.versions
    if versions is None:
        return unknown("the candidate file names no two versions")
    return needs(seen.records(), "two nodes", lambda record: upgraded(record, seen.promises, versions))


ROWS = (
    Criterion("P1.1", 1, "list-buckets", Level.PLAN, judge=buckets.listed, checked=True),
    Criterion("P1.2", 1, "head-bucket", Level.PLAN, judge=buckets.headed, checked=True),
    Criterion("P1.3", 1, "bounded object write/read/delete", Level.PLAN, judge=objects.cycles, checked=True),
    Criterion(
        "P1.4",
        1,
        "bucket/object HEAD after one pod restart",
        Level.PLAN,
        scenarios=(Group.RESTARTS,),
        judge=_heads,
    ),
    Criterion(
        "P1.5",
        1,
        "bucket/object HEAD through one node-maintenance event",
        Level.PLAN,
        scenarios=(Group.DRAINS,),
        judge=_heads,
    ),
    Criterion(
        "P1.6",
        1,
        "bucket/object HEAD through one node-unavailability event, by crash and by silence",
        Level.PLAN,
        scenarios=(*NODE_LOSSES, Group.UNPLUGGED),
        optional=UNPLUGGED,
        judge=_heads,
    ),
    Criterion(
        "P1.7",
        1,
        "failure capture that is non-destructive to OpenTofu state",
        Level.PLAN,
        scenarios=(Group.CRASHES,),
        judge=lambda seen: each(seen.records()[:1], capture),
    ),
    Criterion(
        "P1.8",
        1,
        "no active stack points at the candidate",
        Level.PLAN,
        judge=lambda seen: no_active_stack(seen, PROTECTED_STACKS),
    ),
    Criterion(
        "P1.9",
        1,
        "LIST, HEAD, GET, versions and both clients agree on every endpoint, before, during and after faults",
        scenarios=(Group.STEADY, Group.RESTARTS, Group.DRAINS, *NODE_LOSSES, Group.UNPLUGGED),
        optional=UNPLUGGED,
        judge=lambda seen: merge([pages(seen), each(seen.records(), agreement)]),
        wrong_answer=True,
        checked=True,
    ),
    Criterion(
        "P1.10",
        1,
        "read-after-write holds across endpoints",
        judge=objects.at_once,
        wrong_answer=True,
        checked=True,
    ),
    Criterion(
        "P1.11",
        1,
        "conditional create has exactly one winner over all endpoints, also while a node is lost",
        scenarios=(Group.STEADY, *NODE_LOSSES),
        judge=lambda seen: merge(
            [conditions.races(seen), conditions.turns(seen), each(seen.records(), winners)]
        ),
        checked=True,
    ),
    Criterion(
        "P1.12",
        1,
        "If-Match refuses a stale ETag and does not create",
        Level.S3,
        judge=conditions.if_match,
        checked=True,
    ),
    Criterion(
        "P1.13",
        1,
        "no acknowledged write is lost, no deleted object returns, the history is linearizable per key",
        scenarios=(*EVERYTHING, Group.HOUSEKEEPING),
        optional=UNPLUGGED,
        judge=_nothing_lost,
        wrong_answer=True,
        checked=True,
    ),
    Criterion(
        "P1.14",
        1,
        "the measured outage per fault and endpoint is within the contract's RTO",
        scenarios=EVERYTHING,
        optional=UNPLUGGED,
        judge=_outages,
    ),
    Criterion(
        "P1.15",
        1,
        "versions survive and a previous version can be restored",
        judge=_versions,
        wrong_answer=True,
        checked=True,
    ),
    Criterion(
        "P1.16",
        1,
        "wrong, missing and read-only credentials are refused",
        judge=refused,
        wrong_answer=True,
        checked=True,
    ),
    Criterion(
        "P1.17",
        1,
        "uploads damaged under a checksum that OpenTofu sends are refused",
        judge=damaged,
        checked=True,
    ),
    Criterion(
        "P1.18",
        1,
        "rotation: a new credential works and the old one stops, without an outage",
        judge=rotation,
    ),
    Criterion(
        "P1.19",
        1,
        "a node that returns with an empty disk is made whole, and then the loss of another loses nothing",
        scenarios=(Group.REPAIRS,),
        judge=lambda seen: needs(seen.records(), "two nodes", made_whole, safety, agreement),
    ),
    Criterion(
        "P1.20",
        1,
        "two nodes of three lost: nothing acknowledged is lost, and it recovers by itself",
        scenarios=(Group.TWO_LOST,),
        judge=lambda seen: needs(seen.records(), "three nodes", made_whole, safety),
    ),
    Criterion(
        "P1.21",
        1,
        "all instances killed at once and restarted: nothing acknowledged is lost or denied on the way up",
        scenarios=(Group.ALL_KILLED,),
        judge=lambda seen: each_of_all(seen.records(), made_whole, safety, denials),
        wrong_answer=True,
    ),
    Criterion(
        "P1.22",
        1,
        "power cut of all nodes at once: nothing acknowledged is lost or denied on the way up",
        scenarios=(Group.POWER_CUTS,),
        judge=lambda seen: each_of_all(seen.records(), made_whole, safety, denials),
        wrong_answer=True,
        not_everywhere=True,
    ),
    Criterion(
        "P1.23",
        1,
        "a node whose power was cut denies nothing when it is back, and then the loss of another loses nothing",
        scenarios=(Group.POWER_CUT_OF_ONE,),
        judge=lambda seen: needs(seen.records(), "two nodes", made_whole, safety, denials, agreement),
        not_everywhere=True,
    ),
    Criterion(
        "P1.24",
        1,
        "split brain: a node that only its clients reach answers nothing old and denies nothing, and what it "
        "acknowledges survives",
        scenarios=(Group.SPLITS,),
        judge=lambda seen: needs(
            seen.records(), "two nodes", lambda record: half_there(record, seen.promises)
        ),
        not_everywhere=True,
    ),
    Criterion(
        "P1.25",
        1,
        "full disk, on one node and on all: nothing is wrong or lost, the others serve, and space is all that it takes",
        scenarios=(Group.FULL_DISKS,),
        judge=_full_disks,
        not_everywhere=True,
    ),
    Criterion(
        "P1.26",
        1,
        "a limping node: the others and the service endpoint keep the promise for silence, and nothing is wrong",
        scenarios=(Group.LIMPS,),
        judge=lambda seen: each(seen.records(), lambda record: half_there(record, seen.promises)),
        not_everywhere=True,
    ),
    Criterion(
        "P1.27",
        1,
        "rolling upgrade: node by node to the other version and back, nothing is lost or denied while both serve",
        scenarios=(Group.UPGRADES,),
        judge=_upgrades,
        not_everywhere=True,
        promised_by="upgrade",
    ),
    Criterion(
        "P1.28",
        1,
        "keys that are compared and set, or written with and without a condition, are linearizable and lose nothing",
        Level.S3,
        scenarios=EVERYTHING,
        optional=UNPLUGGED,
        judge=lambda seen: each(seen.records(), mixed_writes),
        checked=True,
    ),
    Criterion(
        "P1.29",
        1,
        "uploads damaged under a checksum that OpenTofu does not send are refused",
        Level.S3,
        judge=damaged,
        checked=True,
    ),
    Criterion(
        "P1.30",
        1,
        "completing a multipart upload with If-None-Match creates only what is not there",
        Level.S3,
        judge=creations,
        checked=True,
    ),
)
