"""What the commands of a candidate file do for the store as a whole: rotation, divergence, versions, capture."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from readiness.candidate.declared import Command
from readiness.candidate.model import Candidate
from readiness.providers.commands.runner import Runner
from readiness.redact import Redactor
from readiness.topology import Keys, Unsupported

CHECK_SECONDS = 120


def no_command(verb: str, whom: str, what: str | None = None) -> Unsupported:
    """The error for a verb that has no command."""
    return Unsupported(f"{verb}: the candidate file declares no {what or verb} command of {whom}")


def rotate(
    candidate: Candidate, run: Runner, old: Keys | None, secrets: Redactor, chosen: str | None = None
) -> Keys:
    """As `Provider.rotate`. A credential that is made is added to `secrets`; `chosen`: the access key it is to have."""
    commands = candidate.commands
    if candidate.contract.credentials.rotation != "provider":
        raise Unsupported("the contract offers no rotation")
    if commands.rotate_add is None or commands.rotate_retire is None:
        raise no_command("rotate", "the candidate", "commands.rotate_add and commands.rotate_retire")
    if old is not None:
        ran = run.secret("rotate", "retire", commands.rotate_retire, {"READINESS_ACCESS_KEY": old.access_key})
        if not ran.ok:
            raise RuntimeError(f"rotate_retire {ran.ending}")
        return old
    ran = run.secret(
        "rotate", "add", commands.rotate_add, {"READINESS_NEW_ACCESS_KEY": chosen} if chosen else {}
    )
    try:
        made = json.loads(ran.stdout)
        fresh = Keys(str(made["access_key"]), str(made["secret_key"]))
    except (ValueError, KeyError, TypeError):
        raise RuntimeError(
            f'rotate_add {ran.ending} and did not print {{"access_key": …, "secret_key": …}}'
        ) from None
    secrets.add(fresh.secret_key)
    return fresh


def divergence_check(candidate: Candidate, run: Runner) -> Mapping[str, object]:
    """What the command prints, as JSON if it is an object. An exit status but 0 means that something
    diverges.
    """
    declared = candidate.contract.divergence
    if declared.response != "command" or not declared.command:
        raise Unsupported(
            'divergence: the contract names no command (contract.divergence: response = "command")'
        )
    ran = run.look("divergence_check", candidate.name, Command(run=declared.command, seconds=CHECK_SECONDS))
    if ran.code is None or ran.code == 127:
        raise OSError(f"the divergence check {ran.ending}")
    try:
        answer = json.loads(ran.stdout)
    except ValueError:
        answer = None
    found = answer if isinstance(answer, dict) else {"output": ran.stdout[-2000:]}
    return found if ran.ok else {"divergences": (ran.stdout + ran.stderr)[-2000:] or ran.ending} | found


def versions(candidate: Candidate, run: Runner) -> dict[str, str]:
    """What the commands of `commands.versions` print."""
    found = {}
    for name, command in candidate.commands.versions.items():
        ran = run.look("versions", name, command)
        found[name] = ran.stdout.strip()[:200] if ran.ok else f"unknown: the command {ran.ending}"
    return found


def captured(candidate: Candidate, run: Runner) -> dict[str, str]:
    """What the commands of `commands.capture` print; secrets are in it still."""
    found = {}
    for name, command in candidate.commands.capture.items():
        ran = run.look("capture", name, command)
        found[name] = f"{ran.stdout}{ran.stderr}\n{ran.ending}"
    return found


def commands_of(where: str, declared: BaseModel) -> Iterator[tuple[str, Command]]:
    """Every command that is declared there, with its place in the file."""
    for name in type(declared).model_fields:
        value = getattr(declared, name)
        if isinstance(value, Command):
            yield f"{where}.{name}", value
        elif isinstance(value, dict):
            yield from ((f"{where}.{name}.{key}", command) for key, command in value.items())


def commands_of_all(candidate: Candidate) -> Iterator[tuple[str, Command]]:
    """The commands about the candidate as a whole."""
    yield from commands_of("commands", candidate.commands)
    divergence = candidate.contract.divergence
    if divergence.response == "command" and divergence.command:
        yield "contract.divergence.command", Command(run=divergence.command)
