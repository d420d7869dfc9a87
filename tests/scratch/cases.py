"""The criteria of phase 1 that take no fault: healthy recordings, and what breaks them."""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue

from readiness.evidence.observation import Observation
from readiness.judges import (
    access,
    backups,
    buckets,
    completions,
    conditions,
    later,
    listings,
    objects,
    rotation,
    uploads,
    versions,
)
from readiness.judges.listings import AGES, AGES_PREFIX, NESTED, pages
from tests.support.observations import (
    PLAIN,
    Case,
    changed,
    error,
    granted,
    lost,
    refusal,
    seen,
)

ENDS = ("a", "b")
Asked = dict[str, Any]


def _buckets() -> list[Observation]:
    return [
        seen(buckets.Step.LIST, end, client, required=True, wanted=["p", "v"], result=["p", "v"])
        for end in ENDS
        for client in ("boto3", "minio")
    ]


def _heads() -> list[Observation]:
    return [
        one
        for end in ENDS
        for one in (
            seen(buckets.Step.HEAD, end, required=True, bucket="p"),
            refusal(buckets.Step.HEAD_ABSENT, end, bucket="absent"),
        )
    ]


def _cycles() -> list[Observation]:
    step, made = objects.Step, list[Observation]()
    for end in ENDS:
        asked: Asked = {"bucket": "p", "key": f"k-{end}", "size": 7, "sha256": "ab" * 32}
        made += [
            seen(step.PUT, end, required=True, **asked),
            seen(step.HEAD, end, required=True, result=7, **asked),
            seen(step.GET, end, required=True, result={"size": 7, "sha256": "ab" * 32}, **asked),
            seen(step.LIST, end, required=True, result=True, **asked),
            seen(step.DELETE, end, required=True, **asked),
            refusal(step.HEAD_DELETED, end, **asked),
            seen(step.LIST_DELETED, end, required=True, result=False, **asked),
        ]
    return made


def _at_once() -> list[Observation]:
    step, made = objects.Step, list[Observation]()
    for writer in ENDS:
        for reader in ENDS:
            asked: Asked = {"bucket": "p", "key": "k", "value": "v1", "writer": writer}
            made += [
                seen(step.PUT, writer, required=True, **asked),
                seen(step.GET, reader, result="v1", **asked),
                seen(step.HEAD, reader, required=True, result="v1", **asked),
                seen(step.LIST, reader, required=True, result=True, **asked),
                seen(step.DELETE, writer, required=True, **asked),
                refusal(step.GET_DELETED, reader, **asked),
            ]
    return made


LATEST: list[JsonValue] = [
    [f"{AGES_PREFIX}{number}", id_, latest]
    for number in range(AGES)
    for id_, latest in ((f"newest{number}", True), (f"older{number}", False))
]


def _pages() -> list[Observation]:
    step, names = listings.Step, list(listings.NAMES)
    few = names[: listings.FEW]
    newest = {f"{AGES_PREFIX}{number}": f"newest{number}" for number in range(AGES)}
    made = [
        seen(step.PUT, client="wire", required=True, bucket="p", keys=len(names)),
        seen(step.AGE, required=True, bucket="v"),
    ]
    for end in ENDS:
        made += [
            seen(step.FULL, end, client, required=True, result=[*names]) for client in ("boto3", "minio")
        ]
        made += [
            seen(each, end, required=True, result=[*few])
            for each in (step.SMALL, step.SMALL_V1, step.SMALL_VERSIONS)
        ]
        made += [seen(each, end, required=True, result=[*NESTED]) for each in (step.NESTED, step.NESTED_V1)]
        made += [seen(step.LATEST, end, required=True, result=LATEST, newest={**newest})]
    return made


def _conditions() -> list[Observation]:
    step, made = conditions.Step, list[Observation]()
    for end in ENDS:
        at: Asked = {"bucket": "p", "key": f"k-{end}"}
        made += [
            seen(step.PUT, end, required=True, result="e1", **at),
            seen(step.CURRENT, end, required=True, result="e2", **at),
            refusal(step.STALE, end, 412, **at),
            seen(step.AFTER_STALE, end, result="e2", etag="e2", **at),
            refusal(step.MISSING, end, 404, **at),
            refusal(step.AFTER_MISSING, end, **at),
            seen(step.DELETE, end, required=True, **at),
            refusal(step.DELETED, end, 412, **at),
            refusal(step.AFTER_DELETED, end, **at),
        ]
    return made


