"""The verbs of the provider, each with its proof, on a tiny store."""

import os
import re
import signal
import time
from collections.abc import Callable

import pytest

from readiness.candidate.load import Loaded
from readiness.errors import UsageError
from readiness.providers import create
from readiness.providers.engine import probe
from readiness.providers.processes.provider import Processes
from readiness.topology import Instance, Topology, Unsupported
from tests.providers.tiny import ENVIRONMENT, TinyStore, tiny
from tests.support.eventually import eventually

Make = Callable[[Loaded], Processes]
FRONT = "front-honey"


@pytest.fixture
def provider(make: Make) -> Processes:
    made = make(tiny(options={"cache_stand_in": True}))
    made.start()
    return made


def pid(provider: Processes, instance: str) -> int:
    status = provider.supervised.status(instance)
    assert status is not None
    return status.pid


@pytest.mark.store
def test_topology(provider: Processes) -> None:
    topology = provider.topology
    assert topology.nodes == ("bumble", "honey")
    assert topology.kinds() == ("back", "front")
    assert [instance.name for instance in topology.on("honey")] == ["back-honey", FRONT]
    assert len({endpoint.url for endpoint in topology.all_endpoints()}) == 3
    assert topology.service is not None
    assert probe.status(f"{topology.service.url}/ready", 1) == 200
    assert provider.whole()
    assert provider.versions() == {"tiny": "1"}


@pytest.mark.store
def test_kill_and_start(provider: Processes) -> None:
    before = pid(provider, FRONT)
    proof = provider.kill(FRONT)
    assert proof.fired
    assert f"process {before} was reaped, ended by signal 9" in proof.observed
    assert not provider.in_service(FRONT)
    assert provider.started_at(FRONT) is None
    assert not provider.whole()
    assert not provider.kill(FRONT).fired
    provider.start_instance(FRONT)
    provider.start_instance(FRONT)
    eventually(provider.whole)
    assert pid(provider, FRONT) != before


@pytest.mark.store
def test_what_ends_by_itself_is_started_again_and_noted(provider: Processes) -> None:
    before = pid(provider, FRONT)
    os.kill(before, signal.SIGKILL)
    eventually(lambda: pid(provider, FRONT) != before)
    eventually(provider.whole)
    assert [line.split()[1:] for line in provider.recorded_calls()][-1][:2] == ["note", FRONT]
    provider.kill(FRONT)
    looks = count_looks(provider)
    eventually(lambda: len(looks) >= 3)
    assert provider.started_at(FRONT) is None


def count_looks(provider: Processes) -> list[None]:
    """One entry for each time that the keeper looks from now on whether a process has ended."""
    keeper, looks = provider.driver.deployment.keeper, list[None]()
    look = keeper._look

    def counted() -> None:
        look()
        looks.append(None)

    keeper._look = counted  # type: ignore[method-assign]
    return looks


@pytest.mark.store
def test_freeze_and_thaw(provider: Processes) -> None:
    proof = provider.freeze(FRONT)
    assert proof.fired
    assert re.search(r"state T in \d+ threads of 1 processes", proof.observed)
    started = time.monotonic()
    assert not provider.in_service(FRONT)
    assert time.monotonic() - started < 0.7
    assert provider.in_service("back-honey")
    provider.thaw(FRONT)
    provider.thaw(FRONT)
    eventually(provider.whole)
    provider.kill(FRONT)
    assert not provider.freeze(FRONT).fired


@pytest.mark.store
def test_restart(provider: Processes) -> None:
    before, started = pid(provider, FRONT), provider.started_at(FRONT)
    proof = provider.restart(FRONT)
    assert proof.fired
    assert (
        f"process {before} ended by signal 15, replaced by process {pid(provider, FRONT)}" in proof.observed
    )
    now = provider.started_at(FRONT)
    assert started is not None
    assert now is not None
    assert started < now <= time.monotonic()
    eventually(provider.whole)
    provider.kill(FRONT)
    assert not provider.restart(FRONT).fired
    eventually(provider.whole)


@pytest.mark.store
def test_a_frozen_instance_can_be_restarted(provider: Processes) -> None:
    provider.freeze(FRONT)
    assert provider.restart(FRONT).fired
    eventually(provider.whole)


@pytest.mark.store
def test_drain_and_restore(provider: Processes) -> None:
    proof = provider.drain("honey")
    assert proof.fired
    shown = "honey: front-honey ended gracefully (-15); back-honey ended gracefully (-15)"
    assert proof.observed == shown
    assert provider.in_service("front-bumble")
    provider.restore("honey")
    provider.restore("honey")
    eventually(provider.whole)


@pytest.mark.store
def test_drain_says_when_it_was_not_graceful(make: Make) -> None:
    ENVIRONMENT["TINY_STUBBORN"] = "1"
    provider = make(tiny(nodes=["bumble"]))
    provider.start()
    proof = provider.drain("bumble")
    assert proof.fired
    assert "by SIGKILL after the time for SIGTERM was over" in proof.observed


@pytest.mark.store
def test_unplug_and_plug(provider: Processes) -> None:
    try:
        proof = provider.unplug("honey")
    except Unsupported as reason:
        pytest.skip(str(reason))
    assert proof.fired
    assert "was accepted before and got no answer" in proof.observed
    assert not provider.in_service(FRONT)
    assert provider.in_service("front-bumble")
    provider.plug("honey")
    provider.plug("honey")
    eventually(provider.whole)


@pytest.mark.store
def test_unplug_without_namespaces_says_why(make: Make) -> None:
    provider = make(tiny(network="loopback"))
    provider.start()
    with pytest.raises(Unsupported, match="the network of honey cannot be taken away"):
        provider.unplug("honey")
    provider.plug("honey")
    assert provider.whole()


