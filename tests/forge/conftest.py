"""Runs to report, and a forge to report them to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from readiness.criteria import MANIFEST
from readiness.finding import Finding, proved, refuted
from readiness.report import junit
from readiness.verdict import Verdict, judge, results_of
from tests.forge.fakes import PROJECT, REPOSITORY, TOKEN, Forged, forged, github, gitlab
from tests.report.folders import Made, make

CANDIDATE = "config/readiness/candidate.toml"


def verdict(red: Mapping[str, Finding]) -> Verdict:
    """A whole run: these are as given, every other criterion is PROVED."""
    found = {each.id: [red.get(each.id, proved("it was seen", 3))] for each in MANIFEST}
    return judge(results_of(found, {}, {}, {}))


def run(root: Path, number: int = 1, *red: str, why: str = "it does not hold") -> Path:
    """The evidence of a run below `root`, in which those criteria are REFUTED; READY without any. Beside it, junit.xml
    is written.
    """
    found = verdict({id_: refuted(why) for id_ in red})
    folder = make(root, Made(verdict=found), f"20261124T09{number:02}08Z-embedded-7b0c3b")
    junit.write(root / "junit.xml", found, {"run": folder.name}, evidence=str(folder))
    return folder


@dataclass(frozen=True)
class Pipeline:
    """One of the two forges, and the variables that its jobs have."""

    name: str
    forge: Forged
    environ: Mapping[str, str]


@pytest.fixture(params=["github", "gitlab"])
def pipeline(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """A job of a pipeline: its variables are set."""
    forge = Forged()
    with forged({"github": github, "gitlab": gitlab}[request.param], forge) as url:
        found = {"github": _github, "gitlab": _gitlab}[request.param](url)
        for name in ("GITHUB_ACTIONS", "GITLAB_CI", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {**found, "no_proxy": "*"}.items():
            monkeypatch.setenv(name, value)
        yield Pipeline(request.param, forge, found)
    assert forge.leaked == []


def _github(url: str) -> dict[str, str]:
    names = {"GITHUB_ACTIONS": "true", "GITHUB_API_URL": url, "GITHUB_REPOSITORY": REPOSITORY}
    return names | {"GITHUB_TOKEN": TOKEN, "GITHUB_RUN_ID": "500", "GITHUB_SERVER_URL": "https://gh.example"}


def _gitlab(url: str) -> dict[str, str]:
    names = {"GITLAB_CI": "true", "CI_API_V4_URL": url, "CI_PROJECT_ID": PROJECT, "CI_DEFAULT_BRANCH": "main"}
    more = {"CI_PIPELINE_ID": "500", "CI_PIPELINE_URL": "https://gl.example/500"}
    return names | more | {"READINESS_GITLAB_TOKEN": TOKEN}
