"""What a test says reaches evidence, JUnit, HTML and terminal without secrets, and the evidence only its owner."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.leaks.grep import found, too_open
from tests.plugin.runs import small

pytestmark = [pytest.mark.store, pytest.mark.side_by_side]

SHAPED, NAMED, IN_URL = "CanaryShaped7x1", "CanaryNamed7x2", "CanaryUrl7x3"
TALKATIVE = f"""
import sys
import pytest
from readiness.errors import Refuted, Unjudged

SAID = "ssh: token={SHAPED} went to https://ops:{IN_URL}@bastion.example, then {NAMED}"

@pytest.mark.phase1
@pytest.mark.criterion("P1.1")
def test_refuted(judge):
    print("printed", SAID)
    print("printed", SAID, file=sys.stderr)
    raise Refuted(SAID)

@pytest.mark.phase1
@pytest.mark.criterion("P1.2")
def test_unknown(judge):
    raise OSError(SAID)

@pytest.mark.phase1
@pytest.mark.criterion("P1.3")
def test_not_run(judge):
    pytest.skip(SAID)
"""


def test_no_outlet_says_what_a_test_knows(tmp_path: Path) -> None:
    place = tmp_path / "run"
    ran = small(place, TALKATIVE, "--keep-going", env={"OPERATORS_TOKEN": NAMED})
    planted = (place / "suites" / "test_small.py",)
    assert "bastion.example" in ran.criterion("P1.1")["reason"]
    assert [ran.state(id_) for id_ in ("P1.1", "P1.2", "P1.3")] == ["REFUTED", "UNKNOWN", "NOT RUN"]
    assert not found(ran, SHAPED, NAMED, IN_URL, leave_out=planted)


def test_only_the_owner_reads_the_evidence(tmp_path: Path) -> None:
    assert not too_open(small(tmp_path / "run", TALKATIVE).folder)
