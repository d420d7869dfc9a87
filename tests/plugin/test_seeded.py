"""Defects of the suite itself, seeded in a run on the control: no fault, no probes, a broken checker."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from readiness.paths import CANDIDATES
from tests.plugin.runs import HOOK, Ran, small
from tests.plugin.test_junit import failing, read

pytestmark = pytest.mark.store

SEEDED = """
import pytest
from signal import SIGSTOP
from readiness import faults
from readiness.campaign import scenarios
from readiness.evidence.seen import Group
from readiness.judges import safety as safety_judge
from readiness.judges.agreement import agreement
from readiness.judges.outage import outage
from readiness.judges.records import each
from readiness.judges.recovery import made_whole
from readiness.judges.safety import safety
from readiness.load import runner
from readiness.providers.processes.deployment import Deployment
from readiness.providers.supervisor.client import Supervised

c = pytest.mark.criterion

@pytest.fixture
def campaign(candidate_session): return candidate_session.campaign

@c("P1.21")
def test_kill_does_nothing(campaign, judge, monkeypatch):
    monkeypatch.setattr(Deployment, "kill", lambda self, instance: self.supervised.status(instance.name))
    judge(each(campaign.play([Group.ALL_KILLED])[Group.ALL_KILLED], made_whole))

@c("P1.6")
def test_freeze_does_nothing(campaign, judge, monkeypatch):
    signal = Supervised.signal
    def all_but_stop(self, name, number, **how): return number == SIGSTOP or signal(self, name, number, **how)
    monkeypatch.setattr(Supervised, "signal", all_but_stop)
    record = campaign._play(scenarios.one(faults.silence(campaign.topology, "honey")))
    judge(each([record], made_whole))

@c("P1.14")
def test_probes_stop(campaign, judge, monkeypatch):
    async def silent(*_arguments, **_more): pass
    monkeypatch.setattr(runner, "probe", silent)
    record = campaign._play(scenarios.one(faults.crash(campaign.topology, "sting")))
    judge(each([record], lambda r: outage(r, campaign.subject.promises)))

@c("P1.13")
def test_checker_throws(campaign, judge, monkeypatch):
    def check(_history): raise RecursionError("too deep")
    monkeypatch.setattr(safety_judge, "check_linearizable", check)
    (record,) = [r for r in campaign.played() if r.name == "crash:sting"]
    judge(each([record], safety))

@c("P1.9")
def test_the_same_record_is_else_good(campaign, judge):
    (record,) = [r for r in campaign.played() if r.name == "crash:sting"]
    judge(each([record], agreement))
"""


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """On the control, which is promised back in a second: the faults are held no longer than that."""
    folder = tmp_path_factory.mktemp("seeded")
    declared = (CANDIDATES / "embedded.toml").read_text()
    quick = declared.replace("crash = 4, silence = 5", "crash = 1, silence = 1").replace(
        'alert_rules = "', f'alert_rules = "{CANDIDATES}/'
    )
    assert quick.count("silence = 1 ") == 1
    (folder / "quick.toml").write_text(quick)
    return small(folder / "run", SEEDED, "--candidate", str(folder / "quick.toml"), hook=HOOK)


@pytest.mark.parametrize(
    ("id_", "message"),
    [
        ("P1.21", "all-killed: the fault crash:bumble+honey+sting did not fire: control-bumble: process "),
        ("P1.6", "silence:honey: the fault silence:honey did not fire: control-honey: "),
        ("P1.14", "crash:sting: "),
        ("P1.13", "could not judge: RecursionError: too deep"),
    ],
)
def test_what_was_not_seen_is_unknown(seeded: Ran, id_: str, message: str) -> None:
    row = seeded.criterion(id_)
    assert row["state"] == "UNKNOWN", row
    assert message in row["reason"]


def test_the_record_without_its_probes_is_good_for_what_needs_none(seeded: Ran) -> None:
    assert seeded.state("P1.9") == "PROVED", seeded.criterion("P1.9")


def test_a_fault_that_did_not_fire_is_noted_so(seeded: Ran) -> None:
    rows = [json.loads(line) for line in (seeded.folder / "events.jsonl").read_text().splitlines()]
    fired = {row["fault"]: row["fired"] for row in rows if row["event"] == "fault"}
    assert fired["crash:bumble+honey+sting"] is None
    assert fired["silence:honey"] is None
    assert fired["crash:sting"] is not None


def test_the_run_fails(seeded: Ran) -> None:
    assert seeded.code == 1
    assert failing(read(seeded.junit))
    assert not list((Path(seeded.place) / "tmp").iterdir())
