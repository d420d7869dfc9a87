"""A create and an overwrite of one key at the same time: `.venv/bin/python -m reports.overlap CANDIDATE [KEYS]`.

The shortest form of what P1.13 found in MinIO without any fault. Both are sent at once, in a versioned bucket, through
two endpoints. Where both are acknowledged the create (`If-None-Match: *`) came first, since it found nothing: what is
there afterwards has to be the overwrite.
"""

from __future__ import annotations

import itertools
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from readiness.command_line import Parser
from reports.started import BUCKET, acknowledged, reproduce

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEYS, AT_ONCE = 2000, 4
CREATE, OVERWRITE = b"create", b"overwrite"


def main(arguments: list[str]) -> int:
    """Prints how many overwrites were acknowledged and are not there. Exit code 1 if any."""
    parser = Parser(prog="python -m reports.overlap", description=__doc__)
    parser.add_argument("candidate")
    parser.add_argument("keys", nargs="?", type=int, default=KEYS)
    options = parser.parse_args(arguments)
    return reproduce(options.candidate, lambda _provider, clients: show(clients, options.keys))


def show(clients: dict[str, S3Client], keys: int) -> int:
    """Sends both for so many keys, some keys at a time."""
    pairs = list(itertools.permutations(clients.values(), 2))

    def one_key(number: int) -> bytes | None:
        first, second = pairs[number % len(pairs)]
        key = f"overlap/{number}"
        with ThreadPoolExecutor(2) as both:
            created = both.submit(acknowledged, first.put_object, key, CREATE, IfNoneMatch="*")
            overwritten = both.submit(acknowledged, second.put_object, key, OVERWRITE)
        if not (created.result() and overwritten.result()):
            return None
        return first.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(one_key, range(keys)))
    both_done = [body for body in found if body is not None]
    lost = both_done.count(CREATE)
    print(f"{keys} keys; both were acknowledged for {len(both_done)} of them")
    print(f"the create is there, and the overwrite is lost, for {lost}")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
