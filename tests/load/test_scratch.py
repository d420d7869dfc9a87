"""Scratch buckets: only those that the run made are written or removed, and they are removed whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from readiness.errors import UsageError
from readiness.s3.library import Answered
from readiness.s3.removal import PREFIX, remove_bucket
from readiness.s3.scratch import Scratch


class Store:
    """As much of a boto3 client as scratch buckets need. `lose`: how many answers of a call are lost."""

    def __init__(self) -> None:
        self.buckets: dict[str, list[dict[str, Any]]] = {"tofu-state": [{"Key": "attic", "VersionId": "1"}]}
        self.uploads: dict[str, list[dict[str, str]]] = {}
        self.calls: list[tuple[str, str]] = []
        self.lose: dict[str, int] = {}
        self.refuse: dict[str, str] = {}
        self.lenient = False
        self.unknown_for = 0
        self.versioning: list[str] = []
        self.meta = type("Meta", (), {"region_name": "us-east-1"})

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(Bucket: str, **more: Any) -> Any:  # noqa: N803 - boto3's name
            self.calls.append((name, Bucket))
            if name in self.refuse:
                status = {"NotImplemented": 501, "MethodNotAllowed": 405}.get(self.refuse[name], 403)
                raise error(self.refuse[name], status, name)
            answer = getattr(self, f"_{name}")(Bucket, **more)
            if self.lose.get(name):
                self.lose[name] -= 1
                raise ReadTimeoutError(endpoint_url="x")
            return answer

        return call

    def _head_bucket(self, bucket: str) -> None:
        if bucket not in self.buckets:
            raise error("404", 404, "HeadBucket")

    def _create_bucket(self, bucket: str, **_more: Any) -> None:
        if bucket in self.buckets and not self.lenient:
            raise error("BucketAlreadyOwnedByYou", 409, "CreateBucket")
        self.buckets.setdefault(bucket, [])

    def _put_bucket_tagging(self, _bucket: str, **more: Any) -> None:
        self.tags = more["Tagging"]["TagSet"]

    def _put_bucket_versioning(self, _bucket: str, **more: Any) -> None:
        self.versioning.append(more["VersioningConfiguration"]["Status"])
        if self.unknown_for:
            self.unknown_for -= 1
            raise error("NoSuchBucket", 404, "PutBucketVersioning")

    def _list_multipart_uploads(self, bucket: str) -> Any:
        return {"Uploads": self.uploads.get(bucket, [])}

    def _abort_multipart_upload(self, bucket: str, **more: Any) -> None:
        self.uploads[bucket] = [u for u in self.uploads[bucket] if u["UploadId"] != more["UploadId"]]

    def _list_object_versions(self, bucket: str, **_more: Any) -> Any:
        rows = self.buckets[bucket][:1000]
        return {
            "Versions": [r for r in rows if "marker" not in r],
            "DeleteMarkers": [r for r in rows if "marker" in r],
        }

    def _list_objects_v2(self, bucket: str) -> Any:
        return {"Contents": self.buckets[bucket] if "list_object_versions" in self.refuse else []}

    def _delete_objects(self, bucket: str, **more: Any) -> None:
        doomed = {(d["Key"], d.get("VersionId")) for d in more["Delete"]["Objects"]}
        self.buckets[bucket] = [
            r
            for r in self.buckets[bucket]
            if (r["Key"], r["VersionId"]) not in doomed and (r["Key"], None) not in doomed
        ]

    def _delete_bucket(self, bucket: str) -> None:
        if self.buckets[bucket] or self.uploads.get(bucket):
            raise error("BucketNotEmpty", 409, "DeleteBucket")
        del self.buckets[bucket]


def error(code: str, status: int, operation: str) -> ClientError:
    message: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(message, operation)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    return Store()


def scratch(store: Any, tmp_path: Path) -> Scratch:
    return Scratch("abc123", lambda: store, tmp_path / "scratch.jsonl")


def test_the_versioning_of_a_bucket_is_set_in_that_order(store: Store, tmp_path: Path) -> None:
    made = scratch(store, tmp_path)
    made.create("plain")
    assert store.versioning == []
    made.create("suspended", "Enabled", "Suspended")
    assert store.versioning == ["Enabled", "Suspended"]
    store.refuse["put_bucket_versioning"] = "NotImplemented"
    refused = made.create("versioned", "Enabled")
    assert set(made.refused) == {refused}
    assert "501" in made.refused[refused]


def test_a_bucket_is_named_tagged_and_journalled_before_it_is_made(store: Store, tmp_path: Path) -> None:
    made = scratch(store, tmp_path)
    name = made.create("versioned", "Enabled")
    assert name == f"{PREFIX}abc123-versioned"
    assert made.owns(name)
    assert not made.owns("tofu-state")
    assert store.tags == [{"Key": "tofu-state-ha-readiness", "Value": "abc123"}]
    assert ("put_bucket_versioning", name) in store.calls
    made.create("plain")
    assert [json.loads(line)["bucket"] for line in (tmp_path / "scratch.jsonl").read_text().splitlines()] == [
        name,
        f"{PREFIX}abc123-plain",
    ]
    store.refuse["create_bucket"] = "AccessDenied"
    with pytest.raises(UsageError, match="the admin credential must be allowed to"):
        made.create("third")
    store.refuse["head_bucket"] = "AccessDenied"
    with pytest.raises(UsageError, match="the admin credential must be allowed to"):
        made.create("fourth")
    assert "third" in (tmp_path / "scratch.jsonl").read_text(), (
        "noted before the call, for a crash in the middle of it"
    )


@pytest.mark.parametrize("lenient", [False, True])
def test_a_bucket_that_is_there_already_is_not_ours(store: Store, tmp_path: Path, lenient: bool) -> None:
    name = f"{PREFIX}abc123-plain"
    store.buckets[name] = [{"Key": "someone's", "VersionId": "1"}]
    store.lenient = lenient  # some stores answer 200 to the creation of a bucket that the caller has
    made = scratch(store, tmp_path)
    with pytest.raises(UsageError, match=name):
        made.create("plain")
    assert not made.owns(name)
    assert made.remove() == []
    assert store.buckets[name] == [{"Key": "someone's", "VersionId": "1"}]


def test_a_creation_whose_answer_is_lost_is_ours(store: Store, tmp_path: Path) -> None:
    store.lose["create_bucket"] = 1
    made = scratch(store, tmp_path)
    name = made.create("plain")
    assert made.owns(name)
    assert made.remove() == []
    assert name not in store.buckets


def test_removal_is_whole_and_touches_nothing_else(store: Store, tmp_path: Path) -> None:
    made = scratch(store, tmp_path)
    name = made.create("versioned", "Enabled")
    store.buckets[name] = [{"Key": f"k{n}", "VersionId": str(n)} for n in range(2300)] + [
        {"Key": "m", "VersionId": "m", "marker": 1}
    ]
    store.uploads[name] = [{"Key": "u", "UploadId": "1"}]
    store.lose["delete_objects"] = 2
    store.calls.clear()
    assert made.remove() == []
    assert store.buckets == {"tofu-state": [{"Key": "attic", "VersionId": "1"}]}
    assert {bucket for _, bucket in store.calls} == {name}
    assert made.remove() == []


@pytest.mark.parametrize("code", ["NotImplemented", "MethodNotAllowed"])
def test_a_store_without_versions_and_multipart_listings_is_cleaned_at_once(
    store: Store, tmp_path: Path, code: str
) -> None:
    for call in ("put_bucket_versioning", "list_object_versions", "list_multipart_uploads"):
        store.refuse[call] = code
    made = scratch(store, tmp_path)
    name = made.create("versioned", "Enabled")
    assert code in made.refused[name]
    store.buckets[name] = [{"Key": f"k{n}", "VersionId": "null"} for n in range(300)]
    assert made.remove() == []
    assert name not in store.buckets
    assert store.calls.count(("put_bucket_versioning", name)) == 1


def test_what_cannot_be_removed_is_said_and_stays_known(store: Store, tmp_path: Path) -> None:
    made = scratch(store, tmp_path)
    name = made.create("plain")
    store.refuse["delete_bucket"] = "AccessDenied"
    (left,) = made.remove()
    assert left.startswith(f"{name}: HTTP 403 AccessDenied")
    assert made.owns(name)
    store.refuse.clear()
    assert made.remove() == []


@pytest.mark.parametrize("name", ["tofu-state", "", "attic", f"x{PREFIX}abc"])
def test_a_bucket_that_is_no_scratch_bucket_is_never_removed(store: Any, name: str) -> None:
    with pytest.raises(ValueError, match="is not a scratch bucket"):
        remove_bucket(store, name)
    assert store.calls == []


def test_a_bucket_that_is_gone_is_removed(store: Any) -> None:
    remove_bucket(store, f"{PREFIX}gone")
    store.refuse["head_bucket"] = "AccessDenied"
    with pytest.raises(Answered):
        remove_bucket(store, f"{PREFIX}gone")


def test_versioning_is_asked_for_again_while_a_node_does_not_know_the_new_bucket(
    store: Store, tmp_path: Path
) -> None:
    store.unknown_for = 2
    made = scratch(store, tmp_path)
    name = made.create("versioned", "Enabled")
    assert store.calls.count(("put_bucket_versioning", name)) == 3
    assert made.refused == {}


def test_versioning_that_is_refused_is_told(store: Store, tmp_path: Path) -> None:
    store.refuse["put_bucket_versioning"] = "AccessDenied"
    made = scratch(store, tmp_path)
    name = made.create("versioned", "Enabled")
    assert "AccessDenied" in made.refused[name]
