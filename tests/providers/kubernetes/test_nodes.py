"""Cordon and taint as patches that can always be undone, and the holds of one run."""

import json

import pytest

from readiness.providers.kubernetes.holds import (
    MARK,
    TAINT,
    Cordoned,
    Hold,
    cordoned,
    held,
    hold_of,
    released,
)
from tests.providers.kubernetes.objects import Raw, node

MINE, THEIRS = Hold("run-a", 5.0), Hold("run-b", 6.0)
OTHER = {"key": "dedicated", "value": "state", "effect": "NoSchedule"}
OURS = {"key": TAINT, "effect": "NoExecute"}


def applied(one: Raw, patch: Raw) -> Raw:
    """The node after that merge patch, as the API server does it (RFC 7386)."""

    def merged(target: object, change: object) -> object:
        if not isinstance(change, dict):
            return change
        before = target if isinstance(target, dict) else {}
        after = {key: value for key, value in before.items() if change.get(key, "") is not None}
        return after | {
            key: merged(before.get(key), value) for key, value in change.items() if value is not None
        }

    result = merged(json.loads(json.dumps(one)), patch)
    assert isinstance(result, dict)
    return result


@pytest.mark.parametrize("spec", [{}, {"taints": [OTHER]}])
@pytest.mark.parametrize("taint", [False, True])
def test_what_a_hold_does_is_undone_to_the_letter(spec: Raw, taint: bool) -> None:
    before = node("bumble", spec=spec, annotations={"of": "someone"})
    during = applied(before, held(before, MINE, taint=taint))
    assert cordoned(during)
    assert hold_of(during) == MINE
    assert (OURS in during["spec"].get("taints", [])) is taint
    undo = released(during, MINE.run)
    assert undo is not None
    assert applied(during, undo) == before


def test_a_second_fault_may_add_the_taint() -> None:
    during = applied(node("bumble"), held(node("bumble"), MINE, taint=False))
    both = applied(during, held(during, MINE, taint=True))
    assert both["spec"] == {"unschedulable": True, "taints": [OURS]}


def test_a_patch_is_refused_if_the_node_has_changed_meanwhile() -> None:
    assert held(node("bumble"), MINE, taint=False)["metadata"]["resourceVersion"] == "41"


def test_what_others_have_cordoned_is_neither_held_nor_released() -> None:
    theirs = applied(node("bumble"), held(node("bumble"), THEIRS, taint=False))
    with pytest.raises(Cordoned, match=r"held by another run \(run-b\)"):
        held(theirs, MINE, taint=False)
    assert released(theirs, MINE.run) is None
    by_hand = node("bumble", spec={"unschedulable": True})
    with pytest.raises(Cordoned, match="cordoned, not by this run"):
        held(by_hand, MINE, taint=False)
    assert released(by_hand, None) is None


def test_by_hand_the_hold_of_any_run_is_undone() -> None:
    theirs = applied(node("bumble"), held(node("bumble"), THEIRS, taint=True))
    undo = released(theirs, None)
    assert undo is not None
    assert applied(theirs, undo) == applied(node("bumble"), {})


def test_a_mark_that_cannot_be_read_is_still_one() -> None:
    assert hold_of(node("bumble", annotations={MARK: "{"})) == Hold("unknown", 0.0)
    assert hold_of(node("bumble")) is None
