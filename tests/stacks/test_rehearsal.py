"""Rehearsals with real tofu: from a real http backend, and from an S3 store, to another S3 store."""

from __future__ import annotations

import dataclasses
import json
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from readiness.finding import Finding, State
from readiness.stacks.config import StackConfig
from readiness.stacks.http_backend import HttpBackend
from readiness.stacks.plan import MigrationPlan
from readiness.stacks.rehearsal import Rehearsal
from readiness.stacks.stack import EXAMPLES, Examined, Stack, examine
from readiness.stacks.stack_files import Variant
from readiness.stacks.standins import HttpSource, S3Source
from readiness.stacks.watching import Watching
from readiness.text import text
from readiness.tofu import Disposable, StatePlace, Tools
from readiness.tofu.objects import StoreError
from readiness.tofu.state import parse
from readiness.topology import Keys
from tests.stacks.rehearsing import Change, rehearsed
from tests.stacks.test_config import digest
from tests.tofu.conftest import KEYS, SENSITIVE, program
from tests.tofu.fake_s3 import FakeS3

__all__ = ["program"]
pytestmark = [pytest.mark.store, pytest.mark.side_by_side]  # real tofu, and just
SOURCE_KEYS = Keys("AKIDOFTHESOURCE00002", "sEcReTofTheSource0000000000000000000002")
STATE_SECRET = b"example-password-of-nobody"


@pytest.fixture
def singleton() -> Iterator[FakeS3]:
    store = FakeS3()
    yield store
    store.close()


@pytest.fixture
def backend() -> Iterator[HttpBackend]:
    with HttpBackend("the-password-of-the-http-backend") as backend:
        yield backend


@pytest.fixture
def env(program: Path, store: FakeS3, tmp_path: Path) -> Disposable:
    tools = Tools(program, tmp_path / "tofu", KEYS, lambda: 0.0)
    endpoints = (store.listen("one"), store.listen("two"), store.listen("service", service=True))
    return Disposable(tools, StatePlace("bucket", "unused"), "run", endpoints, {"secret": SENSITIVE})


def small(name: str, stacks: Path = EXAMPLES) -> Examined:
    """The example with few resources: what is judged does not depend on how many there are."""
    examined = examine(name, stacks)
    assert examined.stack is not None
    sizes = {"attic": {"cache_count": "4"}, "runner-dashboard": {"widgets": "4"}}
    return dataclasses.replace(
        examined, stack=examined.stack.model_copy(update={"variables": sizes.get(name, {})})
    )


def states(found: dict[str, Finding]) -> list[State]:
    return [finding.state for finding in found.values()]


def refused(found: dict[str, Finding], step: int, word: str) -> None:
    """This step refuses, the ones before are proved, and the ones after were not exercised."""
    expected = [State.PROVED] * (step - 1) + [State.REFUTED] + [State.UNKNOWN] * (5 - step)
    assert states(found) == expected, found
    assert word in found[f"P3.attic.{step}"].reason


def test_from_an_http_backend_and_back(
    env: Disposable, store: FakeS3, backend: HttpBackend, tmp_path: Path
) -> None:
    found = rehearsed(small("attic"), HttpSource(backend), env)
    assert states(found) == [State.PROVED] * 5, found
    assert "rolled back to file:attic.pulled.tfstate" in found["P3.attic.5"].reason
    left = [path for path in tmp_path.rglob("*") if path.is_file() and STATE_SECRET in path.read_bytes()]
    assert left == [], "no copy of the state is left"
    assert store.current(env.where("rehearsal-attic").key) is None
    assert not backend.states
    recorded = json.dumps([run.as_json() for run in env.tools.runs])
    for secret in (backend.password, KEYS.secret_key, STATE_SECRET.decode()):
        assert secret not in recorded


