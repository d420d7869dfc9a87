"""Promises have ceilings, and what an interim shape may be expected to lack is never a wrong answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from readiness.candidate.ceilings import CEILINGS, beyond_ceilings
from readiness.candidate.load import load
from readiness.candidate.model import Contract
from readiness.criteria import BY_ID, MANIFEST, Level
from readiness.errors import UsageError
from readiness.paths import CANDIDATES
from tests.docs.commands import ROOT

SINGLETON = (CANDIDATES / "singleton.toml").read_text()


def contract(**changed: Any) -> Contract:
    """The embedded candidate's contract with those fields, written with dots, changed."""
    raw = load("embedded").candidate.contract.model_dump(mode="json")
    for field, value in changed.items():
        at = raw
        *path, last = field.split("__")
        for name in path:
            at = at[name]
        at[last] = value
    return Contract.model_validate(raw)


@pytest.mark.parametrize("ceiling", CEILINGS, ids=lambda ceiling: ceiling.field)
def test_a_promise_may_reach_its_ceiling_and_not_go_beyond(ceiling: Any) -> None:
    field = ceiling.field.replace(".", "__")
    assert not beyond_ceilings(contract(**{field: ceiling.seconds}))
    (excess,) = beyond_ceilings(contract(**{field: ceiling.seconds + 0.5}))
    assert (excess.ceiling, excess.promised) == (ceiling, ceiling.seconds + 0.5)
    for part in (
        f"{ceiling.field} = {ceiling.seconds + 0.5:g} s",
        f"{ceiling.seconds:g} s at most",
        ceiling.why,
    ):
        assert part in excess.clause


def test_absurd_promises_are_all_told() -> None:
    hour = dict.fromkeys(("restart", "drain", "crash", "silence"), 3600)
    found = beyond_ceilings(
        contract(
            failure__rto_seconds=hour,
            failure__response_seconds=3600,
            failure__readiness__seconds_after_start=600,
            failure__recovery_seconds=3600,
            repair__budget_seconds=3600,
            durability__backup_rpo_seconds=3600,
        )
    )
    assert [excess.ceiling for excess in found] == list(CEILINGS)


def test_no_repair_is_no_promise_of_one() -> None:
    assert not beyond_ceilings(contract(repair__kind="none", repair__budget_seconds=3600))


def test_the_documentation_has_the_same_numbers() -> None:
    rows = (ROOT / "docs" / "declare-a-candidate.md").read_text()
    for ceiling in CEILINGS:
        assert f"| `{ceiling.field}` | {ceiling.seconds:g} s |" in rows


def test_no_candidate_that_comes_along_promises_too_little() -> None:
    for path in (*CANDIDATES.glob("*.toml"), *CANDIDATES.glob("stores/*.toml")):
        assert not beyond_ceilings(load(str(path)).candidate.contract), path


def interim(folder: Path, id_: str) -> str:
    path = folder / "interim.toml"
    path.write_text(SINGLETON.replace("[expected_red]\n", f'[expected_red]\n"{id_}" = "TIN-1"\n'))
    return str(path)


@pytest.mark.parametrize("id_", [c.id for c in MANIFEST if c.wrong_answer])
def test_a_wrong_answer_is_never_to_be_expected(tmp_path: Path, id_: str) -> None:
    with pytest.raises(UsageError, match="is never to be expected") as caught:
        load(interim(tmp_path, id_))
    assert "\n" not in str(caught.value)
    assert id_ in str(caught.value)


def test_what_is_never_to_be_expected_is_about_answers_and_losses() -> None:
    """The set by its meaning; P1.11 and P1.20 also need nodes that a singleton lacks."""
    never = {c.id for c in MANIFEST if c.wrong_answer}
    assert never >= {"P1.9", "P1.10", "P1.13", "P1.15", "P1.16", "P1.21", "P2.8", "P2.9", "P2.11", "P2.12"}
    assert not [id_ for id_ in never if BY_ID[id_].level is Level.S3]
    assert not never & load("singleton").candidate.expected_red.keys()


def test_what_a_shape_lacks_may_be_expected(tmp_path: Path) -> None:
    assert "P2.4" in load(interim(tmp_path, "P2.4")).candidate.expected_red
