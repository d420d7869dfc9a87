"""Private copies of a configuration, and `tofu` commands in them, each against one endpoint."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from readiness.paths import STACKS
from readiness.redact import Redactor
from readiness.tofu.run import Clock, Job, OnSpawn, Running, TofuRun, environment, make_home, words
from readiness.topology import Endpoint, Keys

DISPOSABLE = STACKS / "disposable"
LEFT_OUT = shutil.ignore_patterns(".terraform", ".git", "*.tfstate", "*.tfstate.*", "tfplan")
NO_RETRIES = 1  # the backend's max_retries counts attempts: 1 is a single try, 0 the SDK's default


@dataclass(frozen=True)
class StatePlace:
    """Where a state lies, and how S3 is spoken there."""

    bucket: str
    key: str
    region: str = "us-east-1"
    path_style: bool = True
    ca_bundle: str | None = None

    @property
    def lock_key(self) -> str:
        """The lock object (OpenTofu 1.10 and later, `use_lockfile`)."""
        return f"{self.key}.tflock"

    def at(self, key: str) -> StatePlace:
        return replace(self, key=key)

    def backend_config(self, endpoint: Endpoint, max_retries: int | None = None) -> tuple[str, ...]:
        """The `-backend-config` options that complete the committed settings. Nothing in them is secret."""
        settings = {
            "bucket": self.bucket,
            "key": self.key,
            "region": self.region,
            "use_path_style": str(self.path_style).lower(),
            "endpoints": f'{{s3="{endpoint.url}"}}',
        }
        if self.ca_bundle:
            settings["custom_ca_bundle"] = self.ca_bundle
        if max_retries is not None:
            settings["max_retries"] = str(max_retries)
        return tuple(f"-backend-config={name}={value}" for name, value in settings.items())


@dataclass
class Tools:
    """What every command of a run needs: the program, the credential, the clock, the supervisor's hook. `runs`
    records them all."""

    tofu: Path
    folder: Path
    keys: Keys
    clock: Clock
    on_spawn: OnSpawn = lambda pid: None
    limit: float = 60.0
    secrets: tuple[str, ...] = ()
    runs: list[TofuRun] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        self.home = make_home(self.folder / "home")
        self._lock = threading.Lock()

    def redactor(self, more: Iterable[str]) -> Redactor:
        return Redactor((self.keys.secret_key, self.keys.access_key, *self.secrets, *more))

    def record(self, run: TofuRun) -> TofuRun:
        with self._lock:
            if not any(run is known for known in self.runs):
                self.runs.append(run)
        return run


class TofuClient:
    """One initialised checkout: a private copy of a configuration with its own TF_DATA_DIR, bound to one endpoint.

    Several clients live side by side, each with its own endpoint, and need no -reconfigure. Each has a folder of
    its own also because tofu writes `errored.tfstate` into its working directory. Commands of one client must not
    overlap. `settings` are more options of its `init`; `environment` is added to that of its commands, and is secret.
    """

    def __init__(
        self,
        tools: Tools,
        name: str,
        endpoint: Endpoint,
        place: StatePlace,
        *,
        source: Path = DISPOSABLE,
        max_retries: int | None = None,
        sensitive: Mapping[str, str] | None = None,
        settings: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.tools = tools
        self.settings = tuple(settings)
        self.environment = dict(environment or {})
        self.name = name
        self.endpoint = endpoint
        self.place = place
        self.max_retries = max_retries
        self.folder = tools.folder / "clients" / name
        self.folder.mkdir(mode=0o700, parents=True)
        self.stack = self.copy(source)
        self.sensitive = dict(sensitive or {})
        # Also what tofu itself does not mask: terraform_data does not mark its output as sensitive (seen in destroy).
        self.redact = tools.redactor((*self.sensitive.values(), *self.environment.values()))

    def copy(self, source: Path) -> Path:
        """Make the private copy of the configuration; returns the working directory in it."""
        shutil.copytree(source, self.folder / "stack", ignore=LEFT_OUT)
        return self.folder / "stack"

    def extra(self) -> dict[str, str]:
        """What this client's environment holds besides the common part: credentials and sensitive variables."""
        extra = {
            "AWS_ACCESS_KEY_ID": self.tools.keys.access_key,
            "AWS_SECRET_ACCESS_KEY": self.tools.keys.secret_key,
        }
        if self.place.ca_bundle:
            extra["AWS_CA_BUNDLE"] = self.place.ca_bundle
        return extra | self.environment | {f"TF_VAR_{name}": value for name, value in self.sensitive.items()}

    @property
    def errored(self) -> Path:
        """Where tofu leaves a state that it could not write to the backend."""
        return self.stack / "errored.tfstate"

    def start(self, *arguments: str, secret_output: bool = False) -> Running:
        """Start a command; `finish` records it. Credentials and sensitive variables go by environment only."""
        job = Job(
            program=self.tools.tofu,
            arguments=arguments,
            folder=self.stack,
            environment=environment(self.tools.home, self.folder / "data", self.extra()),
            endpoint=self.endpoint.name,
            client=self.name,
            secret_output=secret_output,
        )
        return Running(job, self.redact, self.tools.clock, self.tools.on_spawn)

    def finish(self, running: Running, limit: float | None = None, grace: float = 2.0) -> TofuRun:
        return self.tools.record(running.wait(self.tools.limit if limit is None else limit, grace))

    def run(self, *arguments: str, limit: float | None = None, grace: float = 2.0) -> TofuRun:
        return self.finish(self.start(*arguments), limit, grace)

    def init_arguments(self, *, reconfigure: bool = False) -> tuple[str, ...]:
        """`init` from the committed settings and this client's endpoint, bucket and key."""
        settings = (f"-backend-config={path.name}" for path in sorted(self.stack.glob("*.s3.tfbackend")))
        options = ("-reconfigure",) if reconfigure else ()
        place = self.place.backend_config(self.endpoint, self.max_retries)
        return ("init", "-no-color", *options, *settings, *place, *self.settings)

    def init(self, *, reconfigure: bool = False, limit: float | None = None) -> TofuRun:
        return self.run(*self.init_arguments(reconfigure=reconfigure), limit=limit)

    def move_to(self, endpoint: Endpoint, *, limit: float | None = None) -> TofuRun:
        """`tofu init -reconfigure` to another endpoint, in this same checkout: what an operator does when an
        endpoint is gone."""
        self.endpoint = endpoint
        return self.init(reconfigure=True, limit=limit)

    def plan(
        self,
        variables: Mapping[str, object] | None = None,
        *,
        lock: bool = True,
        lock_timeout: float = 0,
        limit: float | None = None,
        grace: float = 2.0,
    ) -> TofuRun:
        """`tofu plan -detailed-exitcode`: 0 no changes, 2 changes, 1 an error."""
        options = ["plan", "-no-color", "-detailed-exitcode", *_locking(lock, lock_timeout)]
        return self.run(*words(options, variables or {}), limit=limit, grace=grace)

    def start_apply(
        self,
        variables: Mapping[str, object] | None = None,
        *,
        targets: Sequence[str] = (),
        lock_timeout: float = 0,
    ) -> Running:
        options = ["apply", "-no-color", "-auto-approve", *_locking(lock=True, timeout=lock_timeout)]
        return self.start(*words([*options, *(f"-target={target}" for target in targets)], variables or {}))

    def apply(
        self,
        variables: Mapping[str, object] | None = None,
        *,
        targets: Sequence[str] = (),
        lock_timeout: float = 0,
        limit: float | None = None,
    ) -> TofuRun:
        return self.finish(self.start_apply(variables, targets=targets, lock_timeout=lock_timeout), limit)

    def destroy(
        self, variables: Mapping[str, object] | None = None, *, limit: float | None = None
    ) -> TofuRun:
        return self.run(*words(["destroy", "-no-color", "-auto-approve"], variables or {}), limit=limit)

    def state_pull(self, *, limit: float | None = None) -> tuple[TofuRun, bytes]:
        """The record, and the state's bytes (empty where there is no state): a secret, which the record does not
        hold."""
        return self._secret("state", "pull", limit=limit)

    def output_json(self, *, limit: float | None = None) -> tuple[TofuRun, bytes]:
        return self._secret("output", "-no-color", "-json", limit=limit)

    def show_json(self, *, limit: float | None = None) -> tuple[TofuRun, bytes]:
        return self._secret("show", "-no-color", "-json", limit=limit)

    def state_push(self, path: Path, *, force: bool = False, limit: float | None = None) -> TofuRun:
        options = ["-force"] if force else []
        return self.run("state", "push", "-no-color", *options, str(path), limit=limit)

    def force_unlock(self, lock_id: str, *, limit: float | None = None) -> TofuRun:
        return self.run("force-unlock", "-no-color", "-force", lock_id, limit=limit)

    def _secret(self, *arguments: str, limit: float | None) -> tuple[TofuRun, bytes]:
        running = self.start(*arguments, secret_output=True)
        run = self.finish(running, limit)
        return run, running.output

    def private_file(self, name: str, body: bytes) -> Path:
        """A file of mode 0600 in this client's folder, for `state push`."""
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_bytes(body)
        return path


def _locking(lock: bool, timeout: float) -> tuple[str, ...]:
    return (f"-lock-timeout={timeout:g}s",) if lock else ("-lock=false",)
