"""A rolling upgrade by a provider: what proves it, what undoes it, and which programs are replaced."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from readiness.candidate.declared_upgrade import DeclaredUpgrade
from readiness.errors import UsageError
from readiness.providers.abilities import Upgrades
from readiness.providers.engine import upgrades
from readiness.providers.engine.journal import OF_A_NODE, FaultVerb
from readiness.providers.engine.upgrades import Upgrading
from readiness.providers.processes.programs import Programs, needed
from readiness.providers.stores.base import StartCommand, Store
from readiness.topology import Instance, Unsupported
from tests.providers.fake_driver import FakeDriver, FakeProvider
from tests.providers.sites import site

UPGRADE = DeclaredUpgrade.model_validate({"from": "1.0.0", "to": "1.0.1"})


class Versioned(FakeDriver):
    """Its nodes run what `runs_now` says; `does_nothing`: an upgrade that does not happen."""

    def __init__(self) -> None:
        super().__init__()
        self.runs_now = dict.fromkeys(("bumble", "honey"), "store 1.0.0")
        self.moved: set[str] = set()
        self.does_nothing = False
        self.unseen = 0

    def needs(self, undo: FaultVerb, target: str) -> bool:
        return target in self.moved if undo is FaultVerb.TAKE_BACK else super().needs(undo, target)

    def take_over(self, undo: FaultVerb, target: str) -> None:
        self.moved.add(target)

    def upgrade(self, node: str) -> str:
        self.moved.add(node)
        how = self._do("upgrade", node)
        if not self.does_nothing:
            self.runs_now[node] = "store 1.0.1"
        return how

    def take_back(self, node: str) -> None:
        self._do("take_back", node)
        if not self.does_nothing:
            self.runs_now[node] = "store 1.0.0"
            self.moved.discard(node)

    def versions_on(self, node: str) -> Mapping[str, str]:
        if self.unseen:
            self.unseen -= 1
            raise OSError("it starts")
        return {f"store-{node}": self.runs_now[node]}


class Provider(FakeProvider, Upgrading[FakeDriver]):
    """The engine with upgrades."""

    def __init__(self) -> None:
        super().__init__()
        self._candidate = self._candidate.model_copy(update={"upgrade": UPGRADE})
        self.versioned = Versioned()
        self.journal._done = self.versioned.done
        self._driver = self.versioned


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    monkeypatch.setattr(upgrades, "SEEN_SECONDS", 0.3)
    monkeypatch.setattr(upgrades, "INTERVAL", 0.01)
    return Provider()


def test_an_upgrade_is_written_down_before_it_is_done_and_closed_once_it_is_taken_back(
    provider: Provider,
) -> None:
    assert isinstance(provider, Upgrades)
    proof = provider.upgrade("honey")
    assert proof.fired
    assert (
        "store-honey runs store 1.0.1 after by upgrade; honey: store-honey runs store 1.0.0" in proof.observed
    )
    assert provider.versioned.done == ["open take_back honey", "upgrade honey"]
    assert [(left["verb"], left["target"]) for left in provider.left()] == [("take_back", "honey")]
    provider.take_back("honey")
    assert provider.versioned.done[2:] == ["take_back honey", "close"]
    assert not provider.left()
    provider.take_back("honey")
    assert provider.versioned.done[4:] == []


def test_a_version_that_is_seen_late_counts(provider: Provider) -> None:
    provider.upgrade("honey")
    provider.versioned.unseen = 3
    provider.take_back("honey")
    assert not provider.left()


def test_an_upgrade_that_does_nothing_did_not_fire_and_is_undone_all_the_same(provider: Provider) -> None:
    provider.versioned.does_nothing = True
    proof = provider.upgrade("honey")
    assert not proof.fired
    assert "runs store 1.0.0 after by upgrade" in proof.observed
    assert provider.left()


def test_a_node_that_is_not_taken_back_stays_open(provider: Provider) -> None:
    provider.upgrade("honey")
    provider.versioned.does_nothing = True
    with pytest.raises(RuntimeError, match=r"store-honey runs store 1\.0\.1, not 1\.0\.0"):
        provider.take_back("honey")
    assert provider.left()


def test_what_runs_another_version_before_is_not_upgraded(provider: Provider) -> None:
    provider.versioned.runs_now["honey"] = "store 0.9"
    proof = provider.upgrade("honey")
    assert not proof.fired
    assert "store 0.9, not 1.0.0, before the upgrade" in proof.observed
    assert not provider.versioned.done


def test_a_candidate_that_names_no_versions_is_not_upgraded(provider: Provider) -> None:
    provider._candidate = provider._candidate.model_copy(update={"upgrade": None})
    with pytest.raises(Unsupported, match=r"no \[upgrade\]"):
        provider.upgrade("honey")
    assert not provider.versioned.done


def test_another_process_takes_every_node_back(provider: Provider) -> None:
    for node in ("bumble", "honey"):
        provider.upgrade(node)
    left = provider.journal.left()
    later = Provider()
    later.versioned.runs_now = provider.versioned.runs_now
    for undo in reversed(left):
        later.undo(undo, {})
    assert later.versioned.runs_now == dict.fromkeys(("bumble", "honey"), "store 1.0.0")
    assert [later.affected(undo) for undo in left] == [("store-bumble",), ("store-honey",)]
    assert FaultVerb.TAKE_BACK in OF_A_NODE


def test_a_provider_without_the_means_has_not_the_ability() -> None:
    assert not isinstance(FakeProvider(), Upgrades)


# -- processes: programs


class TwoPrograms(Store):
    """On each node a store and a helper that is not of the store's own version."""

    program = "store"

    def command(self, instance: Instance) -> StartCommand:
        return StartCommand((self.site.program(instance.kind), "serve", instance.node))

    def versions(self) -> Mapping[str, str]:
        return {}


