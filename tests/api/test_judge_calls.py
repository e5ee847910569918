"""``steelyard.judge``, ``draw_labels`` and ``calibrate`` from Python: the same as the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import steelyard
from steelyard.api.calibration import path_beside
from steelyard.errors import InputError
from steelyard.judging.calibration import Calibration
from testkit.fixtures import SumsServer
from testkit.judge_server import JudgeServer
from testkit.judged_runs import ONE, judging_in, run_of


def test_a_run_is_judged_labelled_and_calibrated(
    sums_server: SumsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with JudgeServer() as judge:
        run = run_of(sums_server, judge, tmp_path, rubric=ONE)
        model = f"openai:judge@{judge.url}"
        done = steelyard.judge(run, model=model, checks=2, attacks=0, out="rj", concurrency=2)
        assert done.exit_code == 0
        assert done.verdict.judging == judging_in(tmp_path / "rj")
        assert len(judge.prompts) == 40 + 4
        with pytest.raises(TypeError, match="unexpected keyword argument 'limit'"):
            steelyard.judge(run, model=model, limit=3)  # type: ignore[call-arg]
        with pytest.raises(InputError, match="nothing was sent"):
            steelyard.judge(run, model="openai:judge@http://127.0.0.1:9/v1")
    path = steelyard.draw_labels("rj", 30)
    assert path == path_beside(tmp_path / "rj", "answers.jsonl")
    assert steelyard.calibrate("rj") is None
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    Path("ada.jsonl").write_text("".join(json.dumps({"id": row["id"], "label": "yes"}) + "\n" for row in rows))
    found = steelyard.calibrate("rj", labels="ada.jsonl")
    assert isinstance(found, Calibration)
    assert (found.labels, found.answers, found.questions) == (30, 40, 40)
    assert found.confusions[0].no_yes == len(found.differing)
    with pytest.raises(InputError, match="judged no model in the role 'candidate-2'; it has: none"):
        steelyard.calibrate("rj", role="candidate-2")
