"""GitHub, by its REST API. Source of the facts: the published description of the API, version 2022-11-28."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from readiness.forge.base import LABEL, Forge, ForgeError, Post, unpack
from readiness.forge.rest import Rest

ARTIFACT = "readiness-last"
"""The artifact with the evidence of a run of the default branch; that of a pull request has another name."""
_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


class GitHub(Forge):
    """A repository. `environ` is that of a job; GITHUB_TOKEN is the job's own token. `artifact` is where runs of the
    default branch keep their evidence.
    """

    def __init__(self, environ: Mapping[str, str], artifact: str = ARTIFACT) -> None:
        missing = [name for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY") if not environ.get(name)]
        if missing:
            raise ForgeError(f"{' and '.join(missing)}: not set; hand it to the step in its `env`")
        self._api = Rest(
            environ.get("GITHUB_API_URL") or "https://api.github.com", environ["GITHUB_TOKEN"], _HEADERS
        )
        self._repository = environ["GITHUB_REPOSITORY"]
        self._artifact = artifact
        self._run = environ.get("GITHUB_RUN_ID", "")
        self._server = environ.get("GITHUB_SERVER_URL") or "https://github.com"

    @property
    def _at(self) -> str:
        return f"repos/{self._repository}"

    @property
    def run_url(self) -> str:
        return f"{self._server}/{self._repository}/actions/runs/{self._run}" if self._run else ""

    def last_evidence(self, target: Path) -> bool:
        branch = self._api.call("GET", self._at)["default_branch"]
        listed = self._api.call("GET", f"{self._at}/actions/artifacts", name=self._artifact, per_page=100)[
            "artifacts"
        ]
        kept = [artifact for artifact in listed if self._is_ours(artifact, branch)]
        if not kept:
            return False
        last = max(kept, key=lambda artifact: (artifact["created_at"], artifact["id"]))
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "artifact.zip"
            self._api.download(f"{self._at}/actions/artifacts/{last['id']}/zip", archive)
            unpack(archive, target)
        return True

    def _is_ours(self, artifact: Mapping[str, Any], branch: str) -> bool:
        """Of an earlier run of the default branch of this repository: a branch of a fork may have the same name."""
        run = artifact.get("workflow_run") or {}
        here = run.get("head_repository_id") == run.get("repository_id") is not None
        return (
            here
            and not artifact["expired"]
            and run.get("head_branch") == branch
            and str(run.get("id")) != self._run
        )

    def issues(self) -> list[Post]:
        found = self._api.pages(
            f"{self._at}/issues", state="all", labels=LABEL, sort="created", direction="asc"
        )
        return list(_own(entry for entry in found if "pull_request" not in entry))

    def open_issue(self, title: str, body: str) -> Post:
        made = self._api.call("POST", f"{self._at}/issues", {"title": title, "body": body, "labels": [LABEL]})
        return _post(made, "number")

    def update_issue(self, issue: Post, title: str, body: str) -> None:
        self._api.call("PATCH", f"{self._at}/issues/{issue.id}", {"title": title, "body": body})

    def close_issue(self, issue: Post) -> None:
        closed = {"state": "closed", "state_reason": "completed"}
        self._api.call("PATCH", f"{self._at}/issues/{issue.id}", closed)

    def answer_issue(self, issue: Post, body: str) -> None:
        self._api.call("POST", f"{self._at}/issues/{issue.id}/comments", {"body": body})

    def comments(self, change: int) -> list[Post]:
        return list(_own(self._api.pages(f"{self._at}/issues/{change}/comments"), "id"))

    def comment(self, change: int, body: str) -> None:
        self._api.call("POST", f"{self._at}/issues/{change}/comments", {"body": body})

    def update_comment(self, change: int, comment: Post, body: str) -> None:
        self._api.call("PATCH", f"{self._at}/issues/comments/{comment.id}", {"body": body})


def _own(entries: Iterable[Mapping[str, Any]], id_: str = "number") -> Iterator[Post]:
    """What a job's token wrote: its account is a bot, which nobody can write as."""
    for entry in entries:
        if (entry.get("user") or {}).get("type") == "Bot":
            yield _post(entry, id_)


def _post(entry: Mapping[str, Any], id_: str) -> Post:
    return Post(entry[id_], entry["body"] or "", entry["html_url"], entry.get("state") != "closed")
