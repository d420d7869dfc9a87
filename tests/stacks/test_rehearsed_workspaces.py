"""A state with several workspaces is rehearsed in each of them, with real tofu, from every kind of backend that has
some.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from readiness.finding import State
from readiness.stacks import plan as plans
from readiness.stacks.config import StackConfig
from readiness.stacks.draft import draft
from readiness.stacks.encryption import is_encrypted
from readiness.stacks.rehearsal import Rehearsal
from readiness.stacks.stack import Examined, Stack
from readiness.stacks.standins import Source
from readiness.stacks.watching import Watching
from readiness.tofu import Disposable
from tests.stacks.rehearsing import rehearsed
from tests.stacks.shapes import s3
from tests.stacks.test_plan import TODAY
from tests.stacks.test_rehearsed_shapes import (
    ENCRYPTED,
    KUBERNETES,
    OLD,
    PG,
    PLACE,
    add_server,
    api_server,
    env,
    examined,
    postgres,
    sources,
    states,
)
from tests.tofu.conftest import program
from tests.tofu.fake_s3 import FakeS3

__all__ = ["api_server", "env", "postgres", "program", "sources"]
pytestmark = [pytest.mark.store, pytest.mark.side_by_side]  # real tofu
MAIN = 'resource "terraform_data" "thing" {\n  input = terraform.workspace\n}\n'
LOCAL = 'terraform {\n  backend "local" {\n    path = "../x.tfstate"\n  }\n}\n'
SHAPES = {
    "s3": {"backend.tf": s3(*PLACE, OLD, 'workspace_key_prefix = "teams"')},
    "s3, encrypted": {"backend.tf": s3(*PLACE, OLD), "encryption.tf": ENCRYPTED},
    "local": {"backend.tf": LOCAL},
    "local, encrypted": {"backend.tf": LOCAL, "encryption.tf": ENCRYPTED},
    "pg": {"backend.tf": PG},
    "kubernetes": {"backend.tf": KUBERNETES},
}


def bodies(store: FakeS3, key: str) -> list[bytes]:
    """Every body that the candidate ever held at this key."""
    rows = [row for name, kept in store.rows.items() if name == key for row in kept]
    return [row.body for row in (*rows, *store.erased) if row.body and b'"Operation"' not in row.body]


@pytest.mark.parametrize("name", SHAPES)
def test_each_is_migrated_and_taken_back(
    name: str,
    request: pytest.FixtureRequest,
    env: Disposable,
    store: FakeS3,
    sources: dict[str, Source],
    tmp_path: Path,
) -> None:
    kind = name.partition(",")[0]
    add_server(kind, request, sources)
    keys: list[str] = []
    add = store.add

    def remember(key: str, body: bytes | None):  # type: ignore[no-untyped-def]
        keys.append(key)
        return add(key, body)

    store.add = remember  # type: ignore[method-assign]
    found = rehearsed(examined(tmp_path / "checkout", {"main.tf": MAIN, **SHAPES[name]}), sources[kind], env)
    assert states(found) == [State.PROVED] * 5, found
    for workspace in ("default", "readiness"):
        assert f"attic, workspace {workspace}: state migrated whole" in found["P3.attic.3"].reason
    first, second = (env.where(f"rehearsal-attic-{at}").key for at in range(2))
    assert {first, f"env:/readiness/{second}"} <= set(keys)
    assert not {f"env:/readiness/{first}", second} & set(keys)
    held = bodies(store, first)
    assert len(held) >= 2
    assert {is_encrypted(body) for body in held} == {"encrypted" in name}
    assert {key for key, rows in store.rows.items() if rows} == set(), "nothing is left"


def test_one_that_changes_on_the_way_refutes_the_stack(
    env: Disposable, store: FakeS3, sources: dict[str, Source], tmp_path: Path
) -> None:
    add = store.add

    def altered(key: str, body: bytes | None):  # type: ignore[no-untyped-def]
        if key.startswith("env:/readiness/") and key.endswith("terraform.tfstate") and body:
            body = json.dumps(json.loads(body) | {"outputs": {"o": {"value": 1, "type": "number"}}}).encode()
        return add(key, body)

    store.add = altered  # type: ignore[method-assign]
    found = rehearsed(
        examined(tmp_path / "checkout", {"main.tf": MAIN, "backend.tf": LOCAL}), sources["local"], env
    )
    assert found["P3.attic.3"].state is State.REFUTED
    assert "attic, workspace readiness: the migrated state is not the state" in found["P3.attic.3"].reason
    assert "workspace default" not in found["P3.attic.3"].reason
    assert found["P3.attic.5"].state is State.UNKNOWN


def live(
    env: Disposable,
    sources: dict[str, Source],
    tmp_path: Path,
    read: str,
    listed: str = "  default\\n* prod\\n",
) -> Examined:
    """A stack whose live states lie in files: prod has one, default none."""
    files = {"main.tf": MAIN, "backend.tf": LOCAL}
    made: list[bytes] = []

    def keep(rehearsal: Rehearsal) -> None:
        original = rehearsal._pull

        def pull(watching: Watching) -> None:
            original(watching)
            made.append(rehearsal._pulled.read_bytes())

        rehearsal._pull = pull  # type: ignore[method-assign]

    first = examined(tmp_path / "made", files)
    described = Stack.model_validate(
        {"schema": 1, "name": "attic", "configuration": "x", "backend": "local", "workspaces": ["prod"]}
    )
    proved = rehearsed(dataclasses.replace(first, stack=described), sources["local"], env, keep, "made")
    assert states(proved) == [State.PROVED] * 5, proved
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "prod").write_bytes(made[0])
    (tmp_path / "live" / "default").write_bytes(b"")
    one = examined(tmp_path / "checkout", files)
    assert isinstance(one.config, StackConfig)
    assert one.stack is not None
    command = ("sh", "-c", f"cd {tmp_path / 'live'} && {read}")
    stack = one.stack.model_copy(
        update={"read": command, "list_workspaces": ("printf", listed) if listed else ()}
    )
    plan = plans.parse(plans.review(draft(one.config, several=True), "A. Reviewer", TODAY))
    return dataclasses.replace(one, stack=stack, plan=plan)


def test_those_of_a_live_state_are_read_each(
    env: Disposable, sources: dict[str, Source], tmp_path: Path
) -> None:
    one = live(env, sources, tmp_path, 'cat "$TF_WORKSPACE"')
    found = rehearsed(one, sources["local"], env)
    assert states(found) == [State.PROVED] * 5, found
    assert found["P3.attic.1"].reason == "attic, workspace prod: state pulled"


def test_a_command_that_pays_no_regard_to_the_workspace_proves_nothing(
    env: Disposable, sources: dict[str, Source], tmp_path: Path
) -> None:
    one = live(env, sources, tmp_path, "cat prod")
    found = rehearsed(one, sources["local"], env)
    assert found["P3.attic.1"].state is State.UNKNOWN
    assert "gives the same one for the workspaces default and prod" in found["P3.attic.1"].reason


def test_workspaces_that_nobody_lists_prove_nothing(
    env: Disposable, sources: dict[str, Source], tmp_path: Path
) -> None:
    one = live(env, sources, tmp_path, "cat prod", listed="")
    found = rehearsed(one, sources["local"], env)
    assert State.PROVED not in states(found)
    assert "only the workspace default was rehearsed" in found["P3.attic.1"].reason


def test_a_workspace_that_cannot_be_read_refutes(
    env: Disposable, sources: dict[str, Source], tmp_path: Path
) -> None:
    one = live(env, sources, tmp_path, 'cat "$TF_WORKSPACE"', listed="* default\\n  prod\\n  dev\\n")
    found = rehearsed(one, sources["local"], env)
    assert found["P3.attic.1"].state is State.REFUTED
    assert "attic, workspace dev: state pull" in found["P3.attic.1"].reason
    assert found["P3.attic.5"].state is State.UNKNOWN
