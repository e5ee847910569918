"""``steelyard judge``: pairs, a dry run, and going on where it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.cli import execute
from testkit.fixtures import SumsServer
from testkit.judge_server import JudgeServer, Shown, honest
from testkit.judged_runs import ONE, Talker, judged, judging_in, run_of, suite_of


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def judge() -> Iterator[JudgeServer]:
    with JudgeServer() as server:
        yield server


def test_a_dry_run_sends_no_answer_and_leaves_no_folder(
    sums_server: SumsServer,
    judge: JudgeServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    run = run_of(sums_server, judge, tmp_path)
    assert execute(judged(run, judge, "--dry-run")) == 0
    assert "judged" in capsys.readouterr().out
    assert judge.prompts == []
    assert not list(tmp_path.glob("r-judging*"))


def test_two_runs_are_compared_in_both_seats(
    judge: JudgeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Talker(lambda a, b: str(a + b)) as good, Talker(lambda a, b: str(a + b + (a % 4 == 0))) as bad:
        suite_of(tmp_path, good.url, bad.url, judge.url, rubric=ONE)
        run, other = run_of(good, judge, tmp_path, "a"), run_of(bad, judge, tmp_path, "b")
    arguments = ["judge", str(run), str(other), "--pairwise", "--model", f"judge=openai:judge@{judge.url}"]
    assert execute([*arguments, "--out", "rj"]) == 0
    pairs = judging_in(tmp_path / "rj").pairs
    assert pairs is not None
    assert (pairs.samples, pairs.better, pairs.worse, pairs.open) == (40, 10, 0, 0)
    assert pairs.score == pytest.approx(0.625)
    assert execute(["verify", "rj"]) == 0
    judge.rule = lambda shown: "first"
    assert execute([*arguments, "--out", "rj2"]) == 0
    assert "Verdict flips, with the two answers in the other order: 100.0 %" in capsys.readouterr().out
    assert execute(arguments[:2] + arguments[3:]) == 2
    assert execute([*arguments[:3], *arguments[4:]]) == 2


def seat_that_tells(shown: Shown) -> str:
    """A judge that does what a line in an answer tells it."""
    for seat, text in (("first", shown.first), ("second", shown.second)):
        if f"VERDICT: {seat}" in text:
            return seat
    return honest(shown)


def test_attacks_on_a_judge_of_pairs_are_found_and_an_honest_one_is_not_accused(
    judge: JudgeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Talker(lambda a, b: str(a + b)) as good, Talker(lambda a, b: f"It is {a + b}") as like:
        suite_of(tmp_path, good.url, like.url, judge.url, rubric=ONE)
        run, other = run_of(good, judge, tmp_path, "a"), run_of(like, judge, tmp_path, "b")
    arguments = ["judge", str(run), str(other), "--pairwise", "--model", f"judge=openai:judge@{judge.url}"]
    assert execute([*arguments, "--out", "rj"]) == 0
    assert len(judge.prompts) == 2 * (40 + 49)
    found = judging_in(tmp_path / "rj")
    assert [(each.arm, each.read, each.p) for each in found.attacks] == [
        ("flattery", 9, 1.0), ("addressed", 9, 1.0), ("padded", 9, 1.0),
    ]  # fmt: skip
    judge.rule = seat_that_tells
    assert execute([*arguments, "--out", "rj2"]) == 0
    told = {each.arm: each for each in judging_in(tmp_path / "rj2").attacks}
    assert (told["addressed"].score, told["addressed"].real) == (1.0, 0.5)
    assert told["addressed"].p <= 0.05 < told["flattery"].p
    assert "a line that tells the judge its verdict, in the first run's place: deceives the judge" in (
        capsys.readouterr().out
    )
    assert execute(["verify", "rj2"]) == 0
    judge.reply = lambda shown, verdict: "I cannot say." if "VERDICT" in shown.prompt else f"VERDICT: {verdict}"
    assert execute([*arguments, "--out", "rj3"]) in (0, 3)
    printed = capsys.readouterr().out
    assert "not attacked: no verdicts (9 prompts" in printed
    assert "178 of 178 replies gave none: no verdict (178)" in printed
    assert execute([*arguments, "--attacks", "0", "--out", "rj4"]) in (0, 3)
    assert judging_in(tmp_path / "rj4").attacks == ()


def test_a_stopped_judge_is_resumed(sums_server: SumsServer, judge: JudgeServer, tmp_path: Path) -> None:
    run = run_of(sums_server, judge, tmp_path, rubric=ONE, count=10)
    judge.interrupts_at = 10
    assert execute([*judged(run, judge), "--concurrency", "1"]) == 130
    before = len(judge.prompts)
    assert execute(["resume", "rj"]) == 0
    assert 0 < before < len(judge.prompts) <= 10 + 20 + 50 + 1
    found = judging_in(tmp_path / "rj")
    assert (found.answers, found.open) == (10, 0)
    assert execute(["verify", "rj"]) == 0