def _completions() -> list[Observation]:
    step, made = completions.Step, list[Observation]()
    for end in ENDS:
        at: Asked = {"bucket": "p", "key": f"k-{end}"}
        made += [
            seen(step.PUT, end, required=True, **at),
            seen(step.UPLOAD, end, required=True, **at),
            refusal(step.MEET, end, 412, **at),
            seen(step.AFTER_MEET, end, result="first", value="first", **at),
            seen(step.UPLOAD, end, required=True, **at),
            seen(step.CREATE, end, **at),
            seen(step.AFTER_CREATE, end, result="new", value="new", **at),
        ]
    return made


def _turns() -> list[Observation]:
    turn, made = conditions.Turn, list[Observation]()
    for end in ENDS:
        at: Asked = {"bucket": "p", "key": f"k-{end}"}
        made += [
            seen(turn.TAKE, end, required=True, result="e1", **at),
            refusal(turn.MEET, end, 412, **at),
            seen(turn.FREE, end, required=True, **at),
            seen(turn.AGAIN, end, required=True, result="e3", **at),
        ]
    return made


BACKED_UP = backups.Step


def _backups() -> list[Observation]:
    step = BACKED_UP
    keys: list[Asked] = [{"bucket": "p", "key": f"k-{end}"} for end in ENDS]
    kept: Asked = {"bucket": "p", "key": "kept"}
    return [
        seen(step.MADE, required=True, result="p"),
        seen(step.STATES, required=True, bucket="p", key="states"),
        *(seen(step.PUT, end, required=True, **at) for end, at in zip(ENDS, keys, strict=True)),
        seen(step.BACKUP, "", "provider", status=0, bucket="p"),
        seen(step.OVERWRITE, required=True, **kept),
        *(seen(step.DELETE, end, required=True, **at) for end, at in zip(ENDS, keys, strict=True)),
        *(refusal(step.LOST, end, **at) for end, at in zip(ENDS, keys, strict=True)),
        *(seen(step.RESTORE, "", "provider", status=0, **at) for at in keys),
        *(
            seen(step.GET_BACK, end, result=f"{at['key']}/backed up", value=f"{at['key']}/backed up", **at)
            for end in ENDS
            for at in keys
        ),
        *(seen(step.GET_KEPT, end, result="kept/newer", value="kept/newer", **kept) for end in ENDS),
    ]


def _versions() -> list[Observation]:
    step, made = versions.Step, list[Observation]()
    for end in ENDS:
        at: Asked = {"bucket": "v", "key": f"k-{end}"}
        ids = [f"{end}{number}" for number in range(versions.WRITES)]
        listed: list[JsonValue] = [[id_, False] for id_ in ids]
        made += [seen(step.PUT, end, required=True, result=id_, value=f"v-{id_}", **at) for id_ in ids]
        made += [seen(step.VERSIONS, end, required=True, result=[*listed], **at)]
        made += [
            seen(step.GET_VERSION, end, required=True, result=f"v-{id_}", value=f"v-{id_}", number=n, **at)
            for n, id_ in enumerate(ids, 1)
        ]
        made += [
            seen(step.DELETE, end, required=True, result="marker", **at),
            seen(step.VERSIONS_DELETED, end, required=True, result=[["marker", True], *listed], **at),
            seen(step.REMOVE_MARKER, end, required=True, **at),
            seen(step.GET_BACK, end, required=True, result="last", value="last", **at),
            seen(step.COPY, end, required=True, **at),
            seen(step.GET_RESTORED, end, required=True, result="first", value="first", **at),
            seen(step.VERSIONS_RESTORED, end, required=True, result=[["new", False], *listed], **at),
        ]
    return made


def _later() -> list[Observation]:
    step = later.Step
    made = [seen(step.MADE, result="l")]
    made += [seen(step.PUT, end, required=True, result="none", bucket="l", key="k") for end in ENDS]
    made += [seen(step.ENABLE, required=True, bucket="l")]
    made += [seen(step.VERSIONED, "a", required=True, bucket="l", result=None)]
    made += [seen(step.VERSIONED, end, required=True, bucket="l", result="v0") for end in ENDS]
    for end in ENDS:
        kept: Asked = {"bucket": "l", "key": f"{end}/kept"}
        gone: Asked = {"bucket": "l", "key": f"{end}/gone"}
        made += [
            seen(step.OVERWRITE, end, required=True, **kept),
            seen(step.DELETE, end, required=True, **gone),
            refusal(step.HEAD_DELETED, end, **gone),
            seen(step.LISTED, end, required=True, result=[f"{end}/kept"], deleted=f"{end}/gone", **kept),
        ]
        for at in (kept, gone):
            rows: list[JsonValue] = [["v1", True], [later.BEFORE, False]]
            made += [
                seen(step.VERSIONS, end, required=True, result=rows, newest="v1", **at),
                seen(step.GET, end, result="before", value="before", **at),
            ]
        made += [
            seen(step.REMOVE_MARKER, end, required=True, **gone),
            seen(step.GET_BACK, end, result="before", value="before", **gone),
        ]
    return made


