"""What `clean` takes for its own: never a bucket that neither a tag nor a run's list names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from readiness.s3.removal import PREFIX
from readiness.undo.leftovers import find


class Store:
    """Buckets with the value of the run's tag; None: no tag; "refused": the store has no tags."""

    def __init__(self, **buckets: str | None) -> None:
        self._buckets = {name.replace("_", "-"): tag for name, tag in buckets.items()}

    def list_buckets(self) -> Any:
        return {"Buckets": [{"Name": name, "CreationDate": "2026-01-01"} for name in self._buckets]}

    def get_bucket_tagging(self, Bucket: str) -> Any:  # noqa: N803 - boto3's name
        tag = self._buckets[Bucket]
        if tag is None:
            return {"TagSet": [{"Key": "owner", "Value": "somebody"}]}
        if tag == "refused":
            raise ClientError(
                {"Error": {"Code": "NotImplemented"}, "ResponseMetadata": {"HTTPStatusCode": 501}},  # type: ignore[typeddict-item]
                "GetBucketTagging",
            )
        return {"TagSet": [{"Key": "tofu-state-ha-readiness", "Value": tag}]}


def test_only_what_a_tag_or_a_list_names_is_a_run_s(tmp_path: Path) -> None:
    store: Any = Store(
        tofu_ha_scratch_abc_plain="abc",
        tofu_ha_scratch_def_plain="refused",
        tofu_ha_scratch_of_someone=None,
        tofu_state="abc",
    )
    folder = tmp_path / "20260101T000000Z-lab-abcdef"
    folder.mkdir()
    listed = [f"{PREFIX}def-plain", "tofu-state", f"{PREFIX}gone"]
    (folder / "scratch.jsonl").write_text(
        "".join(json.dumps({"bucket": name}) + "\n" for name in listed) + '{"buck'
    )
    found = find(store, tmp_path)
    assert [(each.name, each.why) for each in found.ours] == [
        (f"{PREFIX}abc-plain", "tagged by run abc"),
        (f"{PREFIX}def-plain", f"listed by run {folder.name}"),
    ]
    assert found.others == (f"{PREFIX}of-someone",)
