"""The files that the users' repository would add: they load, say what phase 0 can say without a store, and their
recipes run the program as the plan names it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from readiness.candidate.ceilings import beyond_ceilings
from readiness.candidate.load import Loaded, load
from readiness.criteria import BY_ID, PROTECTED_STACKS
from readiness.evidence.seen import Promises, Seen
from readiness.finding import State
from readiness.judges.stops import judge_volumes
from readiness.paths import ROOT
from readiness.stacks.config import StackConfig
from readiness.stacks.stack import EXAMPLES, examine
from readiness.static import alerts
from readiness.topology import VolumeFact

EXAMPLE = ROOT / "examples" / "glorious-flywheel"
CANDIDATES = {
    "rook-ceph": "dedicated-ha",
    "rustfs": "replicated-rustfs",
    "attic-rustfs-openebs": "singleton",
    "sting-local-path": "sting-local-path",
    "attic-cache": "cache-surface",
}
"""The class of each, as in the plan's table."""
REFUSED = sorted(CANDIDATES.keys() - {"rook-ceph", "rustfs"})
NOTES = '#!/bin/sh\nprintf "%s\\n" "$@" > "$NOTED"\n'


def candidate(name: str) -> Loaded:
    return load(str(EXAMPLE / "readiness" / "candidates" / f"{name}.toml"))


def judged(id_: str, name: str) -> tuple[State, str]:
    """What a criterion says of the file alone: nothing was looked at."""
    declared = candidate(name).candidate.model_dump(mode="json", by_alias=True)
    found = BY_ID[id_].judged(Seen(Promises.of(declared), declared=declared))
    return found.state, found.reason


def test_there_is_a_candidate_for_each_class_of_the_plan() -> None:
    files = sorted(path.stem for path in (EXAMPLE / "readiness" / "candidates").glob("*.toml"))
    assert files == sorted(CANDIDATES)
    assert {name: candidate(name).candidate.candidate_class for name in files} == CANDIDATES


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_plan_rejects_is_refused_by_its_class(name: str) -> None:
    state, reason = judged("P0.7", name)
    assert state is State.REFUTED
    assert f"class {CANDIDATES[name]} is refused" in reason


@pytest.mark.parametrize("name", ["rook-ceph", "rustfs"])
def test_what_the_plan_admits_is_not_refused_by_its_file(name: str) -> None:
    assert judged("P0.7", name) == (State.UNKNOWN, "no instance was looked at")
    assert judged("P0.4", name) == (State.UNKNOWN, "no instance was looked at")
    assert judged("P0.6", name) == (State.UNKNOWN, "the buckets were not listed")
    assert judged("P0.3", name)[0] is State.UNKNOWN
    assert not list(beyond_ceilings(candidate(name).candidate.contract))
    assert not candidate(name).candidate.expected_red


def test_sting_holds_nothing_durably() -> None:
    assert (
        judge_volumes([VolumeFact("sting", "local-path (rancher.io/local-path)", "RWO")]).state
        is State.REFUTED
    )


def test_the_cache_says_that_it_is_one() -> None:
    assert judged("P0.6", "attic-cache") == (
        State.REFUTED,
        "the statement does not name attic, bazel, rbe",
    )


def test_the_interim_shape_is_judged_as_a_twin_and_expects_what_stops_it() -> None:
    twin = candidate("attic-rustfs-openebs").candidate
    assert twin.kubernetes is not None
    assert twin.kubernetes.namespace.endswith("-twin")
    assert {"P0.7", "S.1", "S.2", "S.4"} <= twin.expected_red.keys()
    assert all("TIN-1012" in why for why in [*twin.expected_red.values(), *twin.declared_not_run.values()])


@pytest.mark.parametrize("name", sorted(CANDIDATES))
def test_alert_rules_beside_a_candidate_can_be_read(name: str) -> None:
    loaded = candidate(name)
    rules = loaded.candidate.contract.observability.alert_rules
    if rules is not None and not rules.startswith(("ConfigMap/", "PrometheusRule/")):
        assert any(rule.alert for rule in alerts.read((loaded.path.parent / rules).read_text("utf-8")))


