"""The candidate files of this project load, and what they name exists."""

from pathlib import Path

import pytest
import yaml

from readiness.candidate.load import load
from readiness.paths import CANDIDATES
from readiness.providers.stores import RECIPES, recipe
from readiness.providers.stores.base import Store
from readiness.topology import PROMISED

FILES = sorted(path for path in CANDIDATES.glob("*.toml") if path.stem != "TEMPLATE")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_candidate_file(path: Path) -> None:
    candidate = load(path.stem).candidate
    assert candidate.name == path.stem
    assert set(candidate.contract.failure.rto_seconds) == set(PROMISED)
    rules = candidate.contract.observability.alert_rules
    if rules is not None:
        text = (CANDIDATES / rules).read_text(encoding="utf-8")
        assert yaml.safe_load(text)["groups"][0]["rules"]
        for metric in candidate.contract.observability.metrics:
            assert metric.name in text
    if candidate.provider.kind == "processes":
        assert candidate.provider.store in RECIPES
        assert {volume.node for volume in candidate.volumes} == set(candidate.provider.nodes)


def test_the_template_is_a_valid_candidate() -> None:
    assert load(str(CANDIDATES / "TEMPLATE.toml")).candidate.name == "my-store"


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_recipes_can_be_imported(name: str) -> None:
    assert issubclass(recipe(name), Store)
