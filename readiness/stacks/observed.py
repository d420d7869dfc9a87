"""What was read of a stack, as it is kept and judged."""

from __future__ import annotations

from readiness.evidence.stacks import BackendRead, Way
from readiness.stacks.config import StackConfig
from readiness.stacks.stack_files import Variant


def backend_read(config: StackConfig) -> BackendRead:
    """Where this configuration says that its state is."""
    return BackendRead(
        name=config.name,
        backend=config.backend,
        variants=tuple(map(_way, config.variants)),
        recorded=None if config.recorded is None else _way(config.recorded),
        problems=config.problems,
        other=config.other,
        clues=config.clues,
    )


def _way(variant: Variant) -> Way:
    return Way(
        where=variant.where,
        settings=dict(variant.settings),
        sources=dict(variant.sources),
        missing=variant.missing,
    )
