"""A candidate file proposed from a unit of systemd on hosts, as `ssh` shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.candidate.load import Loaded, load
from readiness.cli import declare
from readiness.declare.systemd_survey import Host, data_folders, seconds
from readiness.providers.commands.resolved import ResolvedCandidate
from readiness.topology import FaultKind
from tests.declare.fakes import Fake

pytestmark = [pytest.mark.store, pytest.mark.side_by_side]
ARGUMENTS = "/usr/local/bin/minio server --address :9000 https://bumble{1...2}.example:9000/srv/disk{1...2}"
LISTENS = (
    'LISTEN 0 4096 *:9000 *:* users:(("minio",pid=812,fd=9))\n'
    'LISTEN 0 4096 127.0.0.1:9001 0.0.0.0:* users:(("minio",pid=812,fd=10))\n'
    'LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=7,fd=3))\n'
)
AT_9100 = LISTENS.replace(":9000", ":9100")
WITHOUT_PROGRAMS = "LISTEN 0 4096 *:9000 *:*\nLISTEN 0 128 0.0.0.0:22 0.0.0.0:*\n"


def shown(
    arguments: str = ARGUMENTS, listens: str = LISTENS, groups: str = "cgroup2fs", **properties: str
) -> str:
    said = {
        "LoadState": "loaded", "ActiveState": "active", "MainPID": "812", "Restart": "always",
        "EnvironmentFiles": "/etc/default/minio (ignore_errors=no)", "WorkingDirectory": "",
        "StateDirectory": "", "TimeoutStopUSec": "15s", "CanFreeze": "yes", **properties,
    }  # fmt: skip
    lines = "".join(f"{name}={value}\n" for name, value in said.items())
    return "-- readiness --\n".join([lines, f"{arguments}\n", f"{groups}\n", listens])


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    fake = Fake("ssh", tmp_path, monkeypatch)
    fake.answer("findmnt", prints="xfs /dev/sdb\nxfs /dev/sdc\n")
    return fake


def proposed(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str) -> tuple[str, Loaded]:
    assert declare.main(list(arguments)) == 0, capsys.readouterr().err
    text = capsys.readouterr().out
    (folder / "proposed.toml").write_text(text, "utf-8")
    return text, load(str(folder / "proposed.toml"))


def test_each_host_is_a_node_with_the_verbs_of_systemd(
    ssh: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ssh.answer("systemctl show", prints=shown())
    text, loaded = proposed(capsys, tmp_path, "--ssh", "admin@bumble,honey", "--unit", "minio")
    monkeypatch.setenv("STORE_ACCESS_KEY", "AK")
    monkeypatch.setenv("STORE_SECRET_KEY", "a-secret")
    topology = ResolvedCandidate(loaded).topology
    candidate = loaded.candidate
    assert candidate.candidate_class == "dedicated-ha"
    assert topology.nodes == ("bumble", "honey")
    assert [(e.node, e.url) for e in topology.endpoints] == [
        ("bumble", "https://bumble:9000"), ("honey", "https://honey:9000"),
    ]  # fmt: skip
    first = candidate.instances[0]
    wanted = {
        "stop": "sudo systemctl stop minio",
        "start": "sudo systemctl unmask --runtime minio; sudo systemctl start minio",
        "restart": "sudo systemctl restart minio",
        "kill": "sudo systemctl mask --runtime minio; sudo systemctl kill --signal=KILL minio",
        "pause": "sudo systemctl freeze minio",
        "unpause": "sudo systemctl thaw minio",
        "identity": "systemctl show --value --property=InvocationID minio",
        "connections": "sudo ss -Htanp | grep '\"minio\"'",
    }
    assert {verb: getattr(first, verb).run for verb in wanted} == {
        verb: ("ssh", "admin@bumble", line) for verb, line in wanted.items()
    }
    assert candidate.nodes[0].bytes is not None
    assert candidate.nodes[0].bytes.run[2] == (
        "sudo du --summarize --block-size=1 --total -- /srv/disk1 /srv/disk2 | tail -n 1 | cut -f1"
    )
    assert [(v.node, v.kind) for v in candidate.volumes] == [
        ("bumble", "xfs"), ("bumble", "xfs"), ("honey", "xfs"), ("honey", "xfs"),
    ]  # fmt: skip
    assert "/srv/disk2, on /dev/sdc" in text
    assert candidate.contract.failure.rto_seconds[FaultKind.RESTART] == 25
    assert candidate.contract.failure.readiness.path == "/minio/health/ready"
    assert "its keys are probably in /etc/default/minio there (not read)" in text
    assert "its process listens there, and it is what MinIO takes by default" in text


def test_nothing_but_what_reads_is_asked_and_no_file_of_keys(
    ssh: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ssh.answer("systemctl show", prints=shown())
    proposed(capsys, tmp_path, "--ssh", "bumble", "--unit", "minio")
    lines = [argv[-1] for argv in ssh.asked()]
    assert len(lines) == 2
    for line in lines:
        programs = {part.split()[0] for part in line.replace("||", ";").split(";")}
        assert programs <= {"systemctl", "exit", "echo", "ps", "stat", "ss", "findmnt"}
        assert "/etc/default" not in line
        assert "sudo" not in line
    assert all(argv[:5] == ["-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "--"] for argv in ssh.asked())
    assert "Environment," not in lines[0]


def test_one_host_is_a_singleton(ssh: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ssh.answer("systemctl show", prints=shown())
    text, loaded = proposed(capsys, tmp_path, "--ssh", "bumble", "--unit", "minio.service")
    assert loaded.candidate.candidate_class == "singleton"
    assert "no final authority (P0.7)" in text
    assert loaded.candidate.name == "minio-on-bumble"


@pytest.mark.parametrize(
    ("arguments", "listens", "port", "why"),
    [
        ("minio server /srv/a", WITHOUT_PROGRAMS, 9000, "something listens there: ss shows no programs"),
        ("minio server --address :9100 /srv/a", AT_9100, 9100, "an argument of its process names it"),
        ("garage server", 'LISTEN 0 9 *:8900 *:* users:(("garage",pid=812,fd=9))\n', 8900, "its process listens there"),
        ("weed server -s3 -s3.port=8444 -dir=/srv/weed", "", 8444, "its process is given -s3.port"),
        ("/opt/rustfs /srv/a", "LISTEN 0 9 *:22 *:*\n", 9000, "a guess: what RustFS takes by default; listening"),
    ],
)  # fmt: skip
def test_ports_come_from_what_listens(
    ssh: Fake,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: str,
    listens: str,
    port: int,
    why: str,
) -> None:
    ssh.answer("systemctl show", prints=shown(arguments, listens))
    text, loaded = proposed(capsys, tmp_path, "--ssh", "bumble", "--unit", "s")
    assert loaded.candidate.endpoints[0].url.endswith(f"bumble:{port}")
    assert why in text


@pytest.mark.parametrize(("freezes", "groups"), [("no", "cgroup2fs"), ("yes", "tmpfs")])
def test_a_host_that_cannot_freeze_pauses_by_signals(
    ssh: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str], freezes: str, groups: str
) -> None:
    """With control groups of version 1 systemd says CanFreeze=yes, and refuses to freeze and to thaw."""
    ssh.answer("systemctl show", prints=shown(groups=groups, CanFreeze=freezes, TimeoutStopUSec="infinity"))
    text, loaded = proposed(capsys, tmp_path, "--ssh", "bumble", "--unit", "minio")
    first = loaded.candidate.instances[0]
    assert first.pause is not None
    assert first.unpause is not None
    assert first.pause.run[-1] == "sudo systemctl kill --signal=STOP minio"
    assert first.unpause.run[-1] == "sudo systemctl kill --signal=CONT minio"
    assert "by signals" in text
    assert "1 host of MinIO" in loaded.candidate.contract.endpoint_shape
    assert loaded.candidate.contract.failure.rto_seconds[FaultKind.RESTART] == 30


@pytest.mark.parametrize(
    ("words", "properties", "folders"),
    [
        ("minio server /srv/d{1...3}", {}, ["/srv/d1", "/srv/d2", "/srv/d3"]),
        ("weed volume -dir=/srv/a -mserver=m:9333", {}, ["/srv/a"]),
        ("garage -c /etc/garage.toml server", {"StateDirectory": "garage"}, ["/var/lib/garage"]),
        ("versitygw posix /srv/gw", {"WorkingDirectory": "/opt"}, ["/srv/gw"]),
        ("rustfs", {"WorkingDirectory": "!/var/lib/rustfs"}, ["/var/lib/rustfs"]),
        ("rustfs --tls /etc/rustfs --key /srv/a.key", {"WorkingDirectory": "/"}, []),
    ],
)
def test_folders_of_data(words: str, properties: dict[str, str], folders: list[str]) -> None:
    assert data_folders(Host("bumble", words.split(), properties)) == folders


@pytest.mark.parametrize(
    ("span", "found"), [("1min 30s", 90), ("15s", 15), ("500ms", 0.5), ("infinity", None), ("", None)]
)
def test_spans_of_time(span: str, found: float | None) -> None:
    assert seconds(span) == found


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (shown(LoadState="not-found"), "bumble: there is no unit minio"),
        (shown(ActiveState="failed"), "bumble: the unit minio does not run (failed)"),
        (shown("/usr/sbin/nginx"), "the unit minio runs nginx, which is none of"),
        ("welcome to bumble\n", "its shell prints something else than it is asked for"),
    ],
)
def test_what_is_not_recognised_is_one_message(
    ssh: Fake, capsys: pytest.CaptureFixture[str], answer: str, message: str
) -> None:
    ssh.answer("systemctl show", prints=answer)
    assert declare.main(["--ssh", "bumble", "--unit", "minio"]) == 4
    printed = capsys.readouterr()
    (line,) = printed.err.splitlines()
    assert message in line
    assert not printed.out


def test_a_host_that_is_not_reached_is_named(ssh: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    ssh.answer("systemctl show", code=255, complains="bumble: Permission denied (publickey).")
    assert declare.main(["--ssh", "bumble", "--unit", "minio"]) == 4
    assert (
        "bumble cannot be reached by ssh without a prompt: bumble: Permission denied"
        in capsys.readouterr().err
    )


def test_what_systemctl_says_is_passed_on(ssh: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    """It ends the line that is asked: what follows would be taken for a unit that is not there."""
    ssh.answer("|| exit", code=1, complains="Failed to connect to bus: No such file or directory\n")
    assert declare.main(["--ssh", "bumble", "--unit", "minio"]) == 4
    assert "bumble cannot be asked: Failed to connect to bus" in capsys.readouterr().err


def test_the_control_says_its_version(ssh: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ssh.answer("systemctl show", prints=shown("/opt/ha-control serve --data-dir=/srv/store"))
    _, loaded = proposed(capsys, tmp_path, "--ssh", "bumble", "--unit", "store", "--store", "control")
    assert loaded.candidate.commands.versions["store"].run[-1] == "/opt/ha-control version"
    assert loaded.candidate.commands.capture["journal-bumble"].run[-1].startswith("sudo journalctl ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--ssh", "-oProxyCommand=touch", "--unit", "minio"], "expected one argument"),
        (["--ssh=-oProxyCommand=touch", "--unit", "minio"], "is not a host"),
        (["--ssh", "bumble;reboot", "--unit", "minio"], "is not a host"),
        (["--ssh", "bumble,bumble", "--unit", "minio"], "name each host once"),
        (["--ssh", "bumble", "--unit", "minio; reboot"], "is not the name of a unit"),
        (["--ssh", "bumble"], "--ssh needs --unit"),
        (["--unit", "minio"], "nothing is given"),
        (["--docker", "--ssh", "bumble", "--unit", "minio"], "--docker and --ssh HOST are given"),
        (["--docker", "--unit", "minio"], "--unit goes with --ssh"),
        (["--namespace", "n", "--dns", "10.0.0.1/32"], "--dns goes with --probe-image"),
    ],
)
def test_bad_options_are_one_message_and_nothing_is_asked(
    ssh: Fake, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    try:
        code = declare.main(arguments)
    except SystemExit as ended:
        code = int(ended.code or 0)
    assert code == 4
    printed = capsys.readouterr()
    (line,) = printed.err.splitlines()
    assert line.startswith("ERROR: ")
    assert message in line
    assert ssh.asked() == []
