"""A whole run with a stack that points at the candidate: nothing is broken, rehearsed or started."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from readiness import providers
from readiness.candidate.load import load
from readiness.criteria import PROTECTED_STACKS
from readiness.evidence.observation import load_observations
from readiness.judges.stacks.steps import Step
from readiness.paths import ROOT
from readiness.s3.boto3_library import boto3_client
from readiness.s3.wire import Target
from readiness.topology import Keys
from tests.plugin.runs import run
from tests.stacks.shapes import s3

pytestmark = [pytest.mark.store, pytest.mark.slow]  # a real store, and real tofu
FIRST = PROTECTED_STACKS[0]
"""The stack that has its state in the candidate."""
SELECTED = (
    "points_at_the_candidate or unavailability or migration_is_one or "
    f"({FIRST} and (state_pull or init_migrate))"
)


@dataclass(frozen=True)
class Store:
    """A store that runs already."""

    url: str
    keys: Keys
    region: str

    def objects(self) -> list[str]:
        """Every object of every bucket."""
        client = boto3_client(Target(self.url, self.keys, self.region), 30)
        buckets = [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]
        return [
            f"{bucket}/{one['Key']}"
            for bucket in buckets
            for one in client.list_objects_v2(Bucket=bucket).get("Contents", ())
        ]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    loaded = load("singleton")
    (tmp_path / "store").mkdir()
    provider = providers.create(loaded, run_dir=tmp_path / "store", progress=lambda text: None)
    try:
        endpoint = provider.start().endpoints[0]
        yield Store(endpoint.url, provider.keys("admin"), loaded.candidate.s3.region)
    finally:
        provider.stop()


def candidate(folder: Path, store: Store) -> tuple[Path, dict[str, str]]:
    """The store as its operator declares it; every command that breaks a node says that it was run."""
    broken = f'["touch", "{folder / "broken"}"]'
    (folder / "aws").write_text(
        f"[profile state]\naws_access_key_id = {store.keys.access_key}\n"
        f"aws_secret_access_key = {store.keys.secret_key}\n"
    )
    path = folder / "candidate.toml"
    path.write_text(f"""
schema = 1
name = "in-use"
class = "dedicated-ha"
summary = "a store that a stack uses"
provider = {{ kind = "commands" }}
endpoints = [{{ name = "one", url = "{store.url}", node = "one", instance = "one" }}]
nodes = [{{ name = "one", drain = {broken}, restore = {broken} }}]
[[instances]]
name = "one"
node = "one"
restart = {broken}
start = {broken}
kill = {broken}
pause = {broken}
unpause = {broken}
[contract]
endpoint_shape = "S3"
audience = "operators"
cache_statement = "attic, bazel and rbe have their own"
[contract.credentials]
rotation_owner = "operations"
rotation_days = 90
admin = {{ source = "profile", profile = "state" }}
[contract.durability]
versioning = true
[contract.failure]
statement = "one may be away"
rto_seconds = {{ restart = 5, drain = 5, crash = 5, silence = 5 }}
rpo_acknowledged_writes = 0
""")
    return path, {"AWS_CONFIG_FILE": str(folder / "aws"), "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none")}


def checkout(folder: Path, store: Store) -> Path:
    """Four stacks, of which the first has its state in that store."""
    for name in PROTECTED_STACKS:
        stack = folder / "checkout" / "tofu" / "stacks" / name
        stack.mkdir(parents=True)
        url = store.url if name == FIRST else "https://s3.other.example"
        place = ('bucket = "tofu-state"', f'key = "{name}.tfstate"', 'region = "us-east-1"')
        (stack / "backend.tf").write_text(s3(*place, f'endpoints = {{ s3 = "{url}" }}'))
        (stack / "main.tf").write_text('resource "terraform_data" "thing" {\n  input = "one"\n}\n')
    return folder / "checkout"


def test_nothing_is_broken_and_nothing_is_rehearsed(store: Store, tmp_path: Path) -> None:
    path, env = candidate(tmp_path, store)
    stacks = checkout(tmp_path, store)
    allowed = ("--allow-faults", "--state-without-tls", "--keep-going")
    arguments = ("--candidate", str(path), "--stacks", str(stacks), *allowed)
    ran = run(tmp_path / "run", *arguments, "-k", SELECTED, suites=ROOT / "suites", env=env)
    assert ran.code == 1, ran.err
    assert ran.state("P1.8") == "REFUTED"
    assert f"{FIRST}: endpoints.s3 = {store.url}" in ran.criterion("P1.8")["reason"]
    assert ran.state("P1.6") == "NOT RUN"
    assert (
        "no fault is injected while an active stack may use the candidate" in ran.criterion("P1.6")["reason"]
    )
    assert not (tmp_path / "broken").exists()
    assert ran.state(f"P3.{FIRST}.1") == "REFUTED"
    assert "its backend already points at the candidate" in ran.criterion(f"P3.{FIRST}.1")["reason"]
    assert "is an endpoint of the candidate" in ran.criterion(f"P3.{FIRST}.1")["reason"]
    assert ran.state(f"P3.{FIRST}.3") == "UNKNOWN"
    assert "not reached: " in ran.criterion(f"P3.{FIRST}.3")["reason"]
    assert Step.STAND_IN not in {one.step for one in load_observations(ran.folder)}, "no stand-in was started"
    assert store.objects() == []
