"""Asks Ceph's monitors, run by the Python that belongs to Ceph: `ask_monitors.py CONF SECONDS`.

The standard input is a list of commands in JSON, the output a list of what each was answered, as text.
"""

import json
import sys

import rados  # type: ignore[import-not-found]  # of Ceph's own Python; nothing of this project can be imported there


def main(conf: str, seconds: int) -> int:
    """0, or 1 once a command is refused."""
    cluster = rados.Rados(conffile=conf, name="client.admin", conf={"client_mount_timeout": str(seconds)})
    cluster.connect(timeout=seconds)
    answers = []
    try:
        for command in json.load(sys.stdin):
            given = command.pop("input", "").encode()
            asked = json.dumps({"format": "json", **command})
            code, output, said = cluster.mon_command(asked, given, timeout=seconds)
            if code:
                sys.stderr.write(f"{command['prefix']}: {said} ({code})\n")
                return 1
            answers.append(output.decode())
    finally:
        cluster.shutdown()
    json.dump(answers, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
