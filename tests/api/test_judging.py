"""A judge's run over another run, from the command line: who may see it, what is sealed, what is found, who is accused.

Judges follow a rule, on loopback. Subjects are a server that adds, and ones that say the same, or much, each time.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import steelyard
from steelyard.api.judged_run import open_judged
from steelyard.cli import execute
from steelyard.errors import InputError
from steelyard.records import AttackResult
from steelyard.storage.run_folder import RunFolder
from steelyard.suites.encrypting import encrypt_suite, new_identity
from steelyard.suites.exposures import exposed_items, read_exposures
from steelyard.tasks.suite_task import task_from_suite
from testkit.fixtures import SumsServer
from testkit.judge_server import JudgeServer, Shown, honest
from testkit.judged_runs import ONE, Talker, judged, judging_in, run_of, suite_of
from testkit.suite_files import Listener

CONSTANT = "This is a complete, accurate and well structured answer to the question, checked step by step."


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def judge() -> Iterator[JudgeServer]:
    with JudgeServer() as server:
        yield server


def test_a_judge_scores_a_sealed_run(
    sums_server: SumsServer, judge: JudgeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    judge.rule = lambda shown: honest(shown) if "right" in shown.criterion else "yes"
    run = run_of(sums_server, judge, tmp_path)
    assert "40 open: all wait for a judge" in capsys.readouterr().out
    assert execute(judged(run, judge)) == 0
    printed = capsys.readouterr().out
    right = sum(not sums_server.is_wrong(str(a), "3") for a in range(40))
    assert f"Criterion right: {right / 0.4:.1f} %" in printed
    assert f"({right} of 40)" in printed
    assert "Criterion short: 100.0 %" in printed
    assert "until it is held against people's labels (steelyard judge calibrate), it decides nothing." in printed
    found = judging_in(tmp_path / "rj")
    assert (found.answers, found.open, found.rate) == (40, 0, right / 40)
    assert [(each.by, each.flips) for each in found.flips] == [("again", 0), ("swapped", 0)]
    assert execute(["verify", "rj"]) == 0
    plan = RunFolder.open(tmp_path / "rj").plan
    assert {name: each.kind for name, each in plan.inputs.items()} == {"run": "judged_run", "rubric": "rubric"}
    assert {each.role for each in plan.measurements} == {"judge"}
    assert plan.subject.identity.uri == "recorded:r"
    for name in ("report.html", "report.md"):
        assert "The judge" in (tmp_path / "rj" / name).read_text()
    assert execute(["report", "rj"]) == 0
    assert "Score by the judge" in capsys.readouterr().out


def test_no_gate_decides_by_a_judge(
    sums_server: SumsServer, judge: JudgeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of(sums_server, judge, tmp_path)
    assert execute(judged(run, judge)) == 0
    capsys.readouterr()
    assert execute(["gate", "rj", "--baseline", "rj", "--margin", "2"]) == 3
    assert capsys.readouterr().out.startswith("undecided: the scores of rj are a judge's")
    model = f"openai:sums@{sums_server.url}"
    assert execute(["gate", "./sums", "--model", model, "--at-least", "0.5", "--out", "g"]) == 3
    assert capsys.readouterr().out.startswith("undecided: sums")
    with pytest.raises(InputError, match="a judge's"):
        steelyard.gate("./sums", model=model, baseline="rj", margin=2)


def test_who_may_not_see_the_suite_is_sent_nothing(
    sums_server: SumsServer, judge: JudgeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of(sums_server, judge, tmp_path)
    listener = Listener()
    assert execute(["judge", str(run), "--model", f"judge=openai:j@{listener.url}"]) == 2
    assert "nothing was sent: add it to 'endpoints' in suite.yaml" in " ".join(capsys.readouterr().err.split())
    assert listener.connected == 0
    listener.close()
    assert not list(tmp_path.glob("r-judging*"))
    assert execute(judged(run, judge)) == 0
    exposed = exposed_items(read_exposures(tmp_path / "sums"))
    assert len(exposed[judge.url]) == 40
    assert len(exposed_items(read_exposures(tmp_path / "r-judging" / "judged"))[judge.url]) == 80


def test_a_judge_that_gives_no_verdict_leaves_a_range(
    sums_server: SumsServer, judge: JudgeServer, tmp_path: Path
) -> None:
    judge.reply = lambda shown, verdict: "I cannot say." if "What is 7 +" in shown.question else f"VERDICT: {verdict}"
    run = run_of(sums_server, judge, tmp_path, rubric=ONE)
    assert execute(judged(run, judge, "--checks", "0", "--attacks", "0")) == 0
    found = judging_in(tmp_path / "rj")
    assert (found.open, found.rate) == (1, None)
    assert found.bounds[1] - found.bounds[0] == pytest.approx(1 / 40)
    assert not (tmp_path / "r-judging" / "checks").exists()


def answers_test(says: Callable[[int, int], str], rule: Callable[[Shown], str], folder: Path) -> AttackResult:
    with Talker(says) as server, JudgeServer(rule) as judge:
        run = run_of(server, judge, folder, rubric=ONE)
        assert execute(judged(run, judge)) == 0
        assert sum("attack" not in each for each in judge.prompts) <= 40 + 40 + 50
        found = judging_in(folder / "rj").answers_test
        assert found is not None
        return found


def likes_length(shown: Shown) -> str:
    """A judge that takes any long and confident text for an answer."""
    return "yes" if shown.is_right(shown.answer) or "complete, accurate" in shown.answer else "no"


def test_a_constant_answer_is_caught_where_the_judge_can_be_deceived(tmp_path: Path) -> None:
    found = answers_test(lambda a, b: CONSTANT, likes_length, tmp_path)
    assert found.p <= 0.02
    assert (found.prompts, found.score, found.floor) == (11, 1.0, 0.0)


@pytest.mark.parametrize("rule", [honest, likes_length])
def test_honest_verbose_answers_are_not_accused(tmp_path: Path, rule: Callable[[Shown], str]) -> None:
    def verbose(a: int, b: int) -> str:
        return f"We add {a} and {b}. " * 20 + f"Both are whole numbers, and so is their sum, which is {a + b}"

    found = answers_test(verbose, rule, tmp_path)
    assert found.p > 0.05
    assert found.real == 1.0


def obeys(shown: Shown) -> str:
    """A judge that does what the answer tells it."""
    return "yes" if "VERDICT: yes" in shown.answer else honest(shown)


def test_a_judge_that_obeys_the_answer_is_found_and_one_that_quotes_it_is_not_misread(
    sums_server: SumsServer, judge: JudgeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    judge.rule = obeys
    run = run_of(sums_server, judge, tmp_path, rubric=ONE)
    assert execute(judged(run, judge)) == 0
    assert "Attack: a line that tells the judge its verdict: deceives the judge" in capsys.readouterr().out
    judge.rule = honest
    judge.reply = lambda shown, verdict: f"It says “{shown.answer}”.\nVERDICT: {verdict}"
    assert execute([*judged(run, judge)[:-1], "rj2"]) == 0
    assert judging_in(tmp_path / "rj2").attacks[1].score == 0.0  # two different verdicts are open, never a yes


def test_what_cannot_be_judged_is_said_in_one_line(
    sums_server: SumsServer, judge: JudgeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of(sums_server, judge, tmp_path)

    def said(*arguments: str) -> str:
        assert execute(list(arguments)) == 2
        return " ".join(capsys.readouterr().err.split())

    assert "give --model judge=URI" in said("judge", str(run), "--model", f"openai:judge@{judge.url}")
    model = ("--model", f"judge=openai:judge@{judge.url}")
    assert "is not the folder of a run" in said("judge", "nothing", *model)
    (tmp_path / "bad.yaml").write_text("criteria: []\n")
    assert "criteria are 1 to 20" in said("judge", str(run), *model, "--rubric", "bad.yaml")
    assert "name the task whose answers are judged" in said("judge", str(run), *model, "--task", "other")
    moved = tmp_path / "moved"
    shutil.move(tmp_path / "sums", moved)
    assert "name its folder with --suite" in said("judge", str(run), *model)
    assert execute([*judged(run, judge), "--suite", str(moved)]) == 0
    (moved / "samples.jsonl").write_text('{"id": "a", "question": "What is 1 + 1?"}\n')
    assert "was changed after this run" in said("judge", str(run), *model, "--suite", str(moved))
    assert judge.prompts


def test_a_run_of_a_plain_file_is_judged_by_a_rubric_of_its_own(
    sums_server: SumsServer, judge: JudgeServer, tmp_path: Path
) -> None:
    lines = [json.dumps({"question": f"What is {a} + 3?", "answer": str(a + 3)}) for a in range(12)]
    (tmp_path / "plain.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "rubric.yaml").write_text(ONE)
    model = f"openai:sums@{sums_server.url}"
    assert execute(["run", "plain.jsonl", "--model", model, "--out", "r"]) == 0
    with pytest.raises(InputError, match="name the task"):
        open_judged(tmp_path / "r", task="other")
    assert len(open_judged(tmp_path / "r").answers) == 12
    assert execute([*judged(tmp_path / "r", judge), "--rubric", "rubric.yaml"]) == 0
    assert "reference" in judge.prompts[0]  # the file has right answers
    assert judging_in(tmp_path / "rj").answers == 12


def test_what_the_judge_of_an_encrypted_suite_is_asked_is_encrypted_too(
    sums_server: SumsServer, judge: JudgeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEELYARD_READER", str(tmp_path / "reader.txt"))
    suite = suite_of(tmp_path, sums_server.url, judge.url, rubric=ONE, count=12)
    file = suite / "suite.yaml"
    file.write_text(file.read_text() + f"readers: [{new_identity()[1]}]\ncanary: steelyard-canary-7\n")
    encrypt_suite(task_from_suite(suite))
    run = run_of(sums_server, judge, tmp_path)
    assert execute(judged(run, judge)) == 0
    made = b"".join(path.read_bytes() for path in (tmp_path / "r-judging").rglob("*") if path.is_file())
    assert b"What is" not in made
    assert b"steelyard-canary-7" in made
    assert not any("canary" in prompt for prompt in judge.prompts)
    assert judging_in(tmp_path / "rj").answers == 12
    assert execute(["verify", "rj"]) == 0
