"""What the container engine says of a compose project, asked with `docker` and never changed.

Of environment variables only the names are asked for, so that no secret is read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from readiness.declare.asking import Refused, ask
from readiness.errors import UsageError

PROJECT, SERVICE = "com.docker.compose.project", "com.docker.compose.service"
HERE = "127.0.0.1"
_ANY = ("", "0.0.0.0", "::")  # noqa: S104 - nothing listens here
_FIELDS: Mapping[str, str] = {
    "name": "{{json .Name}}",
    "image": "{{json .Config.Image}}",
    "labels": "{{json .Config.Labels}}",
    "entrypoint": "{{json .Config.Entrypoint}}",
    "command": "{{json .Config.Cmd}}",
    "exposed": "{{json .Config.ExposedPorts}}",
    "healthcheck": "{{json .Config.Healthcheck}}",
    "stop_seconds": "{{json .Config.StopTimeout}}",
    "published": "{{json .NetworkSettings.Ports}}",
    "networks": "{{json .NetworkSettings.Networks}}",
    "mounts": "{{json .Mounts}}",
    "restart": "{{json .HostConfig.RestartPolicy.Name}}",
    "status": "{{json .State.Status}}",
    "variables": '"{{range .Config.Env}}{{index (split . "=") 0}} {{end}}"',
}
FORMAT = "{" + ",".join(f'"{name}":{value}' for name, value in _FIELDS.items()) + "}"
"""What is asked of each container: one line of JSON, without the values of its environment."""


@dataclass(frozen=True)
class Container:
    """One container. `exposed`: its TCP ports; `published`: of these, host and port on the engine's machine;
    `fixed`: its addresses that the project's file fixes; `mounts`: source and destination; `words`: what it runs.
    """

    name: str
    service: str
    image: str
    words: Sequence[str] = ()
    exposed: Sequence[int] = ()
    published: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    fixed: Sequence[str] = ()
    networks: Sequence[str] = ()
    mounts: Sequence[tuple[str, str, str]] = ()
    health: str = ""
    stop_seconds: float = 10.0
    restart: str = "no"
    running: bool = True
    variables: Sequence[str] = ()


@dataclass(frozen=True)
class Project:
    """One compose project on one machine. `host`: where its published ports are reached."""

    name: str
    machine: str
    host: str
    containers: Sequence[Container]


def survey(wanted: str | None) -> Project:
    """The project of that name, or the only one. Raises UsageError."""
    try:
        ids = ask(["docker", "ps", "--all", "--quiet", "--no-trunc", "--filter", f"label={PROJECT}"]).split()
        lines = ask(["docker", "inspect", "--format", FORMAT, *ids]).splitlines() if ids else []
        machine = ask(["docker", "info", "--format", "{{.Name}}"]).strip()
    except Refused as error:
        raise UsageError(f"docker cannot be asked: {error}") from None
    host = host_of(_engine())
    raws = [raw for line in lines if line.strip() and isinstance(raw := json.loads(line), dict)]
    there = sorted({str((raw.get("labels") or {}).get(PROJECT)) for raw in raws})
    if not there:
        raise UsageError(
            f"no container bears the label {PROJECT}: no compose project is there (its containers must exist; "
            "DOCKER_HOST or `docker context use` says which engine is asked)"
        )
    if wanted is not None and wanted not in there:
        raise UsageError(f"there is no compose project {wanted}; there is {', '.join(there)}")
    if wanted is None and len(there) > 1:
        raise UsageError(f"there are the compose projects {', '.join(there)}: name one with --project")
    name = wanted or there[0]
    found = [container_of(raw, host) for raw in raws if (raw.get("labels") or {}).get(PROJECT) == name]
    return Project(name, machine, host, sorted(found, key=lambda each: each.name))


def _engine() -> str:
    """The address of the engine that `docker` asks; that of the environment where docker has no contexts."""
    try:
        return ask(["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]).strip()
    except Refused:
        return os.environ.get("DOCKER_HOST", "")


def host_of(engine: str) -> str:
    """Where the published ports of that engine's machine are reached."""
    parts = urlsplit(engine)
    return HERE if parts.scheme in ("", "unix", "npipe", "fd") else parts.hostname or HERE


def container_of(raw: Mapping[str, Any], host: str) -> Container:
    """The container, as `FORMAT` shows it."""
    networks: Mapping[str, Any] = raw.get("networks") or {}
    fixed = [
        str(config["IPv4Address"])
        for each in networks.values()
        if (config := (each or {}).get("IPAMConfig") or {}).get("IPv4Address")
    ]
    return Container(
        name=str(raw["name"]).lstrip("/"),
        service=str((raw.get("labels") or {}).get(SERVICE, "")),
        image=str(raw.get("image", "")),
        words=[*map(str, raw.get("entrypoint") or ()), *map(str, raw.get("command") or ())],
        exposed=sorted(_tcp(raw.get("exposed") or {}) | _tcp(raw.get("published") or {})),
        published=_published(raw.get("published") or {}, host),
        fixed=fixed,
        networks=sorted(networks),
        mounts=[_mount(each) for each in raw.get("mounts") or ()],
        health=" ".join(map(str, (raw.get("healthcheck") or {}).get("Test") or ())),
        stop_seconds=float(raw.get("stop_seconds") or 10),
        restart=str(raw.get("restart") or "no"),
        running=raw.get("status") in ("running", "paused"),
        variables=str(raw.get("variables") or "").split(),
    )


def _tcp(ports: Mapping[str, Any]) -> set[int]:
    return {int(name.split("/")[0]) for name in ports if name.endswith("/tcp")}


def _published(ports: Mapping[str, Any], host: str) -> dict[int, tuple[str, int]]:
    """The first binding of each port; one to all addresses is reached at `host`."""
    found = {}
    for name, bindings in ports.items():
        if name.endswith("/tcp") and bindings:
            at = str(bindings[0].get("HostIp") or "")
            found[int(name.split("/")[0])] = (host if at in _ANY else at, int(bindings[0]["HostPort"]))
    return found


def _mount(raw: Mapping[str, Any]) -> tuple[str, str, str]:
    """Kind with its name, source on the machine, and destination in the container."""
    named = f" {raw['Name']}" if raw.get("Name") else ""
    return f"{raw.get('Type', 'mount')}{named}", str(raw.get("Source", "")), str(raw.get("Destination", ""))
