"""What a judge was shown is made again from the run that it judged: another answer, or one that is left out, shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.api.judged_run import check_shown, open_judged
from steelyard.cli import execute
from steelyard.errors import InputError
from testkit.judge_server import JudgeServer
from testkit.judged_runs import ONE, Talker, judged, run_of, suite_of


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A run, another one, the run of a judge over the first, and one over both."""
    folder = tmp_path_factory.mktemp("shown")
    with (
        pytest.MonkeyPatch.context() as patch,
        Talker(lambda a, b: str(a + b)) as good,
        Talker(lambda a, b: f"About {a + b}, or {a}.") as bad,
        JudgeServer() as judge,
    ):
        patch.chdir(folder)
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        suite_of(folder, good.url, bad.url, judge.url, count=15, rubric=ONE)
        run, other = run_of(good, judge, folder, "a"), run_of(bad, judge, folder, "b")
        model = ["--model", f"judge=openai:judge@{judge.url}"]
        assert execute(judged(run, judge)) == 0
        assert execute(["judge", str(run), str(other), "--pairwise", *model, "--out", "pair"]) == 0
        yield folder


@pytest.fixture(autouse=True)
def state(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(made / "state"))


def test_the_prompts_are_made_again(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["judge", "check", str(made / "rj")]) == 0
    assert f"shown: {15 + 2 * 15 + 11 * 2 + 9 * 3:,} prompts made again" in capsys.readouterr().out
    assert check_shown(made / "pair", None, None, None, made / "b") == 2 * (15 + 11 * 2 + 9 * 3)
    with pytest.raises(InputError, match="name the second one with --other"):
        check_shown(made / "pair", None, None, None, None)
    with pytest.raises(InputError, match="is another run than the one that was judged"):
        check_shown(made / "rj", made / "b", None, None, None)
    with pytest.raises(InputError, match="is no run of a judge"):
        check_shown(made / "a", None, None, None, None)


def test_answers_come_in_the_committed_order(made: Path) -> None:
    found = open_judged(made / "a")
    assert [each.place for each in found.answers] == list(range(15))
    assert {each.answer for each in found.answers} == {str(a + 3) for a in range(15)}
    assert json.loads((made / "rj" / "report.json").read_text())["judging"]["answers"] == 15
