"""`check` against three nodes of the control that run already, and against stores that lie or say nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from readiness.criteria import BY_ID
from readiness.paths import ROOT
from readiness.providers.base import Provider
from readiness.s3.boto3_library import boto3_client
from readiness.s3.wire import Target
from readiness.topology import Endpoint, Instance, Keys, Topology
from tests.battery.catalogue import named
from tests.battery.lying import Lying
from tests.commands.lab import NODES, Lab, running
from tests.support.eventually import eventually
from tests.support.http_server import hang
from tests.support.thread_server import serving_in_thread

pytestmark = [pytest.mark.store, pytest.mark.slow]
CHECKED = r"^CHECKED: 10 PROVED, 4 held without faults, \d+ NOT RUN; nothing was proved about failures$"


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str
    runs: Path

    @property
    def folder(self) -> Path:
        (found,) = self.runs.iterdir()
        return found

    @property
    def verdict(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "verdict.json").read_text("utf-8"))
        return found

    def row(self, id_: str) -> dict[str, Any]:
        (found,) = [row for row in self.verdict["criteria"] if row["id"] == id_]
        return dict(found)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running(Lab(tmp_path_factory.mktemp("lab")), tmp_path_factory.mktemp("state")) as made:
        yield made


def environment(lab: Lab, **more: str) -> dict[str, str]:
    keys = {"AWS_ACCESS_KEY_ID": lab.keys.access_key, "AWS_SECRET_ACCESS_KEY": lab.keys.secret_key}
    without = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "COLUMNS")
    kept = {name: value for name, value in os.environ.items() if name not in without}
    return kept | keys | {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"} | more


def argv(command: str, urls: Sequence[str], runs: Path, *more: str) -> list[str]:
    endpoints = [word for url in urls for word in ("--endpoint", url)]
    return [sys.executable, "-m", "readiness", command, *endpoints, "--runs", str(runs), *more]


def check(lab: Lab, urls: Sequence[str], place: Path, *more: str, **env: str) -> Ran:
    runs = place / "runs"
    done = subprocess.run(
        argv("check", urls, runs, "--seed", "1", *more),
        cwd=ROOT, env=environment(lab, **env), capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr, runs)


def urls_of(lab: Lab) -> list[str]:
    return list(lab.s3.values())


class _Running:
    """As much of a provider as the lying one needs in front of a store that runs already."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def start(self) -> Topology:
        return Topology(
            NODES,
            tuple(Instance(f"store-{node}", node, "store") for node in NODES),
            tuple(Endpoint(node, self._lab.s3[node], node, f"store-{node}") for node in NODES),
            None,
        )

    def stop(self) -> None:
        """The lab goes on."""

    def keys(self, _role: str) -> Keys:
        return self._lab.keys


@contextmanager
def lying(lab: Lab, defect: str) -> Iterator[list[str]]:
    """The URLs of a store with that defect of the battery."""
    found = named(defect)
    assert found is not None
    store = Lying(cast("Provider", _Running(lab)), found, 1)
    try:
        yield [endpoint.url for endpoint in store.start().endpoints]
    finally:
        store.stop()


