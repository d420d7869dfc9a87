"""The lane `tox -e containers`: an engine, images, the tests that need them, and a verdict on the
candidate `containers`. Arguments but --engine go to the verdict's run. Exit 0 only if all of it passed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from readiness import obtain
from readiness.command_line import Parser
from readiness.errors import UsageError
from readiness.obtain.container_engine import ContainerEngine
from readiness.obtain.image import image
from readiness.obtain.progress import announce
from tests.containers import engine

HERE = Path(__file__).parent
PHASES = "phase0 or phase1 or phase2"
TESTS = ["-q", "-o", "python_files=test_*.py real_*.py", str(HERE)]


def main(arguments: list[str]) -> int:
    """Exit code: 4 where no engine can be had, else the first one that is not 0."""
    parser = Parser(prog="python -m tests.containers", description=__doc__)
    parser.add_argument("--engine", choices=["docker", "podman"], help="start this one, even if another runs")
    parser.add_argument("--inside", choices=["docker", "podman"], help=argparse.SUPPRESS)
    options, rest = parser.parse_known_args(arguments)
    try:
        if options.inside:
            with engine.running(options.inside) as host:
                os.environ["DOCKER_HOST"] = host
                return judge(rest)
        if options.engine is None and answers():
            return judge(rest)
        kind = options.engine or "docker"
        engine.must_be_possible(kind)
    except UsageError as error:
        announce(str(error))
        return 4
    for program in (obtain.control, obtain.caddy, obtain.tofu):
        program()  # in there is no network to obtain anything from
    inside = [sys.executable, "-m", "tests.containers", "--inside", kind, *rest]
    with subprocess.Popen([*engine.APART, *inside]) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                announce("stopping the tests and the engine")


def answers() -> bool:
    """Whether an engine runs already."""
    try:
        ContainerEngine().close()
    except UsageError:
        return False
    return True


def judge(rest: list[str]) -> int:
    """The tests, then the verdict, on the engine that DOCKER_HOST names."""
    found = ContainerEngine()
    announce(f"{found.name} {found.version} at {found.host}")
    found.close()
    os.environ["READINESS_CONTROL_IMAGE"] = image("control")
    os.environ["READINESS_WEED_IMAGE"] = image("weed")
    tests = subprocess.run([sys.executable, "-m", "pytest", *TESTS], check=False).returncode
    if "-m" not in rest:
        rest = ["-m", PHASES, *rest]
    verdict = subprocess.run(
        [sys.executable, "-m", "readiness", "--candidate", "containers", *rest], check=False
    ).returncode
    return tests or verdict


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
