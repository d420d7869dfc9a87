"""What the engine does for every provider: the journal before each fault, undo, locks, the record, refusals."""

import threading
from collections.abc import Callable

import pytest

from readiness.providers.engine.journal import FaultVerb, MemoryJournal, Undo
from readiness.topology import Direction, Proof, Unsupported
from tests.providers.fake_driver import FakeDriver, FakeProvider, FakeWatch

HONEY = "store-honey"
Fault = Callable[[FakeProvider], object]
FAULTS: list[tuple[Fault, Fault, str, str]] = [
    (lambda p: p.kill(HONEY), lambda p: p.start_instance(HONEY), "start_instance", HONEY),
    (lambda p: p.freeze(HONEY), lambda p: p.thaw(HONEY), "thaw", HONEY),
    (lambda p: p.drain("honey"), lambda p: p.restore("honey"), "restore", "honey"),
    (lambda p: p.unplug("honey"), lambda p: p.plug("honey"), "plug", "honey"),
    (
        lambda p: p.isolate_from_peers("honey", Direction.BOTH),
        lambda p: p.rejoin_peers("honey"),
        "rejoin_peers",
        "honey",
    ),
    (lambda p: p.limp("honey"), lambda p: p.unlimp("honey"), "unlimp", "honey"),
]


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


def calls(provider: FakeProvider) -> list[str]:
    return [line.split(maxsplit=1)[1] for line in provider.recorded_calls()]


@pytest.mark.parametrize(("fault", "undo", "verb", "target"), FAULTS)
def test_a_fault_is_written_down_before_it_is_done_and_closed_after_its_undo(
    provider: FakeProvider, fault: Fault, undo: Fault, verb: str, target: str
) -> None:
    fault(provider)
    assert provider.driver.done[0] == f"open {verb} {target}"
    assert len(provider.driver.done) > 1
    assert provider.left() == [{"provider": "fake", "candidate": "singleton", "verb": verb, "target": target}]
    undo(provider)
    assert provider.left() == []
    assert provider.driver.done.index("close") > 1


@pytest.mark.parametrize(("fault", "undo", "verb", "target"), FAULTS)
def test_what_a_journal_holds_can_be_done_from_its_data_alone(
    provider: FakeProvider, fault: Fault, undo: Fault, verb: str, target: str
) -> None:
    fault(provider)
    (stored,) = provider.left()
    provider.undo(Undo.of_data(stored))
    assert provider.left() == []
    assert provider.driver.runs(HONEY)


@pytest.mark.parametrize(("act", "fault", "undo"), [("kill", *FAULTS[0][:2]), ("cut", *FAULTS[3][:2])])
def test_a_fault_that_fails_half_way_stays_open_until_it_is_undone(
    provider: FakeProvider, act: str, fault: Fault, undo: Fault
) -> None:
    provider.driver.fails[act] = OSError("half way")
    with pytest.raises(OSError, match="half way"):
        fault(provider)
    assert len(provider.left()) == 1
    undo(provider)
    assert provider.left() == []


def test_an_undo_that_fails_stays_open(provider: FakeProvider) -> None:
    provider.freeze(HONEY)
    provider.driver.fails["thaw"] = OSError("no answer")
    with pytest.raises(OSError, match="no answer"):
        provider.thaw(HONEY)
    assert [undo["verb"] for undo in provider.left()] == ["thaw"]
    del provider.driver.fails["thaw"]
    provider.thaw(HONEY)
    assert provider.left() == []


def test_a_refused_verb_is_neither_written_down_nor_recorded(provider: FakeProvider) -> None:
    provider.driver.refused = frozenset({FaultVerb.KILL, FaultVerb.DRAIN, FaultVerb.WIPE, FaultVerb.REPAIR})
    for refused in (
        lambda: provider.kill(HONEY),
        lambda: provider.drain("honey"),
        lambda: provider.wipe("honey"),
        lambda: provider.repair("honey"),
    ):
        with pytest.raises(Unsupported):
            refused()
    assert provider.driver.done == []
    assert calls(provider) == []


def test_what_turns_out_to_be_unsupported_closes_only_its_own_entry(provider: FakeProvider) -> None:
    provider.unplug("bumble")
    provider.unplug("honey")
    provider.driver.fails["cut"] = Unsupported("no cable")
    with pytest.raises(Unsupported):
        provider.unplug("honey")
    assert [undo["target"] for undo in provider.left()] == ["bumble", "honey"]
    provider.plug("honey")
    assert [undo["target"] for undo in provider.left()] == ["bumble"]


