"""The tofu that a run on this machine uses: `./just test` has obtained it before the tests start."""

import json
import subprocess

import pytest

from readiness.obtain import tofu
from readiness.obtain.opentofu import inspect, pinned_version

pytestmark = [pytest.mark.store, pytest.mark.side_by_side]


def test_the_real_tofu_is_an_opentofu_release() -> None:
    found = tofu()
    assert inspect(found.path) == found.version
    message = subprocess.run(
        [found.path, "version", "-json"], capture_output=True, env={}, check=True, stdin=subprocess.DEVNULL
    )
    assert json.loads(message.stdout)["terraform_version"] == found.version
    if found.source in {"cache", "built"}:
        assert found.version == pinned_version()
