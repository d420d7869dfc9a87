"""GitHub and GitLab as far as the suite asks them: their REST APIs behind a port of this machine, kept in memory."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.handler_server import handled_by

TOKEN = "a-token-of-the-forge"
REPOSITORY, PROJECT, LABEL = "org/stacks", "77", "tofu-state-ha-readiness"
Row = dict[str, Any]


@dataclass
class Forged:
    """What a forge holds. `kept` are the evidence archives by id; `asked` are the requests, without their token;
    `refused` are paths that are answered with 403. `leaked` are requests to the storage that had the token.
    """

    issues: list[Row] = field(default_factory=list)
    notes: list[tuple[str, int, str]] = field(default_factory=list)
    comments: list[Row] = field(default_factory=list)
    kept: dict[int, bytes] = field(default_factory=dict)
    listed: list[Row] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    refused: str = r"(?!)"
    leaked: list[str] = field(default_factory=list)
    storage: str = ""

    def open(self) -> list[Row]:
        return [issue for issue in self.issues if issue["state"] in ("open", "opened")]


@dataclass(frozen=True)
class Request:
    forge: Forged
    method: str
    path: str
    query: Mapping[str, str]
    body: Row


Answer = tuple[int, Any]


def archive(folder: Path) -> bytes:
    """A zip of everything below the folder, named from there."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for path in sorted(folder.rglob("*")):
            made.write(path, path.relative_to(folder))
    return out.getvalue()


def github(request: Request) -> Answer:
    """Issues, comments and artifacts of one repository; a job's token writes as a bot."""
    forge, at = request.forge, f"/repos/{REPOSITORY}"
    match request.method, request.path.removeprefix(at).strip("/").split("/"):
        case "GET", [""]:
            return 200, {"default_branch": "main"}
        case "GET", ["issues"]:
            assert request.query["labels"] == LABEL
            return 200, forge.issues if request.query["page"] == "1" else []
        case "POST", ["issues"]:
            assert request.body["labels"] == [LABEL]
            number = len(forge.issues) + 1
            made = {
                "number": number,
                "state": "open",
                "user": {"type": "Bot"},
                "html_url": f"https://gh/{number}",
            }
            forge.issues.append(made | request.body)
            return 201, forge.issues[-1]
        case "PATCH", ["issues", "comments", id_]:
            return 200, _changed(forge.comments, "id", id_, request.body)
        case "PATCH", ["issues", number]:
            return 200, _changed(forge.issues, "number", number, request.body)
        case "GET", ["issues", _, "comments"]:
            return 200, forge.comments if request.query["page"] == "1" else []
        case "POST", ["issues", number, "comments"]:
            return 201, _noted(forge, "issue", int(number), request.body["body"], {"user": {"type": "Bot"}})
        case "GET", ["actions", "artifacts"]:
            return 200, {"artifacts": [row for row in forge.listed if row["name"] == request.query["name"]]}
        case "GET", ["actions", "artifacts", id_, "zip"]:
            return 302, f"{forge.storage}/storage/{id_}"
    return 404, {}


def gitlab(request: Request) -> Answer:
    """Issues, notes, pipelines and jobs of one project; the token writes as account 5."""
    forge, at = request.forge, f"/projects/{PROJECT}"
    match request.method, request.path.removeprefix(at).strip("/").split("/"):
        case "GET", ["user"]:
            return 200, {"id": 5}
        case "GET", ["issues"]:
            assert (request.query["labels"], request.query["state"]) == (LABEL, "all")
            return 200, forge.issues
        case "POST", ["issues"]:
            assert request.body["labels"] == LABEL
            number = len(forge.issues) + 1
            made = {"iid": number, "state": "opened", "author": {"id": 5}, "web_url": f"https://gl/{number}"}
            forge.issues.append(made | request.body)
            return 201, forge.issues[-1]
        case "PUT", ["issues", iid]:
            done = {"state": "closed"} if request.body.pop("state_event", "") == "close" else {}
            return 200, _changed(forge.issues, "iid", iid, request.body | done)
    return _notes_and_jobs(request)


def _notes_and_jobs(request: Request) -> Answer:
    forge, at = request.forge, f"/projects/{PROJECT}"
    match request.method, request.path.removeprefix(at).strip("/").split("/"):
        case "POST", ["issues", iid, "notes"]:
            return 201, _noted(forge, "issue", int(iid), request.body["body"], {"author": {"id": 5}})
        case "GET", ["merge_requests", _, "notes"]:
            return 200, forge.comments
        case "POST", ["merge_requests", iid, "notes"]:
            return 201, _noted(forge, "change", int(iid), request.body["body"], {"author": {"id": 5}})
        case "PUT", ["merge_requests", _, "notes", id_]:
            return 200, _changed(forge.comments, "id", id_, request.body)
        case "GET", ["pipelines"]:
            assert (request.query["source"], request.query["ref"]) == ("schedule", "main")
            return 200, [{"id": row["pipeline"]} for row in forge.listed]
        case "GET", ["pipelines", id_, "jobs"]:
            return 200, [row for row in forge.listed if str(row["pipeline"]) == id_]
        case "GET", ["jobs", id_, "artifacts"]:
            return 302, f"{forge.storage}/storage/{id_}"
    return 404, {}


def _changed(rows: list[Row], key: str, value: str, body: Row) -> Row:
    (row,) = [row for row in rows if str(row[key]) == value]
    row.update(body)
    return row


def _noted(forge: Forged, what: str, number: int, body: str, author: Row) -> Row:
    forge.notes.append((what, number, body))
    forge.comments.append({"id": len(forge.comments) + 900, "body": body, "html_url": "", **author})
    return forge.comments[-1]


@contextmanager
def forged(kind: Callable[[Request], Answer], forge: Forged) -> Iterator[str]:
    """The URL of that forge's API. Its archives are on another port: another host, for a client."""

    class Api(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            asked = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            forge.asked.append((self.command, asked.path))
            query = {name: values[0] for name, values in parse_qs(asked.query).items()}
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                status, answer = 401, {"message": "no such token"}
            elif re.search(forge.refused, asked.path):
                status, answer = 403, {"message": "not allowed"}
            else:
                status, answer = kind(Request(forge, self.command, asked.path, query, body))
            self._send(status, answer)

        def _send(self, status: int, answer: Any) -> None:
            content = b"" if status == 302 else json.dumps(answer).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", answer)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_PUT = _answer  # noqa: N815 - the names of the base class

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
            pass

    class Storage(Api):
        def _answer(self) -> None:
            if TOKEN in str(self.headers):
                forge.leaked.append(self.path)
            content = forge.kept[int(self.path.rsplit("/", 1)[1])]
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = _answer  # noqa: N815

    with handled_by(Storage) as storage, handled_by(Api) as api:
        forge.storage = f"http://127.0.0.1:{storage.server_port}"
        yield f"http://127.0.0.1:{api.server_port}"