def test_the_control_is_checked_and_nothing_is_left_of_it(lab: Lab, tmp_path: Path) -> None:
    client = boto3_client(Target(lab.s3["bumble"], lab.keys, lab.region), 5)
    client.create_bucket(Bucket="somebody-s")
    client.put_object(Bucket="somebody-s", Key="state", Body=b"precious")
    junit = ROOT / "reports" / "junit.xml"
    before = junit.stat().st_mtime_ns if junit.exists() else None
    ran = check(lab, urls_of(lab), tmp_path)
    assert ran.code == 0, ran.out + ran.err
    (sentence,) = [line for line in ran.out.splitlines() if line.startswith("CHECK")]
    assert re.match(CHECKED, sentence)
    assert "READY" not in ran.out
    assert (ran.verdict["verdict"], ran.verdict["mode"], ran.verdict["phases"]) == (sentence, "check", [])
    states = {row["id"]: row["state"] for row in ran.verdict["criteria"]}
    proved = {id_ for id_, state in states.items() if state == "PROVED"}
    assert proved == {c.id for c in BY_ID.values() if c.checked and not c.scenarios}
    assert set(states.values()) == {"PROVED", "NOT RUN"}
    assert ran.row("P1.11")["reason"].startswith("holds without a fault: ")
    assert ran.row("P1.19")["reason"] == "wipe, files and repair of [[nodes]]"
    assert lab.scratch() == []
    assert client.get_object(Bucket="somebody-s", Key="state")["Body"].read() == b"precious"
    assert (junit.stat().st_mtime_ns if junit.exists() else None) == before
    everything = b"".join(path.read_bytes() for path in ran.folder.rglob("*") if path.is_file())
    assert lab.keys.secret_key.encode() not in everything + (ran.out + ran.err).encode()
    again = [sys.executable, "-m", "readiness", "recheck", str(ran.folder)]
    same = subprocess.run(again, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert same.returncode == 0, same.stdout
    assert "THE SAME: 10 criteria" in same.stdout


@pytest.mark.parametrize(
    ("defect", "id_", "options", "says"),
    [
        ("condition-ignored", "P1.11", [], "of the same"),
        ("anonymous-allowed", "P1.16", ["--plain"], "no credential"),
        ("if-match-ignored", "P1.12", ["--require", "s3", "--plain"], "stale ETag"),
    ],
)
def test_what_a_store_lacks_is_refuted_by_name(
    lab: Lab, tmp_path: Path, defect: str, id_: str, options: list[str], says: str
) -> None:
    with lying(lab, defect) as urls:
        ran = check(lab, urls, tmp_path, *options)
    assert ran.code == 1, ran.out + ran.err
    assert ran.row(id_)["state"] == "REFUTED"
    assert says in ran.row(id_)["reason"]
    assert f"{id_} REFUTED" in ran.out
    assert re.search(r"^CHECK FAILED: .*\b[1-9]\d* REFUTED\b", ran.out, re.MULTILINE)
    assert ran.row("P1.15")["state"] == ("NOT RUN" if "--plain" in options else "PROVED")
    assert lab.scratch() == []


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "a-wrong-secret"}, "refuses the credential: HTTP 403"),
        ({"AWS_ACCESS_KEY_ID": "AKNOBODY"}, "refuses the credential: HTTP 403"),
        ({"AWS_SECRET_ACCESS_KEY": ""}, "the environment variable AWS_SECRET_ACCESS_KEY is not set"),
    ],
)
def test_wrong_keys_are_one_message_and_nothing_is_written(
    lab: Lab, tmp_path: Path, env: dict[str, str], message: str
) -> None:
    refused(check(lab, urls_of(lab), tmp_path, **env), message)
    assert lab.scratch() == []


def test_a_store_that_answers_nothing_is_one_message(lab: Lab, tmp_path: Path) -> None:
    with serving_in_thread(hang) as server:
        refused(check(lab, [lab.s3["honey"], server.url], tmp_path), f"{server.url} cannot be reached")
    assert lab.scratch() == []


def test_an_address_where_nobody_listens_is_one_message(lab: Lab, tmp_path: Path) -> None:
    refused(check(lab, ["http://127.0.0.1:1"], tmp_path), "cannot be reached: Connection refused")


def refused(ran: Ran, message: str) -> None:
    assert ran.code == 4, ran.out + ran.err
    (error,) = [line for line in ran.err.splitlines() if line.startswith("ERROR")]
    assert message in error
    assert "contract." not in error
    assert "Traceback" not in ran.out + ran.err
    assert "a-wrong-secret" not in ran.out + ran.err
    assert not ran.runs.exists()


def test_what_a_killed_check_left_is_found_by_clean(lab: Lab, tmp_path: Path) -> None:
    runs, env = tmp_path / "runs", environment(lab)
    with subprocess.Popen(
        argv("check", urls_of(lab), runs), cwd=ROOT, env=env,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        eventually(lambda: len(lab.scratch()) == 2, 60)
        process.kill()
    left = lab.scratch()
    assert len(left) == 2
    undo = [sys.executable, "-m", "readiness", "undo"]
    subprocess.run(undo, cwd=ROOT, env=env, capture_output=True, timeout=600, check=True)
    listed = clean(env, lab, runs)
    assert all(bucket in listed for bucket in left)
    assert lab.scratch() == left
    removed = clean(env, lab, runs, "--yes")
    assert all(f"removed {bucket}" in removed for bucket in left)
    assert lab.scratch() == []


def clean(env: dict[str, str], lab: Lab, runs: Path, *more: str) -> str:
    done = subprocess.run(
        argv("clean", urls_of(lab), runs, *more),
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
