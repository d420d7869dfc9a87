"""A canary in every input of a run: none is found in what the run prints or leaves, however it ends."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from readiness.paths import ROOT
from tests.leaks.grep import found, too_open
from tests.plugin.runs import Ran, one_clear_message, run
from tests.support.http_server import Exchange, ok
from tests.support.thread_server import serving_in_thread

pytestmark = [pytest.mark.store, pytest.mark.side_by_side]
HURRIED = ("-p", "tests.leaks.hurried")
PHASE0 = ROOT / "suites" / "test_phase0_static_contract.py"
P1_8 = f"{ROOT}/suites/test_phase1_scratch_s3.py::test_no_active_stack_points_at_the_candidate"


@dataclass
class Canaries:
    """Every canary that was planted, by the input that it was planted in."""

    planted: dict[str, str] = field(default_factory=dict)

    def new(self, where: str) -> str:
        number = len(self.planted) + 1
        return self.planted.setdefault(where, f"Canary{number:02}x7Qz{number:02}")

    def left(self, ran: Ran) -> list[str]:
        """Those that were found, with their input and place."""
        return [f"{where}: {seen}" for where, canary in self.planted.items() for seen in found(ran, canary)]


def candidate(folder: Path, url: str, canary: Canaries) -> Path:
    """A candidate of running servers whose every command talks too much."""
    talk = folder / "talk.sh"
    talk.write_text(
        f"#!/bin/sh\necho 'password={canary.new('command output')} of the store'\n"
        f"echo 'Authorization: Bearer {canary.new('command stderr')}' >&2\nexit 3\n"
    )
    talk.chmod(0o755)
    header = json.dumps(f"PRIVATE-TOKEN: {canary.new('header in a command')}")
    talking = f'["./talk.sh", "-H", {header}]'
    text = f"""
schema = 1
name = "talkative"
class = "dedicated-ha"
summary = "two servers that answer nonsense"
provider = {{ kind = "commands" }}
endpoints = [
  {{ name = "one", url = "{url}", node = "one", instance = "one" }},
  {{ name = "two", url = "env:STATE_URL", node = "two", instance = "two" }},
]
nodes = [
  {{ name = "one", drain = {talking}, restore = {talking} }},
  {{ name = "two", drain = {talking}, restore = {talking} }},
]
instances = [
  {{ name = "one", node = "one", restart = {talking}, identity = {talking}, probe = {talking} }},
  {{ name = "two", node = "two", restart = {talking}, identity = {talking} }},
]
commands = {{ whole = {talking}, versions = {{ store = {talking} }}, capture = {{ log = {talking} }} }}
[contract]
endpoint_shape = "S3"
audience = "operators"
cache_statement = "attic, bazel and rbe have their own"
observability = {{ metrics = [{{ name = "up", path = "/metrics", target = "s3" }}], alert_rules = "rules.yaml" }}
divergence = {{ response = "command", command = {talking} }}
[contract.credentials]
rotation_owner = "operations"
rotation_days = 90
admin = {{ source = "profile", profile = "state" }}
[contract.durability]
versioning = true
[contract.failure]
statement = "one of two may be away"
rto_seconds = {{ restart = 5, drain = 5, crash = 5, silence = 5 }}
rpo_acknowledged_writes = 0
[boundary]
cache_endpoints = ["http://attic:{canary.new("URL userinfo in the candidate file")}@127.0.0.1:9"]
"""
    (folder / "rules.yaml").write_text(f"groups: password={canary.new('alert rules')}\n")
    path = folder / "candidate.toml"
    path.write_text(text)
    return path


def profile(folder: Path, canary: Canaries) -> dict[str, str]:
    (folder / "aws").write_text(
        f"[profile state]\naws_access_key_id = {canary.new('access key id of a profile')}\n"
        f"aws_secret_access_key = {canary.new('secret key of a profile')}\n"
    )
    return {"AWS_CONFIG_FILE": str(folder / "aws"), "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none")}


def environment(canary: Canaries) -> dict[str, str]:
    return {
        "AWS_SECRET_ACCESS_KEY": canary.new("AWS_SECRET_ACCESS_KEY"),
        "TF_HTTP_PASSWORD": canary.new("TF_HTTP_PASSWORD"),
        "GITLAB_TOKEN": canary.new("GITLAB_TOKEN"),
        "HTTPS_PROXY": f"socks5h://operator:{canary.new('URL userinfo of a proxy')}@127.0.0.1:9",
    }


def stacks(folder: Path, canary: Canaries) -> Path:
    for name in ("attic", "arc-runners", "gitlab-runners", "runner-dashboard"):
        stack = folder / "checkout" / "tofu" / "stacks" / name
        stack.mkdir(parents=True)
        (stack / "backend.tf").write_text(
            f"""
