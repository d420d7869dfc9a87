"""A suite with one test for every criterion of the manifest, whose states are given."""

SUITE = """
import json, os
from pathlib import Path
import pytest
from readiness.criteria import MANIFEST
from readiness.evidence.observation import Observation
from readiness.finding import Finding, State, impossible
from readiness.grounds import Violation, ViolationKind
from readiness.history import Op, Outcome, Verb

STATES = json.loads(os.environ.get("STATES", "{}"))

@pytest.mark.parametrize("id_", [
    pytest.param(c.id, id=c.id, marks=[
        pytest.mark.criterion(c.id), getattr(pytest.mark, f"phase{c.phase}"), pytest.mark.order(c.phase)])
    for c in MANIFEST if STATES.get(c.id) != "NOT COLLECTED"])
def test_criterion(id_, judge, run):
    state = STATES.get(id_, "PROVED")
    if state == "ERROR":
        raise RuntimeError("the harness broke")
    if state == "GATE":
        from readiness.gate import gate
        return judge({"P4.1": gate.all_proved, "P4.2": gate.no_stop, "S.6": gate.direct_evidence}[id_](run.found()))
    if state == "IMPOSSIBLE":
        return judge(impossible("nobody can cut its power here"))
    if state == "WRONG":
        op = Op(0, "probe", "p", "a", Verb.READ, "b", "k", 0.0, 1.0, Outcome.OK, 404)
        judge(Finding(State.REFUTED, "k was denied", observations=1, grounds=(Violation(ViolationKind.ABSENT, op),)))
    run.evidence.observe(Observation(
        criterion=id_, step="asked", endpoint="a", client="fake", invoked=0, completed=1, outcome="ok"))
    judge(Finding(State(state), f"found {state}", {"seconds": 1.5}, 3))
"""
