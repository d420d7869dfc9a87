"""A candidate file proposed from a compose project. Pure: from what the engine said to TOML.

The project runs already, and the provider `containers` drives only what it has started itself: the file is for
`commands`, whose verbs are those of `docker`. All containers of a project are on one machine, which is the one node.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from readiness.declare.compose_survey import HERE, Container, Project
from readiness.declare.known_stores import STORES, KnownStore, image_name, the_store
from readiness.declare.writing import (
    ENVIRONMENT,
    NO_RULE,
    Heading,
    Promised,
    command,
    contract,
    heading,
    ready_at,
    shell,
    taken_over,
    text,
    volumes,
)
from readiness.errors import UsageError

MOST_STOP_SECONDS = 800
"""A command may take 900 s."""
BALANCERS = ("nginx", "haproxy", "traefik", "caddy", "envoy")
_KEYS = re.compile(r"(ROOT_USER|ROOT_PASSWORD|ACCESS_KEY(_ID)?|SECRET_KEY|SECRET_ACCESS_KEY)$")
_URL = re.compile(r"https?://[^\s'\"|;)]+")
_WEED = ("master", "volume", "filer", "s3", "server", "mini")


def proposal(project: Project, wanted: str | None = None) -> str:
    """The file as text. Raises UsageError if the project runs no known store, or several and none is `wanted`."""
    store = _store(project, wanted)
    running = [each for each in project.containers if each.running]
    instances = [each for each in running if store_of(each) is store]
    serving = [each for each in instances if speaks_s3(store, each)]
    if not serving:
        names = ", ".join(each.name for each in instances)
        raise UsageError(f"compose project {project.name}: none of {names} ({store.title}) speaks S3")
    service = _balancer(running)
    lines = [
        *heading(_said(store, project, serving)),
        *_left_out(project, instances, service),
        *(line for each in serving for line in _endpoint(store, project, each)),
        *_service(project, service, s3_port(store, serving[0])),
        *(line for each in instances for line in _instance(store, project, each)),
        *_node(project, instances),
        *_commands(instances),
        *volumes(_volumes(project, instances)),
        *contract(_promised(store, serving, service)),
    ]
    return "\n".join(lines) + "\n"


def store_of(container: Container) -> KnownStore | None:
    """The store of its image; None if it is not a known one."""
    name = image_name(container.image)
    return next((store for store in STORES if name in store.images), None)


def role_of(store: KnownStore, container: Container) -> str:
    """What it does within the store: of SeaweedFS by its command, of Ceph by its service, else `store`."""
    if store.name == "seaweedfs":
        return next((word for word in container.words if word in _WEED), "store")
    if store.roles:
        return next((role for role in store.roles if role in container.service.lower()), "store")
    return "store"


def speaks_s3(store: KnownStore, container: Container) -> bool:
    """Whether it answers S3 requests."""
    role = role_of(store, container)
    if store.name == "seaweedfs":
        return role in ("s3", "mini") or "-s3" in container.words or "-s3=true" in container.words
    return not store.s3_roles or role in store.s3_roles


def s3_port(store: KnownStore, container: Container) -> int:
    """The port inside of the container: the usual one, or the only one that it exposes."""
    if store.port in container.exposed or len(container.exposed) != 1:
        return store.port
    return container.exposed[0]


def _store(project: Project, wanted: str | None) -> KnownStore:
    running = [each for each in project.containers if each.running]
    there = dict.fromkeys(store.name for each in running if (store := store_of(each)))
    return the_store(
        there, {each.image for each in running}, wanted, f"compose project {project.name}", "runs"
    )


def _said(store: KnownStore, project: Project, serving: Sequence[Container]) -> Heading:
    return Heading(
        read=f"the compose project {project.name} on {project.machine}",
        name=f"{project.name}-{store.name}",
        candidate_class="singleton",
        why=f"all containers are on {project.machine}: its loss takes all, so it is no final authority (P0.7)",
        summary=f"{store.title} in the compose project {project.name}, {len(serving)} of its containers speak S3.",
    )


def _left_out(project: Project, instances: Sequence[Container], service: Container | None) -> Iterator[str]:
    """What else is in the project, so that nobody has to wonder."""
    yield f"# recognised by its images: {', '.join(sorted({each.image for each in instances}))}"
    for each in project.containers:
        if not each.running:
            yield f"# left out: container {each.name} ({each.image}) does not run"
        elif each not in instances and each is not service:
            yield f"# left out: container {each.name} ({each.image}) is another program"
    yield ""


def _url(store: KnownStore, project: Project, container: Container) -> tuple[str, str]:
    """Where it is reached, and where that is said."""
    port, scheme = s3_port(store, container), _scheme(container)
    if at := container.published.get(port):
        return f"{scheme}://{_host(at[0])}:{at[1]}", f"its port {port} is published there"
    if container.fixed and project.host == HERE:
        return f"{scheme}://{container.fixed[0]}:{port}", "its address, which the project's file fixes"
    return (
        f"{scheme}://{container.name}:{port}",
        "TO BE CORRECTED: not published, and its address changes when it is made anew: publish it, or fix ipv4_address",
    )


def _host(name: str) -> str:
    return f"[{name}]" if ":" in name else name


def _endpoint(store: KnownStore, project: Project, container: Container) -> Iterator[str]:
    url, why = _url(store, project, container)
    yield "[[endpoints]]"
    yield f"name = {text(container.name)}  # service {container.service}, networks {', '.join(container.networks)}"
    yield f"url = {text(url)}  # {why}"
    yield f"node = {text(project.machine)}"
    yield f"instance = {text(container.name)}"
    yield ""


def _balancer(running: Sequence[Container]) -> Container | None:
    return next((each for each in running if image_name(each.image) in BALANCERS and each.published), None)


def _service(project: Project, container: Container | None, wanted: int) -> Iterator[str]:
    if container is None:
        yield f"# no container of {', '.join(BALANCERS)} publishes a port: there is no service endpoint to declare"
        yield ""
        return
    inside = wanted if wanted in container.published else min(container.published)
    at = container.published[inside]
    scheme = "https" if inside == 443 else "http"
    others = [str(port) for _, port in container.published.values() if port != at[1]]
    also = f"; it publishes {', '.join(others)} as well" if others else ""
    yield "[[endpoints]]  # without node and instance: the service endpoint"
    yield 'name = "service"'
    yield (
        f"url = {text(f'{scheme}://{_host(at[0])}:{at[1]}')}  # a guess: container {container.name} "
        f"({image_name(container.image)}) leads to the store{also}"
    )
    yield ""


def _instance(store: KnownStore, project: Project, container: Container) -> Iterator[str]:
    name, grace = container.name, min(MOST_STOP_SECONDS, round(container.stop_seconds))
    yield "[[instances]]"
    yield f"name = {text(name)}"
    yield f"node = {text(project.machine)}"
    yield f"kind = {text(role_of(store, container))}"
    yield f"stop = {command('docker', 'stop', name, seconds=grace + 20)}  # its stop timeout is {grace} s"
    yield f"start = {command('docker', 'start', name)}"
    yield f"restart = {command('docker', 'restart', name, seconds=grace + 40)}"
    yield (
        f"kill = {command('docker', 'kill', name)}  # the engine leaves a killed container dead, also with "
        f'restart = "{container.restart}"'
    )
    yield f"pause = {command('docker', 'pause', name)}"
    paused = f"docker inspect --format '{{{{.State.Paused}}}}' {name}"
    yield f"unpause = {shell(f'docker unpause {name} || test $({paused}) = false')}"
    identity = "{{if .State.Running}}{{.State.Pid}} {{.State.StartedAt}}{{end}}"
    yield f"identity = {command('docker', 'inspect', '--format', identity, name)}"
    if not speaks_s3(store, container):
        yield "# it answers no S3 endpoint, and the engine alone says whether it runs: better ask the instance itself"
        status = f"docker inspect --format '{{{{.State.Status}}}}' {name}"
        yield f"probe = {shell(f'test $({status}) = running')}"
    elif project.host == HERE and container.fixed and s3_port(store, container) not in container.published:
        pid = f"docker inspect --format '{{{{.State.Pid}}}}' {name}"
        yield f"connections = {shell(f'nsenter --target $({pid}) --net ss -Htanp')}  # as root; S.1, S.2, S.5"
    else:
        yield "# no connections: those inside of the container are not to the published port (S.1, S.2, S.5)"
    yield ""


def _node(project: Project, instances: Sequence[Container]) -> Iterator[str]:
    sources = [source for each in instances for _, source, _ in _data(each) if source.startswith("/")]
    yield "# Draining the node stops every instance. No command cuts its network or power, or empties its disks: what"
    yield "# needs that is NOT RUN until you declare it (candidates/TEMPLATE.toml)."
    yield "[[nodes]]"
    yield f"name = {text(project.machine)}  # the engine's machine"
    if sources and project.host == HERE:
        line = f"du --summarize --block-size=1 --total -- {shlex.join(sources)} | tail -n 1 | cut -f1"
        yield f"bytes = {shell(line)}  # as root; S.2"
    yield ""


def _commands(instances: Sequence[Container]) -> Iterator[str]:
    yield "[commands.versions]"
    for each in instances:
        argv = ("docker", "inspect", "--format", "{{.Config.Image}} {{.Image}}", each.name)
        yield f"{text(each.name)} = {command(*argv)}"
    yield ""
    yield "[commands.capture]"
    for each in instances:
        yield f"{text(f'log-{each.name}')} = {command('docker', 'logs', '--tail', '50', each.name)}"
    yield ""


def _volumes(project: Project, instances: Sequence[Container]) -> list[tuple[str, str, str]]:
    return [
        (project.machine, f"docker {kind}", f"{each.name} has it at {destination}")
        for each in instances
        for kind, _, destination in _data(each)
    ]


def _data(container: Container) -> list[tuple[str, str, str]]:
    """Its mounts but for configuration."""
    return [each for each in container.mounts if not each[2].startswith(("/etc", "/run", "/var/run"))]


def _promised(store: KnownStore, serving: Sequence[Container], service: Container | None) -> Promised:
    first, grace = serving[0], max(each.stop_seconds for each in serving)
    keys = [name for name in first.variables if _KEYS.search(name)]
    whose = (
        f"with the values of {' and '.join(keys)} of its containers"
        if keys
        else "with its administrative keys"
    )
    behind = f" behind {service.name}" if service else ""
    return Promised(
        shape=f"{len(serving)} containers of {store.title}{behind}; path-style addressing",
        outages=taken_over(grace, f"the stop timeout ({grace:g} s)"),
        readiness=(_readiness(store, first),),
        admin=ENVIRONMENT,
        admin_why=f"export these two, {whose}",
        repair=store.repair,
    )


def _readiness(store: KnownStore, container: Container) -> str:
    found = urlsplit(match[0]) if (match := _URL.search(container.health)) else None
    if found and found.port == s3_port(store, container) and found.path not in ("", "/"):
        return ready_at(found.path, "its health check asks there")
    if not store.ready:
        return NO_RULE
    return ready_at(store.ready, f"usual for {store.title}: no health check asks its S3 port")


def _scheme(container: Container) -> str:
    found = _URL.search(container.health)
    return "https" if found and found[0].startswith("https:") else "http"
