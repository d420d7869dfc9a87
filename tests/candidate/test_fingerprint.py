"""Two candidates that are not the same have two fingerprints, whatever the reference behind which they differ."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from readiness.candidate.fingerprint import MISSING
from readiness.candidate.load import Loaded, load
from readiness.paths import CANDIDATES

TEMPLATE = """
schema = 1
name = "mine"
class = "dedicated-ha"
summary = "three nodes"
s3 = { ca_bundle = "ca.pem" }
provider = { kind = "commands" }
[[endpoints]]
name = "one"
node = "one"
instance = "one"
url = "env:STATE_URL"
[[endpoints]]
name = "service"
url = "profile:state"
[[nodes]]
name = "one"
drain = ["./node.sh", "drain"]
restore = { run = ["sh restore.sh 'one'"], shell = true }
[[instances]]
name = "one"
node = "one"
[contract]
endpoint_shape = "S3"
audience = "operators"
cache_statement = "attic, bazel and rbe have their own"
observability = { alert_rules = "rules.yaml" }
divergence = { response = "command", command = ["./check.py", "--all"] }
[contract.credentials]
rotation_owner = "operations"
rotation_days = 90
admin = { source = "profile", profile = "state" }
read_only = { source = "environment", access_key = "READ_ONLY_KEY", secret_key = "READ_ONLY_SECRET" }
[contract.durability]
versioning = true
[contract.failure]
statement = "one of three may be away"
rto_seconds = { restart = 5, drain = 5, crash = 5, silence = 5 }
rpo_acknowledged_writes = 0
"""
CONFIG = """
[profile state]
services = store
aws_access_key_id = AKSTATE
aws_secret_access_key = canary-secret
[services store]
s3 =
  endpoint_url = https://state.example:9000
"""
KUBERNETES = """
[kubernetes]
kubeconfig = "kube"
context = "honey"
namespace = "state"
pods = [{ selector = "app=state", port = 9000 }]
"""
KUBECONFIG = """
clusters: [{name: c, cluster: {server: "https://honey.example:6443", certificate-authority-data: AAAA}}]
contexts: [{name: honey, context: {cluster: c, user: u}}]
users: [{name: u, user: {token: canary-token}}]
"""
FILES = {
    "candidate.toml": TEMPLATE + KUBERNETES,
    "ca.pem": "a certificate",
    "node.sh": "drains",
    "restore.sh": "restores",
    "check.py": "checks",
    "rules.yaml": "groups: []",
    "aws": CONFIG,
    "kube": KUBECONFIG,
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("STATE_URL", "https://one.example:9000/")
    monkeypatch.setenv("READ_ONLY_KEY", "AKREAD")
    monkeypatch.setenv("READ_ONLY_SECRET", "canary-read-only")
    return tmp_path


def loaded(place: Path) -> Loaded:
    return load(str(place / "candidate.toml"))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("ca.pem", "a certificate", "another certificate"),
        ("node.sh", "drains", "drains another"),
        ("restore.sh", "restores", "restores another"),
        ("check.py", "checks", "checks nothing"),
        ("rules.yaml", "groups: []", "groups: [{}]"),
        ("aws", "state.example:9000", "other.example:9000"),
        ("aws", "AKSTATE", "AKOTHER"),
        ("aws", "aws_access_key_id", "region = x\naws_access_key_id"),
        ("kube", "honey.example:6443", "bumble.example:6443"),
        ("kube", "AAAA", "BBBB"),
        ("candidate.toml", "drain = 5", "drain = 6"),
    ],
)
def test_what_is_behind_a_reference_counts(place: Path, name: str, old: str, new: str) -> None:
    before = loaded(place).fingerprint
    assert loaded(place).fingerprint == before
    text = FILES[name]
    assert text.count(old) == 1
    (place / name).write_text(text.replace(old, new))
    assert loaded(place).fingerprint != before


@pytest.mark.parametrize("name", ["STATE_URL", "READ_ONLY_KEY"])
def test_what_a_variable_holds_counts(place: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    before = loaded(place).fingerprint
    monkeypatch.setenv(name, "https://two.example:9000")
    changed = loaded(place).fingerprint
    monkeypatch.delenv(name)
    assert len({before, changed, loaded(place).fingerprint}) == 3


def test_a_rotated_secret_or_token_is_no_other_candidate(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = loaded(place).fingerprint
    monkeypatch.setenv("READ_ONLY_SECRET", "rotated")
    (place / "aws").write_text(CONFIG.replace("canary-secret", "rotated"))
    (place / "kube").write_text(KUBECONFIG.replace("canary-token", "rotated"))
    assert loaded(place).fingerprint == before


def test_the_same_in_another_folder_is_the_same(
    place: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    for name, text in FILES.items():
        (other / name).write_text(text)
    assert loaded(other).fingerprint == loaded(place).fingerprint


def test_what_is_shown_names_addresses_and_no_secret(place: Path) -> None:
    shown = loaded(place).resolved
    assert shown["endpoints.one.url"] == "https://one.example:9000"
    assert shown["endpoints.service.url"] == "https://state.example:9000"
    assert shown["kubernetes.context"].startswith("https://honey.example:6443 sha256:")
    assert shown["nodes.one.drain ./node.sh"].startswith("sha256:")
    assert shown["contract.observability.alert_rules"].startswith("sha256:")
    assert "canary" not in json.dumps(shown)
    assert "AKSTATE" not in json.dumps(shown)


def test_what_cannot_be_resolved_is_left_to_the_provider(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STATE_URL")
    for name in ("aws", "kube", "rules.yaml"):
        (place / name).write_text("[[[ broken")
    shown = loaded(place).resolved
    for field in ("endpoints.one.url", "endpoints.service.url", "kubernetes.context"):
        assert shown[field] == MISSING


def test_programs_of_the_system_do_not_count(place: Path) -> None:
    text = FILES["candidate.toml"].replace('["./node.sh", "drain"]', '["/bin/sh", "-c", "true"]')
    (place / "candidate.toml").write_text(text)
    assert not [field for field in loaded(place).resolved if "/bin/sh" in field]


def test_every_candidate_that_comes_along_has_one() -> None:
    assert load("embedded").fingerprint == load(str(CANDIDATES / "embedded.toml")).fingerprint
