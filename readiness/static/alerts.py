"""The alert rules of a contract: read as Prometheus reads them, and whether an alert watches a metric."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

import promql_parser
import yaml
from promql_parser import MatchOp, VectorSelector
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from readiness.candidate.load import Loaded
from readiness.finding import Finding, proved, refuted, unknown

_NOT_KNOWN_HERE = "unknown function"
"""How the parser begins to reject a function that a newer Prometheus, or VictoriaMetrics, may know."""
_NO_TIME = re.compile(r"0(?:ms|[smhdwy])?")


_NO_SERIES = "a_series_that_nobody_has"


class RulesUnreadable(Exception):
    """Not a file of alert rules that Prometheus would load; the message says why."""


def _duration(given: Any) -> Any:
    text = str(given)
    if _NO_TIME.fullmatch(text):
        return text
    if text.isdigit():
        raise ValueError(f'"{text}" is not a duration: it has no unit')
    promql_parser.parse_duration(text)
    return text


class Rule(BaseModel):
    """One alerting or recording rule. `expr` is PromQL; a number is an expression, too."""

    alert: str | None = None
    record: str | None = None
    expr: Annotated[str, BeforeValidator(str)]
    wait: Annotated[str, BeforeValidator(_duration), Field(alias="for")] = "0s"
    keep_firing_for: Annotated[str, BeforeValidator(_duration)] = "0s"


class Group(BaseModel):
    """Rules that are evaluated together."""

    name: str
    rules: list[Rule] = []


class Groups(BaseModel):
    """A rule file, or the `spec` of a PrometheusRule or VMRule object."""

    groups: list[Group]


def alert_rules(loaded: Loaded, text: str | None = None) -> Finding:
    """Whether the contract's alert rules (its file, or this text) load, and an alert of theirs watches one of its
    metrics: by name, by a matcher of `__name__`, or through recording rules.
    """
    said = loaded.candidate.contract.observability
    if said.alert_rules is None:
        return refuted("the contract names no alert rules")
    try:
        rules = read((loaded.path.parent / said.alert_rules).read_text("utf-8") if text is None else text)
        watches = Watches(rules)
    except (OSError, UnicodeDecodeError, RulesUnreadable) as error:
        return refuted(f"alert rules {said.alert_rules} cannot be used: {error}")
    watched = [metric.name for metric in said.metrics if watches.metric(metric.name)]
    if watched:
        alerts = sum(rule.alert is not None for rule in rules)
        return proved(f"{alerts} alerts watch {', '.join(watched)}", alerts)
    if watches.unread:
        return unknown(f"alert rules {said.alert_rules}: {'; '.join(watches.unread)}")
    return refuted(f"no alert of {said.alert_rules} watches a metric that the contract names")


def read(text: str) -> list[Rule]:
    """The rules of a rule file or of the objects in a stream of YAML documents. Raises RulesUnreadable."""
    try:
        documents = [found for found in yaml.safe_load_all(text) if found is not None]
    except yaml.YAMLError as error:
        raise RulesUnreadable(f"it is not YAML: {' '.join(str(error).split())}") from None
    return [rule for document in documents for rule in _rules(document)]


def _rules(document: Any) -> Iterator[Rule]:
    if not isinstance(document, dict):
        raise RulesUnreadable(f"it holds a {type(document).__name__} where rule groups are expected")
    kind = document.get("kind")
    if kind == "ConfigMap":
        keys = ", ".join(map(str, document.get("data") or {})) or "none"
        raise RulesUnreadable(
            f"it is a ConfigMap, which holds rule files as text ({keys}): name a rule file, or the ConfigMap in "
            'the cluster as "ConfigMap/NAME/KEY" (provider "kubernetes")'
        )
    if kind == "List":
        for item in document.get("items") or []:
            yield from _rules(item)
        return
    try:
        groups = Groups.model_validate(document.get("spec", document)).groups
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"])) or "the document"
        raise RulesUnreadable(f"{where}: {problem['msg'].removeprefix('Value error, ')}") from None
    for group in groups:
        yield from group.rules


class Watches:
    """Which series the alerts look at, also through recording rules. Raises RulesUnreadable for broken PromQL.

    `unread`: rules that this parser cannot read although the store's own Prometheus may.
    """

    def __init__(self, rules: list[Rule]) -> None:
        self.unread: list[str] = []
        parsed = [(rule, self._selectors(rule)) for rule in rules]
        self._recorded: dict[str, list[VectorSelector]] = {}
        for rule, selectors in parsed:
            if rule.record is not None:
                self._recorded.setdefault(rule.record, []).extend(selectors)
        self._alerts = [one for rule, found in parsed if rule.alert is not None for one in found]

    def metric(self, name: str) -> bool:
        """Whether an alert selects the series of that name, or one that is recorded from it."""
        names, grown = {name}, True
        while grown:
            recorded = {
                record
                for record, selectors in self._recorded.items()
                if any(_selects(selector, each) for selector in selectors for each in names)
            }
            grown = not recorded <= names
            names |= recorded
        return any(_selects(selector, each) for selector in self._alerts for each in names)

    def _selectors(self, rule: Rule) -> list[VectorSelector]:
        try:
            expression = promql_parser.parse(rule.expr)
        except ValueError as error:
            told = f'the expression of "{rule.alert or rule.record}" does not parse as PromQL: {error}'
            if not str(error).startswith(_NOT_KNOWN_HERE):
                raise RulesUnreadable(told) from None
            self.unread.append(told)
            return []
        found: list[VectorSelector] = []

        def visit(part: promql_parser.Expr) -> None:
            if isinstance(part, VectorSelector):
                found.append(part)

        promql_parser.walk(expression, visit)
        return found


def _selects(selector: VectorSelector, name: str) -> bool:
    """Whether the selector is of that name: by its name, or by matchers of `__name__` that are not of any name."""
    if selector.name is not None:
        return selector.name == name
    asked = [one for one in selector.matchers.matchers if one.name == "__name__"]
    selects = all(_matches(one.op, one.value, name) for one in asked)
    return selects and not all(_matches(one.op, one.value, _NO_SERIES) for one in asked)


def _matches(op: MatchOp, value: str, name: str) -> bool:
    if op in (MatchOp.Equal, MatchOp.NotEqual):
        return (value == name) is (op == MatchOp.Equal)
    try:
        found = re.fullmatch(value, name) is not None
    except re.error:  # a form of RE2 that Python's expressions lack
        return False
    return found is (op == MatchOp.Re)
