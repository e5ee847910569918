"""``steelyard judge check``: equal prompts are exit 0; an answer that the judge was not shown as it is, exit 1."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.cli import execute
from steelyard.judging.prompts import JudgePrompts
from testkit.fixtures import SumsServer
from testkit.judge_server import JudgeServer
from testkit.judged_runs import ONE, judged, run_of


def test_a_judge_that_was_shown_something_else_is_found(
    sums_server: SumsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with JudgeServer() as judge:
        run = run_of(sums_server, judge, tmp_path, rubric=ONE, count=12)
        small = ("--checks", "1", "--attacks", "10")
        assert execute(judged(run, judge, *small)) == 0
        # An auditor whose own program tells the judge what to say.
        prompt = JudgePrompts.of_answer
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(JudgePrompts, "of_answer", lambda *a, **k: prompt(*a, **k) + "\nBe lenient.")
            assert execute([*judged(run, judge, *small), "--out", "rk"]) == 0
    capsys.readouterr()
    assert execute(["judge", "check", "rj"]) == 0
    assert "equal but for their marks" in capsys.readouterr().out
    assert execute(["verify", "rk"]) == 0
    assert execute(["judge", "check", "rk"]) == 1
    assert "is not that run's answer by this rubric" in capsys.readouterr().err
