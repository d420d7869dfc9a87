"""Whether an alert watches a metric of the contract, as Prometheus would evaluate the rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import promql_parser
from promql_parser import MatchOp, VectorSelector

_NOT_KNOWN_HERE = "unknown function"
"""How the parser begins to reject a function that a newer Prometheus, or VictoriaMetrics, may know."""
_NO_SERIES = "a_series_that_nobody_has"


class RulesUnreadable(ValueError):
    """Not a file of alert rules that Prometheus would load; the message says why."""


@dataclass(frozen=True)
class Named:
    """One alerting or recording rule, as the judge needs it. `expr` is PromQL."""

    alert: str | None
    record: str | None
    expr: str


class Watches:
    """Which series the alerts look at, also through recording rules. Raises RulesUnreadable for broken PromQL.

    `unread`: rules that this parser cannot read although the store's own Prometheus may.
    """

    def __init__(self, rules: Sequence[Named]) -> None:
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

    def _selectors(self, rule: Named) -> list[VectorSelector]:
        try:
            expression = promql_parser.parse(rule.expr)
        except ValueError as error:
            problem = f'the expression of "{rule.alert or rule.record}" does not parse as PromQL: {error}'
            if not str(error).startswith(_NOT_KNOWN_HERE):
                raise RulesUnreadable(problem) from None
            self.unread.append(problem)
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
