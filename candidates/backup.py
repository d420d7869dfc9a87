"""A backup of one bucket in files, for candidates without versions: `backup.py backup`, `backup.py restore`.

An example of `backup_command` and `restore_command`; docs/declare-a-candidate.md says what they are given. Needs boto3.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import quote

import boto3
from botocore.config import Config


def main(verb: str) -> None:
    """Copies every object into a file of its own, or the object READINESS_KEY back from its file."""
    bucket, folder = os.environ["READINESS_BUCKET"], Path(os.environ["READINESS_BACKUP"])
    client = boto3.client(
        "s3",
        endpoint_url=os.environ["READINESS_ENDPOINT"],
        config=Config(s3={"addressing_style": os.environ.get("READINESS_ADDRESSING", "path")}),
    )
    if verb == "restore":
        key = os.environ["READINESS_KEY"]
        client.put_object(Bucket=bucket, Key=key, Body=_file(folder, key).read_bytes())
        return
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for row in page.get("Contents", []):
            body = client.get_object(Bucket=bucket, Key=row["Key"])["Body"].read()
            new = folder / ".new"
            new.write_bytes(body)
            new.replace(_file(folder, row["Key"]))


def _file(folder: Path, key: str) -> Path:
    return folder / quote(key, safe="")


if __name__ == "__main__":
    main(sys.argv[1])