def _access() -> list[Observation]:
    step, who = access.Step, access.Who
    made = [seen(step.PLANT, required=True, bucket="p", key="k")]
    for end in ENDS:
        for someone in (who.NOBODY, who.UNKNOWN, who.WRONG):
            made += [refusal(each, end, 403, who=someone, bucket="p", key="k") for each in access.EVERYTHING]
        made += [seen(each, end, who=who.READER, bucket="p", key="k") for each in access.READS]
        made += [
            refusal(each, end, 403, who=who.READER, bucket="p", key="k") for each in (step.PUT, step.DELETE)
        ]
        made += [seen(step.STILL, end, bucket="p", key="k"), refusal(step.INTRUDER, end, bucket="p", key="i")]
    return made


def _uploads() -> list[Observation]:
    step, made = uploads.Step, list[Observation]()
    for end in ENDS:
        at: Asked = {"bucket": "p", "key": "k", "damage": "Content-MD5"}
        made += [refusal(step.PUT, end, 400, client="wire", **at), refusal(step.HEAD, end, **at)]
    return made


def _rotation() -> list[Observation]:
    step = rotation.Step
    made = [seen(each, "every endpoint", "provider") for each in (step.ADD_FIRST, step.ADD_SECOND)]
    for end in ENDS:
        made += [refusal(step.FIRST, end, 403, at=2.0), seen(step.FIRST, end, at=2.2)]
        made += [seen(step.SECOND, end, at=2.4)]
    made += [seen(step.USE, end, "wire", at=3.0, status=200) for end in ENDS]
    made += [seen(step.RETIRE, "every endpoint", "provider", at=4.0)]
    for end in ENDS:
        made += [seen(step.RETIRED, end, at=5.0), refusal(step.RETIRED, end, 403, at=5.2)]
    return made


STEP_ACCESS, STEP_ROTATION = access.Step, rotation.Step
EMPTY: list[JsonValue] = []