@pytest.mark.store  # just looks for Justfiles
@pytest.mark.side_by_side
@pytest.mark.parametrize("name", PROTECTED_STACKS)
def test_each_stack_says_how_its_state_is_read(name: str, tmp_path: Path) -> None:
    """In a checkout with the recipes of this example, the stack is read as without them."""
    shutil.copytree(EXAMPLES, tmp_path, dirs_exist_ok=True)
    _with_recipes(tmp_path)
    examined = examine(name, tmp_path, EXAMPLE / "readiness" / "plans")
    assert examined.stack is not None
    assert (examined.stack.name, examined.stack.read) == (name, ("tofu", "state", "pull"))
    assert isinstance(examined.config, StackConfig)
    alone = examine(name, EXAMPLES, EXAMPLE / "readiness" / "plans").config
    assert isinstance(alone, StackConfig)
    assert examined.config.variants == alone.variants
    assert f"configuration: {examined.stack.configuration}" == f"configuration: tofu/stacks/{name}"


def _with_recipes(checkout: Path) -> None:
    shutil.copytree(EXAMPLE / "just", checkout / "just")
    with (checkout / "Justfile").open("a", encoding="utf-8") as file:
        file.write("\nimport 'just/readiness.just'\n")


@dataclass(frozen=True)
class Checkout:
    """The users' repository with these recipes, and a program that notes its arguments."""

    path: Path

    def ran(self, *arguments: str, **environment: str) -> list[str]:
        """What the program is given by the recipe."""
        noted = self.path / "noted"
        subprocess.run(
            [Path(sys.executable).with_name("just"), *arguments],
            cwd=self.path,
            env=os.environ
            | {"PATH": f"{self.path / 'bin'}:{os.environ['PATH']}", "NOTED": str(noted)}
            | environment,
            check=True,
            capture_output=True,
        )
        return noted.read_text("utf-8").splitlines()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    shutil.copy(EXAMPLES / "Justfile", tmp_path)
    _with_recipes(tmp_path)
    program = tmp_path / "bin" / "tofu-state-ha-readiness"
    program.parent.mkdir()
    program.write_text(NOTES)
    program.chmod(0o755)
    return Checkout(tmp_path)


COMMON = ["--allow-faults", "--stacks", ".", "--plans", "readiness/plans", "--junitxml", "reports/junit.xml"]


@pytest.mark.store
@pytest.mark.side_by_side
def test_strict_and_interim_have_their_own_candidates(checkout: Checkout) -> None:
    strict = ["--candidate", "readiness/candidates/rook-ceph.toml", *COMMON]
    interim = ["--candidate", "readiness/candidates/attic-rustfs-openebs.toml", *COMMON, "--expect-interim"]
    assert checkout.ran("tofu-state-ha-readiness") == strict
    assert checkout.ran("tofu-state-ha-readiness", "--expect-interim") == interim
    other = checkout.ran("tofu-state-ha-readiness", "-m", "phase0 or phase1", READINESS_CANDIDATE="a b.toml")
    assert other == ["--candidate", "a b.toml", *COMMON, "-m", "phase0 or phase1"]
    assert "--dry-run" in checkout.ran("tofu-state-ha-readiness-dry-run", "x.toml")
    assert checkout.ran("tofu-state-ha-readiness-undo", "x.toml") == ["undo", "--candidate", "x.toml"]


def test_the_runbook_names_what_is_there() -> None:
    runbook = (EXAMPLE / "README.md").read_text("utf-8")
    recipes = set(
        re.findall(r"^(tofu-[\w-]+)", (EXAMPLE / "just" / "readiness.just").read_text("utf-8"), re.MULTILINE)
    )
    assert set(re.findall(r"just (tofu-state[\w-]+)", runbook)) == recipes
    assert all(f"`{name}.toml`" in runbook for name in CANDIDATES)
    assert all(f"`{name}`" in runbook or f"tofu-init {name}" in runbook for name in PROTECTED_STACKS)
