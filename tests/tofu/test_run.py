from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from readiness.redact import Redactor
from readiness.tofu import Disposable, Tools
from readiness.tofu.env import UnpreparedError, ready
from readiness.tofu.run import Job, Running, TofuRun, environment, make_home, words
from tests.support.eventually import eventually
from tests.support.processes import lives
from tests.tofu.conftest import KEYS, SENSITIVE
from tests.tofu.fake_s3 import FakeS3


def job(tmp_path: Path, script: str, *, secret_output: bool = False) -> Job:
    return Job(Path("/bin/sh"), ("-c", script), tmp_path, {"PATH": "/usr/bin:/bin"}, "one", "", secret_output)


def start(tmp_path: Path, script: str, *, secret_output: bool = False) -> Running:
    return Running(
        job(tmp_path, script, secret_output=secret_output),
        Redactor(["hushed"]),
        time.monotonic,
        lambda pid: None,
    )


@pytest.mark.store
def test_a_run_records_code_time_and_text_without_secrets(tmp_path: Path) -> None:
    run = start(tmp_path, "echo out hushed; echo err hushed >&2; exit 3").wait(5)
    assert (run.code, run.stdout, run.stderr) == (3, "out [secret]\n", "err [secret]\n")
    assert "hush" not in str(run.as_json())
    assert run.started <= run.ended
    assert not list(tmp_path.iterdir()), "the streams' files are gone"


@pytest.mark.store
def test_a_command_seen_to_have_ended_is_not_longer_for_a_late_wait(tmp_path: Path) -> None:
    running = start(tmp_path, "true")
    eventually(lambda: not running.alive)
    seen = time.monotonic()
    assert running.wait(5).ended <= seen


@pytest.mark.store
def test_a_secret_output_is_returned_but_not_recorded(tmp_path: Path) -> None:
    running = start(tmp_path, "echo the whole state", secret_output=True)
    run = running.wait(5)
    assert running.output == b"the whole state\n"
    assert run.stdout == "[16 bytes, not recorded]"


@pytest.mark.store
def test_a_command_that_ignores_interrupts_is_killed_with_its_children(tmp_path: Path) -> None:
    running = start(tmp_path, "trap '' INT TERM; sleep 60 & echo $! > child; wait; wait; wait")
    eventually((tmp_path / "child").exists)
    started = time.monotonic()
    run = running.wait(0.2, grace=0.2)
    assert run.code is None
    assert time.monotonic() - started < 3
    child = int((tmp_path / "child").read_text())
    eventually(lambda: not lives(child), 5)


@pytest.mark.store
def test_each_command_leads_a_process_group_that_the_supervisor_is_told(tmp_path: Path) -> None:
    message: list[int] = []
    running = Running(job(tmp_path, "sleep 30"), Redactor([]), time.monotonic, message.append)
    assert message == [running.pid] == [os.getpgid(running.pid)]
    assert running.kill().code == -9


@pytest.mark.store
def test_an_interrupted_wait_leaves_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running = start(tmp_path, "sleep 30")
    real = running._process.wait
    calls = iter([KeyboardInterrupt])

    def wait(timeout: float | None = None) -> int:
        for error in calls:
            raise error
        return real(timeout)

    monkeypatch.setattr(running._process, "wait", wait)
    with pytest.raises(KeyboardInterrupt):
        running.wait(5)
    assert not running.alive


def test_redaction_covers_the_spelling_of_urls() -> None:
    assert Redactor(["aa/bb+cc"]).clean("x=aa%2Fbb%2Bcc y=aa/bb+cc") == "x=[secret] y=[secret]"
    assert Redactor([""]).clean("text") == "text"


def test_variables_are_words_and_everything_but_text_is_json() -> None:
    assert words(["plan"], {"a": "x y", "b": 2, "c": {"k": "v"}}) == (
        "plan",
        "-var=a=x y",
        "-var=b=2",
        '-var=c={"k": "v"}',
    )


def test_why_names_the_error() -> None:
    def run(code: int | None, stderr: str) -> TofuRun:
        return TofuRun(("tofu", "plan"), "one", code, 1, 3.5, 0, "", stderr, 1)

    assert run(None, "").why() == "no answer within 2.5 s"
    assert run(1, "\nError: Failed\n\nbecause of it\n").why() == "exit code 1: Failed: because of it"
    assert run(1, "boom").why() == "exit code 1"
    held = (
        "\nError: Error acquiring the state lock\n\nError message: 2 errors occurred:\n\t* operation error S3:\n"
        "PutObject, StatusCode: 412, api error\nPreconditionFailed\n\nLock Info:\n  ID: 1\n\nOpenTofu acquires a lock"
    )
    assert run(1, held).why() == (
        "exit code 1: Error acquiring the state lock: Error message: 2 errors occurred: * operation error S3: "
        "PutObject, StatusCode: 412, api error PreconditionFailed"
    )


def test_the_environment_inherits_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "TF_LOG",
        "TF_VAR_secret",
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "HTTPS_PROXY",
        "http_proxy",
        "TF_CLI_ARGS",
    ):
        monkeypatch.setenv(name, "inherited")
    built = environment(make_home(tmp_path / "home"), tmp_path / "data", {"AWS_ACCESS_KEY_ID": "a"})
    assert "inherited" not in built.values()
    assert (tmp_path / "home" / "tofurc").read_text() == ""


@pytest.mark.store
def test_no_file_of_a_workspace_holds_a_credential_and_folders_are_private(
    env: Disposable, store: FakeS3
) -> None:
    client = env.client("first", env.entry)
    ready(client.apply({"revision": 1}))
    _, output = client.output_json()
    assert SENSITIVE.encode() in output
    client.show_json()
    client.destroy()
    assert env.client("first", env.endpoints[0]).move_to(env.endpoints[1]).ok
    files = [path for path in env.tools.folder.rglob("*") if path.is_file()]
    assert any(path.name == "terraform.tfstate" and path.parent.name == "data" for path in files)
    for path in files:
        assert not any(
            secret.encode() in path.read_bytes() for secret in (KEYS.secret_key, KEYS.access_key, SENSITIVE)
        ), path
    for folder in (env.tools.folder, client.folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    recorded = str([run.as_json() for run in env.tools.runs])
    assert not any(secret in recorded for secret in (KEYS.secret_key, KEYS.access_key, SENSITIVE))
    assert {method for method, *_ in store.requests} >= {"GET", "HEAD", "PUT", "DELETE"}


@pytest.mark.store
def test_clients_of_several_endpoints_live_side_by_side(env: Disposable) -> None:
    for endpoint in env.endpoints:
        assert env.client("side", endpoint).init().ok
    assert len({client.folder for client in env._clients.values()}) == len(env.endpoints)


@pytest.mark.store
def test_a_file_to_push_is_private(env: Disposable) -> None:
    path = env.make("files", env.entry, "files").private_file("state", b"{}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.store
def test_a_frozen_endpoint_is_cut_off_in_time(env: Disposable, store: FakeS3) -> None:
    client = env.client("first", env.entry)
    store.hangs = lambda method, key, port: method == "HEAD"
    started = time.monotonic()
    run = client.plan(limit=1, grace=0.3)
    store.thawed.set()
    assert run.code is None
    assert time.monotonic() - started < 2.5


@pytest.mark.store
def test_an_endpoint_that_refuses_makes_init_unprepared(tools: Tools, env: Disposable, store: FakeS3) -> None:
    store.broken = lambda method, key, port: True
    with pytest.raises(UnpreparedError, match="tofu init through service"):
        env.client("first", env.entry, max_retries=1)
