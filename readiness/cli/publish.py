"""write the page of a store below reports/: publish RUN [RUN ...].

Writes `reports/STORE/README.md` (the answers first, then every criterion, at last what an operator must accept or
change), `reports/STORE/verdict.json`, from which the pages are made, and the tables of all stores in
`reports/README.md` and `docs/which-store.md`. Several runs of one candidate (phase by phase, say) are combined: the
worst state that any of them found for a criterion counts. Without a run the pages and tables are made anew from what is
committed. Exit 4, and nothing is written: a folder cannot be read, its seal is broken, it is of another candidate, or
the operator's sentence (`reports/STORE/operator.toml`) is missing or was written for another verdict.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from readiness import paths
from readiness.command_line import Parser
from readiness.errors import EXIT_USAGE, UsageError
from readiness.report import publish
from readiness.report.published import sentence
from readiness.report.published.combine import read
from readiness.verdict import EXIT_GOOD


def _arguments() -> Parser:
    parser = Parser(prog="tofu-state-ha-readiness publish", description=__doc__)
    parser.add_argument("runs", nargs="*", type=Path, metavar="RUN", help="evidence folders of one candidate")
    parser.add_argument(
        "--note", default="", metavar="TEXT", help="a sentence for the page: what else the machine did"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--sentence",
        metavar="TEXT",
        help="what an operator must accept or change to use the store for OpenTofu state, in one sentence",
    )
    which.add_argument(
        "--same-sentence", action="store_true", help="the committed sentence holds for this verdict too"
    )
    return parser


def _says(new: str | None, *, same: bool) -> publish.Says:
    if new is not None:
        return lambda _, store: sentence.written(new, store)
    return sentence.again if same else sentence.due


def main(arguments: Sequence[str]) -> int:
    """Publishes. Exit code 4 for folders that cannot be published."""
    given = _arguments().parse_args(arguments)
    says = _says(given.sentence, same=given.same_sentence)
    reports = paths.reports()
    try:
        if given.runs:
            print(publish.write([read(folder) for folder in given.runs], reports, says=says, note=given.note))
        elif given.note or given.sentence or given.same_sentence:
            raise UsageError("--note and sentences are about a store: name the evidence folder of a run")
        else:
            print(
                "\n".join(map(str, publish.renew(reports)))
                or "all pages and tables are as the published verdicts"
            )
    except UsageError as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE
    return EXIT_GOOD
