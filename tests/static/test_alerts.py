"""Alert rules as teams write them: what Prometheus would load and watch is accepted, everything else is named."""

from __future__ import annotations

from typing import Any

import pytest

from readiness.finding import Finding, State
from readiness.judges import contract
from readiness.providers.base import MetricsTarget
from readiness.static.alerts import record_alert_rules
from readiness.static.exposition import record_metrics
from tests.static.test_static import declared, live
from tests.support.observations import judged

METRIC = "control_index_divergence"


class Serving:
    """A provider that reads the alert rules where the candidate runs."""

    def __init__(self, text: str) -> None:
        self.text = text

    def alert_rules(self) -> str:
        return self.text


def of_rules(text: str) -> Finding:
    given = live()
    given.provider = Serving(text)
    return judged("P0.5", record_alert_rules, (given,), contract.alert_rules)


def of_pages(given: Any) -> Finding:
    return judged("P0.5", record_metrics, (given,), contract.metrics)


def group(*rules: str) -> str:
    return f"groups: [{{name: g, rules: [{', '.join(rules)}]}}]"


def alert(expr: str, more: str = "") -> str:
    return f"{{alert: A, expr: '{expr}'{more}}}"


@pytest.mark.parametrize(
    "text",
    [
        group(alert(f"max by (node) (rate({METRIC}[5m])) > 0")),
        group(alert(f'{{__name__="{METRIC}"}} > 0')),
        group(alert('{__name__=~"control_index_.*"} > 0')),
        group(alert(f"absent({METRIC})")),
        group(alert(f"{METRIC} > 0", ", for: 0s, keep_firing_for: 1h30m")),
        group(alert(f"{METRIC} > 0", ", for: 0")),
        group(
            f"{{record: one:max, expr: max({METRIC})}}",
            "{record: two:max, expr: 'max_over_time(one:max[1h])'}",
            alert("two:max > 0"),
        ),
        f"kind: PrometheusRule\nspec: {{{group(alert('up == 0'))}}}\n---\nspec: {{{group(alert(METRIC))}}}",
        f"kind: List\nitems: [{{kind: PrometheusRule, spec: {{{group(alert(METRIC))}}}}}]",
        # VictoriaMetrics evaluates functions that this parser does not know; another alert watches the metric
        f"kind: VMRule\nspec: {{{group(alert('mode_over_time(x[5m])'), alert(METRIC))}}}",
    ],
)
def test_rules_that_load_and_watch(text: str) -> None:
    found = of_rules(text)
    assert found.state is State.PROVED, found.reason


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            group(alert(f"max({METRIC} > 0")),
            'the expression of "A" does not parse as PromQL: unclosed left paren',
        ),
        (group(alert(f"{METRIC} > 0"), "{record: r, expr: 'sum('}"), 'the expression of "r" does not parse'),
        (group(alert(f'up{{job="{METRIC}"}} == 0')), "no alert of alerts/embedded.yaml watches a metric"),
        (group(alert(f'up{{job="x", instance=~".*{METRIC}.*"}} == 0')), "no alert of"),
        (group(alert(f'label_replace(up, "{METRIC}", "$1", "job", "(.*)") == 0')), "no alert of"),
        (group(alert(f"count by ({METRIC}) (up) > 1")), "no alert of"),
        (group(alert(f'{{__name__!="{METRIC}", job="store"}} > 0')), "no alert of"),
        (group(alert('count({__name__=~".+"}) > 1000')), "no alert of"),
        (group(f"{{record: r, expr: {METRIC}}}", alert("up == 0")), "no alert of"),
        (group(alert(METRIC, ", for: 5 minutes")), "not a valid duration string: 5 minutes"),
        (group(alert(METRIC, ", for: 5")), '"5" is not a duration: it has no unit'),
        (group(alert(METRIC, ", keep_firing_for: soon")), "not a valid duration string: soon"),
        (
            f"kind: ConfigMap\ndata: {{store.yaml: '{METRIC}'}}",
            "(store.yaml): name a rule file, or the ConfigMap",
        ),
        (f"{group(alert(METRIC))}\n---\ngroups: 7", "groups"),
        ("a: [", "it is not YAML"),
    ],
)
def test_rules_that_do_not_load_or_do_not_watch(text: str, message: str) -> None:
    found = of_rules(text)
    assert found.state is State.REFUTED, found.reason
    assert message in found.reason


