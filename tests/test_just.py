"""The wrapper ./just in small checkouts of its own: real virtual environments, with two small packages."""

import re
import runpy
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

pytestmark = pytest.mark.store

ROOT = Path(__file__).resolve().parents[1]
JUSTFILE = """
set positional-arguments

python := env("READINESS_PYTHON", "python3")

ensure:
    @"{{ python }}" ./just --ensure

show *ARGS: ensure
    @.venv/bin/python -c 'import sys; print(sys.argv[1:])' "$@"

imports: ensure
    @.venv/bin/python -c 'import readiness_here, os; print(os.path.dirname(readiness_here.__file__))'

fail code: ensure
    @exit {{ code }}
"""


def locked(*packages: str) -> str:
    """The lines of the project's lock file for these packages."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return "".join(
        re.findall(rf"^{re.escape(package)}==.*\n(?: .*\n)+", text, re.MULTILINE)[0] for package in packages
    )


def checkout(folder: Path) -> Path:
    folder.mkdir()
    shutil.copy(ROOT / "just", folder)
    (folder / "justfile").write_text(JUSTFILE, encoding="utf-8")
    (folder / "readiness_here.py").touch()
    (folder / "requirements.lock").write_text(locked("rust-just", "iniconfig", "uv"), encoding="utf-8")
    return folder


def just(where: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [where / "just", *arguments], cwd=where, capture_output=True, text=True, check=False
    )


def installed(where: Path, module: str) -> bool:
    return subprocess.run([where / ".venv/bin/python", "-c", f"import {module}"], check=False).returncode == 0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose .venv was made by two wrappers started at the same time; tests leave it complete."""
    where = checkout(tmp_path_factory.mktemp("just") / "a checkout")
    command = [str(where / "just"), "--ensure"]
    with (
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as one,
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as other,
    ):
        message = one.communicate()[1] + other.communicate()[1]
    assert (one.returncode, other.returncode) == (0, 0), message
    assert message.count("creating .venv") == 1
    assert message.count("waiting for it") == 1
    return where


def test_arguments_and_exit_codes_survive(made: Path) -> None:
    assert just(made, "show", "two words", "-k", "a or 'b'", "$HOME").stdout == (
        "['two words', '-k', \"a or 'b'\", '$HOME']\n"
    )
    assert just(made, "fail", "4").returncode == 4


def test_it_works_from_elsewhere_and_the_checkout_is_importable(made: Path, tmp_path: Path) -> None:
    shown = subprocess.check_output([made / "just", "imports"], cwd=tmp_path, text=True)
    assert Path(shown.strip()) == made


def test_an_installed_just_does_the_same(made: Path) -> None:
    shown = subprocess.check_output([made / ".venv/bin/just", "show", "two words"], cwd=made, text=True)
    assert shown == "['two words']\n"


def test_a_current_environment_costs_next_to_nothing(made: Path) -> None:
    def seconds() -> float:
        started = time.monotonic()
        assert just(made, "--ensure").stderr == ""
        return time.monotonic() - started

    assert min(seconds() for _ in range(5)) < 0.3


def test_a_changed_lock_file_is_followed_in_place(made: Path) -> None:
    lock = made / "requirements.lock"
    (made / ".venv" / "kept").touch()
    lock.write_text(locked("rust-just", "six", "uv"), encoding="utf-8")
    assert just(made, "--ensure").returncode == 0
    assert installed(made, "six")
    assert not installed(made, "iniconfig")
    assert (made / ".venv" / "kept").exists()


def test_a_half_made_environment_is_made_anew(made: Path) -> None:
    (made / ".venv" / "up-to-date").unlink()
    (made / ".venv" / "litter").touch()
    assert just(made, "show").returncode == 0
    assert not (made / ".venv" / "litter").exists()


