"""``steelyard judge calibrate``: labels are drawn by the sealed order, read back, and correct the judge's score."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.api.calibration import calibration_of, labels_path
from steelyard.cli import execute
from steelyard.errors import InputError
from tests.api.test_judging import ONE, Talker, judged, run_of
from tests.judge_server import JudgeServer, Shown, honest


def good_but_lenient(shown: Shown) -> str:
    """A judge that lets every third wrong answer pass."""
    return "yes" if shown.question.count("1") == 1 else honest(shown)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The run of a lenient judge over 60 answers, of which a quarter is wrong."""
    monkeypatch.chdir(tmp_path)
    with Talker(lambda a, b: str(a + b + (a % 4 == 0))) as server, JudgeServer(good_but_lenient) as judge:
        asked = run_of(server, judge, tmp_path, rubric=ONE, count=60)
        assert execute(judged(asked, judge, "--attacks", "0", "--checks", "0")) == 0
        yield tmp_path / "rj"


def label(path: Path, second: bool = False) -> None:
    """What a careful person writes, and a second one who is careless in one place."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for number, row in enumerate(rows):
        a = int(row["question"].split("What is ")[1].split(" ")[0])
        row["label"] = "yes" if row["answer"] == str(a + 3) else "no"
        if second:
            row["second"] = row["label"] if number else {"yes": "no", "no": "yes"}[row["label"]]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_labels_are_drawn_written_and_read_back(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert calibration_of(run) is None
    assert execute(["judge", "calibrate", "rj", "--labels", "40"]) == 0
    assert "rj.labels.jsonl: 40 lines to label: yes, no or skip" in capsys.readouterr().out
    path = labels_path(run)
    assert path.stat().st_mode & 0o077 == 0
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert all(set(row) == {"id", "question", "answer", "reference", "criterion", "label", "second"} for row in rows)
    assert {row["criterion"] for row in rows} == {"The sum is right."}
    assert "VERDICT" not in path.read_text()  # what the judge said is not shown
    assert execute(["judge", "calibrate", "rj"]) == 3
    assert "so the judge decides nothing" in capsys.readouterr().err
    assert calibration_of(run) is None
    label(path)
    assert execute(["judge", "calibrate", "rj"]) == 0
    printed = capsys.readouterr().out
    assert "(40 of 60 answers labelled)" in printed
    assert "The judge buys: " in printed
    assert "Judge and people: agree on " in printed
    assert "a judge that always says the same would agree on" in printed
    found = calibration_of(run)
    assert found is not None
    assert found.corrected.low <= 45 / 60 <= found.corrected.high
    assert found.judged is not None
    assert found.judged > 45 / 60
    assert execute(["verify", "rj"]) == 0  # labels lie beside the sealed folder
    assert execute(["judge", "calibrate", "rj", "--json"]) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed[printed.index("{") :])["labels"] == 40


def test_two_people_and_a_table(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["judge", "calibrate", "rj", "--labels", "30", "--file", "mine.csv"]) == 0
    assert len(list(csv.DictReader(Path("mine.csv").read_text().splitlines()))) >= 30
    Path("mine.csv").unlink()
    assert execute(["judge", "calibrate", "rj", "--labels", "30"]) == 0
    label(labels_path(run), second=True)
    capsys.readouterr()
    assert execute(["judge", "calibrate", "rj"]) == 0
    assert "Two people: agree on 9" in capsys.readouterr().out


def test_what_cannot_be_calibrated_is_said(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*arguments: str) -> str:
        assert execute(["judge", "calibrate", *arguments]) == 2
        return " ".join(capsys.readouterr().err.split())

    assert "is no run of a judge" in said("r")
    labels_path(tmp_path / "r").write_text("")
    with pytest.raises(InputError, match="is no run of a judge"):
        calibration_of(tmp_path / "r")
    assert "ends in .jsonl or .csv" in said("rj", "--file", "labels.txt")
    (tmp_path / "other.yaml").write_text(ONE.replace("right", "wrong"))
    assert "is not the rubric that the judge was given" in said("rj", "--rubric", "other.yaml")
    assert "is another run than the one that was judged" in said("rj", "--run", "rj")
    (tmp_path / "r").rename(tmp_path / "elsewhere")
    assert "name it with --run" in said("rj")
    assert execute(["judge", "calibrate", "rj", "--run", "elsewhere"]) == 0
