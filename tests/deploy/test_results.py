"""The results of the Job come out whole, after its end, or not at all; the program kubectl is a stand-in."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from readiness.cli import results
from readiness.errors import UsageError
from readiness.forge.standing import standing
from readiness.paths import ROOT
from readiness.providers.kubernetes import job_results
from readiness.providers.kubernetes.job_results import must_unpack
from tests.deploy.fake_program import asked, put
from tests.forge.conftest import run

pytestmark = [pytest.mark.store, pytest.mark.side_by_side]
JOB = yaml.safe_load((ROOT / "deploy/suite/job.yaml").read_text("utf-8"))
KUBECTL = """
words = [word for word in asked if not word.startswith("--")]
words = words[2:] if words[0] == "-n" else words
match words[0]:
    case "get":
        jobs = sorted(here.glob("job-*.json"))
        conditions = [each["type"] for each in json.loads(jobs[0].read_text())["status"]["conditions"]]
        print(jobs[0].read_text() if "--output=json" in asked else " ".join(conditions))
        if len(jobs) > 1:
            jobs[0].unlink()
    case "apply":
        (here / "pod.json").write_text(sys.stdin.read())
    case "wait":
        sys.exit((here / "never-ready").exists())
    case "exec":
        archives = sorted(here.glob("archive-*.tar"))
        sys.stdout.buffer.write(archives[0].read_bytes())
        if len(archives) > 1:
            archives[0].unlink()
        sys.exit(archives[0].name.endswith("-failed.tar"))
"""


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the stand-in finds what to answer."""
    put(monkeypatch, tmp_path, "kubectl", KUBECTL)
    monkeypatch.setattr(job_results, "POLL_SECONDS", 0.0)
    return tmp_path


def job(cluster: Path, number: int, *conditions: str) -> None:
    status = {"conditions": [{"type": each, "status": "True"} for each in conditions]}
    (cluster / f"job-{number}.json").write_text(json.dumps({**JOB, "status": status}))


def archive(cluster: Path, folder: Path, name: str = "archive-5.tar", *, cut: int = 0) -> None:
    with tarfile.open(cluster / name, "w") as made:
        made.add(folder, ".")
    if cut:
        content = (cluster / name).read_bytes()
        (cluster / name).write_bytes(content[:cut])


def copy(cluster: Path, *more: str) -> int:
    return results.main(["--namespace", "tofu-state", *more, str(cluster / "out")])


def verbs(cluster: Path) -> list[str]:
    return [next(word for word in call if not word.startswith("--")) for call in asked(cluster, "kubectl")]


