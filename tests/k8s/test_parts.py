"""What of the lane can be tried without a cluster. The lane itself is in files that `pytest tests` does not collect."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
import tarfile
from pathlib import Path

import pytest

from readiness.errors import UsageError
from tests.k8s import cluster, machine, programs
from tests.k8s.cluster import ROOT, Cluster, main
from tests.k8s.image import pack
from tests.k8s.plan import NODES, token_file, users


def test_the_lane_is_collected_only_when_it_is_asked_for(pytestconfig: pytest.Config) -> None:
    files = [path.name for path in Path(__file__).parent.glob("lane_*.py")]
    assert len(files) >= 5
    usual = pytestconfig.getini("python_files")
    assert not [name for name in files if any(fnmatch.fnmatch(name, pattern) for pattern in usual)]
    assert "-o python_files=lane_*.py tests/k8s" in (ROOT / "tox.ini").read_text("utf-8")


def test_an_empty_cache_is_not_taken_for_a_warm_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READINESS_CACHE", str(tmp_path))
    assert programs.main(["--is-cached"]) == 1
    for key in (
        programs._kubernetes_key(),
        programs._debian_key(),
        programs._coredns_key(),
        programs._kube_router_key(),
    ):
        (tmp_path / key).mkdir()
    assert programs.main(["--is-cached"]) == 1  # etcd is missing still
    assert programs.main(["--cached"]) == 4


def test_who_is_not_root_is_told_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UsageError, match="needs Linux and root"):
        Cluster().start()
    assert main(["start"]) == 4
    assert "needs Linux and root" in capsys.readouterr().err


def test_a_folder_whose_path_is_too_long_for_sockets_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "why_not", lambda: None)
    with pytest.raises(UsageError, match="50 characters at most"):
        Cluster(tmp_path / ("x" * 60)).start()


def test_a_machine_without_cgroups_that_can_be_written_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(machine, "hierarchies", lambda: [tmp_path / "missing"])
    assert f"cgroups that it may write to: {tmp_path / 'missing'}" in str(machine.why_not())
    monkeypatch.setattr(machine, "hierarchies", list)
    assert "none is mounted" in str(machine.why_not())


@pytest.mark.parametrize(
    "words", [["stop"], ["kubeconfig"], ["freeze", "bumble"], ["kubectl", "get", "nodes"]]
)
def test_where_no_cluster_runs_one_is_told_how_to_start_it(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--dir", str(tmp_path), *words]) == 4
    assert "`python -m tests.k8s.cluster start` starts one" in capsys.readouterr().err


def test_only_nodes_and_the_administrator_are_in_groups() -> None:
    lines = token_file({user: f"token of {user}" for user in users()}).splitlines()
    groups = {line.split(",")[1]: line.rsplit(",", 1)[1] for line in lines}
    assert groups.pop("admin") == '"system:masters"'
    assert {user for user, group in groups.items() if group != '""'} == {
        f"system:node:{node}" for node in NODES
    }


def test_an_image_names_what_is_in_it(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF")
    pack(tmp_path / "image.tar", "registry.example/a/b:1", {"/bin/program": program}, ["/bin/program"])
    with tarfile.open(tmp_path / "image.tar") as archive:
        files = {
            member.name: (archive.extractfile(member) or pytest.fail(member.name)).read()
            for member in archive.getmembers()
        }
    blobs = {name.rsplit("/", 1)[1]: blob for name, blob in files.items() if name.startswith("blobs/sha256/")}
    assert all(hashlib.sha256(blob).hexdigest() == digest for digest, blob in blobs.items())
    (entry,) = json.loads(files["index.json"])["manifests"]
    assert entry["annotations"] == {"io.containerd.image.name": "registry.example/a/b:1"}
    manifest = json.loads(blobs[entry["digest"].removeprefix("sha256:")])
    (layer,) = manifest["layers"]
    settings = json.loads(blobs[manifest["config"]["digest"].removeprefix("sha256:")])
    assert settings["rootfs"]["diff_ids"] == [layer["digest"]]
    (tmp_path / "layer.tar").write_bytes(blobs[layer["digest"].removeprefix("sha256:")])
    with tarfile.open(tmp_path / "layer.tar") as content:
        assert content.getmember("bin/program").mode == 0o755
        assert content.getmember("tmp").mode == 0o1777