def test_from_an_s3_store_with_other_credentials_and_back(
    env: Disposable, singleton: FakeS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = monkeypatch.setattr("readiness.stacks.checkout.Checkout.remove", lambda self: None)
    assert kept is None
    source = S3Source(singleton.listen("singleton"), SOURCE_KEYS, StatePlace("source", "unused"))
    found = rehearsed(small("runner-dashboard"), source, env)
    assert states(found) == [State.PROVED] * 5, found
    assert "rolled back to version:before-migration" in found["P3.runner-dashboard.5"].reason
    for path in tmp_path.rglob("*"):
        if path.is_file():
            body = path.read_bytes()
            assert SOURCE_KEYS.secret_key.encode() not in body, path
            assert KEYS.secret_key.encode() not in body, path
            if path.name.endswith(".pulled.tfstate"):
                assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_candidate_gets_the_state_byte_for_byte(
    env: Disposable, store: FakeS3, backend: HttpBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = env.where("rehearsal-attic").key
    held: dict[str, list[bytes | None]] = {}

    def look(rehearsal: Rehearsal) -> None:
        def looking(name: str) -> None:
            original = getattr(rehearsal, name)

            def step(*args: object) -> object:
                held[name] = [row.body for row in store.rows.get(key, [])]
                return original(*args)

            monkeypatch.setattr(rehearsal, name, step)

        looking("_no_op")
        looking("_rollback")

    rehearsed(small("attic"), HttpSource(backend), env, look)
    (body,) = held["_no_op"]
    assert body is not None
    assert parse(body).serial == 1, "put once, never written by tofu"
    assert [row.body for row in store.erased if row.body and b'"version"' in row.body] == [body]
    assert held["_rollback"] == [], "what the next step does not need is not there any more"


def test_no_version_of_a_rehearsed_state_is_left(
    env: Disposable, store: FakeS3, backend: HttpBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = env.where("rehearsal-attic").key

    def broken(_watching: object) -> None:
        raise StoreError("one: 500")

    def break_it(rehearsal: Rehearsal) -> None:
        monkeypatch.setattr(rehearsal, "_no_op", broken)

    found = rehearsed(small("attic"), HttpSource(backend), env, break_it)
    assert states(found) == [State.PROVED] * 3 + [State.UNKNOWN] * 2
    assert {name: rows for name, rows in store.rows.items() if name.startswith(key) and rows} == {}
    other = store.add(f"{key}-of-somebody-else", b"kept")
    env.objects(env.entry).erase(key)
    assert store.rows[f"{key}-of-somebody-else"] == [other]


def test_live_state_is_only_read_by_the_command_of_the_stack(
    env: Disposable, backend: HttpBackend, tmp_path: Path
) -> None:
    live = tmp_path / "live.tfstate"

    def keep(rehearsal: Rehearsal) -> None:
        original = rehearsal._pull

        def pull(watching: Watching) -> None:
            original(watching)
            shutil.copy(rehearsal._pulled, live)

        rehearsal._pull = pull  # type: ignore[method-assign]

    first = rehearsed(small("attic"), HttpSource(backend), env, keep, name="first")
    assert states(first) == [State.PROVED] * 5, first
    checkout = Path(shutil.copytree(EXAMPLES, tmp_path / "checkout"))
    untouched = digest(checkout)
    examined = small("attic", checkout)
    assert examined.stack is not None
    read = examined.stack.model_copy(update={"read": ("cat", str(live))})
    calls = len(backend.calls)
    found = rehearsed(dataclasses.replace(examined, stack=read), HttpSource(backend), env)
    assert states(found) == [State.PROVED] * 5, found
    assert not any("live" in path for _, path, _ in backend.calls[calls:])
    assert digest(checkout) == untouched


def test_a_read_command_that_fails_is_refused(env: Disposable, backend: HttpBackend) -> None:
    examined = small("attic")
    assert examined.stack is not None
    broken = examined.stack.model_copy(update={"read": ("false",)})
    refused(
        rehearsed(dataclasses.replace(examined, stack=broken), HttpSource(backend), env),
        1,
        "state pull",
    )


def test_a_stack_that_points_at_the_candidate_is_refused(env: Disposable, backend: HttpBackend) -> None:
    examined = small("attic")
    assert isinstance(examined.config, StackConfig)
    port = env.endpoints[1].url.rpartition(":")[2]
    variant = Variant("x", {"address": text(f"http://localhost:{port}/state/attic")}, {})
    there = dataclasses.replace(examined.config, variants=(variant,))
    found = rehearsed(dataclasses.replace(examined, config=there), HttpSource(backend), env)
    refused(found, 1, "its backend already points at the candidate")
    assert env.tools.runs == [], "nothing was run"


def test_unparsable_hcl_is_refused(env: Disposable, backend: HttpBackend, tmp_path: Path) -> None:
    checkout = Path(shutil.copytree(EXAMPLES, tmp_path / "checkout"))
    (checkout / "tofu/stacks/attic/main.tf").write_text("module {{{\n")
    found = rehearsed(examine("attic", checkout), HttpSource(backend), env)
    refused(found, 1, "its configuration cannot be read: tofu/stacks/attic/main.tf, line 1")


def test_a_plan_older_than_the_configuration_is_refused(
    env: Disposable, backend: HttpBackend, tmp_path: Path
) -> None:
    checkout = Path(shutil.copytree(EXAMPLES, tmp_path / "checkout"))
    with (checkout / "tofu/stacks/attic/main.tf").open("a") as file:
        file.write("# changed\n")
    refused(rehearsed(small("attic", checkout), HttpSource(backend), env), 2, "older than the configuration")
    assert backend.states == {}, "nothing was left anywhere"


def test_a_stack_without_a_plan_is_refused(env: Disposable, backend: HttpBackend) -> None:
    examined = dataclasses.replace(small("attic"), plan=None)
    refused(rehearsed(examined, HttpSource(backend), env), 2, "it has no migration plan")


def locked(backend: HttpBackend, more: str = "") -> Change:
    """Somebody holds the lock of the rehearsal's disposable state, or of the live one (`-live`)."""

    def lock(rehearsal: Rehearsal) -> None:
        path = backend.address(f"{rehearsal.key}{more}").removeprefix(backend.url)
        backend.locks[path] = b'{"ID": "somebody"}'

    return lock


def test_a_state_with_a_lock_held_is_refused(env: Disposable, backend: HttpBackend) -> None:
    found = rehearsed(small("attic"), HttpSource(backend), env, locked(backend))
    refused(found, 3, "a lock is held on its state")


def test_a_lock_on_the_live_state_is_refused(env: Disposable, backend: HttpBackend) -> None:
    found = rehearsed(small("attic"), HttpSource(backend), env, locked(backend, "-live"))
    assert found["P3.attic.1"].state is not State.PROVED
    assert "lock" in found["P3.attic.1"].reason


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"lineage": "00000000-0000-0000-0000-000000000000"}, "another lineage"),
        ({"serial": 99}, "the serial would go backwards"),
    ],
)
def test_a_destination_in_use_is_refused(
    env: Disposable, store: FakeS3, backend: HttpBackend, change: dict[str, object], word: str
) -> None:
    def occupy(rehearsal: Rehearsal) -> None:
        original = rehearsal._pull

        def pull(watching: Watching) -> None:
            original(watching)
            body = json.dumps(json.loads(rehearsal._pulled.read_bytes()) | change).encode()
            store.add(rehearsal.checkout.place.key, body)

        rehearsal._pull = pull  # type: ignore[method-assign]

    refused(rehearsed(small("attic"), HttpSource(backend), env, occupy), 2, word)


