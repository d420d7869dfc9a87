"""compare two runs, as Markdown: compare RUN_A RUN_B.

Exit 0: compared (also when much differs). Exit 4: a folder cannot be read.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from readiness.command_line import Parser
from readiness.errors import EXIT_USAGE
from readiness.evidence.stored import Unreadable
from readiness.report.comparison import compare, read

EXIT_COMPARED = 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = Parser(
        prog="tofu-state-ha-readiness compare", description="Show what changed between two runs, as Markdown."
    )
    parser.add_argument("a", type=Path, metavar="RUN_A", help="evidence folder of the earlier run")
    parser.add_argument("b", type=Path, metavar="RUN_B", help="evidence folder of the later run")
    options = parser.parse_args(arguments)
    try:
        text = compare(read(options.a), read(options.b))
    except Unreadable as error:
        print(f"compare: {error}", file=sys.stderr)
        return EXIT_USAGE
    sys.stdout.write(text)
    return EXIT_COMPARED
