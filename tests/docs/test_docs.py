"""Every command that the documentation shows is run: as it is, or, where that would take minutes, as the cheap
variant that is listed here with the reason.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.commands import PAGES, ROOT, anchors, commands, links
from tests.report.folders import make

RUNS_ALL = "a whole run takes minutes; the main suites do it"
NEEDS_ENGINE = "needs a container engine"
NEEDS_STORE = "needs an operator's own store"
NEEDS_CLUSTER = "needs a Kubernetes cluster"
PHASE1 = "suites/test_phase1_scratch_s3.py"
REPRODUCTIONS = (
    "./just tofu-state-ha-readiness --candidate seaweedfs --keep-going --seed 18",
    "./just tofu-state-ha-readiness --candidate seaweedfs-at-once -m phase1 --seed 16",
    "./just tofu-state-ha-readiness --candidate versitygw --keep-going --seed 53",
    "./just tofu-state-ha-readiness --candidate minio --keep-going --seed 57",
    "./just tofu-state-ha-readiness --candidate minio-delayed --keep-going --seed 73",
    "./just tofu-state-ha-readiness --candidate rustfs --keep-going --seed 71",
    "./just tofu-state-ha-readiness --candidate singleton --keep-going -k power_cut_of_all",
    f".venv/bin/python -m pytest {PHASE1}::test_damaged_uploads_are_refused --candidate singleton --seed 1",
    f".venv/bin/python -m pytest {PHASE1}::test_if_match_refuses_a_stale_etag --candidate rustfs --seed 1",
    f".venv/bin/python -m pytest {PHASE1}::test_conditional_create_has_one_winner --candidate ceph --seed 1",
    f".venv/bin/python -m pytest {PHASE1}::test_limping_node --candidate ceph-plain --seed 82",
)
INSTALLED = "the console script is of the installed package"
WITH_KEYS = "env AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b"
VARIANTS = {
    **dict.fromkeys(REPRODUCTIONS, ("--collect-only", RUNS_ALL)),
    "./just tofu-state-ha-readiness": ("--collect-only", RUNS_ALL),
    "./just tofu-state-ha-readiness --candidate singleton": ("--collect-only", RUNS_ALL),
    "./just tofu-state-ha-readiness --candidate singleton --expect-interim": ("--collect-only", RUNS_ALL),
    "./just tofu-state-ha-readiness --candidate seaweedfs": ("--collect-only", RUNS_ALL),
    "./just tofu-state-ha-readiness --candidate containers": ("--collect-only", NEEDS_ENGINE),
    "./just tofu-state-ha-readiness -m phase0 --candidate /tmp/my-store.toml": (
        "--collect-only",
        NEEDS_STORE,
    ),
    "./just tofu-state-ha-readiness --candidate /tmp/my-store.toml --allow-faults": (
        "--collect-only",
        NEEDS_STORE,
    ),
    "./just tofu-state-ha-readiness --candidate /tmp/my-store.toml --allow-faults --stacks ../glorious-flywheel": (
        "--collect-only",
        NEEDS_STORE,
    ),
}
INSTEAD = {
    "./just explore": ("./just explore --help", "tests/explore searches for a shorter time"),
    "./just test": ("./just --summary", "this is one of the tests that it runs"),
    "pip install .": ("./just --summary", "tests/package installs the wheel"),
    "tofu-state-ha-readiness --candidate my-store.toml": (
        "./just --summary",
        "tests/package runs the installed package",
    ),
    "./just tofu-state-ha-readiness check": (
        f"{WITH_KEYS} .venv/bin/python -m readiness check --endpoint http://a --dry-run",
        NEEDS_STORE,
    ),
    "tofu-state-ha-readiness declare": (
        ".venv/bin/python -m readiness declare --help",
        "its test lists from an API server",
    ),
    "./just tofu-state-ha-readiness declare": (
        ".venv/bin/python -m readiness declare --help",
        "its test lists from an API server",
    ),
    "tofu-state-ha-readiness clean --endpoint": (
        ".venv/bin/python -m readiness clean --help",
        "tests/check cleans a store that is named so",
    ),
    "tofu-state-ha-readiness clean": (".venv/bin/python -m readiness clean --candidate singleton", INSTALLED),
    "tofu-state-ha-readiness undo --list": (".venv/bin/python -m readiness undo --list", INSTALLED),
    "tofu-state-ha-readiness undo --candidate": (
        ".venv/bin/python -m readiness undo --candidate singleton",
        INSTALLED,
    ),
    "./just check": (
        "./just --summary",
        "its parts are what `./just test` begins with, and some of its tests",
    ),
    ".venv/bin/python -m reports.restart": (".venv/bin/python -m reports.restart --help", RUNS_ALL),
    ".venv/bin/python -m reports.overlap": (".venv/bin/python -m reports.overlap --help", RUNS_ALL),
    ".venv/bin/python -m reports.silence": (".venv/bin/python -m reports.silence --help", RUNS_ALL),
    ".venv/bin/python -m reports.versitygw.reproduce": (
        ".venv/bin/python -c 'import reports.versitygw.reproduce'",
        "it builds versitygw",
    ),
    ".venv/bin/python -m tests.battery.false_reds": ("./just --summary", RUNS_ALL),
    ".venv/bin/python -m tests.undo.kills": (".venv/bin/python -m tests.undo.kills --help", RUNS_ALL),
    "./just mutants": ("./just --summary", "runs the checkers' tests hundreds of times"),
    ".venv/bin/python -m readiness.obtain image": ("./just --summary", NEEDS_ENGINE),
    "./just tofu-state-ha-readiness --candidate candidates/examples/kubernetes.toml": (
        "./just --summary",
        NEEDS_CLUSTER,
    ),
    "./just tofu-state-ha-readiness --candidate /tmp/my-store.toml --dry-run": (
        "./just tofu-state-ha-readiness --candidate singleton --dry-run",
        NEEDS_STORE,
    ),
}
SOURCES = (".py", ".toml", ".go", ".mod", ".yaml", ".j2")
FOUND = sorted({command for _, command in commands()})


def instead_of(command: str, runs: tuple[Path, Path], tmp_path: Path) -> str:
    """What is run for a command: itself, with real folders for the placeholders."""
    if command in VARIANTS:
        return f"{command} {VARIANTS[command][0]} --junitxml {tmp_path}/junit.xml"
    for begin, (other, _) in INSTEAD.items():
        if command == begin or command.startswith(begin + " "):
            return other
    places = {"reports/runs/RUN_A": runs[0], "reports/runs/RUN_B": runs[1], "reports/runs/RUN": runs[0]}
    for name, folder in places.items():
        command = re.sub(rf"{name}\b(?!_)", str(folder), command)
    if re.match(r"./just tofu-state-ha-readiness( -|$)", command) and "--help" not in command:
        return f"{command} --runs {tmp_path}/runs --junitxml {tmp_path}/junit.xml"
    if "pytest suites" in command and "--collect-only" not in command:
        return f"{command} --runs {tmp_path}/runs"
    return command.replace("/tmp/my-store.toml", f"{tmp_path}/my-store.toml")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("runs")
    return make(root), make(root, name="20261124T101034Z-embedded-55a07c")


def test_there_are_commands() -> None:
    assert len(FOUND) >= 12
    assert any(command.startswith("./just recheck") for command in FOUND)


def marks(command: str) -> tuple[pytest.MarkDecorator, ...]:
    """A run that is shown and is short starts a store, and has the machine for itself."""
    line = instead_of(command, (Path("a"), Path("b")), Path("c"))
    return () if "--runs c" in line else (pytest.mark.side_by_side,)


@pytest.mark.store
@pytest.mark.parametrize("command", [pytest.param(command, marks=marks(command)) for command in FOUND])
def test_a_shown_command_works(command: str, runs: tuple[Path, Path], tmp_path: Path) -> None:
    line = instead_of(command, runs, tmp_path)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    done = subprocess.run(
        shlex.split(line), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, f"{line}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


def test_no_run_is_shown_in_two_ways() -> None:
    """Each of them would be run: the default candidate is named nowhere."""
    lines = [instead_of(command, (Path("a"), Path("b")), Path("c")) for command in FOUND]
    shown = [line.replace(" --candidate embedded", "") for line in lines if "--runs c" in line]
    assert len(shown) == len(set(shown)) > 0


def test_variants_are_still_shown() -> None:
    assert VARIANTS.keys() <= set(FOUND)
    assert all(any(each.startswith(begin) for each in FOUND) for begin in INSTEAD)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for source, target, anchor in links():
        if source == page:
            there = (source.parent / target).resolve()
            assert there.exists(), f"{source.name} → {target}"
            assert not anchor or anchor in anchors(there), f"{source.name} → {target}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_that_are_named_exist(page: Path) -> None:
    for named in re.findall(
        r"`((?:readiness|candidates|suites|docs|tests|stacks|control)/[\w./-]+)`", page.read_text("utf-8")
    ):
        assert (ROOT / named).exists(), f"{page.name} names {named}"


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) < 150


def named(text: str) -> list[str]:
    """The files of the checkout that a text names; those of a wheel (readiness/data) are made when it is built."""
    return re.findall(
        r"(?<![\w./-])((?:docs|readiness(?!/data/)|tests|suites|fixtures|control|tools)/[\w/-]+\.(?:md|py|txt))\b",
        text,
    )


def test_files_that_the_code_names_exist() -> None:
    places = ("readiness", "tests", "suites", "fixtures", "candidates", "control", "deploy", "tools")
    files = [path for place in places for path in (ROOT / place).rglob("*") if path.suffix in SOURCES]
    found = {
        (name, path.name) for path in [*files, ROOT / "justfile"] for name in named(path.read_text("utf-8"))
    }
    assert len(found) > 40
    assert [each for each in sorted(found) if not (ROOT / each[0]).exists()] == []


@pytest.mark.parametrize("place", ["readiness/{}.py", "docs/{}.md"])
def test_a_named_file_is_found_in_a_sentence(place: str) -> None:
    name = place.format("a/b")
    assert named(f"See {name}, and `{name}`; not x/{name}, nor {name}x.") == [name, name]


def is_there(dotted: str) -> bool:
    """Whether that is a module or package of ours, or a name in one: `readiness.history.Op`."""
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        place, rest = ROOT.joinpath(*parts[:end]), parts[end:]
        file = place.with_suffix(".py") if place.with_suffix(".py").exists() else place / "__init__.py"
        if file.exists():
            return not rest or re.search(rf"\b{rest[0]}\b", file.read_text("utf-8")) is not None
    return False


def docstrings(path: Path) -> Iterator[str]:
    """The texts that stand by themselves in a Python file: docstrings, of values too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield node.value.value


def test_modules_that_docstrings_name_exist() -> None:
    named_there = {
        (dotted, path.name)
        for place in ("readiness", "tests", "suites", "fixtures")
        for path in (ROOT / place).rglob("*.py")
        for text in docstrings(path)
        for dotted in re.findall(r"\b((?:readiness|tests)(?:\.\w+)+)", text)
    }
    assert len(named_there) > 20
    assert [each for each in sorted(named_there) if not is_there(each[0])] == []


def test_a_module_that_is_gone_is_noticed() -> None:
    assert is_there("readiness.providers.engine.journal.Journal")
    assert not is_there("readiness.providers.containers_remove")
    assert not is_there("readiness.history.Opp")
