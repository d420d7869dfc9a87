from collections.abc import Iterator

import pytest

from tests.commands.lab import Lab, running


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running(Lab(tmp_path_factory.mktemp("lab")), tmp_path_factory.mktemp("state")) as made:
        yield made
