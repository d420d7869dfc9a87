"""The options by which a store is named that no candidate file declares: its endpoints and a credential."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable
from pathlib import Path

from readiness.candidate.by_endpoint import Known, by_endpoint
from readiness.candidate.load import Loaded
from readiness.errors import UsageError
from readiness.s3.removal import PREFIX


def add_store_options(add: Callable[..., object]) -> None:
    """Registers the options of a store without a candidate file with `add`, an `add_argument` of argparse."""
    add(
        "--endpoint",
        action="append",
        default=[],
        metavar="URL",
        help="an endpoint of the store; name each that clients can reach (env:NAME and profile:NAME are references)",
    )
    add(
        "--profile",
        metavar="P",
        help="profile of the shared AWS configuration with the credential (default: AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, else AWS_PROFILE)",
    )
    add("--region", metavar="R", help="region of the signatures (default: the environment's, the profile's)")
    add("--ca-bundle", type=Path, metavar="FILE", help="certificates of an authority of your own, in PEM")
    add(
        "--addressing",
        choices=["path", "virtual"],
        default="path",
        help="where the bucket's name goes: into the path (default) or the host's name",
    )


def add_bucket_option(add: Callable[..., object]) -> None:
    """Registers `--bucket` with `add`, an `add_argument` of argparse."""
    add(
        "--bucket",
        metavar="NAME",
        help="an empty bucket in which all scratch is, below a prefix: for a credential that may make no buckets",
    )


def loaded_of(given: argparse.Namespace, *, versioning: bool = True) -> Loaded:
    """The store of these options as a candidate. Raises UsageError."""
    if given.bucket and given.bucket.startswith(PREFIX):
        raise UsageError(
            f"--bucket {given.bucket} is called as scratch of runs is ({PREFIX}…): name another one"
        )
    return by_endpoint(
        Known(
            tuple(given.endpoint),
            given.profile,
            given.region,
            given.ca_bundle,
            given.addressing,
            versioning,
            given.bucket,
        )
    )


def named(given: argparse.Namespace) -> str:
    """These options, as they are typed into a shell."""
    words = [word for url in given.endpoint for word in ("--endpoint", url)]
    for name in ("profile", "region", "ca_bundle", "bucket"):
        if (value := getattr(given, name)) is not None:
            words += [f"--{name.replace('_', '-')}", str(value)]
    words += ["--addressing", given.addressing] if given.addressing != "path" else []
    return shlex.join(words)
