"""Store recipes by name. Each is imported only when a candidate asks for it."""

from __future__ import annotations

import importlib
from typing import cast

from readiness.errors import UsageError
from readiness.providers.stores.base import Store

RECIPES = {
    "control": ("control", "Control"),
    "minio": ("minio", "Minio"),
    "rustfs": ("rustfs", "Rustfs"),
    "versitygw": ("versitygw", "Versitygw"),
    "weed-cluster": ("weed_cluster", "WeedCluster"),
    "weed-singleton": ("weed", "WeedSingleton"),
}


def recipe(name: str) -> type[Store]:
    """The recipe of that name. Raises UsageError that names the known ones."""
    if name not in RECIPES:
        raise UsageError(f'provider.store = "{name}" is unknown; known: {", ".join(sorted(RECIPES))}')
    module, of_class = RECIPES[name]
    return cast("type[Store]", getattr(importlib.import_module(f"{__name__}.{module}"), of_class))
