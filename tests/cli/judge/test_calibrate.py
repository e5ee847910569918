"""``steelyard judge calibrate``: labels are drawn by the sealed order, read back, and correct the judge's score."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.api.calibration import calibration_of, path_beside
from steelyard.cli import execute
from steelyard.suites.labels import read_answers
from testkit.judge_server import JudgeServer, Shown, honest
from testkit.judged_runs import ONE, Talker, judged, run_of


def good_but_lenient(shown: Shown) -> str:
    """A judge that lets two wrong answers of three pass: enough that any draw of 40 of 60 answers holds one."""
    return "yes" if "2" in shown.question or "4" in shown.question else honest(shown)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The run of a lenient judge over 60 answers, of which a quarter is wrong."""
    monkeypatch.chdir(tmp_path)
    with Talker(lambda a, b: str(a + b + (a % 4 == 0))) as server, JudgeServer(good_but_lenient) as judge:
        asked = run_of(server, judge, tmp_path, rubric=ONE, count=60)
        assert execute(judged(asked, judge, "--attacks", "0", "--checks", "0")) == 0
        yield tmp_path / "rj"


def label(run: Path, name: str, person: str = "", slip: int = -1) -> None:
    """What a careful person saves, but for one slip."""
    lines = []
    for number, line in enumerate(path_beside(run, "answers.jsonl").read_text().splitlines()):
        row = json.loads(line)
        a = int(row["question"].split("What is ")[1].split(" ")[0])
        is_right = (row["answer"] == str(a + 3)) != (number == slip)
        lines.append(json.dumps({"id": row["id"], "label": "yes" if is_right else "no", "labeller": person}))
    path_beside(run, name).write_text("\n".join(lines) + "\n")


