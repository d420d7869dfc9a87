"""Where a rehearsed state comes from: a real backend of the stack's own kind that is not the stack's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from readiness.judges.stacks.workspaces import DEFAULT
from readiness.stacks.http_backend import HttpBackend
from readiness.stacks.workspaces import in_workspace
from readiness.tofu.objects import Objects
from readiness.tofu.workspace import StatePlace
from readiness.topology import Endpoint, Keys

PROFILE = "readiness-source"


class Source(Protocol):
    """A backend that holds states by key, in one workspace. Every key that is written is the rehearsal's own."""

    @property
    def kind(self) -> str: ...
    def of(self, workspace: str) -> Source:
        """The same backend, whose keys are those of that workspace. Raises ValueError if it has no workspaces."""
        ...

    def options(self, key: str) -> tuple[str, ...]:
        """The `-backend-config` options of `init`. Nothing in them is secret."""
        ...

    def environment(self, home: Path) -> Mapping[str, str]:
        """What tofu's environment needs to reach it, beside the candidate's credentials."""
        ...

    def hosts(self) -> tuple[str, ...]:
        """Its hosts that are not loopback: an address of the machine's own, in a network namespace for example."""
        ...

    def secrets(self) -> tuple[str, ...]: ...
    def locked(self, key: str) -> bool:
        """Whether somebody holds the lock of this state."""
        ...

    def stored(self, key: str) -> bytes | None:
        """The state as it is stored, encrypted where it is; None where there is none."""
        ...

    def version(self, key: str) -> str | None:
        """The id of the state object's current version, None where the backend keeps none."""
        ...

    def place(self, key: str, body: bytes) -> None:
        """Store these bytes as the disposable state, as they are: `state push` would give an absent state a new
        lineage."""
        ...

    def lose(self, key: str) -> None:
        """Remove the disposable state."""
        ...

    def restore(self, key: str, version: str) -> None: ...


class HttpSource:
    """The suite's own server for `backend "http"`."""

    kind = "http"

    def __init__(self, backend: HttpBackend) -> None:
        self._backend = backend

    def of(self, workspace: str) -> HttpSource:
        if workspace != DEFAULT:
            raise ValueError(f"an http backend has no workspace {workspace}")
        return self

    def options(self, key: str) -> tuple[str, ...]:
        settings = {**self._backend.settings(key), "retry_max": "0"}
        return tuple(f"-backend-config={name}={value}" for name, value in settings.items())

    def environment(self, home: Path) -> Mapping[str, str]:
        return {"TF_HTTP_PASSWORD": self._backend.password}

    def hosts(self) -> tuple[str, ...]:
        return ()

    def secrets(self) -> tuple[str, ...]:
        return (self._backend.password,)

    def locked(self, key: str) -> bool:
        return self._path(key) in self._backend.locks

    def version(self, key: str) -> str | None:
        return None

    def place(self, key: str, body: bytes) -> None:
        self._backend.states[self._path(key)] = body

    def lose(self, key: str) -> None:
        self._backend.states.pop(self._path(key), None)

    def stored(self, key: str) -> bytes | None:
        return self._backend.states.get(self._path(key))

    def restore(self, key: str, version: str) -> None:
        raise NotImplementedError("an http backend has no versions")

    def _path(self, key: str) -> str:
        return self._backend.address(key).removeprefix(self._backend.url)


