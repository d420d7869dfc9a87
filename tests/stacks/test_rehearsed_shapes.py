"""Backends that could not be rehearsed from: each is, with real tofu, and nothing outside of this machine is asked."""

from __future__ import annotations

import dataclasses
import datetime
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from readiness.errors import UsageError
from readiness.finding import Finding, State
from readiness.obtain import kubernetes
from readiness.stacks import plan as plans
from readiness.stacks.api_server import ApiServer, KubernetesSource
from readiness.stacks.checkout import Checkout
from readiness.stacks.config import StackConfig, read
from readiness.stacks.draft import draft
from readiness.stacks.encryption import is_encrypted
from readiness.stacks.http_backend import HttpBackend
from readiness.stacks.postgres import PgSource, Postgres
from readiness.stacks.stack import Examined, Stack
from readiness.stacks.standins import HttpSource, LocalSource, S3Source, Source
from readiness.stacks.wall import Wall
from readiness.tofu import Disposable, StatePlace, Tools
from readiness.topology import Endpoint, Keys
from tests.stacks.rehearsing import rehearsed
from tests.stacks.shapes import s3, shape
from tests.tofu.conftest import KEYS, SENSITIVE, program
from tests.tofu.fake_s3 import FakeS3

__all__ = ["program"]
pytestmark = [pytest.mark.store, pytest.mark.side_by_side]  # real tofu
SOURCE_KEYS = Keys("AKIDOFTHESOURCE00002", "sEcReTofTheSource0000000000000000000002")
PLAIN = "plain-text-of-the-state"
MAIN = f'resource "terraform_data" "thing" {{\n  input = "{PLAIN}"\n}}\n'
OLD = 'endpoints = { s3 = "https://old.example:9000" }'
PLACE = ('bucket = "state"', 'key = "a.tfstate"', 'region = "us-east-1"')
ENCRYPTED = """terraform {
  encryption {
    key_provider "pbkdf2" "main" {
      passphrase = "correct-horse-battery-staple"
      iterations = 200000
    }
    method "aes_gcm" "default" {
      keys = key_provider.pbkdf2.main
    }
    state {
      method   = method.aes_gcm.default
      enforced = true
    }
    plan {
      method   = method.aes_gcm.default
      enforced = true
    }
  }
}
"""
"""With the fewest iterations that OpenTofu takes, a third of its default: each of its commands derives keys anew."""
PG = 'terraform {\n  backend "pg" {\n    schema_name = "x"\n  }\n}\n'
HTTP = 'terraform {\n  backend "http" {}\n}\n'
KUBERNETES = """terraform {
  backend "kubernetes" {
    secret_suffix  = "attic"
    namespace      = "tofu"
    config_path    = "~/.kube/config"
    config_context = "honey"
    labels         = { team = "state" }
  }
}
"""

