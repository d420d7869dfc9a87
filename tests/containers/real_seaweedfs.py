"""A store that nobody of this project wrote, in a container; needs an engine and its image: `tox -e containers`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from readiness.candidate.load import load
from readiness.topology import Unsupported
from tests.containers.real import client, started
from tests.support.eventually import eventually


def written(s3: Any) -> bool:
    """Whether the object is acknowledged."""
    try:
        s3.put_object(Bucket="scratch", Key="before", Body=b"kept")
    except (BotoCoreError, ClientError):
        return False
    return True


def test_seaweedfs_keeps_its_objects_in_its_volume(tmp_path: Path) -> None:
    with started(tmp_path, load("containers-singleton")) as provider:
        (endpoint,) = provider.topology.all_endpoints()
        s3 = client(endpoint.url, provider.keys("admin"))
        s3.create_bucket(Bucket="scratch")
        eventually(lambda: written(s3))  # its first volumes may take longer than one try
        assert "SeaweedFS_master_pick_for_write_error" in provider.metrics("weed-bumble", "/metrics")
        assert provider.kill("weed-bumble").fired
        provider.start_instance("weed-bumble")
        eventually(provider.whole, 120)
        assert s3.get_object(Bucket="scratch", Key="before")["Body"].read() == b"kept"
        assert provider.unplug("bumble").fired
        provider.plug("bumble")
        eventually(provider.whole, 120)
        proof = provider.drain("bumble")
        assert proof.fired, proof
        wiped = provider.wipe("bumble")
        assert wiped.fired, wiped
        with pytest.raises(Unsupported, match="declares no repair command of node bumble"):
            provider.repair("bumble")
        provider.restore("bumble")
        eventually(provider.whole, 120)
        with pytest.raises(ClientError, match="NoSuchBucket"):
            s3.get_object(Bucket="scratch", Key="before")
