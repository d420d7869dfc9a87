"""P2.15: the disposable stack with the backend settings that protected stacks use, and its workspaces.

Facts (OpenTofu 1.12, internal/backend/remote-state/s3): `encrypt` sends `x-amz-server-side-encryption` (AES256, or
aws:kms with `kms_key_id`), or with a customer's key the SSE-C headers, with every PUT, and the SSE-C headers with HEAD
and GET, too; `acl` sends `x-amz-acl`; `state_tags` and `lock_tags` send `x-amz-tagging`. A workspace's state is
`PREFIX/NAME/KEY` (PREFIX is `env:` by default), and workspaces are listed with ListObjectsV2.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pydantic import JsonValue

from readiness.evidence.observation import PROVIDER
from readiness.judges.opentofu.commands import refused
from readiness.judges.opentofu.settings import Step
from readiness.recording import Recording, Stopped
from readiness.subject import Subject
from readiness.tofu.env import Disposable
from readiness.tofu.run import TofuRun
from readiness.tofu.stale import began
from readiness.tofu.state import NotAStateError, parse
from readiness.tofu.watched import Watched
from readiness.tofu.workspace import TofuClient
from readiness.topology import Endpoint

Pairs = tuple[tuple[str, str], ...]
ALWAYS = "workspaces and lock file"
WORKSPACE = "readiness"
HOLD_SECONDS = 4


@dataclass(frozen=True)
class BackendSettings:
    """Settings of the S3 backend besides its place. `values` are plain ones by name; `customer_key`: the state is
    encrypted with a key of the client (SSE-C), for which the suite makes one of its own. `stacks` use them.
    """

    values: Pairs = ()
    state_tags: Pairs = ()
    lock_tags: Pairs = ()
    customer_key: bool = False
    stacks: tuple[str, ...] = ()

    def of(self, stacks: tuple[str, ...]) -> BackendSettings:
        """These, used by those stacks."""
        return replace(self, stacks=stacks)

    @property
    def name(self) -> str:
        """For people, with the stacks that use them."""
        shown = [f"{name} = {value}" for name, value in self.values]
        shown += ["sse_customer_key"] if self.customer_key else []
        shown += [f"{name} = {_map(tags)}" for name, tags in self._tags()]
        return f"{', '.join(self.stacks)} ({', '.join(shown)})" if shown else ALWAYS

    @property
    def prefix(self) -> str:
        """Where workspaces are."""
        return dict(self.values).get("workspace_key_prefix", "env:")

    @property
    def encryption(self) -> str | None:
        """What HEAD has to show of the encryption that was asked for; None where none was, or the client's own."""
        values = dict(self.values)
        if values.get("encrypt") != "true" or self.customer_key:
            return None
        return "aws:kms" if "kms_key_id" in values else "AES256"

    def options(self) -> tuple[str, ...]:
        """The `-backend-config` options. Nothing in them is secret."""
        plain = (f"-backend-config={name}={value}" for name, value in self.values)
        return (*plain, *(f"-backend-config={name}={_map(tags)}" for name, tags in self._tags()))

    def environment(self) -> dict[str, str]:
        """What tofu needs of its environment: secret."""
        key = base64.b64encode(secrets.token_bytes(32)).decode()
        return {"AWS_SSE_CUSTOMER_KEY": key} if self.customer_key else {}

    def _tags(self) -> Iterator[tuple[str, Pairs]]:
        yield from (
            (name, tags)
            for name, tags in (("state_tags", self.state_tags), ("lock_tags", self.lock_tags))
            if tags
        )


def _map(tags: Pairs) -> str:
    inner = ", ".join(f'"{name}"="{value}"' for name, value in tags)
    return f"{{{inner}}}"


def backend_settings(
    _subject: Subject,
    see: Recording,
    env: Disposable,
    used: Sequence[BackendSettings],
    unknown: Mapping[str, str],
) -> None:
    """P2.15: workspaces and the lock file always, and the disposable stack once with each set of settings that a stack
    uses. `unknown` says of stacks why their settings are not known.
    """
    for name, why in unknown.items():
        see.keep(Step.READ, name, PROVIDER, see.subject.now(), "unanswered", error=why)
    for at, settings in enumerate((BackendSettings(), *used)):
        case = _Case(Watched(env, see, settings.name), settings, f"settings-{at}")
        try:
            case.play()
        except Stopped:
            continue