SHAPES: dict[str, tuple[str, dict[str, str]]] = {
    "s3: both spellings of the style": (
        "s3",
        {"backend.tf": s3(*PLACE, 'endpoint = "minio.old.example:9000"', "force_path_style = true")},
    ),
    "s3: locks in DynamoDB": (
        "s3",
        {"backend.tf": s3(*PLACE, OLD, 'profile = "dev"', 'dynamodb_table = "locks"')},
    ),
    "s3: a role is assumed": (
        "s3",
        {
            "backend.tf": s3(
                *PLACE, OLD, 'assume_role = { role_arn = "arn:aws:iam::111122223333:role/state" }'
            )
        },
    ),
    "s3: credentials in the block": (
        "s3",
        {
            "backend.tf": s3(
                *PLACE, OLD, 'access_key = "AKIDEXAMPLE0000000"', 'secret_key = "not-real"', 'token = "t"'
            )
        },
    ),
    "s3: encrypted by the store": (
        "s3",
        {"backend.tf": s3(*PLACE, OLD, "encrypt = true", 'kms_key_id = "arn:aws:kms:us-east-1:1:key/0"')},
    ),
    "s3: encrypted by a key of the customer": (
        "s3",
        {"backend.tf": s3(*PLACE, OLD, 'sse_customer_key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="')},
    ),
    "s3: AWS itself": ("s3", {"backend.tf": s3(*PLACE, "use_lockfile = true")}),
    "s3: an endpoint of a variable": (
        "s3",
        {
            "backend.tf": 'variable "host" {\n  default = "old.example"\n}\n'
            + s3(*PLACE, 'endpoints = { s3 = "https://${var.host}:9000" }')
        },
    ),
    "s3: an override of its own": (
        "s3",
        {"backend.tf": 'terraform {\n  backend "local" {}\n}\n', "backend_override.tf": s3(*PLACE, OLD)},
    ),
    "s3: encrypted by OpenTofu": ("s3", {"backend.tf": s3(*PLACE, OLD), "encryption.tf": ENCRYPTED}),
    "http: an address of a variable without a value": (
        "http",
        {
            "backend.tf": 'variable "git_host" {\n  type = string\n}\nterraform {\n  backend "http" {\n'
            '    address = "https://${var.git_host}/state"\n    update_method = "PUT"\n  }\n}\n'
        },
    ),
    "http: a password and headers in the block": (
        "http",
        {
            "backend.tf": 'terraform {\n  backend "http" {\n    address = "https://git.example/state"\n'
            '    username = "bot"\n    password = "not-real"\n    skip_cert_verification = true\n'
            '    headers = {\n      "X-Team" = "state"\n    }\n  }\n}\n'
        },
    ),
    "http: encrypted by OpenTofu": ("http", {"backend.tf": HTTP, "encryption.tf": ENCRYPTED}),
    "http: in JSON": (
        "http",
        {"backend.tf.json": '{"terraform": {"backend": {"http": {"address": "https://x.example"}}}}'},
    ),
    "local: a path": (
        "local",
        {"backend.tf": 'terraform {\n  backend "local" {\n    path = "../x.tfstate"\n  }\n}\n'},
    ),
    "local: encrypted by OpenTofu": ("local", {"encryption.tf": ENCRYPTED}),
    "local: no backend": ("local", {}),
    "pg: from PG_CONN_STR": ("pg", {"backend.tf": PG}),
    "kubernetes: of a kubeconfig": ("kubernetes", {"backend.tf": KUBERNETES}),
    "kubernetes: encrypted by OpenTofu": (
        "kubernetes",
        {"backend.tf": KUBERNETES, "encryption.tf": ENCRYPTED},
    ),
    "pg: encrypted by OpenTofu": ("pg", {"backend.tf": PG, "encryption.tf": ENCRYPTED}),
}


@pytest.fixture
def env(program: Path, store: FakeS3, tmp_path: Path) -> Disposable:
    tools = Tools(program, tmp_path / "tofu", KEYS, lambda: 0.0)
    endpoints = (store.listen("one"), store.listen("service", service=True))
    return Disposable(tools, StatePlace("bucket", "unused"), "run", endpoints, {"secret": SENSITIVE})


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    try:
        server = Postgres()
    except UsageError as missing:
        pytest.skip(str(missing))
    yield server
    server.close()


@pytest.fixture(scope="module")
def api_server() -> Iterator[ApiServer]:
    if not kubernetes.has_api_server():
        pytest.skip("the Kubernetes API server is not built on this machine (some minutes)")
    server = ApiServer()
    yield server
    server.close()


@pytest.fixture
def sources(tmp_path: Path) -> Iterator[dict[str, Source]]:
    singleton = FakeS3()
    with HttpBackend("the-password-of-the-http-backend") as backend:
        yield {
            "http": HttpSource(backend),
            "s3": S3Source(singleton.listen("singleton"), SOURCE_KEYS, StatePlace("source", "unused")),
            "local": LocalSource(tmp_path / "source"),
        }
    singleton.close()


def examined(folder: Path, files: dict[str, str]) -> Examined:
    """A stack with a reviewed plan: the draft of its own configuration."""
    config = shape(folder, {"main.tf": MAIN, **files})
    text = plans.review(draft(config), "A. Reviewer", datetime.date(2026, 5, 6))
    stack = Stack.model_validate(
        {"schema": 1, "name": "attic", "configuration": "x", "backend": config.backend}
    )
    return Examined("attic", config, stack, plans.parse(text))


