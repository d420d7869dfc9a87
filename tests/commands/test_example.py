"""The example for bare metal, and what the template says of commands, are accepted as they stand."""

import re
import shutil
import tomllib
from pathlib import Path

import pytest

from readiness.candidate.load import load
from readiness.candidate.model import Candidate
from readiness.errors import UsageError
from readiness.paths import CANDIDATES
from readiness.providers import create


def test_the_example_is_a_candidate_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(CANDIDATES / "examples", tmp_path / "examples")
    path = tmp_path / "examples" / "bare-metal.toml"
    with pytest.raises(UsageError, match=r"s3\.ca_bundle names .*ca\.pem, but there is no such file"):
        load(str(path))
    (tmp_path / "examples" / "ca.pem").write_text("")
    loaded = load(str(path))
    assert (path.parent / str(loaded.candidate.contract.observability.alert_rules)).is_file()
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(UsageError, match='has no profile "state-admin"'):
        create(loaded)


def test_the_template_shows_commands_as_they_are() -> None:
    text = (CANDIDATES / "TEMPLATE.toml").read_text()
    part = text[text.index('# [provider]\n# kind = "commands"') : text.index("# Where the state data lies")]
    shown = tomllib.loads(re.sub(r"(?m)^# ?", "", part))
    raw = tomllib.loads(text)
    candidate = Candidate.model_validate(raw | shown)
    (instance,) = candidate.instances
    assert instance.start is not None
    assert instance.start.argv[0] == "ssh"
    for declared in (*candidate.instances, *candidate.nodes, candidate.commands):
        assert set(type(declared).model_fields) - declared.model_fields_set == set()
