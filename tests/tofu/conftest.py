from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from readiness.obtain import tofu
from readiness.tofu import Disposable, Place, Tools
from readiness.topology import Keys
from tests.tofu.fake_s3 import FakeS3

KEYS = Keys("AKIDOFTHETEST0000001", "sEcReT/of+the/test0000000000000000000001")
SENSITIVE = "a-sensitive-variable-of-the-test"


@pytest.fixture(scope="session")
def program() -> Path:
    return tofu().path


@pytest.fixture
def store() -> Iterator[FakeS3]:
    store = FakeS3()
    yield store
    store.close()


@pytest.fixture
def tools(program: Path, tmp_path: Path) -> Tools:
    epoch = time.monotonic()
    return Tools(program, tmp_path / "tofu", KEYS, lambda: time.monotonic() - epoch, limit=30)


@pytest.fixture
def env(store: FakeS3, tools: Tools) -> Disposable:
    endpoints = (store.listen("one"), store.listen("two"), store.listen("service", service=True))
    return Disposable(tools, Place("bucket", "unused"), "run", endpoints, {"secret": SENSITIVE})
