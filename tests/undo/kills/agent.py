"""A command that is done where the store runs, asked for from anywhere: `python agent.py SOCKET ARGV...`.

As over ssh: once it is asked for it is done, whatever becomes of who asked.
"""

from __future__ import annotations

import json
import os
import socket
import sys

PASSED = ("READINESS_", "LAB_")


def ask(address: str, argv: list[str]) -> int:
    """Prints what the command prints; its exit code, or 255 if nobody did it."""
    env = {name: value for name, value in os.environ.items() if name.startswith(PASSED)}
    with socket.socket(socket.AF_UNIX) as agent:
        agent.connect(address)
        agent.sendall(json.dumps({"argv": argv, "env": env}).encode() + b"\n")
        answer = agent.makefile("rb").readline()
    if not answer:
        return 255
    done = json.loads(answer)
    sys.stdout.write(done["out"])
    sys.stderr.write(done["err"])
    return int(done["code"])


if __name__ == "__main__":
    sys.exit(ask(sys.argv[1], sys.argv[2:]))
