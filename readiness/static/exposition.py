"""The metrics pages of a candidate: which of the contract's metrics each of its instances shows."""

from __future__ import annotations

import re

from prometheus_client.parser import text_string_to_metric_families

from readiness.candidate.model import Metric
from readiness.finding import Finding, proved, refuted
from readiness.subject import Subject
from readiness.topology import Unsupported


def metrics(subject: Subject) -> Finding:
    """Whether each metric of the contract has a sample on the page it names, of at least one instance."""
    wanted = subject.contract.observability.metrics
    if not wanted:
        return refuted("the contract names no metric for bucket/index/API divergence")
    found: dict[tuple[str, str], set[str]] = {}
    problems: list[str] = []
    pages = 0
    for page in sorted({(metric.path, metric.target) for metric in wanted}):
        for instance in subject.topology.instances:
            try:
                names = samples(subject.provider.metrics(instance.name, *page))
            except (Unsupported, OSError, ValueError) as error:
                problems.append(f"{instance.name}{page[0]}: {error}")
                continue
            pages += 1
            found.setdefault(page, set()).update(names)
    if not pages:
        return refuted(f"no instance answers its metrics path: {'; '.join(problems[:3])}")
    silent = [metric.name for metric in wanted if not _shown(metric, found)]
    if silent:
        unread = f" ({'; '.join(problems[:3])})" if problems else ""
        return refuted(f"metrics named by the contract that no instance has: {', '.join(silent)}{unread}")
    return proved(f"{len(wanted)} metrics answer", pages)


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


def _shown(metric: Metric, found: dict[tuple[str, str], set[str]]) -> bool:
    return metric.name in found.get((metric.path, metric.target), set())
