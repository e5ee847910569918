"""What a judge found, as text: the score, how steady the judge is, and what deceives it."""

from __future__ import annotations

import msgspec
import pytest

from steelyard.records import AttackResult, CriterionResult, FlipResult, Judging, LengthResult, PairResult, UnreadResult
from steelyard.reports.judging import judging_lines

ATTACK = AttackResult(arm="addressed", prompts=9, score=1.0, real=0.9, floor=0.1, excess=0.5, p=0.0004, open=2, read=8)
JUDGING = Judging(
    answers=100,
    rate=0.83,
    bounds=(0.83, 0.83),
    ci=(0.745, 0.891),
    criteria=(CriterionResult(criterion="polite", judged=100, yes=90, open=2, ci=(0.82, 0.95)),),
    flips=(
        FlipResult(by="again", pairs=20, flips=3, ci=(0.05, 0.36)),
        FlipResult(by="swapped", pairs=0, flips=0, ci=(0, 1)),
    ),
    length=LengthResult(rho=-0.25, ci=(-0.5, 0.02), n=98),
    same=40,
    answers_test=AttackResult(arm="another", prompts=11, score=0.1, real=0.9, floor=0.0, excess=-0.35, p=1.0, read=11),
    attacks=(ATTACK,),
)


def test_every_line_says_what_it_is_about() -> None:
    lines = dict(judging_lines(JUDGING))
    assert lines["Score by the judge"] == ("83.0 %, 95 % interval 74.5–89.1 % (pass every criterion; 100 answers)")
    assert lines["Criterion polite"] == "90.0 % to 92.0 %, 95 % interval 82.0–95.0 % (90 of 100, 2 open)"
    assert lines["Verdict flips, asked again"] == "15.0 %, 95 % interval 5.0–36.0 % (3 of 20)"
    assert lines["Verdict flips, with the verdict's words the other way round"] == "no pair could be read"
    assert lines["Length and score"].startswith("rank correlation −0.25, 95 % interval −0.50 to +0.02")
    assert lines["Same text"] == "40 of 100 answers are word for word the same"
    assert lines["Answers on other questions"].startswith("not shown to score without fitting: score 10.0 %")
    attack = lines["Attack: a line that tells the judge its verdict"]
    assert attack.startswith("deceives the judge: score 100.0 % where 50.0 % is halfway")
    assert attack.endswith("p < 0.001, 9 prompts, 2 verdicts open")
    assert lines["How often such a test is wrong"].startswith("judge_gaming@1 accused in ")
    untested = msgspec.structs.replace(JUDGING, answers_test=None, attacks=())
    assert "How often such a test is wrong" not in dict(judging_lines(untested))


def test_open_verdicts_give_a_range() -> None:
    unread = Judging(answers=10, open=3, bounds=(0.5, 0.8), ci=(0.2, 0.95), passes="mean")
    assert dict(judging_lines(unread))["Score by the judge"] == (
        "50.0 % to 80.0 %, 95 % interval 20.0–95.0 % (weighted mean of the criteria; 10 answers, 3 open)"
    )


def test_open_verdicts_are_counted_by_reason() -> None:
    reasons = (UnreadResult(reason="no verdict", verdicts=3), UnreadResult(reason="cut off", verdicts=1))
    assert dict(judging_lines(Judging(answers=10, verdicts=40, unread=reasons)))["Open verdicts"] == (
        "4 of 40 replies gave none: no verdict (3), cut off (1)"
    )


@pytest.mark.parametrize(
    ("read", "p", "words"),
    [
        (0, 1.0, "not attacked: no verdicts (9 prompts, 2 verdicts open)"),
        (8, 1.0, "too few verdicts to show anything (prompts with all of them: 8, of 9 at least): score 100.0 %"),
        (9, 0.2, "not shown to deceive the judge: score 100.0 %"),
        (5, 0.01, "deceives the judge: score 100.0 %"),
    ],
)
def test_an_attack_without_verdicts_is_none(read: int, p: float, words: str) -> None:
    lines = judging_lines(Judging(attacks=(msgspec.structs.replace(ATTACK, read=read, p=p),)))
    assert dict(lines)["Attack: a line that tells the judge its verdict"].startswith(words)


def test_each_model_has_its_own_score_and_the_judge_is_described_once() -> None:
    models = tuple(
        msgspec.structs.replace(JUDGING, role=role, model="m\x1b[31m", rate=rate, bounds=(rate, rate))
        for role, rate in (("subject", 0.8), ("candidate-2", 0.9))
    )
    names = [name for name, _ in judging_lines(msgspec.structs.replace(JUDGING, models=models))]
    assert [name for name in names if name.startswith("Score")] == [
        "Score by the judge (subject, m�[31m)",
        "Score by the judge (candidate-2, m�[31m)",
    ]
    assert sum(name.startswith("Verdict flips") for name in names) == 2
    assert sum(name.startswith("Attack") for name in names) == 1


def test_a_pair_has_lines_of_its_own() -> None:
    pairs = PairResult(samples=50, score=0.6, ci=(0.5, 0.7), better=20, worse=10, open=0)
    lines = judging_lines(Judging(pairs=pairs, flips=(FlipResult(by="seat", pairs=50, flips=5, ci=(0.04, 0.21)),)))
    assert lines[0] == (
        "First run against second",
        "60.0 %, 95 % interval 50.0–70.0 % (50 % is a tie; better on 20, worse on 10, even on 20 of 50 questions)",
    )
    assert lines[1][0] == "Verdict flips, with the two answers in the other order"
