"""The recipe versitygw: what is started, and what its users' administration asks for."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from readiness.providers.stores.versitygw import Versitygw
from readiness.topology import Endpoint
from tests.providers.sites import shown, site
from tests.support.handler_server import handled_by


class Answer(BaseHTTPRequestHandler):
    asked: list[tuple[str, str, str]]
    status = 201

    def do_PATCH(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.asked.append((self.path, self.headers["Authorization"], body))
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    Answer.asked, Answer.status = [], 201
    with handled_by(Answer) as running:
        yield running


def asking(store: Versitygw, server: HTTPServer) -> Versitygw:
    store.endpoints = (Endpoint("bumble", f"http://127.0.0.1:{server.server_port}", "bumble", "x"),)
    return store


def test_older_versions_lie_beside_the_buckets_and_secrets_in_the_environment(tmp_path: Path) -> None:
    store = Versitygw(site(tmp_path, ["bumble"]))
    (instance,) = store.instances
    command = store.command(instance)
    message = shown(command.argv)
    data = tmp_path / "data" / "bumble"
    assert message.endswith(f"posix --versioning-dir {data / 'versions'} {data / 'buckets'}")
    assert sorted(path.name for path in data.iterdir()) == ["buckets", "users", "versions"]
    assert not any(secret in message for secret in store.secrets())
    assert command.env["ROOT_SECRET_KEY"] == store.site.keys["admin"].secret_key
    assert store.metrics_url(instance) is None


def test_a_rotated_credential_is_made_and_retired_by_signed_requests(
    tmp_path: Path, server: HTTPServer
) -> None:
    store = asking(Versitygw(site(tmp_path, ["bumble"])), server)
    fresh = store.rotate(None)
    assert store.rotate(fresh) == fresh
    made, retired = Answer.asked
    assert made[0] == "/create-user"
    assert fresh.secret_key in made[2]
    assert "<Role>admin</Role>" in made[2]
    assert retired[0] == f"/delete-user?access={fresh.access_key}"
    for _path, signature, _body in Answer.asked:
        assert f"Credential={store.site.keys['admin'].access_key}/" in signature
    assert fresh.secret_key in store.secrets()


def test_a_refused_rotation_is_an_error_without_the_secret(tmp_path: Path, server: HTTPServer) -> None:
    store = asking(Versitygw(site(tmp_path, ["bumble"])), server)
    Answer.status = 403
    with pytest.raises(RuntimeError, match="create-user was answered 403") as refused:
        store.rotate(None)
    assert not any(secret in str(refused.value) for secret in store.secrets())


@pytest.mark.store
def test_the_version_is_the_one_that_the_program_says(tmp_path: Path) -> None:
    program = tmp_path / "versitygw"
    program.write_text("#!/bin/sh\necho 'Version  : 1.8.0'; echo 'Build    : norev'\n", encoding="utf-8")
    program.chmod(0o755)
    store = Versitygw(site(tmp_path, ["bumble"], lambda _name: program))
    assert store.versions() == {"versitygw": "1.8.0"}
