from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from readiness.stacks.config import StackConfig
from readiness.stacks.hcl import UnreadableError
from readiness.stacks.stack_files import Variant
from readiness.stacks.used import used
from readiness.text import Open, Text, text
from readiness.tofu.settings import ALWAYS, BackendSettings


def stack(backend: str = "s3", *others: dict[str, str | Text], **settings: str | Text) -> StackConfig:
    variants = tuple(
        Variant("backend.tf", {name: text(v) if isinstance(v, str) else v for name, v in row.items()}, {})
        for row in (settings, *others)
    )
    return StackConfig("attic", Path("/c"), "s", backend, variants, {}, (), (), False, (), "sha256:x")


def alone(**settings: str | Text) -> BackendSettings:
    (found,) = used({"attic": stack("s3", **settings)}).settings
    return found


def test_what_asks_nothing_of_the_store_is_no_set_of_settings() -> None:
    plain = stack("s3", bucket="b", key="k", encrypt="false", use_lockfile="true", max_retries="3")
    found = used({"attic": plain, "arc-runners": stack("http", address="http://h/x", acl="private")})
    assert found.settings == ()
    assert found.unknown == {}


def test_stacks_with_the_same_settings_are_one_set() -> None:
    found = used({name: stack("s3", encrypt="true", acl="private") for name in ("attic", "arc-runners")})
    (settings,) = found.settings
    assert settings.stacks == ("attic", "arc-runners")
    assert settings.name == "attic, arc-runners (acl = private, encrypt = true)"
    assert settings.options() == ("-backend-config=acl=private", "-backend-config=encrypt=true")
    assert settings.encryption == "AES256"
    assert settings.prefix == "env:"


def test_every_way_in_which_a_stack_is_initialised_counts() -> None:
    found = used({"attic": stack("s3", {"encrypt": "true"}, {"acl": "private"}, bucket="b")})
    assert [settings.values for settings in found.settings] == [(("encrypt", "true"),), (("acl", "private"),)]


def test_tags_are_given_as_maps() -> None:
    settings = alone(**{"state_tags.team": "infra", "state_tags.app": "x", "lock_tags.kind": "lock"})
    assert settings.options() == (
        '-backend-config=state_tags={"app"="x", "team"="infra"}',
        '-backend-config=lock_tags={"kind"="lock"}',
    )


def test_a_key_of_the_client_is_never_the_stacks_own() -> None:
    settings = alone(encrypt="true", sse_customer_key="[set]")
    assert settings.customer_key
    assert settings.encryption is None
    assert not any("sse_customer_key" in option for option in settings.options())
    one, other = settings.environment(), settings.environment()
    assert len(one["AWS_SSE_CUSTOMER_KEY"]) == 44
    assert one != other


def test_a_kms_key_counts_only_with_encrypt() -> None:
    assert used({"attic": stack("s3", kms_key_id="k")}).settings == ()
    assert alone(encrypt="true", kms_key_id="k").encryption == "aws:kms"
    assert alone(workspace_key_prefix="teams").prefix == "teams"


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (stack("s3", acl=Text((Open("ACL"),))), "acl = ${ACL} is open"),
        (UnreadableError("main.tf: line 3"), "cannot be read: main.tf: line 3"),
    ],
)
def test_what_is_not_known_is_named(config: StackConfig | UnreadableError, says: str) -> None:
    found = used({"attic": config})
    assert found.settings == ()
    assert says in found.unknown["attic"]


def test_the_set_that_is_always_played_names_itself() -> None:
    assert BackendSettings().name == ALWAYS
    assert dataclasses.replace(BackendSettings(), stacks=("attic",)).name == ALWAYS
