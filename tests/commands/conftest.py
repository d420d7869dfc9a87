import os
from collections.abc import Iterator

import pytest

from tests.commands.lab import Lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    made = Lab(tmp_path_factory.mktemp("lab"))
    before = dict(os.environ)
    os.environ.update(made.environment)
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
    try:
        made.start()
        yield made
    finally:
        made.stop()
        os.environ.clear()
        os.environ.update(before)