def test_a_moved_checkout_gets_a_new_environment(made: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(made, tmp_path / "moved", symlinks=True)
    ran = just(moved, "imports")
    assert ran.stdout.strip() == str(moved)
    assert "creating .venv" in ran.stderr


def test_it_can_be_run_by_the_environments_own_python(made: Path) -> None:
    (made / ".venv" / "up-to-date").unlink()
    ran = subprocess.run([made / ".venv/bin/python", made / "just", "--ensure"], check=False)
    assert ran.returncode == 0
    assert just(made, "show").stdout == "[]\n"


def test_a_package_that_is_not_the_locked_one_is_refused(tmp_path: Path) -> None:
    where = checkout(tmp_path / "checkout")
    lock = where / "requirements.lock"
    tampered = re.sub(r"sha256:\w{8}", "sha256:00000000", locked("iniconfig"))
    lock.write_text(tampered + locked("uv"), encoding="utf-8")
    ran = just(where, "show")
    assert ran.returncode == 4
    assert "requirements.lock could not be installed" in ran.stderr
    assert "Hash mismatch" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (where / ".venv" / "up-to-date").exists()


def test_pip_installs_where_uv_cannot_be_had_and_says_so(tmp_path: Path) -> None:
    where = checkout(tmp_path / "checkout")
    (where / "requirements.lock").write_text(locked("rust-just", "iniconfig"), encoding="utf-8")
    ran = just(where, "--ensure")
    assert ran.returncode == 0, ran.stderr
    assert (
        "uv cannot be had, so pip installs, which takes longer: requirements.lock does not pin it"
        in ran.stderr
    )
    assert installed(where, "iniconfig")


def test_a_uv_that_is_not_the_locked_one_is_not_run(tmp_path: Path) -> None:
    where = checkout(tmp_path / "checkout")
    tampered = re.sub(r"sha256:\w{8}", "sha256:00000000", locked("uv"))
    (where / "requirements.lock").write_text(locked("rust-just") + tampered, encoding="utf-8")
    ran = just(where, "--ensure")
    assert ran.returncode == 4
    assert "uv cannot be had" in ran.stderr
    assert "DO NOT MATCH" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("listed", "settings"),
    [
        ("", {}),
        (
            "global.index-url='https://one.example/simple'\n:env:.index-url='https://two.example/simple'\n",
            {"UV_DEFAULT_INDEX": "https://two.example/simple"},
        ),
        (
            "install.extra-index-url='https://a.example/s\\nhttps://b.example/s'\n",
            {
                "UV_INDEX": "https://a.example/s https://b.example/s",
                "UV_INDEX_STRATEGY": "unsafe-best-match",
            },
        ),
        (
            "global.cert='/etc/ca.pem'\nglobal.trusted-host='one.example'\nglobal.timeout='60'\n",
            {"SSL_CERT_FILE": "/etc/ca.pem", "UV_INSECURE_HOST": "one.example", "UV_HTTP_TIMEOUT": "60"},
        ),
        (
            "global.find-links='/nowhere https://wheels.example/ /'\nglobal.no-index='true'\n",
            {"UV_FIND_LINKS": "https://wheels.example/,/", "UV_NO_INDEX": "true"},
        ),
    ],
)
def test_what_pip_is_set_up_with_is_what_uv_uses(
    listed: str, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in settings:
        monkeypatch.delenv(name, raising=False)
    pip = tmp_path / "pip"
    pip.write_text(f"#!/bin/sh\ncat <<'END'\n{listed}END\n", encoding="utf-8")
    pip.chmod(0o755)
    wrapper = runpy.run_path(str(ROOT / "just"), run_name="wrapper")
    assert wrapper["uv_settings"]([str(pip)]) == settings


def test_a_setting_of_uv_itself_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://uv.example/simple")
    pip = tmp_path / "pip"
    pip.write_text("#!/bin/sh\necho \"global.index-url='https://pip.example/simple'\"\n", encoding="utf-8")
    pip.chmod(0o755)
    assert runpy.run_path(str(ROOT / "just"), run_name="wrapper")["uv_settings"]([str(pip)]) == {}


def test_a_missing_lock_file_is_said(tmp_path: Path) -> None:
    where = checkout(tmp_path / "checkout")
    (where / "requirements.lock").unlink()
    ran = just(where)
    assert (ran.returncode, "git checkout requirements.lock" in ran.stderr) == (4, True)


def test_an_old_python_is_told_so() -> None:
    program = "import sys; sys.version_info = (3, 9, 1); exec(compile(open('just').read(), 'just', 'exec'))"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 4
    assert ran.stderr.startswith("just: this is Python 3.9, but the project needs 3.11 or newer")
    assert "Traceback" not in ran.stderr


def test_the_projects_recipes_all_make_the_environment_first() -> None:
    text = (ROOT / "justfile").read_text(encoding="utf-8")
    recipes = re.findall(r"^([a-z][\w-]*)(?: \*ARGS)?:(?!=)(.*)$", text, re.MULTILINE)
    needs = {name: dependencies.split() for name, dependencies in recipes}
    assert {"tofu-state-ha-readiness", "test", "setup", "lint", "types", "format", "lock", "bench"} <= set(
        needs
    )

    def ensures(name: str) -> bool:
        return name == "ensure" or any(ensures(dependency) for dependency in needs[name])

    assert [name for name in needs if not ensures(name)] == ["default"]


def test_the_lock_file_pins_what_the_project_asks_for() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    text = (ROOT / "requirements.lock").read_text("utf-8")
    pinned = {
        name: Version(version) for name, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)
    }
    for line in [*asked["project"]["dependencies"], *asked["dependency-groups"]["dev"]]:
        wanted = Requirement(line)
        assert pinned[canonicalize_name(wanted.name)] in wanted.specifier, line


def test_the_lock_files_name_no_index() -> None:
    for lock in (ROOT / "requirements.lock", ROOT / "tools" / "go.lock", ROOT / "tools" / "weed.lock"):
        text = lock.read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert not re.search(r"^-|://|index-url|find-links", text, re.MULTILINE)
