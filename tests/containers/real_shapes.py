"""Images that are not what they are said to be, containers that do not stay, several on one node, and sudden ends.

Needs an engine: `tox -e containers`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from readiness.errors import UsageError
from readiness.paths import ROOT
from readiness.providers import create
from readiness.providers.engine import probe
from readiness.topology import Unsupported
from tests.containers.real import changed, everything, started
from tests.support.eventually import eventually


def reference() -> str:
    return os.environ["READINESS_CONTROL_IMAGE"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: reference()[:-64] + "0" * 64, "is there, with id sha256:"),
        (lambda: f"localhost/nothing:1@sha256:{'0' * 64}", "there is no localhost/nothing:1 either"),
        (lambda: reference().replace(":", ":9", 1), "cannot be pulled"),
    ],
)
def test_an_image_that_is_not_there(wrong: Any, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READINESS_CONTROL_IMAGE", wrong())
    before = everything()
    with pytest.raises(UsageError, match=message) as error:
        create(changed())
    assert "containers.control.image" in str(error.value)
    assert everything() == before


def test_a_container_that_does_not_stay(tmp_path: Path) -> None:
    loaded = changed(lambda raw: raw["containers"][0].update(command=["serve"]))
    with (
        pytest.raises(UsageError, match=r"control-\w+ ends by itself\n.*--name is missing"),
        started(tmp_path, loaded),
    ):
        pytest.fail("it started")
    assert not list(tmp_path.iterdir())


def two_on_one_node(raw: dict[str, Any]) -> None:
    entry = raw["containers"][0]
    cut = {"nodes": ["bumble"], "emptied_command": []}
    command = [part for part in entry["command"] if not part.startswith("bumble=")]
    other = [part.replace("0.0.0.0:90", "0.0.0.0:91") for part in command]
    raw["containers"] = [
        entry | cut | {"name": "one", "command": [*command, "bumble=http://${READINESS_ADDRESS_BUMBLE}:9002"]},
        entry | cut | {
            "name": "two", "command": [*other, "bumble=http://${READINESS_ADDRESS_BUMBLE}:9102"],
            "s3_port": 9100, "admin_port": 9101,
        },
    ]  # fmt: skip
    raw["nodes"], raw["commands"] = [], {}
    raw["provider"]["options"] = {"service": False}


def test_two_instances_on_one_node(tmp_path: Path) -> None:
    with started(tmp_path, changed(two_on_one_node)) as provider:
        topology = provider.topology
        assert [(e.name, e.node) for e in topology.endpoints] == [
            ("one-bumble", "bumble"),
            ("two-bumble", "bumble"),
        ]
        assert topology.service is None
        assert provider.kill("one-bumble").fired
        assert not provider.in_service("one-bumble")
        assert provider.in_service("two-bumble")
        provider.start_instance("one-bumble")
        eventually(provider.whole, 120)
        proof = provider.drain("bumble")
        assert proof.fired
        assert "one-bumble" in proof.observed
        assert "two-bumble" in proof.observed
        assert [probe.answers(*probe.address_of(e.url), 1) for e in topology.endpoints] == ["refused"] * 2
        provider.restore("bumble")
        eventually(provider.whole, 120)
        with pytest.raises(Unsupported):
            provider.rotate(None)
        with pytest.raises(Unsupported):
            provider.repair("bumble")


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_by_a_process_that_ends(tmp_path: Path, end: signal.Signals) -> None:
    before = everything()
    script = f"""
        import sys, time
        from pathlib import Path
        from readiness.candidate.load import load
        from readiness.providers import create
        provider = create(load("containers"), run_dir=Path({str(tmp_path)!r}))
        try:
            provider.start()
            provider.freeze("control-honey")
            provider.unplug("sting")
            print("started", flush=True)
            time.sleep(120)
        finally:
            provider.stop()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, cwd=ROOT, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        assert len(everything() - before) >= 3 + 3 + 3 + 2
        process.send_signal(end)
    eventually(lambda: everything() == before, 120)
    eventually(lambda: not list(tmp_path.iterdir()), 120)