def test_a_candidate_that_changes_the_state_is_refused(
    env: Disposable, store: FakeS3, backend: HttpBackend
) -> None:
    add = store.add

    def altered(key: str, body: bytes | None):  # type: ignore[no-untyped-def]
        if key.endswith("terraform.tfstate") and body:
            body = json.dumps(json.loads(body) | {"outputs": {}}).encode()
        return add(key, body)

    store.add = altered  # type: ignore[method-assign]
    refused(rehearsed(small("attic"), HttpSource(backend), env), 3, "init -migrate-state")


def test_a_rollback_to_a_file_that_nobody_pulled_is_refused(env: Disposable, backend: HttpBackend) -> None:
    examined = small("attic")
    assert isinstance(examined.plan, MigrationPlan)
    wrong = dataclasses.replace(examined.plan, returns_to="file:other.tfstate")
    found = rehearsed(dataclasses.replace(examined, plan=wrong), HttpSource(backend), env)
    refused(found, 5, "names other.tfstate, but attic.pulled.tfstate was pulled")


def test_a_stack_is_only_rehearsed_from_its_own_kind_of_backend(
    env: Disposable, backend: HttpBackend
) -> None:
    found = rehearsed(small("runner-dashboard"), HttpSource(backend), env)
    assert "its backend is s3, the source to rehearse from is http" in found["P3.runner-dashboard.1"].reason


@pytest.mark.store
def test_the_stack_file_is_a_stack() -> None:
    assert isinstance(small("attic").stack, Stack)
