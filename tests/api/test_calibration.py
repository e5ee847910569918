"""Whether a judge may decide anything: only with labels of its own run, which nobody chose."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.api.calibration import calibration_of, draw_answers, files_beside, path_beside, read_calibration
from steelyard.cli import execute
from steelyard.errors import InputError
from steelyard.reports.calibration import calibration_lines
from testkit.fixtures import SumsServer
from testkit.judge_server import JudgeServer
from testkit.judged_runs import ONE, judged, run_of


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The run of a judge over 40 answers, and beside it one of another judge."""
    folder = tmp_path_factory.mktemp("calibrated")
    with pytest.MonkeyPatch.context() as patch, SumsServer() as server, JudgeServer() as judge:
        patch.chdir(folder)
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        run = run_of(server, judge, folder, rubric=ONE)
        for out in ("rj", "rk"):
            assert execute([*judged(run, judge)[:4], "--attacks", "0", "--checks", "0", "--out", out]) == 0
        yield folder


def labels(answers: Path, path: Path, skip: int = 0) -> None:
    rows = [json.loads(line) for line in answers.read_text().splitlines()]
    path.write_text("".join(json.dumps({"id": row["id"], "label": "yes"}) + "\n" for row in rows[skip:]))


def test_labels_make_a_judge_that_may_decide(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(made / "state"))
    run, answers = made / "rj", path_beside(made / "rj", "answers.jsonl")
    assert calibration_of(run) is None
    assert draw_answers(run, answers, 30) == 30
    assert calibration_of(run) is None
    with pytest.raises(InputError, match="is there already"):
        draw_answers(run, answers, 30)
    path = path_beside(run, "labels.jsonl")
    labels(answers, path)
    found = calibration_of(run)
    assert found is not None
    assert (found.labels, found.answers, found.skipped) == (30, 40, 0)
    labels(answers, path, skip=2)
    found = calibration_of(run)
    assert found is not None
    assert (found.labels, found.skipped) == (28, 2)  # what is left out was drawn, and counts both ways


def test_only_files_of_labels_beside_the_run_are_taken(tmp_path: Path) -> None:
    for name in ("a.labels.jsonl", "a.labels-bo.csv", "a.labels.txt", "ab.labels.jsonl", "a.labelsx.jsonl", "a.jsonl"):
        (tmp_path / name).write_text("")
    (tmp_path / "a.answers.jsonl").write_text("")
    names = [path.name for path in files_beside(tmp_path / "a")]
    assert names == ["a.answers.jsonl", "a.labels-bo.csv", "a.labels.jsonl"]


def test_each_judges_run_draws_its_own(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(made / "state"))
    ids = []
    for name in ("rj", "rk"):
        assert draw_answers(made / name, tmp_path / f"{name}.jsonl", 5) == 5
        ids.append([json.loads(line)["id"] for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()])
    assert ids[0] != ids[1]
    labels(tmp_path / "rj.jsonl", tmp_path / "l.jsonl")
    found = read_calibration(made / "rk", [tmp_path / "l.jsonl"])
    assert found is None  # five labels are too few, whatever was drawn
    draw_answers(made / "rj", tmp_path / "more.jsonl", 20)
    labels(tmp_path / "more.jsonl", tmp_path / "l.jsonl")
    found = read_calibration(made / "rk", [tmp_path / "l.jsonl"])
    assert found is not None
    assert (found.labels, found.skipped > 4) == (20, True)  # spread over the other run's order
    assert "drawn for another judge" in dict(calibration_lines(found))["Labels"]
