"""Cleaning ends, whatever the store acknowledges, and says what is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from readiness.s3.removal import IN_VAIN, PREFIX, Bounds, NotRemoved, remove_bucket
from tests.load.test_scratch import Store, scratch

NAME = f"{PREFIX}abc123-versioned"


class LyingStore(Store):
    """Acknowledges deletes. `does_them`: or does none. `locked`: keys that it refuses to delete, each by itself.
    `endless`: every listing has new versions.
    """

    def __init__(self) -> None:
        super().__init__()
        self.does_them = False
        self.locked: set[str] = set()
        self.endless = False
        self.listings = 0

    def _list_object_versions(self, bucket: str, **more: Any) -> Any:
        self.listings += 1
        if self.endless:
            return {"Versions": [{"Key": f"k{self.listings}", "VersionId": "v"}]}
        return super()._list_object_versions(bucket, **more)

    def _delete_objects(self, bucket: str, **more: Any) -> Any:
        asked = more["Delete"]["Objects"]
        done = [each for each in asked if each["Key"] not in self.locked] if self.does_them else []
        super()._delete_objects(bucket, Delete={"Objects": done})
        refused = [each for each in asked if each["Key"] in self.locked]
        return {
            "Errors": [{**each, "Code": "AccessDenied", "Message": "object is locked"} for each in refused]
        }

    def deletes(self) -> int:
        return [name for name, _ in self.calls].count("delete_objects")


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    made = LyingStore()
    made.buckets[NAME] = [{"Key": f"k{n}", "VersionId": "1"} for n in range(10)]
    return made


def test_a_store_that_acknowledges_deletes_and_does_not_do_them(store: Any) -> None:
    with pytest.raises(
        NotRemoved, match="acknowledges deletes but does not perform them: 10 objects are left"
    ):
        remove_bucket(store, NAME)
    assert store.deletes() == IN_VAIN + 1


def test_object_lock_is_read_from_the_errors_of_single_keys(store: Any) -> None:
    store.does_them, store.locked = True, {"k3", "k7"}
    with pytest.raises(NotRemoved, match="refuses to delete 2 of 2: k3: AccessDenied object is locked"):
        remove_bucket(store, NAME)
    assert {row["Key"] for row in store.buckets[NAME]} == {"k3", "k7"}
    assert store.deletes() == 2


def test_a_listing_without_an_end_is_bounded_in_calls(store: Any) -> None:
    store.endless = True
    with pytest.raises(NotRemoved, match="more than 50 calls; objects are left, such as k51"):
        remove_bucket(store, NAME, Bounds(calls=50))
    assert store.deletes() == 50


def test_cleaning_is_bounded_in_time_over_all_buckets(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    store.does_them = True
    bounds = Bounds(seconds=60)
    remove_bucket(store, NAME, bounds)
    assert NAME not in store.buckets
    now[0] = 61.0
    store.buckets[NAME] = [{"Key": "k", "VersionId": "1"}]
    with pytest.raises(NotRemoved, match="more than 60 s; objects are left, such as k"):
        remove_bucket(store, NAME, bounds)


def test_cleaning_that_is_ended_deletes_nothing_more_and_says_what_is_left(
    store: Any, tmp_path: Path
) -> None:
    store.does_them = True
    made = scratch(store, tmp_path)
    name = made.create("plain")
    store.buckets[name] = [{"Key": "k", "VersionId": "1"}]
    (left,) = made.remove(Bounds(ended=lambda: True))
    assert left == f"{name}: cleaning was stopped; objects are left, such as k"
    assert store.deletes() == 0
    assert made.remove() == []


def test_progress_is_said(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def clock() -> float:
        now[0] += 1.0
        return now[0]

    monkeypatch.setattr("time.monotonic", clock)
    store.does_them = True
    store.buckets[NAME] = [{"Key": f"k{n}", "VersionId": "1"} for n in range(3000)]
    message: list[str] = []
    remove_bucket(store, NAME, Bounds(announce=message.append))
    assert message[0].startswith(f"removing {NAME}: ")
    assert message[0].endswith(" objects deleted")
    assert NAME not in store.buckets


def test_uploads_are_aborted_page_by_page_and_a_store_that_does_not_is_left(store: Any) -> None:
    store.does_them = True
    store.uploads[NAME] = [{"Key": "u", "UploadId": str(n)} for n in range(3)]
    store._abort_multipart_upload = lambda _bucket, **_more: None
    store.refuse["delete_bucket"] = "BucketNotEmpty"
    with pytest.raises(Exception, match="BucketNotEmpty"):
        remove_bucket(store, NAME)
    assert [name for name, _ in store.calls].count("abort_multipart_upload") == 3