terraform {{
  backend "http" {{
    address                = "https://bot:{canary.new("URL userinfo in HCL")}@git.example/state/{name}"
    client_private_key_pem = "-----BEGIN KEY {canary.new("private key in HCL")}-----"
    password               = "{canary.new("password in HCL")}"
    headers = {{
      "PRIVATE-TOKEN" = "{canary.new("PRIVATE-TOKEN in HCL")}"
      "Authorization" = "Bearer {canary.new("Authorization in HCL")}"
    }}
  }}
}}
"""
        )
        (stack / "terraform.tfstate").write_text(
            json.dumps({"version": 4, "outputs": {"token": {"value": canary.new("state")}}})
        )
    return folder / "checkout"


async def echo(exchange: Exchange) -> None:
    """Lists no buckets, and answers the rest with the request itself: credentials come back in the body."""
    if (exchange.request.method, exchange.request.target) == (b"GET", b"/"):
        listed = "<ListAllMyBucketsResult><Buckets></Buckets></ListAllMyBucketsResult>"
        await ok("200 OK", listed, "Content-Type: application/xml")(exchange)
        return
    head = "\n".join(f"{name.decode()}: {value.decode()}" for name, value in exchange.request.headers)
    await ok("200 OK", head, "Content-Type: text/plain", 'ETag: "x"')(exchange)


def test_a_run_against_servers_and_commands_that_say_all_they_know(tmp_path: Path) -> None:
    canary, inputs = Canaries(), tmp_path / "inputs"
    inputs.mkdir()
    with serving_in_thread(echo) as server:
        path = candidate(inputs, server.url, canary)
        env = profile(inputs, canary) | environment(canary) | {"STATE_URL": server.url}
        checkout = stacks(inputs, canary)
        arguments = ("--candidate", str(path), "--stacks", str(checkout), "--allow-faults", "--keep-going")
        ran = run(tmp_path / "run", P1_8, *HURRIED, *arguments, suites=PHASE0, env=env)
    assert ran.code == 1, ran.err
    assert ran.state("P0.5") == "REFUTED"
    assert "alert rules rules.yaml" in ran.criterion("P0.5")["reason"]
    assert ran.state("P1.8") in ("PROVED", "REFUTED", "UNKNOWN")
    message = (ran.folder / "capture" / "commands.txt").read_text()
    assert "password=[removed] of the store" in message
    assert "PRIVATE-TOKEN: [removed]" in message
    assert len(canary.planted) >= 17
    assert not canary.left(ran)
    assert not too_open(ran.folder)


@pytest.mark.parametrize("broken", ["profile", "kubeconfig", "unreachable"])
def test_a_run_that_is_refused(tmp_path: Path, broken: str) -> None:
    canary, inputs = Canaries(), tmp_path / "inputs"
    inputs.mkdir()
    path = candidate(inputs, "http://127.0.0.1:9", canary)
    env = profile(inputs, canary) | environment(canary) | {"STATE_URL": "http://127.0.0.1:9"}
    lines = "cannot be reached"
    if broken == "profile":
        (inputs / "helper").write_text(f"#!/bin/sh\necho 'token={canary.new('helper')}' >&2\nexit 3\n")
        (inputs / "helper").chmod(0o755)
        (inputs / "aws").write_text(f"[profile state]\ncredential_process = {inputs}/helper\n")
        lines = "exit status 3: token=[removed]"
    if broken == "kubeconfig":
        path, lines = kubernetes(inputs, path, canary), "ended with status 3: token=[removed]"
    ran = run(tmp_path / "run", "--candidate", str(path), suites=PHASE0, env=env)
    one_clear_message(ran, lines)
    assert not canary.left(ran)


def kubernetes(folder: Path, path: Path, canary: Canaries) -> Path:
    """The candidate in a cluster whose exec plugin fails and talks."""
    (folder / "plugin").write_text(f"#!/bin/sh\necho 'token={canary.new('exec plugin')}' >&2\nexit 3\n")
    (folder / "plugin").chmod(0o755)
    (folder / "kube").write_text(
        f"""
clusters: [{{name: c, cluster: {{server: "https://127.0.0.1:9"}}}}]
contexts: [{{name: honey, context: {{cluster: c, user: u}}}}]
users:
  - name: u
    user:
      password: {canary.new("kubeconfig")}
      exec: {{apiVersion: client.authentication.k8s.io/v1, command: ./plugin}}
"""
    )
    text = path.read_text()
    head, _, tail = text.partition("provider =")
    contract = tail[tail.index("[contract]") :]
    changed = folder / "cluster.toml"
    changed.write_text(
        f'{head}provider = {{ kind = "kubernetes" }}\n'
        '[kubernetes]\nkubeconfig = "kube"\ncontext = "honey"\nnamespace = "state"\n'
        f'pods = [{{ selector = "app=state", port = 9000 }}]\n{contract}'
    )
    return changed
