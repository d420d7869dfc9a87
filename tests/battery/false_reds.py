"""`python -m tests.battery.false_reds --runs 20 [--load N]`: whole runs on the healthy control; what was not PROVED.

Each run has a seed of its own; `--load` keeps so many processes computing meanwhile. Nothing is tried again: a
criterion that is red once in twenty is reported, with its seed and its reason. Exit 1 if there is any. What comes after
`--` goes to pytest (for example `-- -m phase0`), and only what that selects is counted.
"""

from __future__ import annotations

import contextlib
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from readiness.command_line import Parser
from readiness.finding import State
from readiness.paths import ROOT
from readiness.plugin.description import revision

LEFT_OUT = ("it was not collected", "it was deselected")
BUSY = "while True: pass"
HEAD = """# False reds on the healthy control

Whole runs of the suite on the embedded control, each with a seed of its own, several at once so that they disturb each
other. Nothing is tried again: a criterion that is not PROVED is counted, and named with its reason.

"""


@dataclass(frozen=True)
class Red:
    """A criterion that one run did not prove."""

    seed: int
    criterion: str
    state: str
    reason: str


@dataclass(frozen=True)
class Tried:
    """One run: what it did not prove, and how long it took. `verdict` is None if it left none."""

    seed: int
    seconds: float
    verdict: str | None
    judged: int
    reds: tuple[Red, ...]
    commit: str = ""


def keep(path: Path, tried: Tried) -> None:
    """Adds the run to that file."""
    with path.open("a", encoding="utf-8") as out:
        out.write(json.dumps(asdict(tried)) + "\n")


def kept(path: Path | None) -> list[Tried]:
    """The runs of that file, if there is one."""
    if path is None or not path.exists():
        return []
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [Tried(**{**row, "reds": tuple(Red(**red) for red in row["reds"])}) for row in rows]


@contextlib.contextmanager
def busy(processes: int) -> Iterator[None]:
    """So many processes that only compute, while inside."""
    load = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(processes)]
    try:
        yield
    finally:
        for each in load:
            each.kill()
            each.wait()


def one_run(seed: int, arguments: Sequence[str], resume: Path | None = None) -> Tried:
    """One run of all phases, or of what the arguments select; its result is printed, and kept in `resume`. Its files
    are removed, unless something is not PROVED and there is a `resume`: then they lie beside it.
    """
    with tempfile.TemporaryDirectory(prefix="false-reds-") as folder:
        tried = _run(seed, arguments, Path(folder))
        if resume and tried.reds:
            shutil.copytree(folder, resume.with_name(f"{resume.stem}-seed-{seed}"), dirs_exist_ok=True)
    if resume:
        keep(resume, tried)
    counts = f"{tried.judged} judged, {len(tried.reds)} not PROVED, {tried.seconds:.0f} s"
    lines = [f"seed {seed}: {tried.verdict} ({counts})"]
    lines += [f"  {red.criterion} {red.state}: {_cell(red.reason)}" for red in tried.reds]
    print("\n".join(lines), flush=True)
    return tried


def _run(seed: int, arguments: Sequence[str], folder: Path) -> Tried:
    began = time.monotonic()
    argv = [sys.executable, "-m", "readiness", "--seed", str(seed), "--runs", str(folder / "runs")]
    argv += [f"--junitxml={folder / 'junit.xml'}", *arguments]
    with (folder / "output.txt").open("w", encoding="utf-8") as out:
        ended = subprocess.run(argv, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, check=False)
    found = list((folder / "runs").glob("*/verdict.json"))
    if not found:
        reason = f"exit {ended.returncode}: " + (folder / "output.txt").read_text("utf-8")[-300:]
        none = (Red(seed, "the run", "no verdict", reason),)
        return Tried(seed, time.monotonic() - began, None, 0, none, revision())
    verdict = json.loads(found[0].read_text("utf-8"))
    rows = [row for row in verdict["criteria"] if not (arguments and row["reason"] in LEFT_OUT)]
    reds = tuple(
        Red(seed, row["id"], row["state"], row["reason"])
        for row in rows
        if row["state"] != State.PROVED.value
    )
    return Tried(seed, time.monotonic() - began, verdict["verdict"], len(rows), reds, revision())


def summarised(tried: Sequence[Tried], load: int, jobs: int = 1) -> str:
    """The count, and every red by name, as Markdown."""
    reds = [red for each in tried for red in each.reds]
    judged = sum(each.judged for each in tried)
    seconds = sorted(each.seconds for each in tried)
    beside = f"{jobs} at a time, " if jobs > 1 else ""
    runs = (
        f"{len(tried)} runs, seeds {tried[0].seed} to {tried[-1].seed}, {beside}{load} background processes"
    )
    took = f"{seconds[0]:.0f} to {seconds[-1]:.0f} s a run"
    lines = [f"{runs}: {judged} criteria judged, **{len(reds)} not PROVED**; {took}."]
    if reds:
        lines += ["", "| seed | criterion | state | reason |", "|---|---|---|---|"]
        lines += [f"| {r.seed} | {r.criterion} | {r.state} | {_cell(r.reason)} |" for r in reds]
    return "\n".join(lines)


def page(result: str, arguments: Sequence[str], tried: Sequence[Tried]) -> str:
    """What is kept of it: the command, the commits, and what came of them."""
    command = shlex.join([".venv/bin/python", "-m", "tests.battery.false_reds", *arguments])
    runs = Counter(each.commit for each in tried)
    commits = ", ".join(
        f"{commit} ({count} runs)" if len(runs) > 1 else commit for commit, count in runs.items()
    )
    return HEAD + f"```sh\n{command}\n```\n\nCommit {commits}. {result}\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")[:300]


def main(arguments: list[str]) -> int:
    """Runs, counts, tells."""
    own, more = arguments, list[str]()
    if "--" in arguments:
        own, more = arguments[: arguments.index("--")], arguments[arguments.index("--") + 1 :]
    parser = Parser(prog="python -m tests.battery.false_reds", description=__doc__)
    parser.add_argument("--runs", type=int, default=20, metavar="N")
    parser.add_argument("--load", type=int, default=2, metavar="N", help="processes that compute meanwhile")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="so many runs side by side")
    parser.add_argument("--first-seed", type=int, default=1, metavar="N")
    parser.add_argument(
        "--resume",
        type=Path,
        metavar="FILE",
        help="keep runs in this file; one whose seed it has counts as done; what a run with a red left lies beside it",
    )
    parser.add_argument("--page", type=Path, help="write the result there, too")
    options = parser.parse_args(own)
    seeds = range(options.first_seed, options.first_seed + max(1, options.runs))
    tried = [each for each in kept(options.resume) if each.seed in seeds]
    new = sorted(set(seeds) - {each.seed for each in tried})
    with busy(options.load), ThreadPoolExecutor(options.jobs) as pool:
        tried += pool.map(partial(one_run, arguments=more, resume=options.resume), new)
    tried.sort(key=lambda each: each.seed)
    result = summarised(tried, options.load, options.jobs)
    print(result)
    if options.page:
        options.page.write_text(page(result, arguments, tried), encoding="utf-8")
    return 1 if any(each.reds for each in tried) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