class _Case:
    """One set of settings: an apply, a workspace that is made, locked, listed, read and deleted."""

    def __init__(self, watched: Watched, settings: BackendSettings, key: str) -> None:
        self._watched, self._settings, self._key = watched, settings, key
        self._env = watched.env
        self._environment = settings.environment()

    def play(self) -> None:
        """Raises Stopped where something that the rest needs did not succeed; it is recorded, and refutes."""
        entry = self._env.entry
        first = self._client(entry)
        self._must(Step.APPLY, first.apply({"revision": 1}), looks=self._looks())
        self._kept(entry)
        self._must(Step.NEW, first.run("workspace", "new", "-no-color", WORKSPACE))
        others = {each.name: self._client(each) for each in self._env.others(entry)}
        other = next(iter(others.values()), first)
        self._must(Step.SELECT, other.run("workspace", "select", "-no-color", WORKSPACE))
        self._meet(first, other)
        clients = (first, *others.values())
        self._list(clients, ["default", WORKSPACE])
        run, body = other.state_pull()
        self._watched.pulled(Step.PULL, run, body, revision=7)
        for client in (first, other):
            self._must(Step.SELECT, client.run("workspace", "select", "-no-color", "default"))
        self._watched.ran(Step.PLAN, other.plan({"revision": 1}))
        self._must(Step.DELETE, first.run("workspace", "delete", "-no-color", "-force", WORKSPACE))
        self._list(clients, ["default"])
        self._gone()

    def _client(self, endpoint: Endpoint) -> TofuClient:
        client = self._env.make(
            f"{self._key}-{endpoint.name}",
            endpoint,
            self._key,
            settings=self._settings.options(),
            environment=self._environment,
        )
        self._must(Step.INIT, client.init())
        return client

    def _must(self, step: str, run: TofuRun, **asked: JsonValue) -> None:
        if not self._watched.ran(step, run, **asked).ok:
            raise Stopped(run.why())

    def _meet(self, holder: TofuClient, other: TofuClient) -> None:
        """An apply that holds the lock of the workspace for a while, and plans that meet it.

        No plan starts before the apply holds it: an apply that meets the lock of a plan which is just being freed
        finds no lock to tell of, and does not try again.
        """
        log = holder.folder / "hold.log"
        variables = {"revision": 7, "members": {"settings": "held"}, "hold_log": str(log)}
        running = holder.start_apply({**variables, "hold_seconds": HOLD_SECONDS})
        try:
            began(log, running, self._env.tools.limit)
            while running.alive and not refused(self._watched.ran(Step.MEET, other.plan({"revision": 7}))):
                pass
        finally:
            run = holder.finish(running)
        self._must(Step.HOLD, run)

    def _list(self, clients: Sequence[TofuClient], wanted: list[str]) -> None:
        for client in clients:
            run = client.run("workspace", "list", "-no-color")
            shown: list[JsonValue] = [line.lstrip("* ") for line in run.stdout.splitlines() if line.strip()]
            self._watched.ran(Step.LIST, run, {"workspaces": shown}, workspaces=[*wanted])

    def _gone(self) -> None:
        bucket, key = self._env.place.bucket, self._env.where(self._key).key
        at = f"{self._settings.prefix}/{WORKSPACE}/{key}"
        for endpoint in self._env.endpoints:
            head = partial(self._env.objects(endpoint).client.head_object, Bucket=bucket, Key=at)
            self._ask(Step.GONE, endpoint, head, _nothing, {"bucket": bucket, "key": at})

    def _looks(self) -> list[JsonValue]:
        kept = self._settings.encryption or self._settings.state_tags
        return [*([Step.KEPT] if kept else []), *([Step.WITHOUT_KEY] if self._settings.customer_key else [])]

    def _kept(self, endpoint: Endpoint) -> None:
        """What the store keeps of the settings of the state's PUT."""
        client = self._env.objects(endpoint).client
        at: dict[str, Any] = {"Bucket": self._env.place.bucket, "Key": self._env.where(self._key).key}
        place: dict[str, JsonValue] = {"bucket": at["Bucket"], "key": at["Key"]}
        if self._settings.customer_key:
            self._ask(Step.WITHOUT_KEY, endpoint, partial(client.get_object, **at), _readable, place)
        if wanted := self._settings.encryption:
            about = {**place, "setting": "encrypt", "kept": wanted}
            head = partial(client.head_object, **at)
            self._ask(Step.KEPT, endpoint, head, lambda got: got.get("ServerSideEncryption"), about)
        if self._settings.state_tags:
            about = {**place, "setting": "state_tags", "kept": _map(self._settings.state_tags)}
            tags = partial(client.get_object_tagging, **at)
            self._ask(Step.KEPT, endpoint, tags, _tags_of, about)

    def _ask(
        self,
        step: str,
        endpoint: Endpoint,
        call: Callable[[], Any],
        kept: Callable[[Any], JsonValue],
        asked: Mapping[str, JsonValue],
    ) -> None:
        about = {"case": self._settings.name, **asked}
        self._watched.see.ask(
            step, endpoint, "boto3", call, asked=about, kept=lambda answer: {"kept": kept(answer)}
        )


def _readable(answer: Mapping[str, Any]) -> bool:
    """Whether the body is a state, and not what an encryption made of one."""
    try:
        parse(answer["Body"].read())
    except NotAStateError:
        return False
    return True


def _nothing(_answer: object) -> None:
    return None


def _tags_of(answer: Mapping[str, Any]) -> str:
    return _map(tuple(sorted((tag["Key"], tag["Value"]) for tag in answer["TagSet"])))
