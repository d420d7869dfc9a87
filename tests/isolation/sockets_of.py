"""What `ss -Htanp` would list of the process whose id is in a file: `… PID_FILE`."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil


def main(pid_file: str) -> None:
    """Print one socket a line."""
    for each in psutil.Process(int(Path(pid_file).read_text())).net_connections("tcp"):
        peer = ":".join(map(str, each.raddr)) or "0.0.0.0:*"
        print(f"{each.status} 0 0 {each.laddr.ip}:{each.laddr.port} {peer}")


if __name__ == "__main__":
    main(*sys.argv[1:])
