"""Copies of real state go to another machine by TLS, or by an explicit word of the operator."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.stacks.clear import in_the_clear
from readiness.topology import Endpoint
from tests.plugin.runs import HOOK, one_clear_message, small

pytestmark = pytest.mark.side_by_side

RESOLVED = {"state.internal": ["10.1.2.3"], "both": ["127.0.0.1", "10.1.2.3"], "here": ["127.0.0.1", "::1"]}
ELSEWHERE = (
    HOOK
    + """
    from readiness import providers
    from readiness.topology import Endpoint, Instance, Topology
    from tests.plugin import fake
    class Elsewhere(fake.Fake):
        owns_candidate = False
        topology = Topology(("a",), (Instance("a-0", "a", "store"),), (Endpoint("a", URL, "a", "a-0"),), None)
        def start(self):
            self._note("start")
            return self.topology
    providers.create = Elsewhere
"""
)
REHEARSES = """
import pytest
@pytest.mark.phase3
@pytest.mark.criterion("P3.0")
def test_rehearses():
    pass
"""


@pytest.mark.parametrize(
    ("url", "clear"),
    [
        ("http://10.1.2.3:9000", True),
        ("http://state.internal", True),
        ("http://both:9000", True),
        ("http://nobody.knows:9000", True),
        ("http://[fd00::1]:9000", True),
        ("https://state.internal", False),
        ("http://127.8.9.10:9000", False),
        ("http://here:9000", False),
        ("http://[::1]:9000", False),
    ],
)
def test_what_goes_over_a_network_in_the_clear(url: str, clear: bool) -> None:
    def resolved(host: str) -> list[str]:
        return [host] if host[:1].isdigit() or ":" in host else RESOLVED.get(host, [])

    endpoint = Endpoint("one", url)
    assert in_the_clear([Endpoint("first", "http://127.0.0.1:9"), endpoint], resolved) == (
        endpoint if clear else None
    )


@pytest.mark.store
def test_a_rehearsal_that_would_send_state_in_the_clear_is_refused(tmp_path: Path) -> None:
    (tmp_path / "stacks").mkdir()
    calls = tmp_path / "calls"
    hook = ELSEWHERE.replace("URL", '"http://192.0.2.7:9000"')
    ran = small(
        tmp_path / "run",
        REHEARSES,
        "--stacks",
        str(tmp_path / "stacks"),
        hook=hook,
        env={"FAKE_CALLS": str(calls)},
    )
    one_clear_message(ran, "endpoint a at http://192.0.2.7:9000 is reached without TLS")
    assert "allow it with --state-without-tls" in ran.err
    assert calls.read_text().splitlines() == ["start", "stop"]
    allowed = small(
        tmp_path / "allowed",
        REHEARSES,
        "--stacks",
        str(tmp_path / "stacks"),
        "--state-without-tls",
        hook=hook,
    )
    assert "without TLS" not in allowed.err
    assert "endpoint a at http://192.0.2.7:9000 cannot be reached" in allowed.err
