"""Which scratch buckets a run makes: a third one only where the contract or the state bucket asks for it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from readiness.errors import Unjudged
from readiness.evidence.folder import Evidence
from readiness.load.context import Buckets
from readiness.plugin.scratch_buckets import ScratchBuckets
from readiness.redact import Redactor

STATE, GIVEN = "tofu-state", "given"


class Client:
    """Buckets with their versioning; whatever is written is taken."""

    meta = SimpleNamespace(region_name="us-east-1")

    def __init__(self, state: str | int | None) -> None:
        self.versioning: dict[str, str] = {}
        self.asked_of_state: list[str] = []
        self._state = state

    def _exists(self, bucket: str, name: str) -> None:
        known = (
            bucket in self.versioning
            or bucket.startswith(GIVEN)
            or (bucket == STATE and self._state is not None)
        )
        status = self._state if bucket == STATE and isinstance(self._state, int) else None if known else 404
        if status:
            raise ClientError({"Error": {}, "ResponseMetadata": {"HTTPStatusCode": status}}, name)  # type: ignore[typeddict-item]

    def __getattr__(self, name: str) -> Any:
        def call(*, Bucket: str, **more: Any) -> dict[str, Any]:  # noqa: N803 - as boto3 calls it
            if Bucket == STATE:
                self.asked_of_state.append(name)
            if name == "create_bucket":
                self.versioning[Bucket] = ""
            elif name == "put_bucket_versioning":
                self.versioning[Bucket] += more["VersioningConfiguration"]["Status"]
            else:
                self._exists(Bucket, name)
            return {"Status": self._state} if name == "get_bucket_versioning" and self._state else {}

        return call


def made(
    tmp_path: Path,
    client: Client,
    *,
    versioning: bool = False,
    suspended: bool = False,
    bucket: str | None = None,
) -> Buckets:
    evidence = Evidence(tmp_path / "run", Redactor())
    durability = SimpleNamespace(versioning=versioning, versioning_suspended=suspended)
    subject: Any = SimpleNamespace(
        evidence=evidence,
        front="front",
        client=lambda _endpoint, *_seconds: client,
        contract=SimpleNamespace(durability=durability),
        candidate=SimpleNamespace(boundary=SimpleNamespace(state_bucket=STATE)),
        loaded=SimpleNamespace(bucket=bucket),
        topology=SimpleNamespace(all_endpoints=lambda: ["front"]),
    )
    run: Any = SimpleNamespace(id="20260101-abc123")

    def said(text: str) -> None:
        raise Unjudged(text)

    try:
        return ScratchBuckets(run, subject, lambda: False, said).create()
    finally:
        evidence.close()


@pytest.mark.parametrize("state", [None, "", "Enabled", 403])
def test_without_a_suspended_state_bucket_there_are_two(tmp_path: Path, state: str | int | None) -> None:
    client = Client(state)
    buckets = made(tmp_path, client, versioning=True)
    assert buckets.suspended is None
    assert buckets.every() == (buckets.plain, buckets.versioned)
    assert list(client.versioning.values()) == ["", "Enabled"]


@pytest.mark.parametrize("versioning", [True, False])
def test_a_suspended_state_bucket_asks_for_a_third(tmp_path: Path, versioning: bool) -> None:
    client = Client("Suspended")
    buckets = made(tmp_path, client, versioning=versioning)
    assert buckets.suspended is not None
    assert client.versioning[buckets.suspended] == "EnabledSuspended"
    assert [buckets.turn(number) for number in range(4)] == [*buckets.every(), buckets.plain]
    assert client.asked_of_state == ["head_bucket", "get_bucket_versioning"]


def test_so_does_the_contract_and_the_state_bucket_is_not_asked(tmp_path: Path) -> None:
    client = Client(403)
    buckets = made(tmp_path, client, suspended=True)
    assert buckets.suspended is not None
    assert buckets.suspended.endswith("-suspended")
    assert client.asked_of_state == []


def test_in_a_bucket_of_the_operators_there_is_none(tmp_path: Path) -> None:
    client = Client("Suspended")
    buckets = made(tmp_path, client, suspended=True, bucket=GIVEN)
    assert buckets.suspended is None
    assert client.versioning == {}
