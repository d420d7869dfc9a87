"""`check --bucket` with a credential that may reach one bucket alone: all is below a prefix of it, and is removed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from readiness.paths import ROOT
from readiness.s3.boto3_library import boto3_client
from readiness.s3.removal import PREFIX
from readiness.s3.wire import Target
from tests.check.fence import Fence, fenced
from tests.check.test_store import argv, check, clean, environment, refused, urls_of
from tests.commands.lab import Lab, running
from tests.support.eventually import eventually

pytestmark = [pytest.mark.store, pytest.mark.slow]
BUCKET = "team-scratch"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running(Lab(tmp_path_factory.mktemp("lab")), tmp_path_factory.mktemp("state")) as made:
        client = boto3_client(Target(made.s3["bumble"], made.keys, made.region), 5)
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        client.create_bucket(Bucket="unversioned")
        yield made


@pytest.fixture
def fences(lab: Lab) -> Iterator[list[Fence]]:
    with ExitStack() as stack:
        yield [stack.enter_context(fenced(url, BUCKET)) for url in urls_of(lab)]


def held(lab: Lab, bucket: str = BUCKET) -> list[str]:
    """Every version and delete marker of that bucket, and its uploads."""
    client = boto3_client(Target(lab.s3["bumble"], lab.keys, lab.region), 5)
    page = client.list_object_versions(Bucket=bucket)
    uploads = client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    return [
        str(each["Key"]) for each in (*page.get("Versions", []), *page.get("DeleteMarkers", []), *uploads)
    ]


def test_everything_is_below_one_prefix_and_nothing_is_left(
    lab: Lab, fences: list[Fence], tmp_path: Path
) -> None:
    ran = check(lab, [fence.url for fence in fences], tmp_path, "--bucket", BUCKET)
    assert ran.code == 0, ran.out + ran.err
    states = {row["id"]: row["state"] for row in ran.verdict["criteria"]}
    assert {states[id_] for id_ in ("P1.3", "P1.10", "P1.12", "P1.15", "P1.16", "P1.17")} == {"PROVED"}
    assert {ran.row(id_)["reason"].split(":")[0] for id_ in ("P1.9", "P1.11", "P1.13", "P1.28")} == {
        "holds without a fault"
    }
    for id_ in ("P1.1", "P1.2"):
        assert ran.row(id_)["reason"] == "a credential that may make buckets, and no --bucket"
    written = [each for fence in fences for each in fence.written]
    assert len(written) > 500
    outside = [(method, key) for method, key in written if method != "POST" and not key.startswith(PREFIX)]
    assert outside == []
    assert all(f"<Key>{PREFIX}" in body for method, body in written if method == "POST" and "<Delete" in body)
    assert held(lab) == []
    assert lab.scratch() == []
    again = [sys.executable, "-m", "readiness", "recheck", str(ran.folder)]
    same = subprocess.run(again, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert same.returncode == 0, same.stdout
    denied = {line.split("?")[0] for fence in fences for line in fence.denied}
    assert denied <= {"GET /"}, "only lists of buckets, which the load tries, are refused"


def test_a_bucket_in_which_somebody_keeps_something_is_not_touched(
    lab: Lab, fences: list[Fence], tmp_path: Path
) -> None:
    client = boto3_client(Target(lab.s3["honey"], lab.keys, lab.region), 5)
    client.put_object(Bucket=BUCKET, Key="prod/terraform.tfstate", Body=b"precious")
    try:
        ran = check(lab, [fence.url for fence in fences], tmp_path, "--bucket", BUCKET)
        refused(
            ran,
            f"bucket {BUCKET} holds prod/terraform.tfstate: a bucket in which somebody keeps something is not touched",
        )
        assert [each for fence in fences for each in fence.written] == []
        client.delete_object(Bucket=BUCKET, Key="prod/terraform.tfstate")
        ran = check(lab, [fence.url for fence in fences], tmp_path, "--bucket", BUCKET)
        refused(ran, f"bucket {BUCKET} holds prod/")
        assert held(lab) == ["prod/terraform.tfstate"] * 2
    finally:
        for entry in client.list_object_versions(Bucket=BUCKET).get("Versions", []):
            client.delete_object(Bucket=BUCKET, Key=entry["Key"], VersionId=entry["VersionId"])
        for marker in client.list_object_versions(Bucket=BUCKET).get("DeleteMarkers", []):
            client.delete_object(Bucket=BUCKET, Key=marker["Key"], VersionId=marker["VersionId"])


@pytest.mark.parametrize(
    ("bucket", "message"),
    [
        ("nowhere-at-all", "has no bucket nowhere-at-all: HTTP 404"),
        (
            "unversioned",
            "keeps no versions (its versioning is off), and its settings are not changed: add --plain",
        ),
    ],
)
def test_a_bucket_that_cannot_be_used_is_one_message(
    lab: Lab, tmp_path: Path, bucket: str, message: str
) -> None:
    refused(check(lab, urls_of(lab), tmp_path, "--bucket", bucket), message)


def test_a_bucket_of_somebody_else_is_one_message(lab: Lab, fences: list[Fence], tmp_path: Path) -> None:
    ran = check(lab, [fence.url for fence in fences], tmp_path, "--bucket", "unversioned")
    refused(ran, "does not let the credential list bucket unversioned: HTTP 403 AccessDenied")


def test_what_a_killed_check_left_below_is_found_by_clean(
    lab: Lab, fences: list[Fence], tmp_path: Path
) -> None:
    runs, env = tmp_path / "runs", environment(lab)
    urls = [fence.url for fence in fences]
    with subprocess.Popen(
        argv("check", urls, runs, "--bucket", BUCKET), env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        eventually(lambda: len(held(lab)) > 5, 90)
        process.kill()
    left = {key.split("/")[0] for key in held(lab)}
    assert left
    listed = clean(env, lab, runs, "--bucket", BUCKET)
    assert all(f"{BUCKET}/{name}" in listed for name in left)
    removed = clean(env, lab, runs, "--bucket", BUCKET, "--yes")
    assert all(f"removed {BUCKET}/{name}" in removed for name in left)
    assert held(lab) == []