def test_labels_are_drawn_written_and_read_back(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert execute(["judge", "calibrate", "rj", "--labels", "40"]) == 0
    printed = capsys.readouterr().out
    assert "rj.answers.jsonl: 40 lines to label." in printed
    path = path_beside(run, "answers.jsonl")
    assert path.stat().st_mode & 0o077 == 0
    assert len(read_answers(path)) == 40
    assert {each.criterion for each in read_answers(path)} == {"The sum is right."}
    assert "VERDICT" not in path.read_text()  # what the judge said is not shown
    assert execute(["judge", "calibrate", "rj"]) == 3
    assert "so the judge decides nothing" in capsys.readouterr().err
    (page, apply) = (line.split("steelyard ")[1].split() for line in printed.splitlines()[1:3])
    assert execute(page) == 0
    label(run, "saved.jsonl")
    assert execute([path_beside(run, "saved.jsonl").name if word == "FILE" else word for word in apply]) == 0
    capsys.readouterr()
    assert execute(["judge", "calibrate", "rj"]) == 0
    printed = capsys.readouterr().out
    assert "(40 of 60 answers labelled)" in printed
    assert "The judge buys: " in printed
    assert "Judge and people: agree on " in printed
    assert "a judge that always says the same would agree on" in printed
    found = calibration_of(run)
    assert found is not None
    # Each run draws other answers, and a 95 % interval misses in one draw of twenty (its coverage is simulated).
    assert found.corrected.low - 0.1 <= 45 / 60 <= found.corrected.high + 0.1
    assert found.judged is not None
    assert found.judged > 45 / 60
    assert execute(["verify", "rj"]) == 0  # labels lie beside the sealed folder
    assert "Wrong yes: " in printed
    assert "  the judge says yes" in printed
    assert "    judge     I looked at it. VERDICT: yes" in printed
    assert "    question  What is " in printed
    capsys.readouterr()
    assert execute(["judge", "calibrate", "rj", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["labels"] == 40
    assert document["confusions"][0]["wrong_yes"]["wrong"] == len(document["differing"]) > 0


def test_the_page_shows_where_both_differ(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["judge", "calibrate", "rj", "--labels", "60"]) == 0
    label(run, "labels-ada.jsonl", "Ada")
    assert execute(["judge", "calibrate", "rj", "--html", "rj/page.html"]) == 2
    assert "is inside a run's folder" in " ".join(capsys.readouterr().err.split())
    assert execute(["judge", "calibrate", "rj", "--html", "page.html"]) == 0
    page = (tmp_path / "page.html").read_text()
    assert (tmp_path / "page.html").stat().st_mode & 0o077 == 0
    assert "The sum is right." in page
    assert page.count("<details>") == page.count("What is ") > 0
    # Where the judged run is elsewhere, the judge's own words are left.
    (tmp_path / "r").rename(tmp_path / "elsewhere")
    assert execute(["judge", "calibrate", "rj", "--html", "page.html"]) == 0
    page = (tmp_path / "page.html").read_text()
    assert "What is " not in page
    assert "VERDICT: yes" in page
    assert execute(["judge", "calibrate", "rj", "--html", "page.html", "--run", "elsewhere"]) == 0
    assert "What is " in (tmp_path / "page.html").read_text()


def test_labels_of_other_answers_calibrate_no_judge(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["judge", "calibrate", "rj", "--labels", "30"]) == 0
    label(run, "labels-ada.jsonl", "Ada")
    assert execute(["judge", "calibrate", "rj"]) == 0
    with Talker(lambda a, b: "a potato") as server, JudgeServer(lambda shown: "yes") as judge:
        suite = tmp_path / "sums" / "suite.yaml"
        suite.write_text(
            re.sub("endpoints: .*", f"endpoints: {json.dumps([server.url, judge.url])}", suite.read_text())
        )
        run_of(server, judge, tmp_path, out="r2")
        asked = ["--model", f"judge=openai:judge@{judge.url}", "--attacks", "0", "--checks", "0"]
        assert execute(["judge", "r2", *asked, "--out", "rk"]) == 0
    for name in ("answers.jsonl", "labels-ada.jsonl"):
        for stale in tmp_path.glob("rk.*"):
            stale.unlink()
        shutil.copy(path_beside(run, name), path_beside(tmp_path / "rk", name))
        capsys.readouterr()
        assert execute(["judge", "calibrate", "rk"]) == 2
        said = " ".join(capsys.readouterr().err.split())
        assert f"rk.{name}:1: id" in said
        assert "was not drawn from this run: it is of another run's answers, or of an earlier run of this name" in said


def test_two_people(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["judge", "calibrate", "rj", "--labels", "30"]) == 0
    label(run, "labels-ada.jsonl", "Ada")
    label(run, "labels-bo.jsonl", "Bo", slip=0)
    capsys.readouterr()
    assert execute(["judge", "calibrate", "rj"]) == 0
    assert "Two people: agree on 9" in capsys.readouterr().out


def test_one_person_is_not_two_labellers(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["judge", "calibrate", "rj", "--labels", "30"]) == 0
    label(run, "labels-ada.jsonl", "Ada")
    shutil.copy("rj.labels-ada.jsonl", "saved.jsonl")
    apply = ["suite", "review", "rj.answers.jsonl", "--labels", "--apply", "saved.jsonl"]
    assert execute(apply) == 0
    capsys.readouterr()
    assert execute([*apply, "--second"]) == 2
    assert "Ada gave each label already: one person is not two labellers" in " ".join(capsys.readouterr().err.split())
    assert execute(["judge", "calibrate", "rj"]) == 0  # with her own file beside the one that it went into
    printed = capsys.readouterr().out
    assert "(30 of 60 answers labelled)" in printed
    assert "Two people" not in printed
    label(run, "saved.jsonl", "", slip=0)
    shutil.move("rj.saved.jsonl", "saved.jsonl")
    assert execute([*apply, "--second"]) == 2
    assert "say who labelled, with --reviewer NAME" in " ".join(capsys.readouterr().err.split())
    assert execute([*apply, "--second", "--reviewer", "Bo"]) == 0
    capsys.readouterr()
    assert execute(["judge", "calibrate", "rj"]) == 0
    assert "Two people: agree on 9" in capsys.readouterr().out


def test_a_table_is_filled_in_and_too_few_labels_decide_nothing(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["judge", "calibrate", "rj", "--labels", "30", "--csv"]) == 0
    assert execute(["judge", "calibrate", "rj"]) == 3
    assert "so the judge decides nothing" in capsys.readouterr().err
    assert calibration_of(run) is None
    path = path_beside(run, "labels.csv")
    rows = list(csv.DictReader(io.StringIO(path.read_text(), newline="")))
    assert list(rows[0]) == ["id", "question", "answer", "reference", "criterion", "label", "second"]
    file = io.StringIO()
    table = csv.DictWriter(file, rows[0], delimiter=";")
    table.writeheader()
    table.writerows({**row, "label": "Yes"} for row in rows)
    path.write_text(file.getvalue())
    assert execute(["judge", "calibrate", "rj"]) == 0


def test_no_answer_is_a_formula_in_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    starts = ["=WEBSERVICE(B2)", "+1+cmd", "-1+cmd", "@SUM(B2)", "'=1", "plain"]
    with Talker(lambda a, b: starts[a % len(starts)]) as server, JudgeServer(honest) as judge:
        assert (
            execute(judged(run_of(server, judge, tmp_path, rubric=ONE), judge, "--attacks", "0", "--checks", "0")) == 0
        )
    assert execute(["judge", "calibrate", "rj", "--labels", "40", "--csv"]) == 0
    path = path_beside(tmp_path / "rj", "labels.csv")
    rows = list(csv.DictReader(io.StringIO(path.read_text(), newline="")))
    assert {row["answer"] for row in rows} == {"plain", "''=1", *("'" + each for each in starts[:4])}
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows({**row, "label": "yes"} for row in rows)
    assert execute(["judge", "calibrate", "rj"]) == 0


def test_what_cannot_be_calibrated_is_said(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*arguments: str) -> str:
        assert execute(["judge", "calibrate", *arguments]) == 2
        return " ".join(capsys.readouterr().err.split())

    assert "is no run of a judge" in said("r")
    (tmp_path / "other.yaml").write_text(ONE.replace("right", "wrong"))
    assert "is not the rubric that the judge was given" in said("rj", "--rubric", "other.yaml")
    assert "is another run than the one that was judged" in said("rj", "--run", "rj")
    assert "cannot be read" in said("rj", "--file", "nothing.jsonl")
    (tmp_path / "r").rename(tmp_path / "elsewhere")
    assert "name it with --run" in said("rj")
    assert execute(["judge", "calibrate", "rj", "--run", "elsewhere"]) == 0
    assert execute(["judge", "calibrate", "rj"]) == 3  # drawn, and not labelled yet