def states(found: dict[str, Finding]) -> list[State]:
    return [finding.state for finding in found.values()]


def add_server(kind: str, request: pytest.FixtureRequest, sources: dict[str, Source]) -> None:
    """The source of that kind, if a real server has to be started for it."""
    if kind == "pg":
        sources["pg"] = PgSource(request.getfixturevalue("postgres"))
    if kind == "kubernetes":
        sources["kubernetes"] = KubernetesSource(request.getfixturevalue("api_server"))


@pytest.mark.parametrize("name", SHAPES)
def test_a_backend_is_rehearsed_from_and_nothing_else_asked(
    name: str,
    request: pytest.FixtureRequest,
    env: Disposable,
    store: FakeS3,
    sources: dict[str, Source],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kind, files = SHAPES[name]
    add_server(kind, request, sources)
    walls: list[Wall] = []
    built = Wall.__init__

    def remember(wall: Wall) -> None:
        built(wall)
        walls.append(wall)

    monkeypatch.setattr(Wall, "__init__", remember)
    monkeypatch.setattr("readiness.stacks.checkout.Checkout.remove", lambda checkout: None)
    found = rehearsed(examined(tmp_path / "checkout", files), sources[kind], env)
    assert states(found) == [State.PROVED] * 5, found
    assert [wall.asked for wall in walls] == [[]]
    kept = [row for rows in store.rows.values() for row in rows]
    bodies = [row.body for row in (*store.erased, *kept) if row.body and b'"Operation"' not in row.body]
    assert len(bodies) >= 1
    if "encrypted by OpenTofu" in name:
        assert all(is_encrypted(body) for body in bodies)
        written = [path for path in (tmp_path / "tofu").rglob("*") if path.is_file() and path.suffix != ".tf"]
        assert [path for path in written if PLAIN.encode() in path.read_bytes()] == []


def test_what_the_stand_in_does_not_have_is_said(
    env: Disposable, sources: dict[str, Source], tmp_path: Path
) -> None:
    files = SHAPES["s3: encrypted by the store"][1]
    found = rehearsed(examined(tmp_path / "checkout", files), sources["s3"], env)
    assert "its stand-in has no encrypt, no kms_key_id" in found["P3.attic.2"].reason


def test_a_plan_that_would_write_plain_state_is_refused(
    env: Disposable, store: FakeS3, sources: dict[str, Source], tmp_path: Path
) -> None:
    one = examined(tmp_path / "checkout", {"encryption.tf": ENCRYPTED})
    assert isinstance(one.config, StackConfig)
    plain = draft(dataclasses.replace(one.config, encryption=None))
    plan = plans.parse(plans.review(plain, "A. Reviewer", datetime.date(2026, 5, 6)))
    found = rehearsed(dataclasses.replace(one, plan=plan), sources["local"], env)
    assert found["P3.attic.2"].state is State.REFUTED
    assert "it would write the encrypted state decrypted" in found["P3.attic.2"].reason
    written = [row for rows in store.rows.values() for row in rows if row.body is not None]
    assert written == [], "nothing was put on the candidate"


def test_a_read_that_decrypts_is_refused(env: Disposable, sources: dict[str, Source], tmp_path: Path) -> None:
    one = examined(tmp_path / "checkout", {"encryption.tf": ENCRYPTED})
    live = tmp_path / "live.tfstate"
    live.write_text(json.dumps({"version": 4, "serial": 1, "lineage": "l", "resources": [], "outputs": {}}))
    assert one.stack is not None
    stack = one.stack.model_copy(update={"read": ("cat", str(live))})
    found = rehearsed(dataclasses.replace(one, stack=stack), sources["local"], env)
    assert found["P3.attic.1"].state is State.REFUTED
    assert "gives it decrypted" in found["P3.attic.1"].reason


def test_an_error_of_the_source_is_said_of_the_source(
    env: Disposable, sources: dict[str, Source], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = ("-backend-config=address=http://127.0.0.1:1/x", "-backend-config=retry_max=0")
    monkeypatch.setattr(sources["http"], "options", lambda key: closed)
    found = rehearsed(examined(tmp_path / "checkout", {"backend.tf": HTTP}), sources["http"], env)
    assert found["P3.attic.1"].state is State.UNKNOWN
    assert "tofu init through its source (http): exit code 1" in found["P3.attic.1"].reason


def test_a_source_with_an_address_of_its_own_may_be_reached() -> None:
    source = S3Source(
        Endpoint("store", "http://10.77.0.11:9000"), SOURCE_KEYS, StatePlace("source", "unused")
    )
    assert source.hosts() == ("10.77.0.11",)
    with Wall() as wall:
        assert wall.environment(source.hosts())["NO_PROXY"] == "10.77.0.11"


def test_the_wall_lets_nothing_through_and_remembers() -> None:
    with Wall() as wall:
        proxy = urllib.request.ProxyHandler({"http": wall.environment()["HTTP_PROXY"]})
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.build_opener(proxy).open("http://sts.example/x", timeout=5)
        assert wall.asked == ["sts.example"]


def test_a_rehearsal_that_reaches_out_is_refuted(
    env: Disposable, sources: dict[str, Source], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = examined(tmp_path / "checkout", {"backend.tf": SHAPES["s3: a role is assumed"][1]["backend.tf"]})
    options = sources["s3"].options
    role = '-backend-config=assume_role={role_arn="arn:aws:iam::111122223333:role/state"}'
    walls: list[list[str]] = []
    close = Wall.close

    def remember(wall: Wall) -> None:
        walls.append(wall.asked)
        close(wall)

    monkeypatch.setattr(Wall, "close", remember)
    monkeypatch.setattr(sources["s3"], "options", lambda key: (*options(key), role))
    found = rehearsed(one, sources["s3"], env)
    assert found["P3.attic.1"].state is not State.PROVED
    assert walls == [["sts.us-east-1.amazonaws.com:443"]]


def test_the_checkout_is_only_read(env: Disposable, sources: dict[str, Source], tmp_path: Path) -> None:
    one = examined(tmp_path / "checkout", {"encryption.tf": ENCRYPTED})
    before = {path: path.read_bytes() for path in (tmp_path / "checkout").rglob("*") if path.is_file()}
    rehearsed(one, sources["local"], env)
    assert {
        path: path.read_bytes() for path in (tmp_path / "checkout").rglob("*") if path.is_file()
    } == before
    assert read(tmp_path / "checkout", "attic").digest == getattr(one.config, "digest", "")


def test_a_customers_key_is_said_not_to_be_rehearsed_and_reaches_nothing(
    env: Disposable, sources: dict[str, Source], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    monkeypatch.setenv("AWS_SSE_CUSTOMER_KEY", key)
    monkeypatch.setattr("readiness.stacks.checkout.Checkout.remove", lambda checkout: None)
    files = {"backend.tf": s3(*PLACE, OLD, "encrypt = true")}
    config = shape(tmp_path / "checkout", {"main.tf": MAIN, **files}, caller={"AWS_SSE_CUSTOMER_KEY": key})
    plan = plans.parse(plans.review(draft(config), "A. Reviewer", datetime.date(2026, 5, 6)))
    one = dataclasses.replace(examined(tmp_path / "another", files), config=config, plan=plan)
    environments: list[dict[str, str]] = []
    extra = Checkout.extra

    def remember(checkout: Checkout) -> dict[str, str]:
        environments.append(extra(checkout))
        return environments[-1]

    monkeypatch.setattr(Checkout, "extra", remember)
    found = rehearsed(one, sources["s3"], env)
    assert states(found) == [State.PROVED] * 5, found
    assert "its stand-in has no encrypt, no sse_customer_key" in found["P3.attic.2"].reason
    assert environments
    assert not any(key in kept.values() for kept in environments)
    left = [
        path
        for path in (tmp_path / "tofu").rglob("*")
        if path.is_file() and key.encode() in path.read_bytes()
    ]
    assert left == []
