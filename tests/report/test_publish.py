"""What is committed of a run: the store's page, its verdict, and the tables of stores."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from readiness import paths
from readiness.cli import publish as command
from readiness.errors import UsageError
from readiness.finding import proved, unknown
from readiness.report import publish
from readiness.report.published import combine, model, sentence
from tests.report.folders import Made, make, red

OTHER = "20261124T101034Z-embedded-55a07c"
SENTENCE = "Accept that one node's loss stops every plan."


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout's reports/ with one table, and docs/ with the other."""
    folder, docs = tmp_path / "checkout" / "reports", tmp_path / "checkout" / "docs"
    folder.mkdir(parents=True)
    docs.mkdir()
    for page in (folder / "README.md", docs / "which-store.md"):
        page.write_text(
            f"# Title\n\n{publish.BEGIN}\nthe former table\n{publish.END}\n\nAfter.\n", encoding="utf-8"
        )
    monkeypatch.setattr(paths, "reports", lambda: folder)
    return folder


def says(_: Path, store: model.Published) -> sentence.Sentence:
    return sentence.written(SENTENCE, store)


def published(folder: Path, reports: Path, note: str = "") -> str:
    return publish.write([combine.read(folder)], reports, says=says, note=note).read_text("utf-8")


def everything(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()
    }


def test_every_red_is_told_with_its_reason_and_how_to_see_it_again(tmp_path: Path, reports: Path) -> None:
    made = Made(findings={"P1.1": proved("2 listings", 2), "P1.2": red("endpoint two | answered 404")})
    message = "Nothing else ran."
    page = published(make(tmp_path, made), reports, message)
    assert f"\n{message}\n" in page
    assert page.startswith("# embedded: NOT READY\n")
    assert "control 1.0.0" in page
    assert "./just tofu-state-ha-readiness --candidate embedded -m phase1 --seed 7" in page
    assert "- **P1.2** head-bucket: endpoint two | answered 404" in page
    assert "- P1.1 list-buckets: 2 listings" in page


def test_the_page_answers_first_and_ends_with_the_operators_sentence(tmp_path: Path, reports: Path) -> None:
    page = published(make(tmp_path, Made(lose=True)), reports)
    headings = [line[3:] for line in page.splitlines() if line.startswith("## ")]
    assert headings[:5] == [
        "Longest outages",
        "Acknowledged writes",
        "What would have happened to OpenTofu",
        "What stands between it and READY",
        "Reproduce",
    ]
    assert headings[-1] == "What an operator must accept or change"
    assert page.index("| `plan` |") < page.index("## Longest outages")
    assert page.endswith(f"\n\n{SENTENCE}\n")


def test_what_was_lost_stands_in_both_pages(tmp_path: Path, reports: Path) -> None:
    page = published(make(tmp_path, Made(lose=True)), reports)
    assert "10 acknowledged writes, **1 lost**, in 1 scenarios" in page
    assert "- ✗ A state that OpenTofu had saved would have been gone" in page
    table = (reports.parent / "docs" / "which-store.md").read_text("utf-8")
    assert "| ✗ 1 of 10 | ✗ A state that OpenTofu had saved would have been gone" in table


def test_an_outage_stands_beside_its_promise(tmp_path: Path, reports: Path) -> None:
    page = published(make(tmp_path, Made(outage=5.0)), reports)
    (line,) = [line for line in page.splitlines() if line.startswith("| crash |")]
    assert line.startswith("| crash | ✗ 4.")
    assert line.endswith(" s | 4 s | crash:three through two |")
    kept = published(make(tmp_path / "kept", Made(outage=0.6)), reports)
    assert "| crash | ✓ 0." in kept


def test_the_worst_state_that_one_run_found_counts(tmp_path: Path, reports: Path) -> None:
    one = make(tmp_path, Made(findings={"P1.1": proved("2 listings", 2), "P1.2": red("404")}))
    other = make(tmp_path, Made(findings={"P1.1": red("no listing"), "P2.1": proved("init", 1)}), OTHER)
    message = combine.together([combine.read(one), combine.read(other)])
    states = {row.id: row.state for row in message.criteria}
    assert [states[id_] for id_ in ("P1.1", "P1.2", "P2.1", "P2.2")] == [
        "REFUTED",
        "REFUTED",
        "PROVED",
        "NOT RUN",
    ]
    assert message.verdict == "NOT READY"


def test_several_runs_are_never_more_than_not_ready(tmp_path: Path) -> None:
    runs = [combine.read(make(tmp_path, Made(interim=True), name)) for name in (OTHER, OTHER[:-1] + "d")]
    assert combine.together(runs).verdict == "NOT READY"


