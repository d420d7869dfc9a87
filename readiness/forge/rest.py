"""JSON over HTTP with a token. Proxies and certificates are those of the environment, as `requests` reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.util.retry import Retry

from readiness.forge.base import ForgeError

Method = Literal["GET", "POST", "PATCH", "PUT"]
SECONDS = (10, 120)
"""To connect, and between two parts of an answer."""
PER_PAGE, MOST_PAGES = 100, 20


class Bearer(AuthBase):
    """The token as `Authorization: Bearer`, which both forges take, and which a redirect to another host leaves out."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request with the header; a .netrc has no part in it."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Rest:
    """An API below one URL. Only GET is repeated: a POST that was answered by an error may have been carried out."""

    def __init__(self, base: str, token: str, headers: dict[str, str]) -> None:
        self._base = base.rstrip("/")
        self._session = requests.Session()
        self._session.auth = Bearer(token)
        self._session.headers.update(headers)
        retry = Retry(
            total=3, backoff_factor=1, status_forcelist=(429, 502, 503, 504), allowed_methods={"GET"}
        )
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))

    def call(self, method: Method, path: str, body: dict[str, Any] | None = None, **query: Any) -> Any:
        """The answer's JSON. Raises ForgeError."""
        with self._ask(method, path, body, query) as answer:
            try:
                return answer.json()
            except requests.JSONDecodeError:
                raise ForgeError(f"{method} {path} was answered with something that is not JSON") from None

    def pages(self, path: str, **query: Any) -> list[Any]:
        """The entries of all pages of a list. Raises ForgeError, also for a list that does not end."""
        found: list[Any] = []
        for page in range(1, MOST_PAGES + 1):
            entries = self.call("GET", path, per_page=PER_PAGE, page=page, **query)
            found += entries
            if len(entries) < PER_PAGE:
                return found
        raise ForgeError(f"GET {path}: more than {PER_PAGE * MOST_PAGES} entries")

    def download(self, path: str, target: Path) -> None:
        """The answer's bytes, into a file. Raises ForgeError."""
        try:
            with self._ask("GET", path, None, {}, stream=True) as answer, target.open("wb") as out:
                for part in answer.iter_content(1 << 20):
                    out.write(part)
        except requests.RequestException as error:
            raise ForgeError(f"GET {path}: {type(error).__name__}") from None

    def _ask(
        self,
        method: Method,
        path: str,
        body: dict[str, Any] | None,
        query: dict[str, Any],
        *,
        stream: bool = False,
    ) -> requests.Response:
        url = f"{self._base}/{path}"
        try:
            answer = self._session.request(
                method, url, json=body, params=query, timeout=SECONDS, stream=stream
            )
        except requests.RequestException as error:
            raise ForgeError(f"{method} {path}: {type(error).__name__}") from None
        if not answer.ok:
            status = answer.status_code
            hint = {
                401: ": is the token valid?",
                403: ": the token lacks the right",
                404: ": or no right to see it",
            }
            answer.close()
            raise ForgeError(
                f"{method} {path} was answered with {status} {answer.reason}{hint.get(status, '')}"
            )
        return answer
