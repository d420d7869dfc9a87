"""A customer's key in the environment: that it is set decides what is asked of a store, and its value is never kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.stacks import plan as plans
from readiness.stacks.draft import draft
from readiness.stacks.observed import backend_read
from readiness.stacks.used import used
from tests.stacks.shapes import ELSEWHERE, s3, shape

pytestmark = [pytest.mark.store, pytest.mark.side_by_side]  # just looks for Justfiles
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
ENCRYPTED = s3('bucket = "b"', 'key = "k"', ELSEWHERE, "encrypt = true")
PLACES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "the caller's shell": ({}, {"AWS_SSE_CUSTOMER_KEY": KEY}),
    ".env": ({"/.env": f"AWS_SSE_CUSTOMER_KEY={KEY}\n"}, {}),
    ".envrc": ({".envrc": f"export AWS_SSE_CUSTOMER_KEY={KEY}\n"}, {}),
    "a script": ({"init.sh": f"export AWS_SSE_CUSTOMER_KEY={KEY}\ntofu init\n"}, {}),
    "a Justfile": ({"justfile": f"export AWS_SSE_CUSTOMER_KEY := '{KEY}'\n\ninit:\n    tofu init\n"}, {}),
    "a workflow": (
        {
            "/.github/workflows/a.yml": "on: push\njobs:\n  a:\n    steps:\n      - run: tofu init\n"
            f"        working-directory: tofu/stacks/attic\n        env:\n          AWS_SSE_CUSTOMER_KEY: {KEY}\n"
        },
        {},
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_it_is_asked_of_the_candidate_and_never_kept(place: str, tmp_path: Path) -> None:
    files, caller = PLACES[place]
    config = shape(tmp_path / "checkout", {"backend.tf": ENCRYPTED, **files}, caller=caller)
    assert [variant.settings["sse_customer_key"].literal for variant in config.variants] == ["[set]"]
    asked = used({"attic": config})
    assert [one.customer_key for one in asked.settings] == [True]
    text = draft(config)
    plan = plans.parse(text)
    assert '--sse-customer-key "$AWS_SSE_CUSTOMER_KEY"' in plan.steps["init/migrate plan"]
    assert '--copy-source-sse-customer-key "$AWS_SSE_CUSTOMER_KEY"' in plan.rollback[1]
    for kept in (text, backend_read(config).model_dump_json(), str(asked)):
        assert KEY not in kept


def test_without_encrypt_it_is_not_used(tmp_path: Path) -> None:
    plain = s3('bucket = "b"', 'key = "k"', ELSEWHERE)
    config = shape(tmp_path, {"backend.tf": plain}, caller={"AWS_SSE_CUSTOMER_KEY": KEY})
    assert used({"attic": config}).settings == ()
    assert "sse-customer" not in draft(config)
