"""Runs the default check on a release, and reads what it said from the run's own verdict file."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from readiness.finding import State
from readiness.paths import ROOT
from readiness.providers.supervisor.network import free_ports
from readiness.topology import Keys
from tests.battery.runner import Judged
from tests.known_bugs.bug import Release
from tests.known_bugs.programs import installed
from tests.known_bugs.results import HOLDS, Outcome
from tests.known_bugs.stores import HOST, SPANS, STORES, Place

LIMIT, START_SECONDS, END_SECONDS = 900.0, 90.0, 30.0
_TAIL = 3000


def check(release: Release, suite: str, *, seed: int = 1) -> Outcome:
    """Starts one process of the release, asks it for everything that `check` asks for, and ends it. `suite`: the
    revision that asks.

    Raises UsageError where it cannot be had, RuntimeError where it does not start or the check left no verdict.
    """
    store = STORES[release.store]
    program = installed(release)
    with tempfile.TemporaryDirectory(prefix="known-bug-") as folder:
        (data := Path(folder) / "data").mkdir()
        (port,) = free_ports((HOST,), 1, SPANS)
        place = Place(release.version, program, data, port, store.keys())
        runs = Path(folder) / "runs"
        options = ["--require", "s3", "--seed", str(seed), "--runs", str(runs)]
        options += [] if store.versions else ["--plain"]
        with _running(release, place, Path(folder) / "log"):
            output = _checked(f"http://{HOST}:{port}", place.keys, options)
        verdicts = list(runs.glob("*/verdict.json"))
        if len(verdicts) != 1:
            raise RuntimeError(f"{release.name}: the check left no verdict: {output[-_TAIL:]}")
        rows = json.loads(verdicts[0].read_text("utf-8"))["criteria"]
    judged = {row["id"]: Judged(State(row["state"]), row["reason"]) for row in rows}
    return Outcome(release.name, suite, {id_: one for id_, one in judged.items() if _was_asked(one)})


def _was_asked(one: Judged) -> bool:
    return one.state is not State.NOT_RUN or one.reason.startswith(HOLDS)


def _checked(url: str, keys: Keys, options: list[str]) -> str:
    """The output of `check`. Raises RuntimeError where it does not end."""
    own = {"AWS_ACCESS_KEY_ID": keys.access_key, "AWS_SECRET_ACCESS_KEY": keys.secret_key, "COLUMNS": "200"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [sys.executable, "-m", "readiness", "check", "--endpoint", url, *options]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=kept | own,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            return process.communicate(timeout=LIMIT)[0]
        except subprocess.TimeoutExpired:
            process.terminate()
            output, _ = process.communicate()
            raise RuntimeError(f"the check did not end in {LIMIT:g} s: {output[-_TAIL:]}") from None


@contextlib.contextmanager
def _running(release: Release, place: Place, log: Path) -> Iterator[None]:
    """The store answers; it and its children are ended when this is left. Raises RuntimeError."""
    command = STORES[release.store].command(place)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command.argv,
            cwd=place.data,
            env=dict(command.env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            if not _answers(process, place.port):
                said = log.read_text("utf-8", errors="replace")[-_TAIL:]
                raise RuntimeError(f"{release.name} does not answer on port {place.port}: {said}")
            yield
        finally:
            _end(process)
            for path in STORES[release.store].litter(place):
                path.unlink(missing_ok=True)


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Whether it answers twice in a row, a second apart, and with no error of its own."""
    deadline, times = time.monotonic() + START_SECONDS, 0
    while times < 2 and time.monotonic() < deadline and process.poll() is None:
        times = times + 1 if _status(port) < 500 else 0
        time.sleep(1)
    return times == 2


def _status(port: int) -> int:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 599
    finally:
        connection.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    for number, seconds in ((signal.SIGTERM, END_SECONDS), (signal.SIGKILL, END_SECONDS)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