CASES = (
    Case("P1.1", _buckets(), {"omitted": changed(buckets.Step.LIST, 3, result=["p"])}),
    Case(
        "P1.2",
        _heads(),
        {
            "found though absent": granted(buckets.Step.HEAD_ABSENT),
            "no answer": lost(buckets.Step.HEAD_ABSENT),
            "the wrong error": error(buckets.Step.HEAD_ABSENT, 1, 403),
        },
    ),
    Case(
        "P1.3",
        _cycles(),
        {
            "another body": changed(objects.Step.GET, result={"size": 7, "sha256": "cd" * 32}),
            "a cut body": changed(objects.Step.GET, 1, result={"size": 6, "sha256": "ab" * 32}),
            "another size": changed(objects.Step.HEAD, result=8),
            "not listed": changed(objects.Step.LIST, result=False),
            "HEAD still finds it": granted(objects.Step.HEAD_DELETED, 1, 7),
            "HEAD fails otherwise": error(objects.Step.HEAD_DELETED),
            "still listed": changed(objects.Step.LIST_DELETED, 1, result=True),
        },
    ),
    Case(
        "P1.9",
        _pages(),
        {
            "one missing": changed(listings.Step.FULL, 1, result=list(listings.NAMES[:-1])),
            "one too many": changed(listings.Step.FULL, result=[*listings.NAMES, "p1.9/x"]),
            "one twice": changed(
                listings.Step.SMALL, result=[listings.NAMES[0], *listings.NAMES[: listings.FEW]]
            ),
            "another order": changed(
                listings.Step.SMALL_V1, result=list(reversed(listings.NAMES[: listings.FEW]))
            ),
            "no versions": changed(listings.Step.SMALL_VERSIONS, 1, result=EMPTY),
            "a nested one missing": changed(listings.Step.NESTED, 1, result=list(NESTED[:-1])),
            "a nested one twice": changed(listings.Step.NESTED_V1, result=[NESTED[0], *NESTED]),
            "two latest": changed(
                listings.Step.LATEST, 1, result=[*LATEST, [f"{AGES_PREFIX}0", "older0", True]]
            ),
            "none is the latest": changed(listings.Step.LATEST, result=LATEST[1:]),
            "an older one is the latest": changed(
                listings.Step.LATEST, 1, result=[[f"{AGES_PREFIX}0", "older0", True], *LATEST[2:]]
            ),
        },
        proved={
            "nested ones in another order": changed(listings.Step.NESTED, result=list(reversed(NESTED))),
        },
        judge=pages,
    ),
    Case(
        "P1.10",
        _at_once(),
        {
            "an old body": changed(objects.Step.GET, 1, result="v0"),
            "a damaged body": changed(objects.Step.GET, 1, result="?7:abcdef"),
            "denied": error(objects.Step.GET, 3, 404),
            "no answer": lost(objects.Step.GET, 2),
            "an old HEAD": changed(objects.Step.HEAD, 2, result="v0"),
            "not listed": changed(objects.Step.LIST, 1, result=False),
            "still there": granted(objects.Step.GET_DELETED, 2, "v1"),
            "an error instead": error(objects.Step.GET_DELETED, 2),
        },
    ),
    Case(
        "P1.11",
        _turns(),
        {
            "created twice": granted(conditions.Turn.MEET, 1),
            "the wrong refusal": error(conditions.Turn.MEET, 0, 404),
            "no answer": lost(conditions.Turn.MEET),
        },
        judge=conditions.turns,
    ),
    Case(
        "P1.12",
        _conditions(),
        {
            "a stale ETag accepted": granted(conditions.Step.STALE, 1),
            "the wrong refusal": error(conditions.Step.STALE, 0, 404),
            "changed all the same": changed(conditions.Step.AFTER_STALE, 1, result="e3"),
            "gone after a refusal": error(conditions.Step.AFTER_STALE, 0, 404),
            "a missing key accepted": granted(conditions.Step.MISSING),
            "created all the same": granted(conditions.Step.AFTER_MISSING, 1, "e4"),
            "a deleted key accepted": granted(conditions.Step.DELETED),
            "revived all the same": granted(conditions.Step.AFTER_DELETED, 1, "e5"),
            "no answer": lost(conditions.Step.DELETED, 1),
        },
    ),
    Case(
        "P1.30",
        _completions(),
        {
            "overwritten": granted(completions.Step.MEET, 1),
            "the wrong refusal": error(completions.Step.MEET, 0, 409),
            "no answer": lost(completions.Step.MEET),
            "changed all the same": changed(completions.Step.AFTER_MEET, 1, result="second"),
            "a fresh key refused": error(completions.Step.CREATE, 0, 412),
            "another body": changed(completions.Step.AFTER_CREATE, 1, result="first"),
        },
        unknown={
            "not offered": error(completions.Step.MEET, 1, 501),
            "never offered": lambda recorded: [
                one.model_copy(update={"outcome": "error", "status": 501})
                if one.step in (completions.Step.MEET, completions.Step.CREATE)
                else one
                for one in recorded
                if one.step != completions.Step.AFTER_CREATE
            ],
        },
        proved={
            "refused within a 200": changed(
                completions.Step.MEET, status=500, error="HTTP 500 PreconditionFailed: no"
            ),
        },
    ),
    Case(
        "P1.15",
        _backups(),
        {
            "not written": lost(BACKED_UP.PUT),
            "no backup": error(BACKED_UP.BACKUP, 0, 1),
            "the backup never ends": lost(BACKED_UP.BACKUP),
            "too old": changed(BACKED_UP.BACKUP, completed=500.0),
            "not deleted": granted(BACKED_UP.LOST, 1, "k-b/backed up"),
            "no restore": error(BACKED_UP.RESTORE, 1, 1),
            "did not come back": error(BACKED_UP.GET_BACK, 1, 404),
            "another body": changed(BACKED_UP.GET_BACK, 0, result="k-a/older"),
            "no answer": lost(BACKED_UP.GET_BACK, 1),
            "more was restored": changed(BACKED_UP.GET_KEPT, 1, result="kept/backed up"),
        },
        declared=PLAIN,
    ),
    Case(
        "P1.15",
        [*_versions(), *_later()],
        {
            "no versions": changed(versions.Step.PUT, 1, result="a0"),
            "a version missing": changed(versions.Step.VERSIONS, 1, result=[["b0", False]]),
            "another body": changed(versions.Step.GET_VERSION, 2, result="v-a0"),
            "a delete removes": changed(versions.Step.VERSIONS_DELETED, result=[["marker", True]]),
            "not back": changed(versions.Step.GET_BACK, 1, result="first"),
            "not restored": changed(versions.Step.GET_RESTORED, result="last"),
            "a restore removes": changed(versions.Step.VERSIONS_RESTORED, 1, result=[["new", False]]),
            "still there": granted(later.Step.HEAD_DELETED, 1),
            "still listed": changed(later.Step.LISTED, 1, result=["b/kept", "b/gone"]),
            "nothing listed": changed(later.Step.LISTED, result=EMPTY),
            "two latest": changed(later.Step.VERSIONS, 1, result=[["v1", True], [later.BEFORE, True]]),
            "none kept": changed(later.Step.VERSIONS, 2, result=[["v1", True]]),
            "another newest": changed(later.Step.VERSIONS, result=[["v2", True], [later.BEFORE, False]]),
            "not kept": error(later.Step.GET, 1, 404),
            "another body from before": changed(later.Step.GET, 0, result="after"),
            "what was deleted is not back": error(later.Step.GET_BACK, 1, 404),
        },
        unknown={
            "no bucket": error(later.Step.MADE, 0, 403),
            "no versions yet": changed(later.Step.VERSIONED, 2, result=later.BEFORE),
        },
        proved={"no bucket may be made": lambda _: [*_versions(), seen(later.Step.MADE)]},
    ),
    Case(
        "P1.16",
        _access(),
        {
            "nobody is told a bucket": granted(STEP_ACCESS.LIST_BUCKETS, 0, 1),
            "a wrong key is told no bucket": granted(STEP_ACCESS.LIST_BUCKETS, 2, 0),
            "nobody lists": granted(STEP_ACCESS.LIST, 0),
            "nobody reads": granted(STEP_ACCESS.GET, 0, 1),
            "nobody writes": granted(STEP_ACCESS.PUT, 0),
            "nobody deletes": granted(STEP_ACCESS.DELETE, 4),
            "an unknown key is told that nothing is there": error(STEP_ACCESS.GET, 1, 404),
            "the server breaks": error(STEP_ACCESS.PUT, 1, 500),
            "no answer": lost(STEP_ACCESS.PUT, 2),
            "the reader writes": granted(STEP_ACCESS.PUT, 3),
            "the reader cannot read": error(STEP_ACCESS.GET, 3, 403),
            "deleted all the same": error(STEP_ACCESS.STILL, 1, 404),
            "written all the same": granted(STEP_ACCESS.INTRUDER, 1),
        },
        proved={
            "an empty list of buckets for nobody": granted(STEP_ACCESS.LIST_BUCKETS, 0, 0),
            "nothing is there for nobody": error(STEP_ACCESS.GET, 0, 404),
        },
        unknown={
            "the reader tried nothing": lambda recorded: [
                one for one in recorded if one.asked.get("who") != access.Who.READER
            ],
        },
    ),
    *(
        Case(
            id_,
            _uploads(),
            {
                "accepted": granted(uploads.Step.PUT, 1),
                "the server breaks": error(uploads.Step.PUT),
                "no answer": lost(uploads.Step.PUT),
                "left": granted(uploads.Step.HEAD, 1),
                "not told whether it left something": lost(uploads.Step.HEAD),
            },
        )
        for id_ in ("P1.17", "P1.29")
    ),
    Case(
        "P1.18",
        _rotation(),
        {
            "the first never works": error(STEP_ROTATION.FIRST, 1, 403),
            "the first works too late": changed(STEP_ROTATION.FIRST, 1, invoked=5.3),
            "the second never works": error(STEP_ROTATION.SECOND, 1, 403),
            "the retired one still works": granted(STEP_ROTATION.RETIRED, 3),
            "the retired one works too long": changed(STEP_ROTATION.RETIRED, 3, invoked=10.5),
            "the retired one is not answered": lost(STEP_ROTATION.RETIRED, 1),
            "an outage": lost(STEP_ROTATION.USE, 1),
            "refused meanwhile": error(STEP_ROTATION.USE, 0, 403),
        },
        unknown={
            "not offered after all": error(STEP_ROTATION.ADD_FIRST, 0),
            "not retired": error(STEP_ROTATION.RETIRE, 0),
            "one endpoint was not used": lambda recorded: [
                one for one in recorded if (one.step, one.endpoint) != (STEP_ROTATION.USE, "b")
            ],
            "nobody used it meanwhile": lambda recorded: [
                one for one in recorded if one.step != STEP_ROTATION.USE
            ],
        },
    ),
)
