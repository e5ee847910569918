"""Whether a judge may decide anything: only with labels of its own run, which nobody chose."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.api.calibration import calibration_of, draw_labels, labels_path, read_calibration
from steelyard.cli import execute
from steelyard.errors import InputError
from tests.api.test_judging import ONE, judged, run_of
from tests.conftest import SumsServer
from tests.judge_server import JudgeServer


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


def test_labels_make_a_judge_that_may_decide(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(made / "state"))
    run, path = made / "rj", labels_path(made / "rj")
    assert calibration_of(run) is None
    assert draw_labels(run, path, 30) == 30
    assert calibration_of(run) is None
    with pytest.raises(InputError, match="is there already, with people's labels"):
        draw_labels(run, path, 30)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps({"id": row["id"], "label": "yes"}) + "\n" for row in rows))
    found = calibration_of(run)
    assert found is not None
    assert (found.labels, found.answers) == (30, 40)
    path.write_text("".join(json.dumps({"id": row["id"], "label": "yes"}) + "\n" for row in rows[1:]))
    with pytest.raises(InputError, match="what is drawn is not chosen"):
        calibration_of(run)


def test_each_judges_run_draws_its_own(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(made / "state"))
    ids = []
    for name in ("rj", "rk"):
        assert draw_labels(made / name, tmp_path / f"{name}.jsonl", 5) == 5
        ids.append([json.loads(line)["id"] for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()])
    assert ids[0] != ids[1]
    with pytest.raises(InputError):
        read_calibration(made / "rk", tmp_path / "rj.jsonl")
