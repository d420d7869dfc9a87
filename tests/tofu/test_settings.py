"""P2.15 with real tofu: each setting that a store does not serve is found, and named with the stack that uses it."""

from __future__ import annotations

import pytest

from readiness.finding import State
from readiness.subject import Subject
from readiness.tofu import Disposable
from readiness.tofu.settings import ALWAYS, BackendSettings, backend_settings
from tests.support.executed import executed
from tests.tofu.fake_s3 import FakeS3

pytestmark = pytest.mark.store

ENCRYPTED = BackendSettings((("encrypt", "true"),), stacks=("attic",))
WITH_KEY = BackendSettings((("encrypt", "true"),), customer_key=True, stacks=("attic",))
TAGGED = BackendSettings(state_tags=(("team", "infra"),), stacks=("arc-runners",))
SHARED = BackendSettings((("acl", "private"),), stacks=("attic",))


def test_workspaces_and_the_lock_file_are_always_asked(env: Disposable, subject: Subject) -> None:
    found = executed("P2.15", backend_settings, env, (), {}, subject=subject)
    assert found.state is State.PROVED, found.reason
    assert found.reason.startswith(ALWAYS)


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        (ENCRYPTED, "x-amz-server-side-encryption"),
        (WITH_KEY, "x-amz-server-side-encryption-customer"),
        (TAGGED, "x-amz-tagging"),
        (SHARED, "x-amz-acl"),
    ],
    ids=("encrypt", "SSE-C", "tags", "acl"),
)
def test_a_setting_that_is_answered_501_is_refuted(
    env: Disposable, subject: Subject, store: FakeS3, settings: BackendSettings, header: str
) -> None:
    store.refuses = header
    found = executed("P2.15", backend_settings, env, (settings,), {}, subject=subject)
    assert found.state is State.REFUTED, found.reason
    assert found.reason.startswith(f"{settings.name}: ")
    assert "501" in found.reason


def test_encryption_that_is_accepted_and_not_done_is_refuted(env: Disposable, subject: Subject) -> None:
    found = executed("P2.15", backend_settings, env, (ENCRYPTED,), {}, subject=subject)
    assert found.state is State.REFUTED, found.reason
    assert "accepted encrypt and keeps None, not AES256" in found.reason


def test_encryption_that_the_store_shows_is_proved(env: Disposable, subject: Subject, store: FakeS3) -> None:
    store.shows = {"x-amz-server-side-encryption": "AES256"}
    found = executed("P2.15", backend_settings, env, (ENCRYPTED,), {}, subject=subject)
    assert found.state is State.PROVED, found.reason


def test_a_state_that_is_readable_without_its_key_is_refuted(env: Disposable, subject: Subject) -> None:
    found = executed("P2.15", backend_settings, env, (WITH_KEY,), {}, subject=subject)
    assert found.state is State.REFUTED, found.reason
    assert "to a client without the key" in found.reason


def test_a_workspace_that_one_endpoint_does_not_list_is_refuted(
    env: Disposable, subject: Subject, store: FakeS3
) -> None:
    port = int(env.endpoints[1].url.rpartition(":")[2])
    store.unlisted = lambda key, at: at == port and "readiness/" in key
    found = executed("P2.15", backend_settings, env, (), {}, subject=subject)
    assert found.state is State.REFUTED, found.reason
    assert "two" in found.reason
