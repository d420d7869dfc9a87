"""One picture of a report as a file of its own: `.venv/bin/python -m reports.figure RUN SCENARIO > picture.svg`.

RUN is an evidence folder. The picture and its colours are those of the folder's report.html, for light and dark
backgrounds; it loads nothing.
"""

from __future__ import annotations

import html
import re
import sys
from pathlib import Path

from readiness.command_line import Parser
from readiness.errors import UsageError

_SCENE = re.compile(r'<details class="scene".*?<summary>(\S+).*?</details>', re.DOTALL)
_FIGURE = re.compile(r'<svg (viewBox="0 0 (\d+) (\d+)"[^>]*)>(.*?)</svg>', re.DOTALL)
_RULE = re.compile(r"svg (\.?[a-z]+(?:, svg \.?[a-z]+)* \{[^}]*\})")


def main(arguments: list[str]) -> int:
    """Prints the picture. Exit code 4, with one message, if there is none."""
    parser = Parser(prog="python -m reports.figure", description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("scenario")
    options = parser.parse_args(arguments)
    try:
        print(figure((options.run / "report.html").read_text("utf-8"), options.scenario))
    except OSError as error:
        print(f"{options.run} has no report: {error.strerror}", file=sys.stderr)
        return 4
    except UsageError as error:
        print(error, file=sys.stderr)
        return 4
    return 0


def figure(page: str, scenario: str) -> str:
    """The picture of this scenario, as SVG. Raises UsageError with the scenarios that have one."""
    found = {}
    for scene in _SCENE.finditer(page):
        if drawn := _FIGURE.search(scene[0]):
            found[html.unescape(scene[1])] = drawn
    if scenario not in found:
        raise UsageError(f"no picture of {scenario}: there are {', '.join(found) or 'none'}")
    box, width, height, body = found[scenario].groups()
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    hatch = re.search(r"<defs>.*?</defs>", page, re.DOTALL)
    if style is None or hatch is None:
        raise UsageError("this page was not written by the suite: it has no style or no pattern")
    light, dark = (_palette(found) for found in re.findall(r":root \{([^}]*)\}", style[1])[:2])
    rules = _rules(style[1])
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" {box}>',
            f"<style>\n{_coloured(rules, light)}",
            f"@media (prefers-color-scheme: dark) {{\n{_coloured(rules, dark)}\n}}\n</style>",
            hatch[0].replace('style="stroke:var(--bad);opacity:.35"', 'class="line"'),
            f'<rect class="page" width="100%" height="100%"/>{body}</svg>',
        ]
    )


def _palette(root: str) -> dict[str, str]:
    return dict(re.findall(r"--(\w+): ([^;]+);", root))


def _rules(css: str) -> str:
    font = re.search(r"^svg \{.*?(font: [^;}]+)", css, re.MULTILINE)
    rules = [rule.replace("svg ", "") for rule in _RULE.findall(css)]
    own = [".page { fill: var(--bg); }", ".line { stroke: var(--bad); opacity: .35; }"]
    return "\n".join([f"svg {{ {font[1] if font else ''} }}", *rules, *own])


def _coloured(rules: str, palette: dict[str, str]) -> str:
    """The rules with literal colours: not every viewer of pictures knows CSS variables."""
    return re.sub(r"var\(--(\w+)\)", lambda name: palette[name[1]], rules)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
