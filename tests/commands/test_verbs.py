"""Every verb on a store that scripts started, with proof from what is seen of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from readiness.candidate.load import load
from readiness.errors import UsageError
from readiness.providers import create
from readiness.providers.commands import observe as commands_observe
from readiness.providers.commands.provider import Commands
from readiness.providers.engine.journal import MemoryJournal, Undo
from readiness.topology import Direction, Keys, Unsupported
from tests.commands.lab import NODES, Lab
from tests.support.eventually import eventually

pytestmark = pytest.mark.store


def made(lab: Lab, raw: dict[str, Any]) -> Commands:
    provider = create(load(str(lab.write(raw))))
    assert isinstance(provider, Commands)
    return provider


def whole(provider: Commands) -> None:
    eventually(provider.whole, 30)


@pytest.fixture
def provider(lab: Lab) -> Iterator[Commands]:
    found = made(lab, lab.declared())
    found.start()
    try:
        whole(found)
        yield found
        whole(found)
    finally:
        found.stop()
        for node in NODES:
            lab.run("unpause", node) if lab.state(node) == "T" else lab.run("start", node)


def accepted(lab: Lab, keys: Keys) -> bool:
    s3 = boto3.client(
        "s3",
        endpoint_url=lab.s3["honey"],
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        region_name=lab.region,
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )
    try:
        s3.list_buckets()
    except ClientError:
        return False
    return True


def test_what_it_is(provider: Commands) -> None:
    assert not provider.owns_candidate
    assert provider.topology.nodes == NODES
    assert provider.topology.service is None
    assert "ha-control" in provider.versions()["control"]
    assert provider.divergence_check() == {"divergences": [], "nodes": 3}
    assert "control_index_divergence 0" in provider.metrics("store-sting", "/metrics")
    assert provider.started_at("store-sting") is None
    assert {fact.node for fact in provider.volumes()} == set(NODES)


def test_restart_and_start_time(provider: Commands, lab: Lab) -> None:
    before = lab.pid("bumble")
    proof = provider.restart("store-bumble")
    assert proof.fired
    assert str(before) in proof.observed
    assert lab.pid("bumble") != before
    started = provider.started_at("store-bumble")
    assert started is not None
    assert 0 <= time.monotonic() - started < 5


def test_kill_and_start(provider: Commands, lab: Lab) -> None:
    proof = provider.kill("store-honey")
    assert proof.fired
    assert "refused after" in proof.observed
    assert not provider.in_service("store-honey")
    provider.start_instance("store-honey")
    first = lab.pid("honey")
    provider.start_instance("store-honey")
    assert lab.pid("honey") == first


def test_pause_and_unpause(provider: Commands, lab: Lab) -> None:
    proof = provider.freeze("store-honey")
    assert proof.fired
    assert "silent" in proof.observed
    assert lab.state("honey") == "T"
    provider.thaw("store-honey")
    assert lab.state("honey") != "T"
    calls = len(provider.recorded_calls())
    provider.thaw("store-honey")
    assert len(provider.recorded_calls()) == calls


def test_drain_by_stopping_each_instance(provider: Commands, lab: Lab) -> None:
    assert provider.drain("sting").fired
    assert not provider.in_service("store-sting")
    provider.restore("sting")


def test_emptied_node_is_repaired(provider: Commands) -> None:
    with pytest.raises(RuntimeError, match="store-sting runs"):
        provider.wipe("sting")
    assert provider.kill("store-sting").fired
    proof = provider.wipe("sting")
    assert proof.fired
    assert "0 after" in proof.observed
    eventually(lambda: provider.in_service("store-bumble") and provider.in_service("store-honey"))
    assert "ended with 0" in provider.repair("sting")
    provider.start_instance("store-sting")


def test_rotation_shows_no_secret(provider: Commands, lab: Lab) -> None:
    fresh = provider.rotate(None)
    eventually(lambda: accepted(lab, fresh))
    provider.rotate(fresh)
    eventually(lambda: not accepted(lab, fresh))
    shown = "\n".join([*provider.recorded_calls(), provider.command_log(), *provider.capture().values()])
    for keys in (fresh, lab.keys, lab.reader):
        assert keys.secret_key not in shown


def test_capture_only_reads(provider: Commands) -> None:
    before = len(provider.recorded_calls())
    captured = provider.capture()
    assert {call.split()[1] for call in provider.recorded_calls()[before:]} == {"read"}
    assert "answered" in captured["endpoints"]
    assert captured["log-bumble"]


def test_exit_status_proves_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands_observe, "SETTLE_SECONDS", 1.5)
    raw = lab.declared()
    for instance in raw["instances"]:
        for verb in ("kill", "pause", "stop"):
            instance[verb] = ["true"]
    provider = made(lab, raw)
    provider.start()
    try:
        whole(provider)
        assert not provider.freeze("store-bumble").fired
        assert not provider.kill("store-bumble").fired
        assert not provider.restart("store-bumble").fired
        assert not provider.drain("bumble").fired
    finally:
        provider.stop()
    assert lab.ready("bumble")


def test_a_command_that_hangs_is_killed(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands_observe, "SETTLE_SECONDS", 1.5)
    raw = lab.declared()
    raw["instances"][0]["kill"] = {"run": ["sleep 600; true"], "shell": True, "seconds": 0.5}
    provider = made(lab, raw)
    provider.start()
    try:
        proof = provider.kill("store-bumble")
        assert not proof.fired
        assert "was killed after" in proof.observed
    finally:
        provider.stop()


def test_stop_undoes_every_fault(lab: Lab) -> None:
    provider = made(lab, lab.declared())
    provider.start()
    assert provider.freeze("store-bumble").fired
    assert provider.kill("store-honey").fired
    provider.stop()
    eventually(lambda: all(lab.ready(node) for node in NODES))


def test_a_fault_that_another_process_left_is_undone_from_what_its_journal_holds(lab: Lab) -> None:
    journal = MemoryJournal()
    gone = create(load(str(lab.write(lab.declared()))), journal=journal)
    gone.start()
    other = made(lab, lab.declared())
    try:
        assert gone.freeze("store-honey").fired
        (undo,) = journal.left()
        assert lab.state("honey") == "T"
        other.undo(Undo.of_data(undo.as_data()))
        assert lab.state("honey") != "T"
        eventually(other.whole)
    finally:
        other.stop()
        gone.stop()


def test_a_node_limps_and_goes_on(provider: Commands, lab: Lab) -> None:
    proof = provider.limp("honey")
    assert proof.fired, proof.observed
    provider.unlimp("honey")
    provider.unlimp("honey")
    assert lab.state("honey") != "T"


def test_what_has_no_command_is_unsupported(lab: Lab) -> None:
    provider = made(lab, lab.declared(faults=False, commands={}))
    provider.start()
    try:
        for verb, target in (
            ("kill", "store-bumble"),
            ("freeze", "store-bumble"),
            ("restart", "store-bumble"),
            ("drain", "bumble"),
            ("unplug", "bumble"),
            ("wipe", "bumble"),
            ("repair", "bumble"),
        ):
            with pytest.raises(Unsupported, match=r"declares no .* command"):
                getattr(provider, verb)(target)
        with pytest.raises(Unsupported):
            provider.rotate(None)
        for undo in (provider.thaw, provider.start_instance):
            undo("store-bumble")
        with pytest.raises(Unsupported, match="declares no isolate_from_peers command"):
            provider.isolate_from_peers("bumble", Direction.BOTH)
        with pytest.raises(Unsupported, match="declares no limp command"):
            provider.limp("bumble")
        provider.restore("bumble")
        provider.plug("bumble")
        provider.rejoin_peers("bumble")
        provider.unlimp("bumble")
        assert not [call for call in provider.recorded_calls() if " write " in call]
    finally:
        provider.stop()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda raw: raw["endpoints"].extend({"name": n, "url": "http://h"} for n in "ab"), "at most one service"),
        (lambda raw: raw["endpoints"].clear(), "declare at least one"),
        (lambda raw: raw["endpoints"][0].pop("instance"), "go together"),
        (lambda raw: raw["endpoints"][0].update(url="http://user:pw@h"), "must not hold a credential"),
        (lambda raw: raw["instances"][0].pop("start"), "stop needs start"),
        (lambda raw: raw["instances"][0].pop("unpause"), "pause needs unpause"),
        (lambda raw: raw["nodes"][0].pop("files"), "wipe needs files"),
        (lambda raw: raw["instances"][0].update(kill="kill 1"), "a command is a list of arguments"),
        (lambda raw: raw["instances"][0].update(kil=["x"]), 'did you mean "kill"'),
        (lambda raw: raw["instances"][0].update(kill=["no-such-program-here"]), 'no program "no-such-program-here"'),
        (lambda raw: raw["instances"].append({"name": "x", "node": "bumble"}), "needs a probe command"),
        (
            lambda raw: raw["contract"]["credentials"].update(admin={"source": "generated"}),
            "cannot be used with this provider",
        ),
    ],
)  # fmt: skip
def test_a_file_that_does_not_fit_together_is_refused(lab: Lab, change: Any, message: str) -> None:
    raw = json.loads(json.dumps(lab.declared()))
    change(raw)
    with pytest.raises(UsageError, match=message):
        made(lab, raw).start()
