"""Checkers: pure functions from a history to a finding.

Each says REFUTED with a witness and a sentence, PROVED with the number of observations behind it, or UNKNOWN
with the reason; an empty history is UNKNOWN. Run them through `guarded`: a checker that throws is UNKNOWN
too.

"""

from readiness.checkers.agreement import check_agreement
from readiness.checkers.guard import guarded
from readiness.checkers.index import check_listing
from readiness.checkers.linearizability import check_linearizable
from readiness.checkers.losses import check_false_absent, check_nothing_lost, check_stale
from readiness.checkers.outage import check_outage, outage_windows
from readiness.checkers.races import check_mutual_exclusion, check_one_winner
from readiness.checkers.traffic import check_enough

__all__ = [
    "check_agreement",
    "check_enough",
    "check_false_absent",
    "check_linearizable",
    "check_listing",
    "check_mutual_exclusion",
    "check_nothing_lost",
    "check_one_winner",
    "check_outage",
    "check_stale",
    "guarded",
    "outage_windows",
]