@pytest.mark.parametrize(("red", "condition", "code"), [((), "Complete", 0), (("P1.6",), "Failed", 1)])
def test_a_job_that_has_ended_is_copied_whatever_its_verdict(
    cluster: Path, red: tuple[str, ...], condition: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    job(cluster, 1)
    job(cluster, 2, "FailureTarget")
    job(cluster, 3, condition)
    folder = run(cluster / "volume/runs", 1, *red)
    archive(cluster, cluster / "volume")
    assert copy(cluster, "--context", "honey") == code
    assert verbs(cluster) == ["get", "get", "get", "apply", "wait", "exec", "delete"]
    assert all(call[0] == "--context=honey" for call in asked(cluster, "kubectl"))
    there = cluster / "out/runs" / folder.name
    assert (there / "verdict.json").read_bytes() == (folder / "verdict.json").read_bytes()
    assert str(there) in capsys.readouterr().out


def test_a_python_that_cannot_unpack_safely_is_refused_before_anything_is_asked() -> None:
    must_unpack((3, 11, 4))
    must_unpack((3, 12, 0))
    with pytest.raises(
        UsageError, match=r"^this is Python 3\.11\.2, which cannot unpack an archive safely: copy the"
    ):
        must_unpack((3, 11, 2))


def test_a_job_that_goes_on_is_not_read(cluster: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job(cluster, 1)
    assert copy(cluster, "--wait", "0") == 4
    assert set(verbs(cluster)) == {"get"}
    assert capsys.readouterr().err == "ERROR: job/readiness has not ended within 0 s: nothing was copied\n"


@pytest.mark.parametrize("how", ["half an archive", "kubectl failed", "a file is missing"])
def test_a_copy_that_was_cut_short_is_made_again(cluster: Path, how: str) -> None:
    job(cluster, 1, "Complete")
    folder = run(cluster / "volume/runs", 1)
    archive(cluster, cluster / "volume")
    if how == "half an archive":
        archive(cluster, cluster / "volume", "archive-1.tar", cut=20_000)
    elif how == "kubectl failed":
        archive(cluster, cluster / "volume", "archive-1-failed.tar")
    else:
        (folder / "report.html").unlink()
        archive(cluster, cluster / "volume", "archive-1.tar")
    assert copy(cluster) == 0
    assert verbs(cluster).count("exec") == 2
    assert (cluster / "out/runs" / folder.name / "report.html").exists()


def test_a_copy_that_is_never_whole_is_no_verdict(cluster: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job(cluster, 1, "Complete")
    folder = run(cluster / "volume/runs", 1)
    (folder / "report.html").unlink()
    archive(cluster, cluster / "volume")
    assert copy(cluster) == 4
    said = capsys.readouterr()
    assert "report.html is missing after the run was sealed" in said.err
    assert not said.out
    assert not (cluster / "out").exists()


def test_a_job_without_evidence_names_its_log(cluster: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job(cluster, 1, "Failed")
    (cluster / "volume").mkdir()
    archive(cluster, cluster / "volume")
    assert copy(cluster) == 4
    assert "kubectl --namespace=tofu-state logs job/readiness" in capsys.readouterr().err


def test_the_pod_goes_also_if_it_never_starts(cluster: Path) -> None:
    job(cluster, 1, "Complete")
    (cluster / "never-ready").touch()
    assert copy(cluster) == 4
    assert verbs(cluster) == ["get", "apply", "wait", "delete"]


def test_the_pod_only_reads_and_is_that_of_the_job(cluster: Path) -> None:
    pod: dict[str, Any] = job_results.reader(JOB, "reader")["spec"]
    (container,) = pod["containers"]
    of_job = JOB["spec"]["template"]["spec"]
    assert container["image"] == of_job["containers"][0]["image"]
    assert pod["securityContext"] == of_job["securityContext"]
    assert container["volumeMounts"] == [{"name": "results", "mountPath": "/results", "readOnly": True}]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert pod["automountServiceAccountToken"] is False


def test_a_folder_that_exists_is_left_alone(cluster: Path) -> None:
    (cluster / "out").mkdir()
    assert copy(cluster) == 4
    assert asked(cluster, "kubectl") == []


def test_the_lines_that_do_it_by_hand(cluster: Path) -> None:
    shown = (ROOT / "deploy/README.md").read_text("utf-8").split("By hand")[1].split("\n\n")[1]
    first, second = shown.replace("sleep 10", "sleep 0").split("\n", 1)
    job(cluster, 1)
    job(cluster, 2, "FailureTarget")
    job(cluster, 3, "FailureTarget", "Failed")
    folder = run(cluster / "volume/runs", 1, "P1.6")
    archive(cluster, cluster / "volume")
    (cluster / "reports").mkdir()
    for line, calls in ((first, ["get"] * 3), (second, ["apply", "wait", "exec", "delete"])):
        before = len(asked(cluster, "kubectl"))
        ran = subprocess.run(["bash", "-eo", "pipefail", "-c", line], cwd=cluster, check=False)
        assert ran.returncode == 0
        made = asked(cluster, "kubectl")[before:]
        assert [(call[2:] if call[0] == "-n" else call)[0] for call in made] == calls
    assert standing(cluster / "reports/from-cluster").verdict == "NOT READY"
    assert (cluster / "reports/from-cluster/runs" / folder.name / "seal.json").exists()