@pytest.fixture
def store(tmp_path: Path) -> TwoPrograms:
    made = TwoPrograms(site(tmp_path, ("bumble", "honey")))
    made.instances = tuple(
        Instance(f"{kind}-{node}", node, kind) for node in ("bumble", "honey") for kind in ("helper", "store")
    )
    return made


def programs(store: TwoPrograms, folder: Path, program: str | None, **environ: str) -> Programs:
    upgrade = DeclaredUpgrade.model_validate({"from": "1", "to": "2", "program": program})
    return Programs(store, upgrade, store.site.program, folder, environ)


def test_only_the_store_s_own_program_on_an_upgraded_node_is_replaced(
    store: TwoPrograms, tmp_path: Path
) -> None:
    (second := tmp_path / "next").write_text("")
    second.chmod(0o755)
    made = programs(store, tmp_path, "next")
    made.upgrade("honey")
    started = {i.name: made.of(store.command(i), i.node).argv[0] for i in store.instances}
    assert started == {
        "helper-bumble": Path("/programs/helper"),
        "store-bumble": Path("/programs/store"),
        "helper-honey": Path("/programs/helper"),
        "store-honey": second,
    }
    assert made.of(store.command(store.instances[-1]), "honey").argv[1:] == ("serve", "honey")
    assert needed(store, made, "honey") == ("store-honey",)
    made.take_back("honey")
    assert made.of(store.command(store.instances[-1]), "honey").argv[0] == Path("/programs/store")
    assert not made.is_upgraded("honey")


def test_the_second_program_may_be_named_by_a_variable(store: TwoPrograms, tmp_path: Path) -> None:
    made = programs(store, tmp_path, "env:STORE_NEXT", STORE_NEXT=sys.executable)
    made.upgrade("honey")
    assert made.of(store.command(store.instances[-1]), "honey").argv[0] == Path(sys.executable).resolve()


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (None, "upgrade.program is missing: name the program of version 2"),
        ("env:STORE_NEXT", "the variable STORE_NEXT is not set"),
        ("not-there", "cannot be run"),
    ],
)
def test_a_second_program_that_is_not_there_is_said(
    store: TwoPrograms, tmp_path: Path, program: str | None, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        programs(store, tmp_path, program)


@pytest.mark.store
def test_what_runs_is_asked_itself(store: TwoPrograms, tmp_path: Path) -> None:
    made = programs(store, tmp_path, sys.executable)
    assert made.running(os.getpid()) == f"Python {sys.version.split()[0]}"
    with pytest.raises(OSError, match="No such file"):
        made.running(2**22 + 1)


def test_without_two_versions_nothing_is_replaced(store: TwoPrograms, tmp_path: Path) -> None:
    made = Programs(store, None, store.site.program, tmp_path)
    assert made.of(store.command(store.instances[-1]), "honey").argv[0] == Path("/programs/store")
    with pytest.raises(Unsupported, match="honey runs no program of which there is another version"):
        needed(store, made, "honey")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"from": "1.0", "to": "1.0"}, "from and to are both 1.0"),
        ({"from": "1.0"}, "Field required"),
        ({"from": "the newest", "to": "1.0"}, "should match pattern"),
    ],
)
def test_two_versions_are_named(given: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DeclaredUpgrade.model_validate(given)
