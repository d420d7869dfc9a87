"""The container engine: found as Docker's own tools find it, and its images as they are pinned.

testcontainers' client is used for that: it knows DOCKER_HOST, `docker context use` and ~/.testcontainers.properties, so
Docker and Podman's socket alike. Its reaper is not used: it is an image of its own, and what a run made is removed by
readiness/providers/containers/remove.py.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from readiness.candidate.declared_containers import HOW_TO_PIN, OF_ENVIRONMENT, REFERENCE
from readiness.errors import UsageError

CALL_SECONDS = 60
LABEL = "io.tofu-state-ha-readiness.run"
"""On everything that a run makes, with the run's id."""

_HOW = (
    "start Docker, or Podman's socket (podman system service --time=0 unix:///run/podman/podman.sock), and name it in "
    "DOCKER_HOST; `tox -e containers` starts a Docker of its own where one is installed"
)
_ENVIRONMENT = ("HOME", "PATH", "XDG_RUNTIME_DIR", "SSH_AUTH_SOCK")


class ContainerEngine:
    """A connection to the engine. `client` is the Docker SDK's, which has no types; thread-safe as we use it."""

    def __init__(self) -> None:
        """Raises UsageError where no engine answers."""
        from testcontainers.core.docker_client import DockerClient, get_docker_host

        self.host = get_docker_host() or "unix:///var/run/docker.sock"
        _must_listen(self.host)
        try:
            self.maker = DockerClient(timeout=CALL_SECONDS)
            self.client: Any = self.maker.client
            version = self.client.version()
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody answers as an engine would
            raise UsageError(f"no container engine answers at {self.host} ({error}): {_HOW}") from None
        names = [part.get("Name", "") for part in version.get("Components") or ()]
        self.name = "podman" if any("podman" in name.lower() for name in names) else "docker"
        self.version = str(version.get("Version", "unknown"))
        self.architecture = str(version.get("Arch", "amd64"))

    def close(self) -> None:
        self.client.close()

    def environment(self) -> dict[str, str]:
        """What another process needs to find the same engine."""
        kept = {k: v for k, v in os.environ.items() if k in _ENVIRONMENT or k.startswith("DOCKER_")}
        return kept | {"DOCKER_HOST": self.host}

    def image(self, where: str, declared: str, progress: Callable[[str], None]) -> tuple[str, str]:
        """The pinned reference and the id of the image that it names; pulled where it can be. Raises UsageError."""
        reference = resolve_image(where, declared)
        match = REFERENCE.fullmatch(reference)
        assert match is not None
        name, tag, digest = match["name"], match["tag"], match["digest"]
        local = self._find(digest)
        if local is not None and _is_tagged(local, name, tag):
            return reference, str(local.id)
        found = self._find(f"{name}@{digest}")
        if found is None:
            progress(f"pulling {reference}")
            try:
                reason = str(self.client.api.pull(name, tag=digest))[-300:].strip()
            except Exception as error:  # noqa: BLE001 - of the SDK, of the engine, of the registry: all one to the operator
                reason = str(error)
            found = self._find(f"{name}@{digest}")
        if found is None:
            held = self._find(f"{name}:{tag}")
            here = f"{name}:{tag} is there, with id {held.id}" if held else f"there is no {name}:{tag} either"
            raise UsageError(
                f"{where}: the engine has no {reference} ({here}), and it cannot be pulled ({reason}); correct the "
                f"reference, or load the image: {HOW_TO_PIN}"
            )
        return reference, str(found.id)

    def _find(self, name: str) -> Any:
        import docker  # type: ignore[import-untyped]

        with contextlib.suppress(docker.errors.ImageNotFound):
            return self.client.images.get(name)
        return None


def resolve_image(where: str, declared: str) -> str:
    """The reference, also where it is "env:NAME". Raises UsageError."""
    if not declared.startswith(OF_ENVIRONMENT):
        return declared
    variable = declared.removeprefix(OF_ENVIRONMENT)
    value = os.environ.get(variable, "").strip()
    if not value:
        raise UsageError(
            f"{where}: the environment variable {variable} is not set; export a reference to the image: {HOW_TO_PIN} "
            "(`python -m readiness.obtain image` prints that of the control)"
        )
    if not REFERENCE.fullmatch(value):
        raise UsageError(
            f'{where}: {variable} holds "{value}", which is not pinned by tag and digest: {HOW_TO_PIN}'
        )
    return value


def _is_tagged(image: Any, name: str, tag: str) -> bool:
    """Whether it bears that name; an engine may show a longer one (docker.io/library/…, localhost/…)."""
    return any(shown == f"{name}:{tag}" or shown.endswith(f"/{name}:{tag}") for shown in image.tags)


def _must_listen(host: str) -> None:
    """Raises UsageError where nobody listens; the SDK would leave an open socket behind."""
    parts = urlsplit(host)
    if parts.scheme not in ("unix", "http+unix"):
        return
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as plain:
        plain.settimeout(5)
        try:
            plain.connect(f"{parts.netloc}{parts.path}")
        except OSError as error:
            raise UsageError(
                f"no container engine answers at {host} ({error.strerror or error}): {_HOW}"
            ) from None