def test_nothing_is_done_to_what_is_not_there(provider: FakeProvider) -> None:
    assert provider.kill(HONEY).fired
    provider.driver.done.clear()
    proof = provider.kill(HONEY)
    assert proof == Proof(False, f"{HONEY}: it did not run")
    assert provider.driver.done == []
    assert not provider.restart(HONEY).fired
    assert provider.driver.done == [f"start {HONEY}", "close"]


def test_a_restart_closes_its_entry_only_if_another_one_runs(provider: FakeProvider) -> None:
    assert provider.restart(HONEY).fired
    assert provider.left() == []
    provider.driver.fires = False
    assert not provider.restart(HONEY).fired
    assert [undo["verb"] for undo in provider.left()] == ["start_instance"]


def test_an_undo_without_a_fault_does_nothing(provider: FakeProvider) -> None:
    provider.start_instance(HONEY)
    assert provider.driver.done == []
    assert calls(provider) == []


def test_restore_undoes_every_fault_of_the_node(provider: FakeProvider) -> None:
    provider.freeze(HONEY)
    provider.kill(HONEY)
    provider.drain("honey")
    provider.restore("honey")
    assert provider.left() == []
    assert provider.driver.runs(HONEY)


def test_a_wipe_needs_every_instance_of_the_node_stopped(provider: FakeProvider) -> None:
    with pytest.raises(RuntimeError, match="store-honey runs: the data of honey is removed only while"):
        provider.wipe("honey")
    assert provider.driver.done == []
    provider.drain("honey")
    assert provider.wipe("honey").fired


def test_unknown_targets_are_key_errors(provider: FakeProvider) -> None:
    for call in (
        provider.kill,
        provider.thaw,
        provider.start_instance,
        provider.in_service,
        provider.started_at,
    ):
        with pytest.raises(KeyError):
            call("nobody")
    for of_node in (provider.drain, provider.restore, provider.plug, provider.wipe, provider.repair):
        with pytest.raises(KeyError):
            of_node("nowhere")
    assert provider.driver.done == []


def test_verbs_of_one_instance_exclude_each_other_and_those_of_others_do_not(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    killing, go_on = threading.Event(), threading.Event()
    kill = FakeDriver.kill

    def slow(self: FakeDriver, seen: FakeWatch) -> str:
        if seen.name == HONEY:
            killing.set()
            assert go_on.wait(10)
        return kill(self, seen)

    monkeypatch.setattr(FakeDriver, "kill", slow)
    one = threading.Thread(target=provider.kill, args=(HONEY,))
    other = threading.Thread(target=provider.start_instance, args=(HONEY,))
    one.start()
    assert killing.wait(10)
    other.start()
    assert provider.kill("store-bumble").fired
    assert f"start {HONEY}" not in provider.driver.done
    go_on.set()
    one.join(10)
    other.join(10)
    order = [line for line in provider.driver.done if HONEY in line and not line.startswith("open")]
    assert order == [f"kill {HONEY}", f"start {HONEY}"]


def test_stored_data_that_is_not_an_undo_is_refused() -> None:
    with pytest.raises(ValueError, match="explode"):
        Undo.of_data({"provider": "p", "candidate": "c", "verb": "explode", "target": "t"})
    with pytest.raises(KeyError):
        Undo.of_data({"verb": "thaw"})


def test_a_journal_forgets_what_was_closed_and_keeps_the_order_of_the_rest() -> None:
    journal = MemoryJournal()
    undos = [Undo("p", "c", FaultVerb.THAW, name) for name in ("a", "b", "c")]
    ids = [journal.open(FaultVerb.FREEZE, undo.target, undo, {}) for undo in undos]
    journal.close(ids[1])
    journal.close(ids[1])
    assert journal.left() == (undos[0], undos[2])


def test_a_node_whose_instances_do_not_start_again_is_still_to_be_restored(provider: FakeProvider) -> None:
    provider.drain("honey")
    provider.driver.fails["start"] = OSError("no supervisor")
    with pytest.raises(OSError, match="no supervisor"):
        provider.restore("honey")
    assert [undo["verb"] for undo in provider.left()] == ["restore"]
    del provider.driver.fails["start"]
    assert provider.heal() == []
    assert provider.left() == []
    assert provider.driver.runs(HONEY)


def test_healing_undoes_the_last_fault_first_and_goes_on_after_one_that_fails(provider: FakeProvider) -> None:
    provider.unplug("bumble")
    provider.freeze(HONEY)
    provider.kill("store-bumble")
    provider.driver.fails["thaw"] = OSError("no answer")
    provider.driver.done.clear()
    assert provider.heal() == [f"{HONEY} (thaw): no answer"]
    assert [act for act in provider.driver.done if act != "close"] == [
        "start store-bumble",
        f"thaw {HONEY}",
        "join bumble",
    ]
    assert [undo["verb"] for undo in provider.left()] == ["thaw"]
