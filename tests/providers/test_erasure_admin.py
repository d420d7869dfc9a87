"""What the recipes minio and rustfs ask of the administration API, and what they conclude from its answers."""

import io
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from minio.crypto import decrypt
from urllib3.response import HTTPResponse

from readiness.providers.stores.erasure import Erasure
from readiness.providers.stores.minio import Minio
from readiness.providers.stores.rustfs import Rustfs
from tests.providers.sites import site
from tests.support.handler_server import handled_by


class Answer(BaseHTTPRequestHandler):
    asked: list[tuple[str, str, bytes, str]]
    status = 200
    info: dict[str, Any]
    reached: tuple[Path, ...]
    """Drives that get what is written."""

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append((self.command, self.path, body, self.headers["Authorization"]))
        name = parse_qs(urlsplit(self.path).query).get("name", [""])[0]
        for drive in self.reached if name else ():
            record = drive / ".minio.sys/config/iam/policies" / name / "policy.json/xl.meta"
            record.parent.mkdir(parents=True, exist_ok=True)
            record.write_bytes(body)
        text = json.dumps(self.info).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_PUT = do_DELETE = answer  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    Answer.asked, Answer.status, Answer.info, Answer.reached = [], 200, {}, ()
    with handled_by(Answer) as running:
        yield running


def asking(
    recipe: type[Erasure],
    folder: Path,
    server: HTTPServer,
    monkeypatch: pytest.MonkeyPatch,
    *,
    drives: int = 1,
) -> Erasure:
    store = recipe(replace(site(folder, ["bumble"]), options={"drives": drives}))
    monkeypatch.setattr(store, "listen", lambda _node: f"127.0.0.1:{server.server_port}")
    return store


def healthy(drives: int = 1) -> dict[str, Any]:
    return {"servers": [{"state": "online", "drives": [{"state": "ok"} for _ in range(drives)]}]}


def unsealed(body: bytes, secret: str) -> dict[str, str]:
    response = HTTPResponse(io.BytesIO(body), preload_content=False)
    found: dict[str, str] = json.loads(decrypt(response, secret))
    return found


@pytest.mark.parametrize("recipe", [Minio, Rustfs])
def test_the_read_only_user_gets_a_policy_of_reads(
    recipe: type[Erasure], tmp_path: Path, server: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = asking(recipe, tmp_path, server, monkeypatch)
    store.provision()
    policy, user, attached = Answer.asked
    prefix = f"/{store.reserved}/admin/v3"
    keys = store.site.keys["read_only"]
    assert policy[:2] == ("PUT", f"{prefix}/add-canned-policy?name=state-read-only")
    (statement,) = json.loads(policy[2])["Statement"]
    assert {action.removeprefix("s3:")[:3] for action in statement["Action"]} == {"Get", "Lis"}
    assert user[:2] == ("PUT", f"{prefix}/add-user?accessKey={keys.access_key}")
    admin = store.site.keys["admin"]
    plain = unsealed(user[2], admin.secret_key) if recipe is Minio else json.loads(user[2])
    assert plain == {"secretKey": keys.secret_key, "status": "enabled"}
    assert parse_qs(urlsplit(attached[1]).query)["policyName"] == ["state-read-only"]
    assert all(f"Credential={admin.access_key}/" in call[3] for call in Answer.asked)


def test_a_rotated_credential_is_made_and_retired(
    tmp_path: Path, server: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = asking(Minio, tmp_path, server, monkeypatch)
    fresh = store.rotate(None)
    assert fresh.secret_key in store.secrets()
    assert "policyName=consoleAdmin" in Answer.asked[1][1]
    store.rotate(fresh)
    assert Answer.asked[2][:2] == ("DELETE", f"/minio/admin/v3/remove-user?accessKey={fresh.access_key}")


def test_a_refusal_shows_no_secret(
    tmp_path: Path, server: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = asking(Minio, tmp_path, server, monkeypatch)
    Answer.status = 403
    with pytest.raises(RuntimeError, match="add-user: bumble: add-user was answered 403") as refused:
        store.rotate(None)
    assert not any(secret in str(refused.value) for secret in store.secrets())


@pytest.mark.parametrize(
    "change",
    [
        lambda info: info.pop("servers"),
        lambda info: info["servers"].clear(),
        lambda info: info["servers"][0].update(state="offline"),
        lambda info: info["servers"][0]["drives"].clear(),
        lambda info: info["servers"][0]["drives"][0].update(state="unformatted"),
        lambda info: info["servers"][0]["drives"][0].update(healing=True),
    ],
    ids=["no answer", "no server", "offline", "no drive", "unformatted", "healing"],
)
def test_what_is_missing_offline_or_healing_is_not_settled(
    change: Any, tmp_path: Path, server: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = asking(Minio, tmp_path, server, monkeypatch)
    Answer.info, Answer.reached = healthy(), store.drives("bumble")
    assert store.settled()
    change(Answer.info)
    assert not store.settled()


def test_rustfs_tells_the_same_one_level_down(
    tmp_path: Path, server: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = asking(Rustfs, tmp_path, server, monkeypatch)
    Answer.info, Answer.reached = {"info": healthy()}, store.drives("bumble")
    assert store.settled()
    Answer.info["info"]["servers"][0]["state"] = "offline"
    assert not store.settled()


def test_a_store_whose_writes_pass_a_drive_by_is_not_settled_though_it_calls_all_drives_online(
    tmp_path: Path, server: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = asking(Minio, tmp_path, server, monkeypatch, drives=2)
    Answer.info, Answer.reached = healthy(2), store.drives("bumble")
    assert store.settled()
    for record in tmp_path.rglob("xl.meta"):
        os.utime(record, (0, 0))
    Answer.reached = store.drives("bumble")[:1]  # the other has only what was written before
    assert not store.settled()
