"""What a candidate file may say of a cluster, and what is said of mistakes."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from readiness.candidate.declared import Command
from readiness.candidate.declared_kubernetes import DeclaredCluster
from readiness.candidate.load import load
from readiness.candidate.model import Candidate
from readiness.cli.dry_run import dry_run
from readiness.errors import EXIT_USAGE, UsageError
from readiness.providers import create
from readiness.providers.kubernetes.credentials import value_of
from readiness.providers.kubernetes.hooks import filled
from readiness.providers.kubernetes.rights import BASE, needed
from tests.docs.commands import ROOT

PODS: dict[str, Any] = {"selector": "app=state", "port": 9000}
KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: honey
contexts: [{name: honey, context: {cluster: c, user: u}}, {name: bumble, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://127.0.0.1:9"}}]
users: [{name: u, user: {}}]
"""


def cluster(**more: Any) -> DeclaredCluster:
    """A cluster with one kind of pods."""
    return DeclaredCluster.model_validate({"namespace": "tofu-state", "pods": [PODS]} | more)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"pods": []}, "at least 1 item"),
        ({"pods": [{"selector": "app=state"}]}, "at least one entry needs port"),
        ({"pods": [PODS, PODS]}, "kind of its own"),
        ({"pods": [PODS | {"via": "url"}]}, 'via = "url" needs url'),
        ({"pods": [PODS | {"url": "https://{pod}"}]}, 'go with via = "url"'),
        ({"pods": [PODS | {"via": "node-port"}]}, "needs service and port"),
        ({"pods": [PODS, {"kind": "x", "selector": "b", "admin_port": 1}]}, "admin_port needs port"),
        ({"pods": [PODS | {"port": 0}]}, "greater than or equal to 1"),
        ({"service": {"name": "state", "port": 9000, "via": "node-port"}}, "needs host"),
        ({"service": {"name": "state", "port": 9000, "via": "url"}}, "needs url"),
        ({"hooks": {"freeze": ["x"]}}, "freeze needs thaw"),
        ({"hooks": {"wipe": ["x"]}}, "wipe needs files"),
        ({"hooks": {"unplug": "x y"}}, "a list of arguments"),
        ({"crash": "power"}, "'delete' or 'taint'"),
        ({"contxt": "honey"}, "not permitted"),
    ],
)
def test_mistakes_are_explained(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        cluster(**more)


def candidate(folder: Path, *lines: str) -> Path:
    """A candidate file in Kubernetes with these lines in its table."""
    text = (ROOT / "candidates" / "embedded.toml").read_text("utf-8")
    before, after = text.split("[provider]")[0], text.split("[contract]", 1)[1]
    table = "\n".join(('[provider]\nkind = "kubernetes"\n\n[kubernetes]\nnamespace = "tofu-state"', *lines))
    pods = '\n[[kubernetes.pods]]\nselector = "app=state"\nport = 9000\n\n[contract]'
    path = folder / "state.toml"
    path.write_text(before + table + pods + after, encoding="utf-8")
    (folder / "kubeconfig").write_text(KUBECONFIG, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (('kubeconfig = "kubeconfig"',), "context is not declared: name one of honey, bumble, in-cluster"),
        (
            ('kubeconfig = "kubeconfig"', 'context = "hony"'),
            '"hony" cannot be used: .*; known: honey, bumble',
        ),
        (
            ('kubeconfig = "env:NOT_SET_HERE"', 'context = "honey"'),
            "the environment variable NOT_SET_HERE is not set",
        ),
        (('kubeconfig = "nowhere"', 'context = "honey"'), '"honey" cannot be used'),
        (('context = "in-cluster"',), '"in-cluster" cannot be used'),
    ],
)
def test_the_context_is_named_never_taken(tmp_path: Path, lines: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        create(load(str(candidate(tmp_path, *lines))), run_dir=tmp_path)


def test_the_table_belongs_to_its_provider(tmp_path: Path) -> None:
    path = candidate(tmp_path, 'context = "honey"')
    path.write_text(
        path.read_text("utf-8").replace('kind = "kubernetes"', 'kind = "commands"'), encoding="utf-8"
    )
    with pytest.raises(UsageError, match=r'kubernetes: not for provider\.kind = "commands"'):
        create(load(str(path)), run_dir=tmp_path)
    embedded = (ROOT / "candidates" / "embedded.toml").read_text("utf-8")
    path.write_text(embedded.replace('kind = "processes"', 'kind = "kubernetes"'), encoding="utf-8")
    with pytest.raises(UsageError, match=r"needs a \[kubernetes\] table"):
        create(load(str(path)), run_dir=tmp_path)


def test_placeholders_of_a_hook_are_filled_and_nothing_else_is_touched() -> None:
    message = Command(run=("ssh", "{node}", "freeze {uid} ${HOME} {other}"), seconds=7)
    done = filled(message, {"node": "bumble", "uid": "a-b"})
    assert done.argv == ("ssh", "bumble", "freeze a-b ${HOME} {other}")
    assert done.seconds == 7


def test_rights_are_asked_for_what_the_file_uses_only() -> None:
    message = {part: {right.text for right in rights} for part, rights in needed(cluster()).items()}
    assert "create pods/portforward" in message[BASE]
    assert not {text for text in message[BASE] if "endpointslices" in text or "services" in text}
    assert "patch nodes in the whole cluster" in message["drain"] & message["kill"]
    assert "delete pods" in message["kill"]
    service = {"name": "s", "port": 9000, "via": "address"}
    direct = needed(cluster(pods=[PODS | {"via": "address"}], service=service, crash="taint"))
    assert "create pods/portforward" not in {right.text for right in direct[BASE]}
    assert "watch endpointslices.discovery.k8s.io" in {right.text for right in direct[BASE]}
    assert "delete pods" not in {right.text for right in direct["kill"]}


def test_the_template_shows_every_field() -> None:
    text = (ROOT / "candidates" / "TEMPLATE.toml").read_text("utf-8")
    part = text[text.index('# [provider]\n# kind = "kubernetes"') : text.index("# A store in containers")]
    shown = tomllib.loads(re.sub(r"(?m)^# ?", "", part).replace("# url =", "url ="))
    declared = Candidate.model_validate(tomllib.loads(text) | shown).kubernetes
    assert declared is not None
    assert declared.service is not None
    for message in (declared, declared.service, declared.hooks):
        assert set(type(message).model_fields) - message.model_fields_set == set()
    of_pods = {field for pods in declared.pods for field in pods.model_fields_set}
    assert set(type(declared.pods[0]).model_fields) - of_pods == set()


def test_the_example_is_a_candidate_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kubeconfig").write_text(KUBECONFIG, encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    monkeypatch.setattr(
        "kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "kubeconfig")
    )
    loaded = load(str(ROOT / "candidates" / "examples" / "kubernetes.toml"))
    assert create(loaded, run_dir=tmp_path).name == "kubernetes"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"access": "QUs=", "secret": "U0s="}, None),
        ({"access": "QUs="}, 'has no key "secret"; it has access'),
        ({}, 'has no key "secret"; it has none'),
        ({"secret": ""}, 'key "secret" is empty or no text'),
        ({"secret": "/w=="}, 'key "secret" is empty or no text'),
        ({"secret": "not base64"}, 'key "secret" is empty or no text'),
    ],
)
def test_the_value_of_a_secret(data: dict[str, str], message: str | None) -> None:
    if message is None:
        assert value_of(data, "secret", "here") == "SK"
    else:
        with pytest.raises(UsageError, match=f"here.*{message}"):
            value_of(data, "secret", "here")


def test_a_dry_run_of_a_cluster_that_does_not_answer_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = candidate(tmp_path, 'kubeconfig = "kubeconfig"', 'context = "honey"')
    assert dry_run(str(path)) == EXIT_USAGE
    assert "the API server https://127.0.0.1:9 does not answer" in capsys.readouterr().err
