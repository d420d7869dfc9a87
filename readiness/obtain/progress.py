"""Long steps that show how long they have been at it, and whose output appears only if they fail."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from readiness.errors import UsageError

EVERY_TERMINAL = 1.0
EVERY_LOG = 15.0
TAIL_LINES = 20


def announce(text: str) -> None:
    """Print a line for the person who waits, on standard error; standard output stays free for results."""
    print(f"readiness: {text}", file=sys.stderr, flush=True)


def elapsed(seconds: float) -> str:
    """Seconds as a person says them: 7s, 2m10s."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"


def run_long(command: Sequence[str], label: str, *, cwd: Path, env: Mapping[str, str], advice: str) -> None:
    """Run a command to its end, with a line of progress; if it fails, raise UsageError: advice, then the end of its
    output.

    The command and its children end with this call, however it is left.
    """
    terminal = sys.stderr.isatty()
    every = EVERY_TERMINAL if terminal else EVERY_LOG
    started = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            if not terminal:
                announce(label)
            while not _ended(process, every):
                _show(f"{label} … {elapsed(time.monotonic() - started)}", terminal)
        finally:
            _end(process)
            if terminal:
                _show(f"{label} … {elapsed(time.monotonic() - started)}", terminal)
                print(file=sys.stderr, flush=True)
        if process.returncode:
            output.seek(0)
            tail = output.read().decode(errors="replace").splitlines()[-TAIL_LINES:]
            raise UsageError("\n  ".join([f"{label}: failed. {advice}", *tail]))
    if not terminal:
        announce(f"{label} … done in {elapsed(time.monotonic() - started)}")


def _show(text: str, terminal: bool) -> None:
    if terminal:
        print(f"\rreadiness: {text}", end="", file=sys.stderr, flush=True)
    else:
        announce(text)


def _ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    return process.returncode is not None


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
