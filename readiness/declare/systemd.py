"""A candidate file proposed from a unit of systemd on several hosts. Pure: from what they said to TOML.

The verbs are those of the example candidates/examples/bare-metal.toml.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from readiness.checkers.words import count
from readiness.declare.known_stores import STORES, KnownStore
from readiness.declare.systemd_survey import Host, Surveyed, seconds
from readiness.declare.writing import (
    ENVIRONMENT,
    NO_RULE,
    Heading,
    Promised,
    command,
    contract,
    heading,
    ready_at,
    taken_over,
    text,
    volumes,
)
from readiness.errors import UsageError

_STOP_SECONDS = 90.0
"""What systemd allows a stop by default."""
_ADDRESS = re.compile(r"(?:^|=)[^\s=/]*:(\d{2,5})$")
_VERSION = {"weed": "version", "ha-control": "version"}


def proposal(found: Surveyed, wanted: str | None = None) -> str:
    """The file as text. Raises UsageError if the unit runs no known store, or another than `wanted`."""
    store = _store(found, wanted)
    ports = {host.name: _port(store, host) for host in found.hosts}
    lines = [
        *heading(_said(store, found)),
        f"# recognised by the program of its main process: {', '.join(sorted({h.words[0] for h in found.hosts}))}",
        "# The account needs systemctl, ss, journalctl and du by sudo, without a password; and ssh without a prompt.",
        "",
        *(line for host in found.hosts for line in _endpoint(host, *ports[host.name])),
        "# No virtual address is known: [[endpoints]] without node and instance is the service endpoint.",
        "",
        *(line for host in found.hosts for line in _instance(store, found.unit, host)),
        *_nodes(found.hosts),
        *_commands(store, found),
        *volumes(_volumes(found.hosts)),
        *contract(_promised(store, found)),
    ]
    return "\n".join(lines) + "\n"


def _store(found: Surveyed, wanted: str | None) -> KnownStore:
    by_program = {store.program: store for store in STORES if store.program}
    programs = {host.name: _program(host) for host in found.hosts}
    known = {name: by_program.get(program) for name, program in programs.items()}
    for name, store in known.items():
        if store is None:
            raise UsageError(
                f"{name}: the unit {found.unit} runs {programs[name] or 'nothing'}, which is none of "
                f"{', '.join(by_program)}"
            )
        if wanted is not None and store.name != wanted:
            raise UsageError(f"{name}: the unit {found.unit} runs {store.name}, not {wanted}")
    stores = {store.name: store for store in known.values() if store is not None}
    if len(stores) > 1:
        raise UsageError(
            f"the unit {found.unit} runs {' and '.join(sorted(stores))}: name hosts of one store"
        )
    return next(iter(stores.values()))


def _program(host: Host) -> str:
    return host.words[0].rsplit("/", 1)[-1] if host.words else ""


def _said(store: KnownStore, found: Surveyed) -> Heading:
    number = len(found.hosts)
    several = number > 1
    return Heading(
        read=f"the unit {found.unit} of {', '.join(host.name for host in found.hosts)}",
        name=f"{found.unit.removesuffix('.service')}-on-{found.hosts[0].address}",
        candidate_class=store.candidate_class if several else "singleton",
        why=f"{number} hosts speak S3" if several else "one host speaks S3: no final authority (P0.7)",
        summary=f"{store.title} under systemd on {number} host{'s' if several else ''}.",
    )


def _port(store: KnownStore, host: Host) -> tuple[int, str]:
    """Where it speaks S3, and where that is said."""
    named = [int(match[1]) for word in host.words[1:] if (match := _ADDRESS.search(word))]
    s3_port = next((word.split("=", 1)[1] for word in host.words if re.match(r"-s3\.port=\d+$", word)), "")
    if s3_port:
        return int(s3_port), "its process is given -s3.port"
    own = host.own_ports or host.ports
    whose = "its process listens there" if host.own_ports else "something listens there: ss shows no programs"
    if store.port in own:
        return store.port, f"{whose}, and it is what {store.title} takes by default"
    if of_argument := next((port for port in named if port in own), None):
        return of_argument, f"an argument of its process names it, and {whose}"
    if len(host.own_ports) == 1:
        return host.own_ports[0], whose
    return (
        store.port,
        f"a guess: what {store.title} takes by default; listening there: {', '.join(map(str, own))}",
    )


def _scheme(host: Host) -> tuple[str, str]:
    if any(word.startswith("https://") for word in host.words):
        return "https", "https, as the addresses of its peers"
    return "http", "http: nothing says https"


def _endpoint(host: Host, port: int, why: str) -> Iterator[str]:
    scheme, which = _scheme(host)
    yield "[[endpoints]]"
    yield f"name = {text(host.address)}"
    yield f"url = {text(f'{scheme}://{host.address}:{port}')}  # {why}; {which}; the host as ssh takes it"
    yield f"node = {text(host.address)}"
    yield f"instance = {text(f'store-{host.address}')}"
    yield ""


def _ssh(host: Host, line: str) -> str:
    return command("ssh", host.name, line)


def _instance(store: KnownStore, unit: str, host: Host) -> Iterator[str]:
    def act(line: str) -> str:
        return _ssh(host, line)

    restarts = host.properties.get("Restart", "no")
    yield "[[instances]]"
    yield f"name = {text(f'store-{host.address}')}"
    yield f"node = {text(host.address)}"
    yield f"stop = {act(f'sudo systemctl stop {unit}')}"
    yield f"start = {act(f'sudo systemctl unmask --runtime {unit}; sudo systemctl start {unit}')}"
    yield f"restart = {act(f'sudo systemctl restart {unit}')}"
    yield f"# masked first: with Restart={restarts} systemd might start it again, and the loss would be none"
    yield f"kill = {act(f'sudo systemctl mask --runtime {unit}; sudo systemctl kill --signal=KILL {unit}')}"
    pause, unpause = ("freeze", "thaw") if host.freezes else ("kill --signal=STOP", "kill --signal=CONT")
    if not host.freezes:
        yield "# by signals: systemd freezes only units with control groups of version 2, and not all of them"
    yield f"pause = {act(f'sudo systemctl {pause} {unit}')}"
    yield f"unpause = {act(f'sudo systemctl {unpause} {unit}')}"
    yield f"identity = {act(f'systemctl show --value --property=InvocationID {unit}')}"
    listing = f"sudo ss -Htanp | grep '\"{_program(host)[:15]}\"'"
    yield f"connections = {act(listing)}  # S.1, S.2, S.5"
    yield ""


def _nodes(hosts: Sequence[Host]) -> Iterator[str]:
    yield "# Draining a node stops its unit. unplug, isolate, wipe and power are not guessed: what needs them is NOT"
    yield "# RUN until you declare them, as candidates/examples/bare-metal.toml does."
    for host in hosts:
        yield "[[nodes]]"
        yield f"name = {text(host.address)}"
        if host.folders:
            paths = shlex.join(folder.path for folder in host.folders)
            line = f"sudo du --summarize --block-size=1 --total -- {paths} | tail -n 1 | cut -f1"
            yield f"bytes = {_ssh(host, line)}  # folders that its process is given, or systemd keeps for it: S.2"
        else:
            yield "# no folder of data is known: bytes is needed for S.2"
        yield ""


def _commands(store: KnownStore, found: Surveyed) -> Iterator[str]:
    first, unit = found.hosts[0], found.unit
    yield "[commands]"
    flag = _VERSION.get(store.program, "--version")
    yield f"versions = {{ store = {_ssh(first, f'{shlex.quote(first.words[0])} {flag}')} }}"
    yield ""
    yield "[commands.capture]"
    for host in found.hosts:
        yield f"{text(f'journal-{host.address}')} = {_ssh(host, f'sudo journalctl -u {unit} -n 50 --no-pager')}"
    yield ""


def _volumes(hosts: Sequence[Host]) -> list[tuple[str, str, str]]:
    return [
        (
            host.address,
            folder.file_system or "local-dir",
            f"{folder.path}, on {folder.source or 'a file system that findmnt does not show'}",
        )
        for host in hosts
        for folder in host.folders
    ]


def _promised(store: KnownStore, found: Surveyed) -> Promised:
    grace = max(_stop_seconds(host) for host in found.hosts)
    files = [
        f for host in found.hosts for f in host.properties.get("EnvironmentFiles", "").split() if f[0] == "/"
    ]
    whose = (
        f"its keys are probably in {files[0]} there (not read)" if files else "no file of its keys is known"
    )
    return Promised(
        shape=f"{count(len(found.hosts), 'host')} of {store.title}; path-style addressing",
        outages=taken_over(grace, f"TimeoutStopUSec ({grace:g} s)" if grace else "a stop takes no time"),
        readiness=(ready_at(store.ready, f"usual for {store.title}") if store.ready else NO_RULE,),
        admin=ENVIRONMENT,
        admin_why=f"export these two; {whose}",
        repair=store.repair,
    )


def _stop_seconds(host: Host) -> float:
    found = seconds(host.properties.get("TimeoutStopUSec", ""))
    return _STOP_SECONDS if found is None else found
