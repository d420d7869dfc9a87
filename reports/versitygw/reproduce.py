"""The lock that can be taken once: `.venv/bin/python -m reports.versitygw.reproduce` prints what versitygw answers."""

import os
import subprocess
import tempfile
import time
from pathlib import Path

import boto3
from botocore.exceptions import ClientError, EndpointConnectionError

from readiness.obtain import versitygw

ADDRESS, KEY, BUCKET, LOCK = "127.0.0.1:7070", "administrator", "state", "default.tflock"


def main() -> None:
    """Four calls on a versioned bucket; the last is refused with 412, where S3 answers 200."""
    with tempfile.TemporaryDirectory() as folder:
        data, versions = Path(folder, "data"), Path(folder, "versions")
        data.mkdir()
        versions.mkdir()
        served = [str(versitygw()), "--port", ADDRESS, "posix", "--versioning-dir", str(versions), str(data)]
        keys = {"ROOT_ACCESS_KEY": KEY, "ROOT_SECRET_KEY": KEY}
        with subprocess.Popen(
            served, env=os.environ | keys, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as gateway:
            try:
                show()
            finally:
                gateway.terminate()


def show() -> None:
    """Takes the lock, frees it, and takes it again."""
    s3 = boto3.client(
        "s3",
        endpoint_url=f"http://{ADDRESS}",
        region_name="us-east-1",
        aws_access_key_id=KEY,
        aws_secret_access_key=KEY,
    )
    for _ in range(50):
        try:
            s3.create_bucket(Bucket=BUCKET)
            break
        except EndpointConnectionError:
            time.sleep(0.1)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=BUCKET, Key=LOCK, IfNoneMatch="*")
    print("taken")
    s3.delete_object(Bucket=BUCKET, Key=LOCK)
    print("freed")
    try:
        s3.put_object(Bucket=BUCKET, Key=LOCK, IfNoneMatch="*")
        print("taken again")
    except ClientError as refused:
        print("not taken again:", refused)


if __name__ == "__main__":
    main()