class LocalSource:
    """Files in a private folder, for `backend "local"`."""

    kind = "local"

    def __init__(self, folder: Path, workspace: str = DEFAULT) -> None:
        self._folder, self._workspace = folder, workspace
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def of(self, workspace: str) -> LocalSource:
        return self if workspace == self._workspace else LocalSource(self._folder, workspace)

    def options(self, key: str) -> tuple[str, ...]:
        return (
            f"-backend-config=path={self._folder / key}",
            f"-backend-config=workspace_dir={self._workspaces(key)}",
        )

    def environment(self, home: Path) -> Mapping[str, str]:
        return {}

    def hosts(self) -> tuple[str, ...]:
        return ()

    def secrets(self) -> tuple[str, ...]:
        return ()

    def locked(self, key: str) -> bool:
        """OpenTofu 1.12, internal/states/statemgr/filesystem.go: the lock's information lies beside the state."""
        path = self._path(key)
        return path.with_name(f".{path.name}.lock.info").exists()

    def stored(self, key: str) -> bytes | None:
        path = self._path(key)
        return path.read_bytes() if path.is_file() else None

    def version(self, key: str) -> str | None:
        return None

    def place(self, key: str, body: bytes) -> None:
        path = self._path(key)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(body)

    def lose(self, key: str) -> None:
        path = self._path(key)
        for one in (path, path.with_name(f"{path.name}.backup")):
            one.unlink(missing_ok=True)

    def restore(self, key: str, version: str) -> None:
        raise NotImplementedError("a file has no versions")

    def _path(self, key: str) -> Path:
        """OpenTofu 1.12, internal/backend/local/backend.go, StatePaths."""
        if self._workspace == DEFAULT:
            return self._folder / key
        return self._workspaces(key) / self._workspace / "terraform.tfstate"

    def _workspaces(self, key: str) -> Path:
        return self._folder / f"{key}.d"


class S3Source:
    """A bucket of an S3 store that is not the candidate, such as the singleton that holds the states now.

    Source and candidate have different credentials, and one tofu process talks to both while it migrates. The
    candidate's are in AWS_ACCESS_KEY_ID; the source's come from a profile whose `credential_process` prints them
    from the environment, so that no file holds one.
    """

    kind = "s3"

    def __init__(self, endpoint: Endpoint, keys: Keys, place: StatePlace, workspace: str = DEFAULT) -> None:
        self._endpoint = endpoint
        self._keys = keys
        self._place = place
        self._workspace = workspace
        self._objects = Objects(
            endpoint,
            keys,
            place.bucket,
            region=place.region,
            path_style=place.path_style,
            ca_bundle=place.ca_bundle,
        )

    def of(self, workspace: str) -> S3Source:
        if workspace == self._workspace:
            return self
        return S3Source(self._endpoint, self._keys, self._place, workspace)

    def options(self, key: str) -> tuple[str, ...]:
        skipped = (
            "credentials_validation",
            "metadata_api_check",
            "region_validation",
            "requesting_account_id",
        )
        return (
            *self._named(key).backend_config(self._endpoint),
            "-backend-config=use_lockfile=true",
            f"-backend-config=profile={PROFILE}",
            *(f"-backend-config=skip_{check}=true" for check in skipped),
        )

    def environment(self, home: Path) -> Mapping[str, str]:
        script = home / "source-credentials"
        script.write_text(
            "#!/bin/sh\n"
            'printf \'{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"%s"}\' '
            '"$READINESS_SOURCE_KEY" "$READINESS_SOURCE_SECRET"\n',
            encoding="utf-8",
        )
        script.chmod(0o700)
        config = home / "aws-config"
        config.write_text(f"[profile {PROFILE}]\ncredential_process = {script}\n", encoding="utf-8")
        return {
            "AWS_CONFIG_FILE": str(config),
            "READINESS_SOURCE_KEY": self._keys.access_key,
            "READINESS_SOURCE_SECRET": self._keys.secret_key,
        }

    def hosts(self) -> tuple[str, ...]:
        return (urlsplit(self._endpoint.url).hostname or "",)

    def secrets(self) -> tuple[str, ...]:
        return self._keys.access_key, self._keys.secret_key

    def locked(self, key: str) -> bool:
        return self._objects.exists(self._at(key).lock_key)

    def version(self, key: str) -> str | None:
        versions = self._objects.versions(self._at(key).key)
        return next((version.id for version in versions if version.latest and not version.marker), None)

    def stored(self, key: str) -> bytes | None:
        return self._objects.get(self._at(key).key)

    def place(self, key: str, body: bytes) -> None:
        self._objects.put(self._at(key).key, body)

    def lose(self, key: str) -> None:
        self._objects.delete(self._at(key).key)

    def restore(self, key: str, version: str) -> None:
        self._objects.restore(self._at(key).key, version)

    def _named(self, key: str) -> StatePlace:
        return self._place.at(f"{key}/terraform.tfstate")

    def _at(self, key: str) -> StatePlace:
        return in_workspace(self._named(key), self._workspace)
