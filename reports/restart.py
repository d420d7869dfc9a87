"""Objects that are written while one process restarts: `.venv/bin/python -m reports.restart CANDIDATE [INSTANCE]`.

The shortest form of what P1.4 and P1.13 found in several stores. New objects are put into a versioned bucket through
every endpoint, and asked for through all of them once they are acknowledged, while INSTANCE (the last of the
candidate's, unless named) is restarted gracefully; a minute later each is read through every endpoint.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from readiness.command_line import Parser
from readiness.providers.base import Provider
from reports.started import BUCKET, reproduce, writing

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

WRITERS, BEFORE, AFTER, SETTLE = 4, 5, 20, 60


def main(arguments: list[str]) -> int:
    """Prints what was acknowledged, what was denied meanwhile, and what is gone. Exit code 1 if anything was."""
    parser = Parser(prog="python -m reports.restart", description=__doc__)
    parser.add_argument("candidate")
    parser.add_argument("instance", nargs="?")
    options = parser.parse_args(arguments)
    return reproduce(options.candidate, lambda provider, clients: show(provider, clients, options.instance))


def show(provider: Provider, clients: dict[str, S3Client], instance: str | None) -> int:
    """Restarts it once under writes."""
    restarted = instance or provider.topology.instances[-1].name
    acknowledged, denied = dict[str, float](), Counter[str]()

    def done(_through: str, key: str) -> None:
        acknowledged[key] = time.monotonic()
        denied.update(name for name in clients if says(clients[name], key) == "404")

    with writing(clients, WRITERS, done):
        time.sleep(BEFORE)
        began = time.monotonic()
        provider.restart(restarted)
        time.sleep(AFTER)
    time.sleep(SETTLE)
    answers_by_key = {key: [says(each, key) for each in clients.values()] for key in acknowledged}
    lost = [
        f"  {key}, acknowledged {acknowledged[key] - began:.1f} s after the restart began: {', '.join(answers)}"
        for key, answers in answers_by_key.items()
        if set(answers) != {"200"}
    ]
    print(f"{restarted} restarted; {len(acknowledged)} objects acknowledged")
    print(f"404 for acknowledged objects meanwhile: {dict(denied) or 'none'}")
    print(f"a minute later, not there through {', '.join(clients)}: {len(lost)}")
    print(*lost, sep="\n")
    return 1 if denied or lost else 0


def says(s3: S3Client, key: str) -> str:
    """The status of a HEAD, or the kind of silence."""
    try:
        return str(s3.head_object(Bucket=BUCKET, Key=key)["ResponseMetadata"]["HTTPStatusCode"])
    except ClientError as error:
        return str(error.response["ResponseMetadata"]["HTTPStatusCode"])
    except BotoCoreError as error:
        return type(error).__name__


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
