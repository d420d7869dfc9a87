from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from readiness.criteria import PROTECTED_STACKS
from readiness.errors import NotRun, UsageError
from readiness.evidence.stacks import CandidateNames
from readiness.finding import Finding, State
from readiness.judges.stacks.points import Points
from readiness.s3.library import Unanswered
from readiness.scratch.active import stacks_point_elsewhere
from readiness.stacks.config import StackConfig
from readiness.stacks.hcl import UnreadableError
from readiness.stacks.stack_files import Variant
from readiness.text import Open, Text, joined
from readiness.topology import Endpoint
from tests.stacks.shapes import pointing
from tests.support.executed import executed, on_paper


def config(backend: str, **settings: str) -> StackConfig:
    flat = {name.replace("__", "."): value for name, value in settings.items()}
    variant = Variant("backend.tf", {key: shell(value) for key, value in flat.items()}, {})
    return StackConfig("attic", Path("/c"), "s", backend, (variant,), {}, (), (), False, (), "sha256:x")


def at(url: str, *buckets: str) -> CandidateNames:
    return CandidateNames(urls=(url,), buckets=buckets, addresses={})


def shell(value: str) -> Text:
    """The text, with what a shell or just decides open."""
    pieces = re.split(r"\$\{(\w+)\}|\{\{(\w+)\}\}", value)
    return joined(Open(piece) if at % 3 else piece for at, piece in enumerate(pieces) if piece)


def s3(url: str, bucket: str = "b") -> StackConfig:
    return config("s3", endpoints__s3=url, bucket=bucket)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("http://localhost:9000", "http://127.0.0.1:9000"),
        ("http://LOCALHOST:9000/", "http://127.0.0.3:9000"),
        ("http://[::1]:9000", "http://localhost:9000"),
        ("http://0.0.0.0:9000", "http://127.0.0.1:9000"),
        ("http://[::ffff:10.0.0.5]:9000", "http://10.0.0.5:9000"),
        ("https://S3.State.Example.", "https://s3.state.example:443"),
        ("http://s3.state.example", "http://s3.state.example:80"),
        ("https://bucket.s3.state.example", "https://s3.state.example"),
        ("s3.state.example", "https://s3.state.example"),
    ],
)
def test_the_same_place_however_it_is_spelt(theirs: str, ours: str) -> None:
    assert pointing(s3(theirs), at(ours)).points is Points.YES


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("http://127.0.0.1:9001", "http://127.0.0.1:9000"),
        ("https://s3.state.example", "http://s3.state.example"),
        ("http://10.0.0.5:9000", "http://10.0.0.6:9000"),
        ("http://evil-s3.state.example", "http://s3.state.example"),
    ],
)
def test_another_place(theirs: str, ours: str) -> None:
    assert pointing(s3(theirs), at(ours)).points is Points.NO


def test_an_http_backend_can_point_there_too_even_by_its_lock() -> None:
    found = config("http", address="http://elsewhere/x", lock_address="http://localhost:9000/x")
    assert pointing(found, at("http://127.0.0.1:9000")).points is Points.YES


def test_names_are_resolved_only_when_asked() -> None:
    stack = s3("http://state.internal:9000")
    assert pointing(stack, at("http://10.0.0.5:9000")).points is Points.NO
    assert pointing(stack, at("http://10.0.0.5:9000"), lambda host: {"10.0.0.5"}).points is Points.YES


@pytest.mark.parametrize(
    "unclear",
    [
        config("http"),
        config("http", address="{{api}}/state/x"),
        config("s3", bucket="tofu-state"),
        config("s3"),
        s3("${ENDPOINT}"),
        s3("http://host:port"),
    ],
)
def test_what_the_files_do_not_say_is_unclear(unclear: StackConfig) -> None:
    assert pointing(unclear, at("http://127.0.0.1:9000", "tofu-state")).points is Points.UNCLEAR


def test_aws_with_another_bucket_is_elsewhere() -> None:
    assert (
        pointing(config("s3", bucket="other"), at("http://127.0.0.1:9000", "tofu-state")).points is Points.NO
    )


def over(subject: Any, *stacks: StackConfig | Exception) -> Finding:
    """P1.8 over these, which the suite reads instead of the protected ones."""
    given = dict(zip(PROTECTED_STACKS, stacks, strict=False))

    def read(_checkout: Path, name: str, *, caller: object) -> StackConfig:
        one = given.get(name, s3("http://10.0.0.5:9000"))
        if isinstance(one, Exception):
            raise one
        return dataclasses.replace(one, name=name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("readiness.scratch.active.read", read)
        return executed("P1.8", stacks_point_elsewhere, None, subject=subject)


@pytest.fixture
def subject(tmp_path: Path) -> Any:
    """A candidate of the suite's own with two endpoints; `down` holds those that do not answer."""
    one = on_paper(tmp_path)
    ends = (Endpoint("a", "http://127.0.0.1:9000"), Endpoint("b", "http://127.0.0.1:9001"))
    down: set[str] = set()

    def client(endpoint: Endpoint) -> Any:
        def listed() -> dict[str, list[dict[str, str]]]:
            if endpoint.name in down:
                raise Unanswered(f"{endpoint.name} is silent")
            return {"Buckets": [{"Name": "scratch"}]}

        return SimpleNamespace(list_buckets=listed)

    provider = SimpleNamespace(owns_candidate=True)
    topology = SimpleNamespace(all_endpoints=lambda: ends)
    return SimpleNamespace(
        loaded=one.loaded, candidate=one.candidate, evidence=one.evidence, now=one.now, promises=one.promises,
        declared=one.declared, provider=provider, topology=topology, client=client, down=down,
    )  # fmt: skip


def test_stacks_elsewhere_are_proved(subject: Any) -> None:
    found = over(subject)
    assert found.state is State.PROVED
    assert found.observations == 2 * len(PROTECTED_STACKS)


def test_one_stack_that_points_there_refutes(subject: Any) -> None:
    found = over(subject, s3("http://10.0.0.5:9000"), s3("http://localhost:9001"))
    assert found.state is State.REFUTED
    assert f"{PROTECTED_STACKS[1]}: endpoints.s3 = http://localhost:9001" in found.reason


@pytest.mark.parametrize(
    "error", [UnreadableError("main.tf, line 2: not valid HCL"), UsageError("there is no such folder")]
)
def test_a_stack_that_cannot_be_read_refutes(subject: Any, error: Exception) -> None:
    found = over(subject, error)
    assert found.state is State.REFUTED
    assert str(error) in found.reason


def test_what_is_unclear_is_unknown(subject: Any) -> None:
    assert over(subject, config("http")).state is State.UNKNOWN


def test_an_endpoint_that_does_not_answer_leaves_it_unknown(subject: Any) -> None:
    subject.down.add("b")
    found = over(subject)
    assert found.state is State.UNKNOWN
    assert "b is silent" in found.reason


def test_without_stacks_it_is_not_run_on_a_candidate_of_somebody_else(subject: Any) -> None:
    subject.provider.owns_candidate = False
    with pytest.raises(NotRun, match="give --stacks DIR"):
        over(subject)
