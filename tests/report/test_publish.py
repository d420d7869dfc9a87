"""What is committed of a run: the store's page, its verdict and the table of stores."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from readiness.errors import UsageError
from readiness.finding import proved
from readiness.report import publish
from tests.report.folders import Made, make, red

OTHER = "20261124T101034Z-embedded-55a07c"


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    folder = tmp_path / "reports"
    folder.mkdir()
    text = f"# Reports\n\n{publish.BEGIN}\nthe former table\n{publish.END}\n\nAfter.\n"
    (folder / "README.md").write_text(text, "utf-8")
    return folder


def test_every_red_is_told_with_its_reason_and_how_to_see_it_again(tmp_path: Path, reports: Path) -> None:
    made = Made(findings={"P1.1": proved("2 listings", 2), "P1.2": red("endpoint two | answered 404")})
    message = "Nothing else ran."
    page = publish.write([publish.read(make(tmp_path, made))], reports, note=message).read_text("utf-8")
    assert f"\n{message}\n" in page
    assert page.startswith("# embedded: NOT READY\n")
    assert "control 1.0.0" in page
    assert "./just tofu-state-ha-readiness --candidate embedded -m phase1 --seed 7" in page
    assert "- **P1.2** head-bucket: endpoint two | answered 404" in page
    assert "- P1.1 list-buckets: 2 listings" in page


def test_the_worst_state_that_one_run_found_counts(tmp_path: Path, reports: Path) -> None:
    one = make(tmp_path, Made(findings={"P1.1": proved("2 listings", 2), "P1.2": red("404")}))
    other = make(tmp_path, Made(findings={"P1.1": red("no listing"), "P2.1": proved("init", 1)}), OTHER)
    message = publish.together([publish.read(one), publish.read(other)])
    states = {row["id"]: row["state"] for row in message["criteria"]}
    assert [states[id_] for id_ in ("P1.1", "P1.2", "P2.1", "P2.2")] == [
        "REFUTED",
        "REFUTED",
        "PROVED",
        "NOT RUN",
    ]
    assert message["verdict"] == "NOT READY"


def test_the_table_has_a_column_for_each_committed_store(tmp_path: Path, reports: Path) -> None:
    publish.write([publish.read(make(tmp_path, Made(findings={"P1.2": red("404")})))], reports)
    other = json.loads((reports / "embedded" / "verdict.json").read_text("utf-8")) | {"candidate": "another"}
    (reports / "another").mkdir()
    (reports / "another" / "verdict.json").write_text(json.dumps(other), "utf-8")
    publish.renew(reports)
    text = (reports / "README.md").read_text("utf-8")
    assert "| | [another](another/README.md) | [embedded](embedded/README.md) |" in text
    assert "| P1.2 head-bucket | ✗ | ✗ |" in text
    assert "| P2.1 " in text
    assert "the former table" not in text
    assert text.endswith("\n\nAfter.\n")


def test_what_cannot_be_published_is_told_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make(tmp_path)
    with (folder / "criteria.jsonl").open("a", encoding="utf-8") as out:
        out.write("{}\n")
    assert publish.main([str(folder)]) == 4
    assert "is not as the run left it" in capsys.readouterr().err
    assert publish.main([str(tmp_path / "none")]) == 4
    assert capsys.readouterr().err
    other = make(tmp_path, name=OTHER)
    changed = publish.read(other)
    changed = publish.PublishedRun(changed.about, {**changed.verdict, "fingerprint": "b" * 64})
    with pytest.raises(UsageError, match="is of another candidate"):
        publish.together([publish.read(other), changed])
