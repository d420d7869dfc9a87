from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from readiness.finding import State
from readiness.stacks.config import StackConfig
from readiness.stacks.hcl import UnreadableError
from readiness.stacks.points import Names, Points, no_active_stack, points_at
from readiness.stacks.sources import Variant
from readiness.stacks.text import Open, Text, joined


def config(backend: str, **settings: str) -> StackConfig:
    flat = {name.replace("__", "."): value for name, value in settings.items()}
    variant = Variant("backend.tf", {key: shell(value) for key, value in flat.items()}, {})
    return StackConfig("attic", Path("/c"), "s", backend, (variant,), {}, (), (), False, (), "sha256:x")


def at(url: str, *buckets: str) -> Names:
    return Names((url,), frozenset(buckets))


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
    assert points_at(s3(theirs), at(ours)).points is Points.YES


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
    assert points_at(s3(theirs), at(ours)).points is Points.NO


def test_an_http_backend_can_point_there_too_even_by_its_lock() -> None:
    found = config("http", address="http://elsewhere/x", lock_address="http://localhost:9000/x")
    assert points_at(found, at("http://127.0.0.1:9000")).points is Points.YES


def test_names_are_resolved_only_when_asked() -> None:
    stack = s3("http://state.internal:9000")
    assert points_at(stack, at("http://10.0.0.5:9000")).points is Points.NO
    assert (
        points_at(stack, Names(("http://10.0.0.5:9000",), resolve=lambda host: {"10.0.0.5"})).points
        is Points.YES
    )


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
    assert points_at(unclear, at("http://127.0.0.1:9000", "tofu-state")).points is Points.UNCLEAR


def test_aws_with_another_bucket_is_elsewhere() -> None:
    assert (
        points_at(config("s3", bucket="other"), at("http://127.0.0.1:9000", "tofu-state")).points is Points.NO
    )


def test_the_finding_over_all_stacks() -> None:
    urls = at("http://127.0.0.1:9000")
    away, here = s3("http://10.0.0.5:9000"), s3("http://localhost:9000")
    assert no_active_stack({"attic": away}, urls, observations=3).state is State.PROVED
    assert no_active_stack({"attic": away}, urls, observations=0).state is State.UNKNOWN
    found = no_active_stack(
        {"attic": away, "arc-runners": dataclasses.replace(here, name="arc-runners")}, urls, observations=3
    )
    assert found.state is State.REFUTED
    assert "arc-runners: endpoints.s3 = http://localhost:9000" in found.reason
    unreadable = no_active_stack(
        {"attic": UnreadableError("main.tf, line 2: not valid HCL")}, urls, observations=3
    )
    assert unreadable.state is State.REFUTED
    assert no_active_stack({"attic": config("http")}, urls, observations=3).state is State.UNKNOWN
