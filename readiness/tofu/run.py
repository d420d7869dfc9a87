"""One run of `tofu`: started with an environment built from nothing, bounded in time, and recorded without
secrets."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import TypeAlias

from readiness.redact import Redactor

Clock: TypeAlias = Callable[[], float]
OnSpawn: TypeAlias = Callable[[int], None]

KEPT = 20_000  # characters of each stream that a record keeps
AFTER_THE_REASON = ("Lock Info:", "OpenTofu acquires a state lock", "Error: ")
"""Lines that tofu prints after the reason of an error."""


@dataclass(frozen=True)
class TofuRun:
    """One command and its output.

    `started` and `ended` are seconds since the run's epoch (the injected clock); `wall` is the Unix time of the
    start, for comparison with the times in lock objects. `code` is None if the time limit cut the command off: it
    may then have had any effect, or none. `stdout` is replaced by its size where it is a secret as a whole (a
    state, outputs).
    """

    argv: tuple[str, ...]
    endpoint: str
    code: int | None
    started: float
    ended: float
    wall: float
    stdout: str
    stderr: str
    pid: int
    client: str = ""

    @property
    def seconds(self) -> float:
        return self.ended - self.started

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def command(self) -> str:
        """The subcommand, for messages."""
        return " ".join(word for word in self.argv[1:3] if not word.startswith("-")) or "tofu"

    def why(self) -> str:
        """One line that says how it ended: the first error that tofu printed, or the time it was given."""
        if self.code is None:
            return f"no answer within {self.seconds:.1f} s"
        lines = [line.strip() for line in self.stderr.splitlines() if line.strip()]
        first = next((at for at, line in enumerate(lines) if line.startswith("Error: ")), None)
        if first is None:
            return f"exit code {self.code}"
        message = lines[first].removeprefix("Error: ")
        if len(message) < 60:
            more = takewhile(lambda line: not line.startswith(AFTER_THE_REASON), lines[first + 1 : first + 6])
            message = ": ".join(filter(None, [message, " ".join(more)]))
        return f"exit code {self.code}: {message[:300]}"

    def as_json(self) -> dict[str, object]:
        """For evidence: everything, already without secrets."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class Job:
    """What to run, and where. `secret_output`: stdout as a whole must not be recorded."""

    program: Path
    arguments: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    endpoint: str
    client: str = ""
    secret_output: bool = False
    streams: Path | None = None  # where the streams' files lie while it runs; by default in its folder


class Running:
    """A command under way, in a process group (and session) of its own whose id is `pid`.

    No PR_SET_PDEATHSIG: it would need code between fork and exec, which deadlocks in a process with threads, and
    it fires when the starting *thread* ends. The supervisor gets the pid instead (`on_spawn`), and must end the
    group: a `local-exec` is in it too.
    """

    def __init__(self, job: Job, redact: Redactor, clock: Clock, on_spawn: OnSpawn) -> None:
        self._job = job
        self._redact = redact
        self._clock = clock
        self._run: TofuRun | None = None
        self._ended: float | None = None
        streams = (job.streams or job.folder) / f".{time.monotonic_ns()}"
        self._out = _private(streams.with_suffix(".out"))
        self._err = _private(streams.with_suffix(".err"))
        self._wall = time.time()
        self._started = clock()
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._process = subprocess.Popen(
                [str(job.program), *job.arguments],
                cwd=job.folder,
                env=dict(job.environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        on_spawn(self._process.pid)
        self.output = b""

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def started(self) -> float:
        return self._started

    @property
    def alive(self) -> bool:
        """Whether it still runs; the first look that finds it ended is when it ended."""
        if self._process.poll() is None:
            return True
        self._ended = self._ended or self._clock()
        return False

    def wait(self, limit: float, grace: float = 2.0) -> TofuRun:
        """The record, once the command has ended; after `limit` seconds it is interrupted, after `grace` more
        killed."""
        if self._run:
            return self._run
        try:
            code: int | None = self._process.wait(max(limit, 0.01))
        except subprocess.TimeoutExpired:
            code = None
            self._end(grace)
        except BaseException:
            self._end(0)
            raise
        return self._record(code)

    def kill(self) -> TofuRun:
        """SIGKILL to the whole group, as for a client that dies; the record's code is then -9."""
        self._signal(signal.SIGKILL)
        return self._record(self._process.wait())

    def _end(self, grace: float) -> None:
        # Two interrupts make tofu leave at once; what it waits for (an answer of the store) may never come.
        for attempt in (1, 2):
            self._signal(signal.SIGINT)
            try:
                self._process.wait(grace / 2 if grace else 0.01)
                break
            except subprocess.TimeoutExpired:
                if attempt == 2:
                    self._signal(signal.SIGKILL)
                    self._process.wait()
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return

    def _record(self, code: int | None) -> TofuRun:
        if self._run:
            return self._run
        ended = self._ended or self._clock()
        self.output = self._out.read_bytes()
        errors = self._err.read_text(encoding="utf-8", errors="replace")
        self._out.unlink()
        self._err.unlink()
        if self._job.secret_output:
            stdout = f"[{len(self.output)} bytes, not recorded]"
        else:
            stdout = _shorten(self._redact.clean(self.output.decode("utf-8", errors="replace")))
        self._run = TofuRun(
            argv=tuple(self._redact.clean(word) for word in ("tofu", *self._job.arguments)),
            endpoint=self._job.endpoint,
            code=code,
            started=self._started,
            ended=ended,
            wall=self._wall,
            stdout=stdout,
            stderr=_shorten(self._redact.clean(errors)),
            pid=self._process.pid,
            client=self._job.client,
        )
        return self._run


def environment(home: Path, data: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of a tofu process: nothing is inherited, no TF_, no AWS_, no proxy, no configuration
    of the operator.

    Go's HTTP client honours HTTP_PROXY, the AWS SDK reads ~/.aws and asks the instance metadata service, tofu
    reads ~/.tofurc and checks for updates: all of these are shut off here.
    """
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "TF_CLI_CONFIG_FILE": str(home / "tofurc"),
        "TF_PLUGIN_CACHE_DIR": str(home / "plugins"),
        "TF_DATA_DIR": str(data),
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(home / "no-aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "no-aws-credentials"),
        **extra,
    }


def make_home(home: Path) -> Path:
    """The private HOME of the run's tofu processes, with an empty CLI configuration."""
    for folder in (home, home / "tmp", home / "plugins"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (home / "tofurc").touch(mode=0o600)
    return home


def words(options: Sequence[str], variables: Mapping[str, object]) -> tuple[str, ...]:
    """Options, and one `-var` for each variable: strings as they are, everything else as JSON (which is an HCL
    expression)."""
    given = (
        f"-var={name}={value if isinstance(value, str) else json.dumps(value)}"
        for name, value in variables.items()
    )
    return (*options, *given)


def _private(path: Path) -> Path:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    return path


def _shorten(text: str) -> str:
    if len(text) <= KEPT:
        return text
    half = KEPT // 2
    return f"{text[:half]}\n[… {len(text) - KEPT} characters left out …]\n{text[-half:]}"
