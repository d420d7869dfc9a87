"""A candidate file proposed from what a namespace holds: it loads, says what was found, and promises nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from readiness.candidate.load import Loaded, load
from readiness.cli import declare
from readiness.declare.cluster import Asked, proposal
from readiness.declare.cluster_survey import Surveyed
from readiness.errors import UsageError
from readiness.evidence.seen import Promises, Seen
from readiness.finding import State
from readiness.judges import contract
from tests.declare import charts
from tests.support.handler_server import handled_by

NAMESPACE = "tofu-state"
ALL: dict[str, Callable[[], Surveyed]] = {
    "control": charts.control,
    "minio": charts.minio_chart,
    "minio-operator": charts.minio_operator,
    "rustfs": charts.rustfs,
    "seaweedfs": charts.seaweedfs,
    "rook": charts.rook,
    "garage": charts.garage,
    "versitygw": charts.versitygw,
}


def proposed(found: Surveyed, folder: Path, wanted: str | None = None) -> tuple[str, Loaded]:
    text = proposal(found, Asked("honey", NAMESPACE, store=wanted))
    path = folder / "proposed.toml"
    path.write_text(text, "utf-8")
    return text, load(str(path))


@pytest.mark.parametrize(
    ("name", "kinds", "s3", "service", "admin"),
    [
        ("control", ["store"], {"store": ("http", 9000, 9001)}, ("state", 9000), ("state-keys", "admin-access")),
        ("minio", ["store"], {"store": ("http", 9000, None)}, ("minio", 9000), ("minio", "rootUser")),
        ("minio-operator", ["store"], {"store": ("https", 9000, None)}, ("minio", 443), None),
        ("rustfs", ["store"], {"store": ("http", 9000, None)}, ("rustfs", 9000), ("rustfs-keys", "admin-access")),
        ("seaweedfs", ["master", "volume", "filer"], {"filer": ("http", 8333, None)}, ("seaweedfs-s3", 8333), None),
        (
            "rook",
            ["rook-ceph-mon-a", "rook-ceph-mon-b", "mgr", "rook-ceph-osd-0", "rook-ceph-osd-1", "rgw"],
            {"rgw": ("http", 8080, None)},
            ("rook-ceph-rgw-state", 80),
            None,
        ),
        ("garage", ["store"], {"store": ("http", 3900, 3903)}, ("garage", 3900), None),
        ("versitygw", ["store"], {"store": ("http", 7070, None)}, ("versitygw", 7070), ("versitygw", "accessKey")),
    ],
)  # fmt: skip
def test_the_file_loads_and_says_what_is_there(
    tmp_path: Path,
    name: str,
    kinds: list[str],
    s3: dict[str, tuple[str, int, int | None]],
    service: tuple[str, int],
    admin: tuple[str, str] | None,
) -> None:
    _, loaded = proposed(ALL[name](), tmp_path)
    declared, credential = loaded.candidate.kubernetes, loaded.candidate.contract.credentials.admin
    assert declared is not None
    assert (declared.context, declared.namespace) == ("honey", NAMESPACE)
    assert [pods.kind for pods in declared.pods] == kinds
    assert {p.kind: (p.scheme, p.port, p.admin_port) for p in declared.pods if p.port} == s3
    assert declared.service is not None
    assert (declared.service.name, declared.service.port) == service
    found = (credential.secret, credential.access_key) if credential.source == "secret" else None
    assert found == admin


@pytest.mark.parametrize("name", ALL)
def test_selectors_are_those_of_the_workloads(tmp_path: Path, name: str) -> None:
    surveyed = ALL[name]()
    _, loaded = proposed(surveyed, tmp_path)
    assert loaded.candidate.kubernetes is not None
    of_workloads = {
        frozenset(f"{k}={v}" for k, v in each["spec"]["selector"]["matchLabels"].items())
        for each in surveyed.workloads
    }
    assert all(
        frozenset(pods.selector.split(",")) in of_workloads for pods in loaded.candidate.kubernetes.pods
    )


@pytest.mark.parametrize("name", ALL)
def test_what_only_an_operator_can_promise_is_refused_until_it_is_written(tmp_path: Path, name: str) -> None:
    _, loaded = proposed(ALL[name](), tmp_path)
    declared = loaded.candidate.model_dump(mode="json", by_alias=True)
    seen = Seen(Promises.of(declared), declared=declared)
    for judge, field in (
        (contract.endpoint_shape, "audience"),
        (contract.credentials, "rotation_owner"),
        (contract.failure_behaviour, "statement"),
        (contract.cache_statement, "cache_statement"),
    ):
        found = judge(seen)
        assert found.state is State.REFUTED
        assert found.reason == f"the contract's {field} is still to be written"


def test_promises_come_from_probes_and_grace_periods_and_keep_their_ceilings(tmp_path: Path) -> None:
    text, loaded = proposed(charts.control(), tmp_path)
    failure = loaded.candidate.contract.failure
    assert {str(kind): seconds for kind, seconds in failure.rto_seconds.items()} == {
        "restart": 14,
        "drain": 14,
        "crash": 14,
        "silence": 60,
    }
    assert (failure.readiness.path, failure.readiness.target) == ("/readyz", "admin")
    assert "terminationGracePeriodSeconds (10), and 4 s until the probe notices" in text
    _, slow = proposed(charts.garage(), tmp_path)
    assert (
        max(s for kind, s in slow.candidate.contract.failure.rto_seconds.items() if kind != "silence") == 30
    )


def test_comments_say_where_a_guess_comes_from(tmp_path: Path) -> None:
    text, loaded = proposed(charts.control(), tmp_path)
    assert 'alert_rules = "PrometheusRule/state"  # the only one of the namespace' in text
    assert "port = 9000  # as its container declares it" in text
    assert "# claim data: class state-local, ReadWriteOnce" in text
    assert "no PodDisruptionBudget" not in text
    assert loaded.candidate.kubernetes is not None
    assert loaded.candidate.kubernetes.cluster_uid == "uid-of-kube-system"
    text, _ = proposed(charts.rook(), tmp_path)
    assert "port = 8080  # what Ceph (Rook) listens on by default" in text
    assert "no PodDisruptionBudget holds these pods" in text
    assert 'source = "environment"' in text


def test_a_reader_s_keys_are_not_taken_for_the_administrator_s(tmp_path: Path) -> None:
    surveyed = charts.control()
    (container,) = surveyed.workloads[0]["spec"]["template"]["spec"]["containers"]
    container["env"].reverse()
    _, loaded = proposed(surveyed, tmp_path)
    credentials = loaded.candidate.contract.credentials
    assert (credentials.admin.access_key, credentials.admin.secret_key) == ("admin-access", "admin-secret")
    assert credentials.read_only is not None
    assert (credentials.read_only.access_key, credentials.read_only.secret_key) == (
        "read-only-access",
        "read-only-secret",
    )
    text, without = proposed(charts.minio_chart(), tmp_path)
    assert without.candidate.contract.credentials.read_only is None
    assert "without it P1.16 cannot be proved whole" in text


def test_a_kubeconfig_and_an_image_of_probes_that_were_named_are_in_the_file(tmp_path: Path) -> None:
    asked = Asked("honey", NAMESPACE, "/etc/kube", None, "lane/busybox:1", ("10.0.0.2/32",), "address")
    path = tmp_path / "proposed.toml"
    path.write_text(proposal(charts.control(), asked), "utf-8")
    declared = load(str(path)).candidate.kubernetes
    assert declared is not None
    assert declared.kubeconfig == "/etc/kube"
    assert {pods.via for pods in declared.pods} == {"address"}
    assert declared.isolation is not None
    assert (declared.isolation.image, declared.isolation.dns) == ("lane/busybox:1", ("10.0.0.2/32",))
    text, plain = proposed(charts.control(), tmp_path)
    assert plain.candidate.kubernetes is not None
    assert plain.candidate.kubernetes.isolation is None
    assert "(--probe-image) S.1, S.2, S.5 are UNKNOWN" in text


def test_one_pod_is_a_singleton_whatever_the_store(tmp_path: Path) -> None:
    text, loaded = proposed(charts.minio_chart(replicas=1), tmp_path)
    assert loaded.candidate.candidate_class == "singleton"
    assert "no final authority (P0.7)" in text


def test_a_service_that_does_not_balance_is_no_service_endpoint(tmp_path: Path) -> None:
    surveyed = charts.minio_chart()
    headless = [each for each in surveyed.services if each["spec"]["clusterIP"] == "None"]
    text, loaded = proposed(replace(surveyed, services=headless), tmp_path)
    assert loaded.candidate.kubernetes is not None
    assert loaded.candidate.kubernetes.service is None
    assert "there is no service endpoint to declare" in text


def test_names_with_quotes_do_not_break_the_file(tmp_path: Path) -> None:
    surveyed = charts.minio_chart()
    surveyed.workloads[0]["spec"]["selector"]["matchLabels"]["app"] = 'a"b\\c'
    _, loaded = proposed(surveyed, tmp_path)
    assert loaded.candidate.kubernetes is not None
    assert 'app=a"b\\c' in loaded.candidate.kubernetes.pods[0].selector


@pytest.mark.parametrize(
    ("found", "wanted", "message"),
    [
        (Surveyed([]), None, "holds none of .*; its images: none"),
        (Surveyed([charts.workload("web", {"app": "web"}, charts.container("nginx:1", {}, {}))]), None, "nginx:1"),
        (charts.minio_chart(), "rustfs", "holds no rustfs; it holds minio"),
        (replace(charts.seaweedfs(), workloads=charts.seaweedfs().workloads[:2]), None, "speaks S3"),
    ],
)  # fmt: skip
def test_what_is_not_recognised_is_said(found: Surveyed, wanted: str | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        proposal(found, Asked("honey", NAMESPACE, store=wanted))


def test_of_several_stores_one_is_named(tmp_path: Path) -> None:
    both = Surveyed(
        [*charts.minio_chart().workloads, *charts.garage().workloads],
        [*charts.minio_chart().services, *charts.garage().services],
    )
    with pytest.raises(UsageError, match="holds minio, garage: name one with --store"):
        proposal(both, Asked("honey", NAMESPACE))
    _, loaded = proposed(both, tmp_path, "garage")
    assert loaded.candidate.kubernetes is not None
    assert [pods.port for pods in loaded.candidate.kubernetes.pods] == [3900]


@contextmanager
def api_server(found: Surveyed, denied: str = "") -> Iterator[tuple[str, list[str]]]:
    """An API server that lists these objects; what was asked of it. `denied`: a kind that it does not show."""
    asked: list[str] = []
    stateful = [each for each in found.workloads if "serviceName" in each["spec"]]
    lists: dict[str, Any] = {
        "statefulsets": stateful,
        "deployments": [each for each in found.workloads if each not in stateful],
        "services": list(found.services),
        "poddisruptionbudgets": list(found.budgets or ()),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.command} {self.path}")
            name = self.path.split("?")[0].rsplit("/", 1)[-1]
            body: Any = {"items": lists[name]} if name in lists else {"message": f"no {name}"}
            code = 403 if name == denied else 200 if name in lists else 404
            if name == "kube-system":
                code, body = 200, {"metadata": {"uid": "uid-over-http"}}
            data = json.dumps(body if code == 200 else {"message": f"{name} is not for you"}).encode()
            self.send_response(code)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with handled_by(Handler) as server:
        yield f"http://127.0.0.1:{server.server_port}", asked


def kubeconfig(folder: Path, url: str) -> str:
    path = folder / "kubeconfig"
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "c", "cluster": {"server": url}}],
                "users": [{"name": "u", "user": {}}],
                "contexts": [{"name": "honey", "context": {"cluster": "c", "user": "u"}}],
            }
        )
    )
    return str(path)


def reaching(folder: Path, url: str) -> list[str]:
    """The options that lead to that API server."""
    return ["--kubeconfig", kubeconfig(folder, url), "--namespace", NAMESPACE]


@pytest.mark.parametrize("name", ["control", "rook"])
def test_the_command_lists_and_reads_no_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    with api_server(ALL[name]()) as (url, asked):
        assert declare.main(["--context", "honey", *reaching(tmp_path, url)]) == 0
    assert asked
    assert all(line.startswith("GET ") and "secret" not in line for line in asked)
    text = capsys.readouterr().out
    assert 'cluster_uid = "uid-over-http"' in text
    (tmp_path / "mine.toml").write_text(text, "utf-8")
    assert load(str(tmp_path / "mine.toml")).candidate.kubernetes is not None


@pytest.mark.parametrize(
    ("denied", "context", "message"),
    [
        ("statefulsets", "honey", "the stateful sets of namespace tofu-state cannot be listed"),
        ("", "hony", "hony"),
        ("", None, "--context is not given: name one of honey"),
    ],
)
def test_what_cannot_be_read_is_one_message_and_exit_code_4(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], denied: str, context: str | None, message: str
) -> None:
    with api_server(charts.control(), denied) as (url, _):
        named = ["--context", context] if context else []
        assert declare.main([*named, *reaching(tmp_path, url)]) == 4
    printed = capsys.readouterr()
    (line,) = printed.err.splitlines()
    assert line.startswith("ERROR: ")
    assert message in line
    assert not printed.out


def test_budgets_that_are_not_shown_are_no_obstacle(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with api_server(charts.control(), "poddisruptionbudgets") as (url, _):
        assert declare.main(["--context", "honey", *reaching(tmp_path, url)]) == 0
    text = capsys.readouterr().out
    assert "# this account may not list PodDisruptionBudgets" in text
    assert "no PodDisruptionBudget holds these pods" not in text