def test_the_table_has_a_column_for_each_committed_store(tmp_path: Path, reports: Path) -> None:
    published(make(tmp_path, Made(findings={"P1.2": red("404")})), reports)
    other = model.load(reports / "embedded" / "verdict.json").model_copy(update={"candidate": "another"})
    (reports / "another").mkdir()
    (reports / "another" / "verdict.json").write_text(other.text(), "utf-8")
    (reports / "another" / "operator.toml").write_text(says(reports, other).text(), "utf-8")
    assert reports / "another" / "README.md" in publish.renew(reports)
    text = (reports / "README.md").read_text("utf-8")
    assert "| | [another](another/README.md) | [embedded](embedded/README.md) |" in text
    assert "| P1.2 head-bucket | ✗ | ✗ |" in text
    assert "| P2.1 " in text
    assert "the former table" not in text
    assert text.endswith("\n\nAfter.\n")
    assert publish.renew(reports) == []


def test_what_cannot_be_published_is_told_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], reports: Path
) -> None:
    before = everything(reports.parent)
    folder = make(tmp_path)
    with (folder / "criteria.jsonl").open("a", encoding="utf-8") as out:
        out.write("{}\n")
    assert command.main([str(folder)]) == 4
    assert "is not as the run left it" in capsys.readouterr().err
    assert command.main([str(tmp_path / "none")]) == 4
    assert capsys.readouterr().err
    other = combine.read(make(tmp_path, name=OTHER))
    changed = combine.SealedRun(other.folder, other.about, {**other.verdict, "fingerprint": "b" * 64})
    with pytest.raises(UsageError, match="is of another candidate"):
        combine.together([other, changed])
    dirty = combine.SealedRun(other.folder, {**other.about, "suite": "abc1234-dirty"}, other.verdict)
    with pytest.raises(UsageError, match=r"changes that were not committed \(abc1234-dirty\)"):
        combine.together([dirty])
    assert everything(reports.parent) == before


def test_a_page_whose_place_is_not_marked_is_told_before_anything_is_written(
    tmp_path: Path, reports: Path
) -> None:
    page = reports.parent / "docs" / "which-store.md"
    page.write_text("# No place\n", "utf-8")
    before = everything(reports.parent)
    with pytest.raises(UsageError, match=r"which-store\.md has no lines"):
        published(make(tmp_path), reports)
    assert everything(reports.parent) == before


def test_a_store_without_a_sentence_is_not_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], reports: Path
) -> None:
    before = everything(reports.parent)
    folder = make(tmp_path, Made(lose=True))
    assert command.main([str(folder)]) == 4
    assert "operator.toml is missing: say with --sentence" in capsys.readouterr().err
    assert everything(reports.parent) == before
    assert command.main([str(folder), "--sentence", SENTENCE]) == 0
    assert command.main([str(folder)]) == 0


def test_a_sentence_that_was_written_for_another_verdict_is_asked_for_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], reports: Path
) -> None:
    assert command.main([str(make(tmp_path)), "--sentence", SENTENCE]) == 0
    before = everything(reports.parent)
    worse = make(tmp_path / "worse", Made(findings={"P1.2": red("404"), "P1.1": unknown("no answer")}))
    capsys.readouterr()
    assert command.main([str(worse)]) == 4
    message = capsys.readouterr().err
    assert "was written for another verdict" in message
    assert "P1.2 REFUTED" in message
    assert "P1.1 UNKNOWN" in message
    assert SENTENCE in message
    assert everything(reports.parent) == before
    assert command.main([str(worse), "--same-sentence"]) == 0
    assert command.main([str(worse)]) == 0


def test_pages_are_not_made_anew_with_a_stale_sentence(tmp_path: Path, reports: Path) -> None:
    published(make(tmp_path), reports)
    path = reports / "embedded" / "verdict.json"
    row = json.loads(path.read_text("utf-8"))
    row["verdict"] = "INTERIM AS EXPECTED"
    path.write_text(json.dumps(row), "utf-8")
    with pytest.raises(UsageError, match="the verdict was NOT READY and is INTERIM AS EXPECTED"):
        publish.renew(reports)


@pytest.mark.parametrize("text", ["", "Two lines.\nOf them.", "It does not end as a sentence does", "Short."])
def test_a_sentence_is_one_line_that_ends(
    text: str, tmp_path: Path, reports: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([str(make(tmp_path)), "--sentence", text]) == 4
    assert "is one line of 20 to" in capsys.readouterr().err
    assert not (reports / "embedded").exists()


def test_options_of_a_store_need_a_run(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--same-sentence"]) == 4
    assert "name the evidence folder of a run" in capsys.readouterr().err
    assert command.main([]) == 0


def test_a_scenario_that_cannot_be_read_is_named(tmp_path: Path, reports: Path) -> None:
    folder = make(tmp_path, Made(seal=False))
    (folder / "history" / "crash_three.jsonl").write_text("nothing\n", "utf-8")
    run = combine.SealedRun(
        folder,
        json.loads((folder / "run.json").read_text("utf-8")),
        json.loads((folder / "verdict.json").read_text("utf-8")),
    )
    page = publish.write([run], reports, says=says).read_text("utf-8")
    assert "Not read: crash:three: " in page
    assert "| crash | ? not measured: crash:three | 4 s |" in page
