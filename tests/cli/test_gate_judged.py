"""``steelyard gate`` on a judge's run: people's labels decide, the judge alone never does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from steelyard.api.calibration import path_beside
from steelyard.cli import execute
from testkit.judge_server import JudgeServer, Shown, honest
from testkit.judged_runs import ONE, Talker, judged, run_of


def lenient(shown: Shown) -> str:
    """A judge that lets some wrong answers pass."""
    return "yes" if shown.question.count("1") == 1 else honest(shown)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The run of a lenient judge over 60 answers, of which a quarter is wrong, with what people label."""
    folder = tmp_path_factory.mktemp("gate")
    with (
        pytest.MonkeyPatch.context() as patch,
        Talker(lambda a, b: str(a + b + (a % 4 == 0))) as server,
        JudgeServer(lenient) as judge,
    ):
        patch.chdir(folder)
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        patch.setattr("secrets.token_hex", lambda size: "5eed")  # the same answers are drawn at every run
        asked = run_of(server, judge, folder, rubric=ONE, count=60)
        assert execute(judged(asked, judge, "--attacks", "0", "--checks", "0")) == 0
        assert execute(["judge", "calibrate", "rj", "--labels", "60"]) == 0
        path_beside(folder / "rj", "answers.jsonl").rename(folder / "drawn.jsonl")
        yield folder


@pytest.fixture
def at(made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(made)
    monkeypatch.setenv("XDG_STATE_HOME", str(made / "state"))
    capsys.readouterr()
    return made


def labels(folder: Path, path: Path, count: int = 60) -> str:
    """A file with what a careful person says of the first answers that were drawn."""
    rows = [json.loads(line) for line in (folder / "drawn.jsonl").read_text().splitlines()][:count]
    right = {row["id"]: str(int(row["question"].split("is ")[1].split(" ")[0]) + 3) == row["answer"] for row in rows}
    lines = (json.dumps({"id": name, "label": "yes" if each else "no"}) for name, each in right.items())
    path.write_text("".join(line + "\n" for line in lines))
    return str(path)


def gate(*more: str) -> int:
    return execute(["gate", "rj", "--at-least", *more])


def test_without_labels_a_judge_decides_nothing(at: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gate("0.5", "--junit", str(tmp_path / "g.xml")) == 3
    printed = capsys.readouterr().out
    assert printed.startswith("undecided: sums ≥ 50 %: people would give unknown (0 of 60 answers labelled)")
    assert "steelyard judge calibrate rj draws answers for people to label" in printed
    assert "which would be green" in printed
    case = ElementTree.parse(tmp_path / "g.xml").getroot()[0][0]
    assert case[0].tag == "failure"
    assert gate("0.5", "--file", labels(at, tmp_path / "few.jsonl", 19)) == 3
    assert "19 labelled answers" in capsys.readouterr().out


def test_labels_of_a_drawn_part_decide(at: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = labels(at, tmp_path / "l.jsonl", 40)
    assert gate("60%", "--file", path) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("green: sums ≥ 60 %: people would give 7")
    assert "(40 of 60 answers labelled); the judge alone " in printed
    assert "(lower end at 5 %, upper end at 5 %)" in printed
    assert "about these answers of this run to this suite, and no others" in printed
    assert gate("0.75", "--file", path) == 3
    assert gate("0.95", "--file", path, "--family", "5") == 1
    assert "upper end at 1 %" in capsys.readouterr().out
    assert gate("0.75", "--file", labels(at, tmp_path / "all.jsonl")) == 0  # all are labelled, so all is known
    assert gate("0.76", "--file", str(tmp_path / "all.jsonl"), "--json") == 1
    capsys.readouterr()
    assert gate("0.76", "--file", str(tmp_path / "all.jsonl"), "--json") == 1
    found = json.loads(capsys.readouterr().out)["gates"][0]
    assert (found["colour"], found["ci"]) == ("red", [75.0, 75.0])
    assert (found["people"]["labels"], found["people"]["low"], found["people"]["estimate"]) == (60, 75.0, 75.0)


def test_the_judge_alone_would_have_said_something_else(
    at: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate("0.78", "--file", labels(at, tmp_path / "all.jsonl"), "--summary", str(tmp_path / "s.md")) == 1
    assert "which would be green" in capsys.readouterr().out
    summary = (tmp_path / "s.md").read_text()
    assert "what people would give on sums is below 78 %" in summary
    assert "and no others" in summary


def test_what_was_not_drawn_is_refused(at: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*arguments: str) -> str:
        capsys.readouterr()
        assert execute(["gate", *arguments]) == 2
        return " ".join(capsys.readouterr().err.split())

    path = Path(labels(at, tmp_path / "l.jsonl"))
    path.write_text(path.read_text() + json.dumps({"id": "f" * 16, "label": "yes"}) + "\n")
    assert "was not drawn from this run" in said("rj", "--at-least", "0.5", "--file", str(path))
    chosen = [line for line in path.read_text().splitlines()[:60] if "yes" in line]
    path.write_text("\n".join(chosen) + "\n")
    assert gate("0.8", "--file", str(path)) == 3  # what was left out counts both ways
    assert "it is above 0 and at most 1" in said("rj", "--at-least", "85")
    assert "leave it out" in said("rj", "--at-least", "0.5", "--model", "embedded:smollm2")
    assert "are for a judge's run" in said("sums", "--at-least", "0.5", "--file", str(path))
    assert "is another run than the one that was judged" in said("rj", "--at-least", "0.5", "--run", "rj")


def test_two_runs_are_not_held_against_each_other(at: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["gate", "r", "--baseline", "rj", "--margin", "2"]) == 3
    assert "no gate holds two runs against each other by them" in " ".join(capsys.readouterr().out.split())
