"""The metrics pages of a candidate: which of the contract's metrics each of its instances shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from prometheus_client.parser import text_string_to_metric_families

from readiness.judges.contract import Step
from readiness.recording import Recording
from readiness.subject import Subject


def record_metrics(subject: Subject, see: Recording) -> None:
    """P0.5: the metrics of the contract that have a sample on the page they are read from, for each instance."""
    wanted = subject.contract.observability.metrics
    names = {metric.name for metric in wanted}
    for path, target in sorted({(metric.path, metric.target) for metric in wanted}):
        for instance in subject.topology.instances:
            page = partial(subject.provider.metrics, instance.name, path, target)
            shown = partial(_shown, page, names)
            see.fact(Step.METRICS, instance.name, shown, asked={"path": path, "target": target}, kept=list)


def _shown(page: Callable[[], str], names: set[str]) -> list[str]:
    return sorted(samples(page()) & names)


def samples(page: str) -> set[str]:
    """The names of all samples on a page in Prometheus's text format. Raises ValueError for a page that is not.

    The parser shows every counter with the suffix `_total`, also one whose page has it without: which of the two is on
    the page decides.
    """
    names = set()
    for family in text_string_to_metric_families(page):
        parsed = {sample.name for sample in family.samples}
        if family.type == "counter":
            both = parsed | {name.removesuffix("_total") for name in parsed}
            parsed = {name for name in both if _begins_a_line(name, page)}
        names |= parsed
    return names


def _begins_a_line(name: str, page: str) -> bool:
    return re.search(rf"^{re.escape(name)}(?![\w:])", page, re.MULTILINE) is not None
