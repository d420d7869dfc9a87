"""Store recipes by name. Each is imported only when a candidate asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from readiness.errors import UsageError
from readiness.providers.stores.base import Store


def _ceph() -> type[Store]:
    from readiness.providers.stores.ceph.recipe import Ceph

    return Ceph


def _control() -> type[Store]:
    from readiness.providers.stores.control import Control

    return Control


def _minio() -> type[Store]:
    from readiness.providers.stores.minio import Minio

    return Minio


def _rustfs() -> type[Store]:
    from readiness.providers.stores.rustfs import Rustfs

    return Rustfs


def _versitygw() -> type[Store]:
    from readiness.providers.stores.versitygw import Versitygw

    return Versitygw


def _weed_cluster() -> type[Store]:
    from readiness.providers.stores.weed_cluster import WeedCluster

    return WeedCluster


def _weed_singleton() -> type[Store]:
    from readiness.providers.stores.weed import WeedSingleton

    return WeedSingleton


RECIPES: Mapping[str, Callable[[], type[Store]]] = {
    "ceph": _ceph,
    "control": _control,
    "minio": _minio,
    "rustfs": _rustfs,
    "versitygw": _versitygw,
    "weed-cluster": _weed_cluster,
    "weed-singleton": _weed_singleton,
}


def recipe(name: str) -> type[Store]:
    """The recipe of that name. Raises UsageError that names the known ones."""
    if name not in RECIPES:
        raise UsageError(f'provider.store = "{name}" is unknown; known: {", ".join(sorted(RECIPES))}')
    return RECIPES[name]()
