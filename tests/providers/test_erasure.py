"""The recipes minio and rustfs: what is started, with which settings, and what their drives say."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from readiness.errors import UsageError
from readiness.providers.stores import erasure
from readiness.providers.stores.base import Site
from readiness.providers.stores.erasure import Erasure
from readiness.providers.stores.minio import Minio
from readiness.providers.stores.rustfs import Rustfs
from readiness.providers.supervisor.network import Loopback
from readiness.topology import Unsupported
from tests.providers.sites import shown, site

THREE = ("bumble", "honey", "sting")


class Cabled(Loopback):
    """What a recipe sees of namespaces."""

    kind = "namespaces"


def cabled(folder: Path, nodes: Sequence[str], **options: object) -> Site:
    return replace(site(folder, nodes), layout=Cabled(nodes, "a test"), options=options)


@pytest.mark.parametrize("recipe", [Minio, Rustfs])
def test_every_process_knows_all_drives_and_shows_no_secret(recipe: type[Erasure], tmp_path: Path) -> None:
    store = recipe(cabled(tmp_path, THREE, drives=2))
    listens = {store.listen(node) for node in THREE}
    assert len(listens) == 3
    lines = set()
    for instance in store.instances:
        command = store.command(instance)
        reported = shown(command.argv)
        assert reported.startswith(f"/programs/{store.kind} server --address {store.listen(instance.node)} ")
        drives = [word for word in reported.split() if word.startswith("http://")]
        lines.add(tuple(drives))
        assert not any(secret in reported for secret in store.secrets())
        assert store.site.keys["admin"].secret_key in command.env.values()
        assert all(drive.is_dir() for drive in store.drives(instance.node))
    (same,) = lines
    assert [drive.removeprefix("http://").split("/")[0] for drive in same] == [
        listen for node in THREE for listen in (store.listen(node),) * 2
    ]
    assert store.health is not None


@pytest.mark.parametrize("recipe", [Minio, Rustfs])
def test_several_nodes_need_addresses_that_are_not_loopback(recipe: type[Erasure], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="need network namespaces: run as root"):
        recipe(site(tmp_path, THREE))


def test_the_singleton_has_one_drive_no_balancer_and_nothing_to_compare(tmp_path: Path) -> None:
    store = Rustfs(site(tmp_path, ["bumble"]))
    (instance,) = store.instances
    assert shown(store.command(instance).argv).endswith(f" {tmp_path}/data/bumble/drive1")
    assert store.health is None
    assert store.metrics_url(instance) is None
    with pytest.raises(Unsupported, match="one copy of everything"):
        store.divergence()


def test_settings_of_the_store_are_options_of_the_candidate(tmp_path: Path) -> None:
    options = {"environment": ["MINIO_DRIVE_MAX_TIMEOUT=2s"], "pod": True}
    given = Minio(cabled(tmp_path, THREE, **options))
    environment = given.command(given.instances[0]).env
    assert environment["MINIO_DRIVE_MAX_TIMEOUT"] == "2s"
    assert environment["KUBERNETES_SERVICE_HOST"]
    plain = Minio(cabled(tmp_path, THREE))
    assert (
        not environment.keys()
        ^ plain.command(plain.instances[0]).env.keys()
        ^ {
            "MINIO_DRIVE_MAX_TIMEOUT",
            "KUBERNETES_SERVICE_HOST",
        }
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drives": 0}, "drives = 0: a whole number from 1"),
        ({"drives": True}, "drives = True: a whole number from 1"),
        ({"environment": ["PATH=/tmp"]}, "'PATH=/tmp' is not a setting of the store"),
        ({"environment": "MINIO_X"}, "'MINIO_X' is not a setting of the store"),
    ],
)
def test_a_wrong_option_says_what_to_change(options: dict[str, object], message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        Minio(cabled(tmp_path, THREE, **options))


def test_a_record_that_stays_away_from_a_drive_is_a_divergence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "_LASTING_SECONDS", 0.0)
    store = Minio(cabled(tmp_path, THREE, drives=2))
    for node in THREE:
        for drive in store.drives(node):
            for name in ("state/a", "state/b", ".minio.sys/format"):
                (drive / name).mkdir(parents=True)
                (drive / name / "xl.meta").write_text(name)
    assert store.divergence() == {"drives": 6, "incomplete": 0, "divergences": []}
    (store.drives("honey")[1] / "state" / "b" / "xl.meta").unlink()
    (store.drives("honey")[1] / ".minio.sys" / "format" / "xl.meta").unlink()
    found = store.divergence()
    assert found["divergences"] == ["state/b is missing on honey/drive2"]
    assert found["incomplete"] == 1
