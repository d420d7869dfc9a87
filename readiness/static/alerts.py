"""The alert rules of a contract, read as Prometheus reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

import promql_parser
import yaml
from pydantic import BaseModel, BeforeValidator, Field, JsonValue, ValidationError

from readiness.judges.alerts import RulesUnreadable
from readiness.judges.contract import Step
from readiness.providers.abilities import HasAlertRules
from readiness.recording import Recording
from readiness.subject import Subject

_NO_TIME = re.compile(r"0(?:ms|[smhdwy])?")


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


class RuleGroup(BaseModel):
    """Rules that are evaluated together."""

    name: str
    rules: list[Rule] = []


class Groups(BaseModel):
    """A rule file, or the `spec` of a PrometheusRule or VMRule object."""

    groups: list[RuleGroup]


def record_alert_rules(subject: Subject, see: Recording) -> None:
    """P0.5: the rules of the contract's alert file, where it names one, with their expressions."""
    named = subject.contract.observability.alert_rules
    if named is None:
        return
    provider = subject.provider

    def load() -> list[Rule]:
        text = provider.alert_rules() if isinstance(provider, HasAlertRules) else None
        return read((subject.loaded.path.parent / named).read_text("utf-8") if text is None else text)

    see.fact(Step.ALERT_RULES, named, load, kept=_expressions)


def _expressions(rules: list[Rule]) -> JsonValue:
    return [{"alert": rule.alert, "record": rule.record, "expr": rule.expr} for rule in rules]


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