def test_a_function_that_the_parser_does_not_know_is_no_refutation() -> None:
    found = of_rules(group(alert(f"range_quantile(0.9, {METRIC})")))
    assert found.state is State.UNKNOWN
    assert "unknown function" in found.reason


# -- metrics pages


def pages(shown: dict[tuple[str, MetricsTarget], str]) -> dict[str, Any]:
    def metrics(_instance: str, path: str, target: MetricsTarget) -> str:
        if (path, target) not in shown:
            raise OSError("HTTP 404")
        return shown[path, target]

    return {"metrics": metrics}


def subject(*metrics: dict[str, str], shown: dict[tuple[str, MetricsTarget], str]) -> Any:
    loaded = declared(contract__observability__metrics=list(metrics))
    return live(loaded, provider=pages(shown))


ADMIN: tuple[str, MetricsTarget] = ("/metrics", "admin")
S3: tuple[str, MetricsTarget] = ("/metrics", "s3")


@pytest.mark.parametrize(
    "page",
    [
        "# HELP lost keys\n# TYPE lost counter\nlost_total 3\n",
        'lost_total{bucket="a b"} 3 1700000000000\n',
        "lost_total NaN",
    ],
)
def test_a_sample_of_that_name_answers(page: str) -> None:
    assert of_pages(subject({"name": "lost_total"}, shown={ADMIN: page})).state is State.PROVED


@pytest.mark.parametrize(
    ("name", "page", "state"),
    [
        ("lost", "# TYPE lost counter\nlost 3\n", State.PROVED),
        ("lost", '# TYPE lost counter\nlost{volume="1"} 3\n', State.PROVED),
        ("lost_total", "# TYPE lost counter\nlost 3\n", State.REFUTED),
        ("lost", "# TYPE lost_total counter\nlost_total 3\n", State.REFUTED),
        ("lost_total", "# TYPE lost_total counter\nlost_total 3\n", State.PROVED),
        (
            "lost_total",
            "# TYPE lost counter\nlost 3\n# TYPE lost_total counter\nlost_total 1\n",
            State.PROVED,
        ),
    ],
)
def test_a_counter_has_the_name_that_is_on_the_page(name: str, page: str, state: State) -> None:
    assert of_pages(subject({"name": name}, shown={ADMIN: page})).state is state


@pytest.mark.parametrize(
    "page",
    [
        "",
        'other{of="lost_total"} 1\n',
        "# HELP other text\\n\nother 1\n# lost_total 3\n",
        "# HELP lost_total of old\n# TYPE lost_total counter\n",
        "lost_total_more 1\n",
        "<html>lost_total 3</html>",
        "lost_total three\n",
        'other 1\nlost_total{a="b} 3\n',
    ],
)
def test_a_page_without_such_a_sample_does_not(page: str) -> None:
    assert of_pages(subject({"name": "lost_total"}, shown={ADMIN: page})).state is State.REFUTED


@pytest.mark.parametrize(
    ("target", "shown", "state"),
    [
        ("s3", {S3: "lost 1\n"}, State.PROVED),
        ("s3", {S3: "other 1\n", ADMIN: "lost 1\n"}, State.REFUTED),
        ("admin", {S3: "lost 1\n", ADMIN: "other 1\n"}, State.REFUTED),
        ("admin", {S3: "lost 1\n"}, State.REFUTED),
    ],
)
def test_a_metric_is_read_from_the_target_that_it_names(
    target: str, shown: dict[tuple[str, MetricsTarget], str], state: State
) -> None:
    found = of_pages(subject({"name": "lost", "target": target}, shown=shown))
    assert found.state is state, found.reason


def test_why_a_page_was_not_read_is_part_of_the_reason() -> None:
    found = of_pages(subject({"name": "lost"}, shown={ADMIN: "<html>"}))
    assert found.state is State.REFUTED
    assert "no instance answers its metrics path" in found.reason
    assert "<html>" in found.reason
