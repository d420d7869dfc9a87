from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from readiness.obtain import tofu
from readiness.subject import Subject
from readiness.tofu import Disposable, StatePlace, Tools
from readiness.topology import Keys
from tests.support.executed import on_paper
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
def subject(tmp_path: Path) -> Subject:
    return on_paper(tmp_path, secrets=(KEYS.access_key, KEYS.secret_key, SENSITIVE))


@pytest.fixture
def tools(program: Path, tmp_path: Path, subject: Subject) -> Tools:
    return Tools(program, tmp_path / "tofu", KEYS, subject.now, limit=30)


@pytest.fixture
def env(store: FakeS3, tools: Tools) -> Disposable:
    endpoints = (store.listen("one"), store.listen("two"), store.listen("service", service=True))
    return Disposable(tools, StatePlace("bucket", "unused"), "run", endpoints, {"secret": SENSITIVE})