@pytest.mark.store
def test_wipe_only_what_is_stopped(provider: Processes) -> None:
    with pytest.raises(RuntimeError, match="back-honey runs"):
        provider.wipe("honey")
    provider.drain("honey")
    proof = provider.wipe("honey")
    assert proof.fired
    assert "is out of its reach, 0 entries left" in proof.observed
    assert not provider.wipe("honey").fired  # there was nothing to lose
    provider.restore("honey")
    eventually(provider.whole)


@pytest.mark.store
def test_readiness_waits_for_the_contracts_seconds(make: Make) -> None:
    loaded = tiny(nodes=["bumble"])
    rule = loaded.candidate.contract.failure.readiness
    object.__setattr__(rule, "seconds_after_start", 1.5)
    provider = make(loaded)
    started = time.monotonic()
    provider.start()
    assert time.monotonic() - started >= 1.5


@pytest.mark.store
def test_what_is_not_offered_is_unsupported(provider: Processes) -> None:
    for call in (lambda: provider.rotate(None), lambda: provider.repair("honey"), provider.divergence_check):
        with pytest.raises(Unsupported):
            call()
    with pytest.raises(Unsupported, match="no backup credential"):
        provider.keys("backup")
    with pytest.raises(Unsupported, match="back-honey has no metrics"):
        provider.metrics("back-honey", "/metrics")
    assert provider.metrics(FRONT, "/metrics") == "tiny_requests 1\n"
    with pytest.raises(KeyError):
        provider.drain("nowhere")


@pytest.mark.store
def test_capture_only_reads_and_holds_no_secret(provider: Processes) -> None:
    provider.kill("back-honey")
    before = len(provider.recorded_calls())
    captured = provider.capture()
    assert "back-honey pid" in captured["processes.txt"]
    assert "ended -9" in captured["processes.txt"]
    text = "\n".join(captured.values())
    assert "asked /ready with [secret] X-Amz-Signature=[removed]" in text
    assert provider.keys("admin").secret_key not in text
    assert provider.keys("admin").secret_key not in repr(provider.keys("admin"))
    done = provider.recorded_calls()[before:]
    assert done
    assert all(line.split()[1] == "read" for line in done)


@pytest.mark.store
def test_verbs_are_recorded_in_order(provider: Processes) -> None:
    provider.freeze(FRONT)
    provider.thaw(FRONT)
    calls = [line.split(maxsplit=1)[1] for line in provider.recorded_calls()]
    assert calls == ["write start singleton", f"write freeze {FRONT}", f"write thaw {FRONT}"]


@pytest.mark.store
def test_caches_can_be_away(provider: Processes) -> None:
    (cache,) = provider.cache_endpoints
    assert probe.status(cache, 1) == 200
    provider.stop_caches()
    assert probe.status(cache, 1) is None
    assert provider.whole()
    provider.start_caches()
    provider.start_caches()
    assert probe.status(cache, 1) == 200


@pytest.mark.store
def test_two_runs_side_by_side(provider: Processes, make: Make) -> None:
    other = make(tiny())
    other.start()
    ours, theirs = urls(provider.topology), urls(other.topology)
    assert not ours & theirs
    other.kill(FRONT)
    assert provider.whole()
    assert provider.keys("admin") != other.keys("admin")
    other.stop()
    other.stop()
    assert provider.whole()


def urls(topology: Topology) -> set[str]:
    return {endpoint.url for endpoint in topology.all_endpoints()}


@pytest.mark.store
def test_a_start_that_fails_shows_the_log_without_secrets(make: Make) -> None:
    ENVIRONMENT["TINY_FAILS"] = "1"
    with pytest.raises(UsageError) as failed:
        make(tiny()).start()
    assert re.search("(back|front)-(bumble|honey) ends by itself", str(failed.value))
    assert "it fails: [secret]" in str(failed.value)


@pytest.mark.store
def test_a_start_that_takes_too_long_ends(make: Make) -> None:
    ENVIRONMENT["TINY_READY_AFTER"] = "60"
    with pytest.raises(UsageError, match=r"singleton is not ready after 1 s"):
        make(tiny(options={"start_seconds": 1})).start()


@pytest.mark.store
def test_the_next_instance_waits_until_the_store_is_founded(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    made = make(tiny())

    def founded(_store: TinyStore, instance: Instance) -> bool:
        started = set(made.supervised.statuses())
        asked.append(instance.name)
        assert instance.name in started
        assert "front-honey" not in started or instance.name == "front-honey"
        return instance.kind == "back" or asked.count(instance.name) > 2

    monkeypatch.setattr(TinyStore, "founded", founded)
    made.start()
    assert asked.count("back-bumble") == 1
    assert asked.count("front-bumble") == 3


@pytest.mark.store
def test_a_program_that_cannot_be_had_ends_with_its_own_message(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise UsageError("caddy is missing")

    monkeypatch.setattr("readiness.obtain.caddy", missing)
    with pytest.raises(UsageError, match="caddy is missing"):
        make(tiny()).start()


@pytest.mark.store
@pytest.mark.parametrize(
    ("provider", "message"),
    [
        ({"kind": "magic"}, r'provider.kind = "magic" is unknown; known: .*processes'),
        ({"store": "magic"}, r'provider.store = "magic" is unknown; known: .*control'),
        ({"nodes": []}, "provider.nodes is empty"),
    ],
)
def test_a_wrong_candidate_is_one_message(provider: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        create(tiny(**provider)).start()


def test_credentials_must_be_generated() -> None:
    loaded = tiny()
    object.__setattr__(loaded.candidate.contract.credentials.admin, "source", "profile")
    with pytest.raises(UsageError, match='use source = "generated"'):
        create(loaded)
