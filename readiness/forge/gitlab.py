"""GitLab, by its REST API, version 4. Source of the facts: GitLab's documentation of that API."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from readiness.forge.base import LABEL, Forge, ForgeError, Post, unpack
from readiness.forge.rest import Rest

JOB = "tofu-state-ha-readiness"
"""The name of the job that judges."""
TOKEN = "READINESS_GITLAB_TOKEN"  # noqa: S105 - the name of a variable
PIPELINES = 20
"""So many scheduled pipelines are looked through for one whose job kept something."""


class GitLab(Forge):
    """A project. `environ` is that of a job, with a project access token: a job's own token can open no issue. `job` is
    the name of the job that judges and keeps the evidence.
    """

    def __init__(self, environ: Mapping[str, str], job: str = JOB) -> None:
        needed = (TOKEN, "CI_API_V4_URL", "CI_PROJECT_ID", "CI_DEFAULT_BRANCH")
        if missing := [name for name in needed if not environ.get(name)]:
            raise ForgeError(
                f"{' and '.join(missing)}: not set; {TOKEN} is a project access token "
                "with scope api, as a masked variable"
            )
        self._api = Rest(environ["CI_API_V4_URL"], environ[TOKEN], {})
        self._at = f"projects/{environ['CI_PROJECT_ID']}"
        self._job = job
        self._branch = environ["CI_DEFAULT_BRANCH"]
        self._pipeline, self._url = environ.get("CI_PIPELINE_ID", ""), environ.get("CI_PIPELINE_URL", "")

    @property
    def run_url(self) -> str:
        return self._url

    @cached_property
    def _account(self) -> int:
        """The account that the token writes as."""
        return int(self._api.call("GET", "user")["id"])

    def last_evidence(self, target: Path) -> bool:
        scheduled: dict[str, Any] = {
            "source": "schedule",
            "ref": self._branch,
            "order_by": "id",
            "sort": "desc",
        }
        for pipeline in self._api.call("GET", f"{self._at}/pipelines", per_page=PIPELINES, **scheduled):
            if str(pipeline["id"]) == self._pipeline:
                continue
            for job in self._api.pages(f"{self._at}/pipelines/{pipeline['id']}/jobs"):
                if job["name"] == self._job and job.get("artifacts_file"):
                    self._unpacked(job["id"], target)
                    return True
        return False

    def _unpacked(self, job: int, target: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "artifacts.zip"
            self._api.download(f"{self._at}/jobs/{job}/artifacts", archive)
            unpack(archive, target)

    def issues(self) -> list[Post]:
        found = self._api.pages(
            f"{self._at}/issues", state="all", labels=LABEL, order_by="created_at", sort="asc"
        )
        return list(self._own(found, "iid"))

    def open_issue(self, title: str, body: str) -> Post:
        made = self._api.call(
            "POST", f"{self._at}/issues", {"title": title, "description": body, "labels": LABEL}
        )
        return _post(made, "iid")

    def update_issue(self, issue: Post, title: str, body: str) -> None:
        self._api.call("PUT", f"{self._at}/issues/{issue.id}", {"title": title, "description": body})

    def close_issue(self, issue: Post) -> None:
        self._api.call("PUT", f"{self._at}/issues/{issue.id}", {"state_event": "close"})

    def answer_issue(self, issue: Post, body: str) -> None:
        self._api.call("POST", f"{self._at}/issues/{issue.id}/notes", {"body": body})

    def comments(self, change: int) -> list[Post]:
        return list(self._own(self._api.pages(f"{self._at}/merge_requests/{change}/notes"), "id"))

    def comment(self, change: int, body: str) -> None:
        self._api.call("POST", f"{self._at}/merge_requests/{change}/notes", {"body": body})

    def update_comment(self, change: int, comment: Post, body: str) -> None:
        self._api.call("PUT", f"{self._at}/merge_requests/{change}/notes/{comment.id}", {"body": body})

    def _own(self, entries: Iterable[Mapping[str, Any]], id_: str) -> Iterator[Post]:
        for entry in entries:
            if entry["author"]["id"] == self._account:
                yield _post(entry, id_)


def _post(entry: Mapping[str, Any], id_: str) -> Post:
    return Post(
        entry[id_],
        entry.get("description") or entry.get("body") or "",
        entry.get("web_url") or "",
        entry.get("state") != "closed",
    )
